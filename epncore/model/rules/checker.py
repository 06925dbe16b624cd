"""Row and value rules on rows, before they are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from epncore.model.expressions import to_python
from epncore.model.rules.rows import ROW_RULES
from epncore.model.rules.values import VALUE_RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from epncore.model.columns import Column
    from epncore.model.row import Cell
    from epncore.model.rules.kinds import RowRule, Rule, ValueRule

    Breaks = Callable[[Sequence[Cell]], object]

REMEMBERED_VALUES = 1024
REMEMBERED_CHANGES = 256


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a row breaks, with what was found."""

    rule: Rule
    found: str


class RowChecker:
    """Row and value rules, compiled for rows with these columns.

    Parameters
    ----------
    columns : sequence of Column
        In the order in which rows hold them. Rules on columns that are not there do not run.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._positions = {column.name: position for position, column in enumerate(columns)}
        self._last: Sequence[Cell] | None = None
        self._last_broken: set[int] = set()
        self._depending = lru_cache(REMEMBERED_CHANGES)(self._on)
        there = self._positions.keys()
        self._rules: list[tuple[Rule, Breaks]] = [
            *((rule, self._row_rule(rule)) for rule in ROW_RULES if there >= set(rule.columns)),
            *((rule, self._value_rule(rule)) for rule in VALUE_RULES if there >= set(rule.columns)),
        ]

    def _row_rule(self, rule: RowRule) -> Breaks:
        return to_python(rule.broken, self._positions)

    def _value_rule(self, rule: ValueRule) -> Breaks:
        accepts = lru_cache(REMEMBERED_VALUES)(rule.accepts)
        positions = [self._positions[name] for name in rule.columns]

        def breaks(row: Sequence[Cell]) -> bool:
            values = [row[position] for position in positions]
            return all(isinstance(value, str) for value in values) and not accepts(*values)

        return breaks

    def broken(self, row: Sequence[Cell]) -> list[Broken]:
        """The rules that a row breaks, in the order of `RULES`; empty for a right row.

        Rows of one collection differ in few cells: only rules on those in which this row differs from the one before
        are asked.
        """
        last, self._last = self._last, None  # a rule that fails leaves no half of an answer
        if last is None:
            self._last_broken = set()
            asked: Sequence[int] = range(len(self._rules))
        else:
            pairs = zip(row, last, strict=True)
            asked = self._depending(tuple([place for place, (one, other) in enumerate(pairs) if one != other]))
        broken = self._last_broken
        for number in asked:
            if self._rules[number][1](row) is True:
                broken.add(number)
            else:
                broken.discard(number)
        self._last = row
        return [Broken(rule, self._show(rule, row)) for rule, _ in (self._rules[number] for number in sorted(broken))]

    def _on(self, changed: tuple[int, ...]) -> list[int]:
        """Numbers of the rules on columns at these places."""
        names = {name for name, place in self._positions.items() if place in changed}
        return [number for number, (rule, _) in enumerate(self._rules) if not names.isdisjoint(rule.columns)]

    def _show(self, rule: Rule, row: Sequence[Cell]) -> str:
        cells = itemgetter(*map(self._positions.__getitem__, rule.columns))(row)
        values = cells if len(rule.columns) > 1 else (cells,)
        return ", ".join(f"{name} = {_written(value)}" for name, value in zip(rule.columns, values, strict=True))


def _written(cell: Cell) -> str:
    return "NULL" if cell is None else repr(cell) if isinstance(cell, str) else str(cell)
