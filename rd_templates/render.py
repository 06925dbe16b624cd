"""Renders the resource descriptor (RD) of a collection, the file from which DaCHS makes and publishes its tables.

Rows come in one of two ways (docs/adr/0011). `external`: DaCHS makes the tables and owns their metadata, the toolkit
loads them while the server runs. `dachs`: DaCHS also reads the files, by a shim that is written beside the RD.
Written for DaCHS 2.7 and so that it stays valid up to 2.13; it was run on 2.7.
"""

from __future__ import annotations

import re
import textwrap
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.sax import saxutils

from jinja2 import Environment, PackageLoader, StrictUndefined
from lxml import etree
from markupsafe import Markup

from epncore.model.bookkeeping import HIDDEN_TABLES
from epncore.model.columns import TABLE_UTYPE
from epncore.model.errors import ConfigError
from epncore.model.files import replace
from epncore.model.indices import INDICES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from epncore.model.bookkeeping import BookColumn
    from epncore.model.collection import Collection
    from epncore.model.columns import Column
    from rd_templates.dachs_way import DachsWay

FILE_NAME = "q.rd"
"""DaCHS publishes ``<schema>/q``; the name is custom, nothing depends on it."""

SHIM = "res/epncore_shim.py"
"""The module of the RD's customGrammar, where its folder has it; the same file for all collections."""

_DACHS_TYPES = {
    "text": "text",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "timestamp": "timestamp",
    "region": "spoly",
    "moc": "smoc",
}

# VOTable has no NULL for integers but a number that stands for it: the one least likely to be meant.
_NULL_LITERALS = {"smallint": -(2**15), "integer": -(2**31), "bigint": -(2**63)}

# What XML 1.0 cannot carry, not even as a character reference.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def render_rd(collection: Collection, columns: tuple[Column, ...], way: DachsWay | None = None) -> str:
    """Render the RD of a collection.

    Parameters
    ----------
    collection : Collection
    columns : tuple of Column
        Of its epn_core table, as its plans have them: mandatory ones, optional ones in use, own ones.
    way : DachsWay, optional
        For an RD by which DaCHS reads the files itself.

    Returns
    -------
    str
        The same for the same config (and way), on any day and machine.

    Raises
    ------
    ConfigError
        Where what comes out is no well-formed XML.
    """
    text = (
        _environment()
        .get_template(f"{FILE_NAME}.j2")
        .render(
            collection=collection,
            schema=collection.schema_name,
            contact_name=collection.contact_name,
            licence=_licence(collection.licence),
            mandatory=_names(columns, "mandatory"),
            optional=_names(columns, "optional", "extension"),
            das2=any(product.das2 for product in collection.product),
            own=[column for column in columns if column.level == "own"],
            column_count=len(columns),
            indices=INDICES,
            hidden=HIDDEN_TABLES,
            utype=TABLE_UTYPE,
            way=way,
        )
    )
    _check(text, f"{collection.schema_name}/{FILE_NAME}")
    return text


def write_rd(collection: Collection, columns: tuple[Column, ...], out_dir: Path, way: DachsWay | None = None) -> Path:
    """Write the RD of a collection to ``<out_dir>/<schema>/q.rd``, where DaCHS's inputs folder may be `out_dir`.

    Parameters
    ----------
    collection, columns, way
        As for `render_rd`. With a way, the shim is written too, to ``<schema>/res/``.
    out_dir : pathlib.Path

    Returns
    -------
    pathlib.Path
        The file. It is replaced as a whole, and left alone where it says the same already: a running server reads
        an RD again when it is newer.

    Raises
    ------
    ConfigError
        As `render_rd`.
    UsageError
        Where the file cannot be written.
    """
    content = render_rd(collection, columns, way).encode("utf-8")
    folder = out_dir / collection.schema_name
    if way:
        replace(folder / SHIM, files("rd_templates").joinpath(Path(SHIM).name).read_bytes())
    return replace(folder / FILE_NAME, content)


class _Licence(NamedTuple):
    text: str
    uri: str


def _licence(licence: str) -> _Licence:
    """The text and the URI of an SPDX identifier, or of a licence given as its URL."""
    if licence.startswith(("https://", "http://")):
        return _Licence(f"See {licence}", licence)
    return _Licence(licence, f"https://spdx.org/licenses/{licence}.html")


def _names(columns: Iterable[Column], *levels: str) -> list[str]:
    return [column.name for column in columns if column.level in levels]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rd_templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        meta=_meta, clean=_clean, wrapped=_wrapped, dachs_type=_dachs_type, null_literal=_null_literal,
        element_text=_element_text, attribute=_attribute,
    )  # fmt: skip
    return environment


def _clean(text: str) -> str:
    """One line without what XML cannot carry."""
    return " ".join(_NO_XML.sub(" ", text).split())


def _meta(text: str) -> str:
    r"""Text of a meta element: paragraphs on a line each, since DaCHS is strict on indentation there.

    DaCHS expands macros in metadata; ``\\`` is its way to write a backslash.
    """
    paragraphs = (_clean(part) for part in re.split(r"\n\s*\n", text))
    return "\n\n".join(part for part in paragraphs if part).replace("\\", "\\\\")


def _wrapped(names: list[str], separator: str = " ") -> str:
    """A long list in an attribute, which XML reads as one line."""
    lines = textwrap.wrap(separator.join(names), 90, break_long_words=False, break_on_hyphens=False)
    return "\n        ".join(lines)


def _element_text(text: str) -> Markup:
    """Escaped for the inside of an element, where quotes may stay: operators read and edit what stands there."""
    return Markup(saxutils.escape(text))  # noqa: S704 -- escaped here


def _attribute(text: str) -> Markup:
    """Escaped for an attribute in double quotes, where single ones may stay."""
    return Markup(saxutils.escape(text, {'"': "&quot;"}))  # noqa: S704 -- escaped here


def _dachs_type(column: Column | BookColumn) -> str:
    return _DACHS_TYPES[column.type]


def _null_literal(column: Column | BookColumn) -> int | None:
    return _NULL_LITERALS.get(column.type)


def _check(text: str, path: str) -> None:
    """Read what was written: well-formed, and nothing that a parser would have to fetch or expand."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"the RD would be no XML: {error}", path=path, hint="Look for odd characters") from None
    if root.getroottree().docinfo.doctype:
        raise ConfigError("the RD would have a DOCTYPE", path=path)
