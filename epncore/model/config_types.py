"""What keys of a ``collection.toml`` may be: texts, URLs and templates, checked when it is read."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from epncore.model.row import show
from epncore.model.template import FIELDS, Template

STRICT = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
"""Of each table of the file: what it does not know is a mistake."""


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\x00-\x20\x7f\s\"<>\\^`|{}]+", text):
        raise ValueError("a URL starts with http:// or https:// and has no spaces or quotes")
    return text


def _url_template(text: str) -> str:
    _url(Template(text).render(dict.fromkeys(Template(text).fields, "x")))
    if not text.isascii():  # it goes to a cell, where a letter would lose its marks
        raise ValueError("a URL of a granule is ASCII: write other letters percent-encoded, such as %C3%A7")
    return text


def _id_template(text: str) -> str:
    fields = Template(text, [field for field in FIELDS if field not in {"uid", "obs_id", "picture"}]).fields
    if not fields - {"schema", "gid"}:
        raise ValueError("every file would get the same: use {stem}, {name} or {path}")
    return text


def _text_template(text: str) -> str:
    Template(text)
    return text


def _companion(text: str) -> str:
    name = Template(text, ("stem", "name")).render({"stem": "x", "name": "x.y"})
    if name.startswith(("/", "~")) or {"..", "."} & set(name.split("/")) or name.endswith("/"):
        raise ValueError(
            f"{text!r} leaves the folder of the file: name a file beside it, as {{stem}}.DAT, or in a folder below"
        )
    if "{" not in text:
        raise ValueError(f"{text!r} would belong to every file: use {{stem}} or {{name}}")
    if name == "x.y":
        raise ValueError(f"{text!r} is the file itself")
    return text


def is_grammar_path(text: str) -> bool:
    """Whether a product's grammar is a file beside its collection.toml, not the name of an installed one."""
    return "/" in text or text.endswith(".py")


def _grammar(text: str) -> str:
    if is_grammar_path(text):
        parts = PurePosixPath(text).parts
        if text.startswith(("/", "~")) or ".." in parts or not text.endswith(".py") or "\0" in text:
            raise ValueError(
                f"{show(text)} is no file of the collection's folder: write ./my_grammar.py, or a folder below it"
            )
    return text


def _version_pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression ({error})") from None
    if groups != 1:
        raise ValueError(f"{text!r} needs one group in parentheses, around the digits: _V([0-9]+)")
    return text


def _written_as(pattern: str, wanted: str) -> AfterValidator:
    """A text of a pattern, which nobody who mistyped it wants to read: `wanted` says what it means."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{wanted}, not {show(text)}")
        return text

    return AfterValidator(check)


def _bare_doi(text: object) -> object:
    if not isinstance(text, str):
        return text
    return re.sub(r"^\s*(https?://(dx\.)?doi\.org/|doi:\s*)", "", text, flags=re.IGNORECASE)


def _subject(text: str) -> str:
    if re.fullmatch(r"[a-z0-9-]+", text):
        return text
    likely = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    raise ValueError(
        f"a subject is a term of https://www.ivoa.net/rdf/uat in lower case with hyphens, as "
        f"{likely or 'solar-physics'}, not {show(text)}"
    )


def _date(value: object) -> object:
    # pydantic would take a number for seconds since 1970.
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"a date is written 2024-07-16, not {show(value)}") from None


Text = Annotated[str, Field(min_length=1)]
Date = Annotated[dt.date, BeforeValidator(_date)]
Url = Annotated[str, AfterValidator(_url)]
UrlTemplate = Annotated[str, AfterValidator(_url_template)]
IdTemplate = Annotated[str, AfterValidator(_id_template)]
TextTemplate = Annotated[str, Field(min_length=1), AfterValidator(_text_template)]
CompanionName = Annotated[str, AfterValidator(_companion)]
GrammarName = Annotated[str, Field(min_length=1), AfterValidator(_grammar)]
VersionPattern = Annotated[str, AfterValidator(_version_pattern)]
Licence = Annotated[
    str,
    _written_as(
        r"[A-Za-z0-9][A-Za-z0-9.+-]*|https?://[^\s\"<>]+",
        "a licence is an SPDX identifier, as CC-BY-4.0 (https://spdx.org/licenses), or a URL",
    ),
]
Subject = Annotated[str, AfterValidator(_subject)]
Mail = Annotated[
    str, _written_as(r"[^@\s<>\"]+@[^@\s<>\"]+", "a mail address is wanted and nothing else, as help@example.org")
]
Doi = Annotated[
    str,
    BeforeValidator(_bare_doi),
    _written_as(r"10\.[0-9]{4,9}/[^\s\"<>]+", "a DOI begins with 10. and has a slash, as 10.5072/example"),
]
Bibcode = Annotated[
    str, _written_as(r"[0-9]{4}[A-Za-z0-9.&]{14}[A-Z]", "a bibcode has 19 characters, as 2017SSRv..213..347K")
]
Gid = Annotated[
    str,
    _written_as(
        r"[A-Za-z0-9][A-Za-z0-9 ._-]*",
        "the name of a kind of granule has letters, digits, spaces, '.', '_' and '-', as Spectra v1.0",
    ),
]
MediaType = Annotated[
    str,
    _written_as(
        r"[a-z]+/[a-z0-9.+-]+(;[a-z0-9=.+-]+)*",
        "a media type in lower case is wanted, as application/x-cdf or application/fits",
    ),
]
ColumnName = Annotated[
    str,
    _written_as(r"[a-z][a-z0-9_]{0,59}", "a column is named by a to z, digits and _, at most 60, as receiver_name"),
]
