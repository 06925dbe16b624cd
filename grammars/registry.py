"""Finds readers by content, and grammars by entry point or by the path of a file (docs/adr/0036).

Two of one name, or something that is no grammar: an error at start.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType
from typing import TYPE_CHECKING

from epncore.model.config_types import is_grammar_path
from epncore.model.errors import ConfigError, UnknownFormatError, UnreadableError
from grammars.readers.rows import RowReader
from grammars.readers.sniff import GZIP_MAGIC, describe, first_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint
    from pathlib import Path
    from types import TracebackType

    from grammars.protocol import Grammar, Header, Reader

ENTRY_POINTS = "epncore.grammars"
"""Group of entry points by which packages of third parties add their grammars."""
OBJECT = "GRAMMAR"
"""The name that the grammar has in a file that a config names by its path."""
_PARTS = ("name", "version", "format", "generic", "options", "columns", "recognises", "examine", "steps")
MOST_SOURCE_BYTES = 1 << 20
"""A longer file is no grammar."""


_READERS = {
    "cdf": "cdf:CdfReader",
    "das2": "das2:Das2Reader",
    "fits": "fits:FitsReader",
    "pds3": "pds3:Pds3Reader",
    "votable": "votable:VotableReader",
    "kronos": "kronos:KronosReader",
    "table": "rows:RowReader",
}
"""Module and class, by format, in the order in which they are asked whether a file is theirs."""


class _Readers(Mapping[str, "Reader"]):
    """Each reader is imported when it is first asked for: a collection has files of one format or two."""

    def __init__(self) -> None:
        self._made: dict[str, Reader] = {}

    def __getitem__(self, file_format: str) -> Reader:
        if file_format not in self._made:
            module, name = _READERS[file_format].split(":")
            self._made[file_format] = getattr(import_module(f"grammars.readers.{module}"), name)()
        return self._made[file_format]

    def __contains__(self, file_format: object) -> bool:
        return file_format in _READERS

    def __iter__(self) -> Iterator[str]:
        return iter(_READERS)

    def __len__(self) -> int:
        return len(_READERS)


@cache
def readers() -> Mapping[str, Reader]:
    """All readers by format."""
    return _Readers()


@cache
def entries() -> Mapping[str, EntryPoint]:
    """The entry points of all installed grammars by name, in the order of their names; none is loaded.

    Raises
    ------
    ConfigError
        Where two have one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value)):
        if point.name in found:
            raise ConfigError(f"two grammars are named {point.name!r}", path=point.value, hint="Remove one package")
        found[point.name] = point
    return found


@cache
def grammars() -> Mapping[str, Grammar]:
    """All installed grammars by name, in the order of their names.

    Raises
    ------
    ConfigError
        Where two have one name, one does not load, or one asks for a format that nobody reads.
    """
    return {name: _installed(point) for name, point in entries().items()}


def _installed(point: EntryPoint) -> Grammar:
    try:
        grammar: Grammar = point.load()
    except Exception as error:  # a foreign package may raise anything while it is imported
        raise ConfigError(f"does not load: {error!r}", path=point.value, hint="Mend or remove that package") from error
    name, file_format = getattr(grammar, "name", None), getattr(grammar, "format", None)
    if name != point.name or file_format not in readers():
        raise ConfigError(
            f"entry point {point.name!r} gives grammar {name!r} for format {file_format!r}",
            path=point.value,
            hint=f"The names are the same, and formats are {', '.join(readers())}",
        )
    return grammar


def grammar_named(name: str) -> Grammar:
    """The grammar of that name; the others are not loaded, which takes longer than many an ingest.

    Raises
    ------
    ConfigError
        Where none is; names those that are.
    """
    if name not in entries():
        raise ConfigError(f"no grammar {name!r}; known here: {', '.join(entries())}", place="grammar")
    return _installed(entries()[name])


