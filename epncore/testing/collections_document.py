"""docs/collections.md: of each sample collection what is read, what is constant, and what was seen of it."""

from __future__ import annotations

import runpy
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epncore.app.inspect import inspect
from epncore.app.scan import relative_path, scan
from epncore.app.source_rows import SourceRows
from epncore.model import collection as config
from epncore.model.collection import FILE_NAME
from epncore.model.config_file import read_toml
from epncore.model.errors import ConfigError
from epncore.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.model.collection import Collection

ABOUT = "about.toml"
MISSING = "missing.toml"
_ABOUT_KEYS = {"instrument", "format", "real_files", "master_files", "document", "unseen"}
_DOCUMENT_KEYS = {"title", "url", "used_for", "not_read"}
_COMMON = {
    "granule_uid", "granule_gid", "obs_id", "service_title", "spatial_frame_type", "modification_date", "release_date",
    "file_name", "access_url", "access_format", "access_estsize", "access_md5", "thumbnail_url", "datalink_url",
}  # fmt: skip
"""Columns that come by the same rules for all collections."""


@dataclass(frozen=True, slots=True)
class Described:
    """A sample collection.

    Attributes
    ----------
    name : str
    collection : Collection
    about : dict
        Of its about.toml.
    grammars : tuple of str
    sources : dict of str to list of str
        By column, what told it in one made file or another.
    constants : dict of str to list of str
        By column, what the collection.toml gives it.
    """

    name: str
    collection: Collection
    about: dict[str, Any]
    grammars: tuple[str, ...]
    sources: dict[str, list[str]]
    constants: dict[str, list[str]]


def about(folder: Path) -> dict[str, Any]:
    """What the about.toml of a sample collection says.

    Raises
    ------
    ConfigError
        Where it lacks a key, or has one that nobody reads.
    """
    path = folder / ABOUT
    found = read_toml(path, if_missing="Say there what instrument and format it is, and what was seen of it")
    for key in ("instrument", "format", "real_files"):
        if key not in found:
            raise ConfigError("this key is needed", path=str(path), place=key)
    for key in sorted(found.keys() - _ABOUT_KEYS):
        raise ConfigError(f"no such key; known here: {', '.join(sorted(_ABOUT_KEYS))}", path=str(path), place=key)
    for number, document in enumerate(found.get("document", [])):
        for key in ("title", "url", "used_for"):
            if not str(document.get(key, "")).strip():
                raise ConfigError("this key is needed", path=str(path), place=f"document.{number}.{key}")
        for key in sorted(document.keys() - _DOCUMENT_KEYS):
            known = ", ".join(sorted(_DOCUMENT_KEYS))
            raise ConfigError(f"no such key; known here: {known}", path=str(path), place=f"document.{number}.{key}")
    return found


def describe(folder: Path) -> Described:
    """Make the files of a sample collection, and look where each value of their rows comes from."""
    collection = config.load(folder)
    sources: dict[str, list[str]] = {}
    constants: dict[str, list[str]] = {}
    grammars: dict[str, None] = {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for path in folder.iterdir():
            if path.suffix in {".toml", ".py"}:
                shutil.copy(path, place)
        runpy.run_path(str(folder / "make.py"))["make"](place / "data")
        for seen in sorted((*scan(collection, place), *SourceRows(place, collection).seen())):
            product = collection.product[seen.product]
            path = Path(seen.path) if product.table else place / product.root / relative_path(product.root, seen.path)
            found = inspect(path, place)
            grammars[found.grammar] = None
            for each in found.values:
                if each.value is None or each.column.name in _COMMON:
                    continue
                is_constant = each.source.startswith(FILE_NAME)
                listed = (constants if is_constant else sources).setdefault(each.column.name, [])
                told = f"{each.value}" if is_constant else each.source
                if told not in listed:
                    listed.append(told)
    return Described(folder.name, collection, about(folder), tuple(grammars), sources, constants)


def document(samples: Path) -> str:
    """The whole document.

    Parameters
    ----------
    samples : pathlib.Path
        Folder of the sample collections.
    """
    described = [describe(path.parent) for path in sorted(samples.glob(f"*/{FILE_NAME}"))]
    lines = [
        "# The collections",
        "",
        "Made by `pytest tests/app/test_collections_document.py --update-expectations` from `sample_data/`: each",
        "folder there has the `collection.toml` of a provider, tiny files made from the format's own definition, and",
        "the rows that these must give. Where no real file was seen, a made file is all that the reader was tried on.",
        "",
        "| collection | instrument | format | grammar | files seen |",
        "| --- | --- | --- | --- | --- |",
        *(_line(each) for each in described),
        "",
    ]
    for each in described:
        lines += _section(each)
    return "\n".join([*lines, *_missing(samples)]) + "\n"


def _line(each: Described) -> str:
    real, masters = each.about["real_files"], each.about.get("master_files")
    seen = f"{len(real)} real, and made ones" if real else "a master, and made ones" if masters else "only made ones"
    told = (each.about["instrument"], each.about["format"], ", ".join(each.grammars), seen)
    return f"| [{each.name}](#{each.name}) | {' | '.join(map(_cell, told))} |"


def _section(each: Described) -> Iterator[str]:
    yield from (f"## {each.name}", "", f"{each.collection.title}.", "", "| column | what tells it |", "| --- | --- |")
    for column, sources in each.sources.items():
        yield f"| {column} | {_cell('; '.join(sources))} |"
    for column, values in each.constants.items():
        yield f"| {column} | constant of the collection: {_cell(' or '.join(values))} |"
    yield ""
    if each.about.get("document"):
        yield from ("Documents that its values and its made files rest on:", "")
        for one in each.about["document"]:
            instead = f". Not read: {_cell(one['not_read'])}" if "not_read" in one else ""
            yield f"- [{_cell(one['title'])}]({one['url']}): {_cell(one['used_for'])}{instead}"
        yield ""
    if each.about["real_files"]:
        yield f"Real files that it was tried on: {', '.join(f'`{name}`' for name in each.about['real_files'])}."
    else:
        yield "No real file was at hand: only made ones were seen."
    if each.about.get("master_files"):
        named = ", ".join(f"`{name}`" for name in each.about["master_files"])
        yield f"A master, from which real files are made, was seen; it is no granule: {named}."
    if each.about.get("unseen"):
        yield from ("", f"Not seen: {_cell(each.about['unseen'])}")
    yield ""


def _missing(samples: Path) -> Iterator[str]:
    """Collections without a reader, since no public definition of their format was found."""
    yield from ("## Definition missing", "")
    path = samples / MISSING
    found = read_toml(path, if_missing="").get("missing", []) if path.exists() else []
    if not found:
        yield "No collection was left out for want of a public definition of its format."
    for each in found:
        yield f"- **{_cell(each['collection'])}**: {_cell(each['why'])} Searched: {_cell(each['searched'])}."


def _cell(text: object) -> str:
    """A text in a table of Markdown."""
    return printable(" ".join(str(text).split())).replace("|", "\\|").replace("<", "&lt;")
