"""Row and value rules on rows, before they are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from operator import itemgetter, ne
from types import FunctionType
from typing import TYPE_CHECKING

from epncore.model.expressions import PythonSource
from epncore.model.rules.kinds import RowRule, ValueRule
from epncore.model.rules.rows import ROW_RULES
from epncore.model.rules.values import VALUE_RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from epncore.model.columns import Column
    from epncore.model.row import Cell
    from epncore.model.rules.kinds import Rule

    Ask = Callable[[Sequence[Cell], list[int]], None]

REMEMBERED_VALUES = 1024
REMEMBERED_CHANGES = 256


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a row breaks, with what was found."""

    rule: Rule
    found: str


@dataclass(frozen=True, slots=True)
class _Test:
    """Rules on the same columns.

    Attributes
    ----------
    places : frozenset of int
        Where a row has these columns.
    numbers : set of int
        Of the rules.
    ask : callable
        Adds to a list the numbers of the rules that a row breaks.
    """

    places: frozenset[int]
    numbers: set[int]
    ask: Ask


class RowChecker:
    """Row and value rules, compiled for rows with these columns.

    Parameters
    ----------
    columns : sequence of Column
        In the order in which rows hold them. Rules on columns that are not there do not run.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._positions = {column.name: position for position, column in enumerate(columns)}
        self._places = range(len(columns))
        self._last: Sequence[Cell] | None = None
        self._last_broken: dict[int, Broken] = {}  # by the number of the rule
        self._depending = lru_cache(REMEMBERED_CHANGES)(self._on)
        there = self._positions.keys()
        known: tuple[RowRule | ValueRule, ...] = (*ROW_RULES, *VALUE_RULES)
        self._rules = [rule for rule in known if there >= set(rule.columns)]
        self._tests = self._compiled()

    def _compiled(self) -> list[_Test]:
        """One function for all rules on the same columns."""
        source = PythonSource(self._positions)
        tests: dict[frozenset[int], tuple[set[int], list[str]]] = {}
        for number, rule in enumerate(self._rules):
            places = frozenset(map(self._positions.__getitem__, rule.columns))
            numbers, lines = tests.setdefault(places, (set(), ["def ask(row, found):"]))
            numbers.add(number)
            broken = source.where(rule.broken, True) if isinstance(rule, RowRule) else _refused(rule, source)
            lines.append(f"    if {broken}: found.append({number})")
        return [_Test(places, numbers, source.run("\n".join(lines))) for places, (numbers, lines) in tests.items()]

    def broken(self, row: Sequence[Cell]) -> list[Broken]:
        """The rules that a row breaks, in the order of `RULES`; empty for a right row.

        Rows of one collection differ in few cells: only rules on those in which this row differs from the one before
        are asked, and of the others what was found stays.
        """
        last, self._last = self._last, None  # a rule that fails leaves no half of an answer
        if last is None:
            changed = tuple(self._places)
        elif len(row) != len(last):
            raise ValueError(f"{len(row)} cells after a row of {len(last)}")
        else:
            changed = tuple(compress(self._places, map(ne, row, last)))
        numbers, asks = self._depending(changed)
        broken = self._last_broken
        for number in broken.keys() & numbers if broken else ():
            del broken[number]
        found: list[int] = []
        for ask in asks:
            ask(row, found)
        for number in found:
            broken[number] = Broken(self._rules[number], self._show(self._rules[number], row))
        self._last = row
        return [broken[number] for number in sorted(broken)]

    def _on(self, changed: tuple[int, ...]) -> tuple[set[int], list[Ask]]:
        """Rules on columns at these places: their numbers, and the functions that ask them."""
        tests = [test for test in self._tests if not test.places.isdisjoint(changed)]
        return set().union(*(test.numbers for test in tests)), [test.ask for test in tests]

    def _show(self, rule: Rule, row: Sequence[Cell]) -> str:
        cells = itemgetter(*map(self._positions.__getitem__, rule.columns))(row)
        values = cells if len(rule.columns) > 1 else (cells,)
        return ", ".join(f"{name} = {_written(value)}" for name, value in zip(rule.columns, values, strict=True))


def _refused(rule: ValueRule, source: PythonSource) -> str:
    """An expression of Python that holds where a value rule is broken."""
    cells = [source.cell(name) for name in rule.columns]
    in_python = isinstance(rule.accepts, FunctionType)  # any other, as str.isascii, answers sooner than a cache
    accepts = source.name(lru_cache(REMEMBERED_VALUES)(rule.accepts) if in_python else rule.accepts)
    return f"{' and '.join(f'isinstance({cell}, str)' for cell in cells)} and not {accepts}({', '.join(cells)})"


def _written(cell: Cell) -> str:
    return "NULL" if cell is None else repr(cell) if isinstance(cell, str) else str(cell)
