"""The contracts between readers, grammars and what walks them.

A *reader* opens a file of one format and gives a *header*: metadata only, lazily. A *grammar* recognises the headers
of its instrument, looks at one (`Grammar.examine`) and declares *steps*: for each column where its value comes from
and how. Constants and straight copies are data; functions are for physics. `grammars.plan` joins the steps of a
grammar with a collection's config to a plan, which is what makes rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel, ConfigDict

from epncore.model.row import Cell, Found, Missing, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType

    from epncore.model.columns import Column

Answer: TypeAlias = Value | Found | Missing
"""What a step gives: a value, a value with its own note on where it was found, or the reason why there is none."""


@dataclass(frozen=True, slots=True)
class Companion:
    """A further file of a granule: the data of a detached label.

    Attributes
    ----------
    path : pathlib.Path
    size_bytes : int
        -1 where it is missing.
    """

    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What the file system tells of a file.

    Attributes
    ----------
    path : pathlib.Path
        Where to open it.
    relative : str
        Its path below the product's root, with ``/``.
    size_bytes : int
    mtime_ns : int
        Last modification, nanoseconds since 1970-01-01 UTC.
    companions : tuple of Companion
        Files that belong to the same granule, in the order of the config.
    """

    path: Path
    relative: str
    size_bytes: int
    mtime_ns: int
    companions: tuple[Companion, ...] = ()


@runtime_checkable
class Header(Protocol):
    """The metadata of an open file; each reader adds its own ways to look things up."""

    def __enter__(self) -> Header: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Reader(Protocol):
    """One file format.

    Attributes
    ----------
    format : str
        Its name, as grammars ask for it: ``fits``, ``cdf``.
    """

    format: str

    def sniff(self, head: bytes) -> bool:
        """Whether the first bytes (512, or fewer in a shorter file) are of this format, whatever the suffix."""
        ...

    def open(self, path: Path) -> Header:
        """Open a file.

        Raises
        ------
        UnreadableError
            Where the bytes are not what the format says. Never a partial header without saying so.
        """
        ...


COLUMNS_KEY = "columns"
"""In the context of pydantic's validators: the columns of the table by name, with the units of its spatial frame."""


class GrammarOptions(BaseModel):
    """Options of a grammar, the ``[product.options]`` of a collection.toml; grammars derive their own.

    A field ``mapping`` is the ``[product.mapping]``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(slots=True)
class Granule:
    """One file on its way to a row: what steps look at.

    Attributes
    ----------
    file : SourceFile
    header : Any
        From the reader.
    facts : Any
        What the grammar's `examine` made of it.
    row : dict of str to Cell
        The cells so far; later steps may use earlier ones (templates, dates).
    digest : str, optional
        MD5 of the file and of its companions, joined by commas, where somebody asked for it.
    given : set of str
        Columns that the steps of the grammar filled.
    looked_at : set of str
        Columns of `row` that they looked at.
    watched : Any
        The granule as the steps of the grammar see it, which takes that down.
    template_values : Any
        What the fields of templates stand for in it, see `grammars.common.TemplateValues`.
    """

    file: SourceFile
    header: Any
    facts: Any = None
    row: dict[str, Cell] = field(default_factory=dict)
    digest: str | None = None
    given: set[str] = field(default_factory=set)
    looked_at: set[str] = field(default_factory=set)
    watched: Any = None
    template_values: Any = None


@dataclass(frozen=True, slots=True)
class Step:
    """How one column gets its value.

    Attributes
    ----------
    column : str
        Name of the column.
    source : str
        Where the value comes from, for people: ``FITS key DATE-OBS and TIME-OBS``.
    value : callable
        From a `Granule` to an `Answer`.
    is_constant : bool
        Whether it looks at nothing and gives every granule the same: then it is asked once.
    """

    column: str
    source: str
    value: Callable[[Granule], Answer]
    is_constant: bool = False


def constant(column: str, value: Answer, source: str = "constant of the grammar") -> Step:
    """Give every granule the same value."""
    return Step(column, source, lambda _: value, is_constant=True)


def fact(column: str, attribute: str, source: str) -> Step:
    """Copy an attribute of the facts that the grammar's `examine` made."""
    return Step(column, source, lambda granule: getattr(granule.facts, attribute))


class Grammar(Protocol):
    """One instrument, or one family of files that one description fits.

    Attributes
    ----------
    name : str
        As ``grammar = "..."`` in a collection.toml.
    version : int
        Goes up when the same file would give another row.
    format : str
        Of the reader it needs.
    generic : bool
        True where it takes whole families (any ISTP CDF); a special grammar goes before it.
    options : type of GrammarOptions
        What ``[product.options]`` may hold.
    columns : tuple of Column
        Own columns that it fills beyond those of EPNcore; most have none.
    """

    name: str
    version: int
    format: str
    generic: bool
    options: type[GrammarOptions]
    columns: tuple[Column, ...]

    def recognises(self, header: Any) -> bool:
        """Whether this header is of the instrument."""
        ...

    def examine(self, header: Any, options: Any) -> Any:
        """Look at the header once; the answer is `Granule.facts` for all steps.

        Raises
        ------
        FileError
            Where the file can give no right row.
        """
        ...

    def steps(self, options: Any) -> Iterable[Step]:
        """The steps for a collection with these options, at most one a column."""
        ...
