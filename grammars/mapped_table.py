"""Rows of a table in a database, by the mapping of a collection.toml: what DaCHS's odbcGrammar does.

A mapping names columns of the query; lists stand in one text with a separator. There are no axes: a table that holds
their ends names them as it names everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from epncore.model.errors import HeaderError
from epncore.model.row import Missing
from grammars.mapping.keys import Entry, Keys, Names, Text
from grammars.mapping.table import Facts, MappingTable
from grammars.protocol import GrammarOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.model.columns import Column
    from grammars.mapping.source import Array, Times
    from grammars.protocol import Step
    from grammars.readers.rows import RowHeader


class RowEntry(Entry):
    """Where one column of epn_core gets its value.

    Attributes
    ----------
    column : str or list of str
        Of the query.
    separator : str, optional
        Between the words of a list.
    """

    example: ClassVar[str] = '{ column = "target" }'
    ways: ClassVar[str] = "column (of the query, or several) or text (a template of columns)"
    column: Names = ()
    separator: Text | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of columns."""
        return self.column

    def shown(self, *names: str) -> str:
        """``column X``."""
        names = names or self.names
        return f"column{'s' if len(names) > 1 else ''} {', '.join(names)} of the query"


class RowMapping(MappingTable):
    """A mapping for rows."""

    __pydantic_extra__: dict[str, RowEntry]


class MappedTableOptions(GrammarOptions):
    """Nothing but the mapping."""

    mapping: RowMapping


@dataclass(frozen=True, slots=True)
class RowSource:
    """A row, asked in the words of a mapping."""

    header: RowHeader

    def named(self, name: str, where: Keys) -> tuple[object, ...]:
        """The values of a cell; a column that the query does not give is a mistake of the config.

        Raises
        ------
        HeaderError
            Where the query has no such column.
        """
        if name.lower() not in {known.lower() for known in self.header.keys()}:  # noqa: SIM118  # no mapping
            raise HeaderError(
                f"the query gives no column {name!r}",
                place="product.mapping",
                hint=f"It gives {', '.join(self.header.keys())}",
            )
        value, separator = self.header.get(name), getattr(where, "separator", None)
        if isinstance(value, str):
            value = list(value.split(separator)) if separator else [value]
        parts = value if isinstance(value, list) else [value]
        return tuple(part for part in parts if part is not None and not (isinstance(part, str) and not part.strip()))

    def column(self, where: Keys) -> Array | Missing:
        """None: a cell is no array."""
        return Missing(f"no {where.shown()}")

    def clock(self, where: Keys) -> Times | None:  # noqa: ARG002  there are no axes
        """None: there are no axes."""
        return None


class MappedTable:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "mapped_table"
    version = 1
    format = "table"
    generic = True
    options: type[GrammarOptions] = MappedTableOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: RowHeader) -> bool:  # noqa: ARG002  the config says what the row is
        """Whatever a config names: this grammar is never asked otherwise."""
        return True

    def examine(self, header: RowHeader, options: MappedTableOptions) -> Facts:
        """Nothing is to be looked at beforehand."""
        return options.mapping.examine(RowSource(header))

    def steps(self, options: MappedTableOptions) -> Iterator[Step]:
        """Those of the mapping."""
        return options.mapping.steps()


GRAMMAR = MappedTable()