def grammar_of(given: str, folder: Path) -> tuple[Grammar, str]:
    """The grammar that a config names: of an entry point, or of a file in the collection's folder.

    Parameters
    ----------
    given : str
        A name, or a path as ``./my_grammar.py``.
    folder : pathlib.Path
        Of the collection.toml.

    Returns
    -------
    grammar : Grammar
    source : str
        Digest of that file's bytes, which stands for its version in what the ledger keeps; empty for an installed one.

    Raises
    ------
    ConfigError
        Where there is none, or the file gives something else.
    """
    if not is_grammar_path(given):
        return grammar_named(given), ""
    path = folder / given
    # A link, of the file or of a folder on the way, must not lead to code from elsewhere.
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"{given!r} leads out of the collection's folder, to {path.resolve()}",
            place="grammar",
            hint="Copy the file beside the collection.toml",
        )
    try:
        if not path.is_file():
            raise ConfigError(
                f"no such file: {given!r}", place="grammar", hint="The path begins at the collection.toml"
            )
        with path.open("rb") as stream:
            source = stream.read(MOST_SOURCE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{given!r} cannot be read ({error.strerror})", place="grammar") from None
    if len(source) > MOST_SOURCE_BYTES:
        raise ConfigError(
            f"{given!r} has more than {MOST_SOURCE_BYTES} bytes", place="grammar", hint="Is it a program?"
        )
    return _loaded(path.absolute(), source), hashlib.blake2b(source, digest_size=16).hexdigest()


@cache
def _loaded(path: Path, source: bytes) -> Grammar:
    """The grammar of a file; by its bytes, so that a long-lived process sees each edit, and no stale cache is used."""
    module = ModuleType(f"epncore_grammar_{hashlib.blake2b(bytes(path) + source, digest_size=8).hexdigest()}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # what a config names
    except (Exception, SystemExit) as error:  # the author may write anything
        del sys.modules[module.__name__]
        raise ConfigError(
            f"does not load: {error!r}", path=str(path), place=_line(error.__traceback__, str(path)),
            hint=f"It is one Python file with an object {OBJECT}; docs/new-grammar.md walks through one",
        ) from error  # fmt: skip
    grammar: Grammar | None = getattr(module, OBJECT, None)
    if grammar is None:
        raise ConfigError(
            f"there is no object {OBJECT}", path=str(path),
            hint=f"Write `{OBJECT} = MyGrammar()` at the end of the file; docs/new-grammar.md walks through one",
        )  # fmt: skip
    lacking = [part for part in _PARTS if not hasattr(grammar, part)]
    if lacking or grammar.format not in readers():
        found = f"has no {', no '.join(lacking)}" if lacking else f"is for format {grammar.format!r}"
        raise ConfigError(
            found, path=str(path), place=OBJECT,
            hint=f"A grammar has {', '.join(_PARTS)}; formats are {', '.join(readers())}",
        )  # fmt: skip
    return grammar


def _line(trace: TracebackType | None, file: str) -> str | None:
    """The last line of that file that was run."""
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found = f"line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


def reader_for(path: Path) -> Reader:
    """The reader for a file, by its content.

    Raises
    ------
    UnreadableError
        Where it is empty, cannot be opened, or is of no format known here; says what it looks like.
    """
    head = first_bytes(path)
    inner = first_bytes(path, inflate=True) if head.startswith(GZIP_MAGIC) else head
    for reader in readers().values():
        if reader.sniff(inner):
            return reader
    raise UnreadableError(describe(head, inner), path=str(path), hint=_instead(path))


def _instead(path: Path) -> str:
    """What people can give instead of a file that no reader takes."""
    for label in (path.with_suffix(".LBL"), path.with_suffix(".lbl")):
        if label != path and label.is_file():
            return f"{label.name} beside it is a label: give that one, it tells what these data are"
    return f"Formats read here: {', '.join(name for name in readers() if name != RowReader.format)}"


def grammar_for(header: Header, reader: Reader, path: str) -> Grammar:
    """The one grammar that recognises a header; special ones go before generic ones.

    Raises
    ------
    UnknownFormatError
        Where none does.
    ConfigError
        Where two do.
    """
    of_format = [g for g in grammars().values() if g.format == reader.format]
    able = [g for g in of_format if not by_name_only(g) and g.recognises(header)]
    chosen = [g for g in able if not g.generic] or able
    if len(chosen) > 1:
        names = " and ".join(g.name for g in chosen)
        raise ConfigError(f"grammars {names} both claim this file", path=path, hint="Name one in the collection.toml")
    if not chosen:
        mapped = " and ".join(g.name for g in of_format if by_name_only(g))
        raise UnknownFormatError(
            f"no grammar recognises this {reader.format} file",
            path=path,
            hint=f"{mapped} reads any by the [product.mapping] of a collection.toml",
        )
    return chosen[0]


def by_name_only(grammar: Grammar) -> bool:
    """Whether a grammar knows no files by itself: its options are a mapping, so that a config must name it."""
    return "mapping" in grammar.options.model_fields
