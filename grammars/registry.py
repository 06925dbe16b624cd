"""Finds readers by content and grammars by entry point. Two of one name, or a step for no column: an error at start."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from epncore.model.errors import ConfigError, UnknownFormatError, UnreadableError
from grammars.readers.cdf import CdfReader
from grammars.readers.das2 import Das2Reader
from grammars.readers.fits import FitsReader
from grammars.readers.kronos import KronosReader
from grammars.readers.pds3 import Pds3Reader
from grammars.readers.sniff import GZIP_MAGIC, describe, first_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from grammars.protocol import Grammar, Header, Reader

ENTRY_POINTS = "epncore.grammars"
"""Group of entry points by which packages of third parties add their grammars."""


@cache
def readers() -> Mapping[str, Reader]:
    """All readers by format."""
    return {reader.format: reader for reader in (CdfReader(), Das2Reader(), FitsReader(), Pds3Reader(), KronosReader())}


@cache
def grammars() -> Mapping[str, Grammar]:
    """All installed grammars by name, in the order of their names.

    Raises
    ------
    ConfigError
        Where two have one name, one does not load, or one asks for a format that nobody reads.
    """
    found: dict[str, Grammar] = {}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value)):
        try:
            grammar: Grammar = point.load()
        except Exception as error:  # a foreign package may raise anything while it is imported
            raise ConfigError(
                f"does not load: {error!r}", path=point.value, hint="Mend or remove that package"
            ) from error
        if point.name in found:
            raise ConfigError(f"two grammars are named {point.name!r}", path=point.value, hint="Remove one package")
        name, file_format = getattr(grammar, "name", None), getattr(grammar, "format", None)
        if name != point.name or file_format not in readers():
            raise ConfigError(
                f"entry point {point.name!r} gives grammar {name!r} for format {file_format!r}",
                path=point.value,
                hint=f"The names are the same, and formats are {', '.join(readers())}",
            )
        found[point.name] = grammar
    return found


def grammar_named(name: str) -> Grammar:
    """The grammar of that name.

    Raises
    ------
    ConfigError
        Where none is; names those that are.
    """
    try:
        return grammars()[name]
    except KeyError:
        raise ConfigError(f"no grammar {name!r}; known here: {', '.join(grammars())}", place="grammar") from None


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
    raise UnreadableError(describe(head, inner), path=str(path), hint=f"Formats read here: {', '.join(readers())}")


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
