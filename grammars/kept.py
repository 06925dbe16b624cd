"""What the file itself gave to a row, remembered so that the row can be made anew without the file (docs/adr/0016).

A row is made of what the file gives (the steps of the grammar), of constants and overrides, and of what follows from
other cells. Of the first, the ledger keeps which columns they were: a `mask`. The cells themselves are in the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from epncore.model.row import Cell, Found, Missing, is_empty
from grammars.protocol import Granule, Step

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from grammars.protocol import Answer


class FileNeededError(Exception):
    """Only the file can tell what the row should be: it must be read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a file without opening it.

    Attributes
    ----------
    cells : mapping of str to Cell
        Its row in the table.
    given : str
        Its mask, from the ledger.
    digest : str or None
        From the ledger.
    hidden : frozenset of str
        Columns of which the table does not hold what the file gave.
    """

    cells: Mapping[str, Cell]
    given: str
    digest: str | None
    hidden: frozenset[str] = frozenset()


def mask(columns: Sequence[str], given: Set[str], hidden: Set[str], looked_at: Set[str]) -> str:
    """Write down what a reading learnt.

    Parameters
    ----------
    columns : sequence of str
        Those that the grammar has steps for, in its order: a bit each, the first one lowest.
    given : set of str
        Columns that the grammar filled.
    hidden : set of str
        Columns that it was not asked for, or of which the table holds an override.
    looked_at : set of str
        Columns that its steps looked at.
    """
    names = tuple(columns)
    return ".".join((f"{_bits(names, frozenset(given)):x}", f"{_bits(names, frozenset(hidden)):x}", *sorted(looked_at)))


@lru_cache(maxsize=1024)  # most files of a product give the same columns
def _bits(columns: tuple[str, ...], chosen: frozenset[str]) -> int:
    return sum(1 << place for place, name in enumerate(columns) if name in chosen)


def _chosen(columns: Sequence[str], bits: str) -> set[str]:
    return {name for place, name in enumerate(columns) if int(bits, 16) >> place & 1}


class Recollection:
    """A row of the table, with what its mask says of it: stands in for the facts of a grammar.

    Parameters
    ----------
    kept : Kept
    columns : sequence of str
        As for `mask`.
    """

    def __init__(self, kept: Kept, columns: Sequence[str]) -> None:
        given, hidden, *looked_at = kept.given.split(".")
        self.kept, self.columns, self.looked_at = kept, columns, set(looked_at)
        self.given, self.hidden = _chosen(columns, given), _chosen(columns, hidden)

    def answer(self, column: str) -> Answer:
        """What the step of a grammar for this column answered."""
        if column in self.hidden or (column in self.given and column in self.kept.hidden):
            raise FileNeededError
        return self.kept.cells[column] if column in self.given else Missing("the file did not tell")

    def check(self, row: Mapping[str, Cell]) -> None:
        """What the grammar's steps looked at must be in the new row as it was in the old one."""
        for name in self.looked_at:
            if row.get(name) != self.kept.cells.get(name):
                raise FileNeededError

    def mask(self, overridden: Set[str]) -> str:
        """The mask of the row that was made anew, over which overrides may lie now."""
        return mask(self.columns, self.given, self.hidden | overridden, self.looked_at)


def remembered(column: str) -> Step:
    """A step of a grammar, by a `Recollection`."""
    return Step(
        column, "the file, when it was read", lambda granule: cast("Recollection", granule.facts).answer(column)
    )


def noted(step: Step) -> Step:
    """The step of a grammar; the granule learns whether it gave a value and what it looked at."""

    def value(granule: Granule) -> Answer:
        if granule.watched is None:
            granule.watched = _Watched(granule)
        answer = step.value(cast("Granule", granule.watched))
        found = answer.value if isinstance(answer, Found) else answer
        if not isinstance(found, Missing) and not is_empty(found):
            granule.given.add(step.column)
        return answer

    return replace(step, value=value)


class _Watched:
    """A granule as a grammar's step sees it."""

    __slots__ = ("_granule", "facts", "file", "header")

    def __init__(self, granule: Granule) -> None:
        self._granule, self.header, self.facts, self.file = granule, granule.header, granule.facts, granule.file

    @property
    def row(self) -> _WatchedRow:
        return _WatchedRow(self._granule)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._granule, name)


class _WatchedRow(Mapping[str, Cell]):
    """The cells so far, as a grammar's step sees them."""

    def __init__(self, granule: Granule) -> None:
        self._granule = granule

    def __getitem__(self, column: str) -> Cell:
        self._granule.looked_at.add(column)
        return self._granule.row[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._granule.row)

    def __len__(self) -> int:
        return len(self._granule.row)
