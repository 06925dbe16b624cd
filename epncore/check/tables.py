"""Runs row, value and table rules on one table, by as few queries as may be."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from epncore.check import query
from epncore.check.client import RefusedError, Tap
from epncore.check.report import EXAMPLES, Finding, NotRun, Report
from epncore.model.columns import COLUMNS
from epncore.model.expressions import to_python
from epncore.model.rules import RowRule, TableRule, ValueRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from epncore.check.client import Row
    from epncore.model.rules import Rule

RULES_A_QUERY = 24
"""Row rules that one query asks for at once: DaCHS parses longer conditions at the square of their length."""

SAMPLE_ROWS = 100
"""Rows that are looked at to see which of the rules that are asked for at once they break."""

MOST_VALUES = 2000
"""Distinct values of a column that value rules look at."""

MOST_OFFENDERS = 1000
"""Values that a table rule lists."""

MOST_NAMED = 100
"""Values that the query of a finding names."""

Values = tuple[str, ...]


class TableCheck:
    """Rules on the rows of one table; what they find goes to a report.

    Parameters
    ----------
    tap : Tap
    schema : str
    columns : set of str
        That the table has, in lower case.
    report : Report
    say : callable
        Is told in words what is being asked.
    """

    def __init__(self, tap: Tap, schema: str, columns: set[str], report: Report, say: Callable[[str], None]) -> None:
        self.tap, self.schema, self.columns, self.report, self.say = tap, schema, columns, report, say
        self.table = query.table_name(schema)

    def run(self, rules: Sequence[Rule]) -> None:
        """Look at those of these rules whose columns are there.

        Raises
        ------
        ServiceError
            Where the service does not answer any more.
        """
        there = [rule for rule in rules if self.columns >= set(rule.columns)]
        row_rules = [rule for rule in there if isinstance(rule, RowRule)]
        for start in range(0, len(row_rules), RULES_A_QUERY):
            self.say(f"{self.table}: rules on rows, {start} of {len(row_rules)}")
            self._row_rules(row_rules[start : start + RULES_A_QUERY])
        by_columns: dict[Values, list[ValueRule]] = defaultdict(list)
        for rule in there:
            if isinstance(rule, ValueRule):
                by_columns[rule.columns].append(rule)
        for names, value_rules in by_columns.items():
            self.say(f"{self.table}: values of {', '.join(names)}")
            if value_rules[0].grouped:
                self._value_rules(value_rules)
            else:
                for value_rule in value_rules:
                    self._first_values(value_rule)
        for rule in there:
            if isinstance(rule, TableRule):
                self.say(f"{self.table}: {rule.checks}")
                self._table_rule(rule)

    def _ask(self, rules: Sequence[Rule], adql: str, most_rows: int, columns: Sequence[str]) -> list[Row]:
        with self._timed(rules):
            return self.tap.rows(adql, most_rows, columns)

    def _count(self, rule: Rule, condition: str) -> int:
        with self._timed([rule]):
            return self.tap.count(query.count(self.table, condition))

    @contextmanager
    def _timed(self, rules: Sequence[Rule]) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.report.took([rule.id for rule in rules], time.monotonic() - started)

    def _not_run(self, rule: Rule, reason: object) -> None:
        self.report.not_run.append(NotRun(rule.id, self.table, str(reason)))

    def _passed(self, rule: Rule) -> None:
        self.report.passed.append((rule.id, self.table))

    # Rows

    def _row_rules(self, rules: Sequence[RowRule]) -> None:
        """Ask for many rules at once; rows that break any hint which to count, and the others are asked again."""
        names = sorted({name for rule in rules for name in rule.columns})
        condition = query.any_of(rules)
        try:
            rows = self._ask(rules, query.some_rows(self.table, names, condition, SAMPLE_ROWS), SAMPLE_ROWS, names)
        except RefusedError as error:
            if len(rules) == 1:
                self._not_run(rules[0], error)
                return
            # Too long for this server, or one of them is not for it.
            middle = len(rules) // 2
            self._row_rules(rules[:middle])
            self._row_rules(rules[middle:])
            return
        if not rows:
            for rule in rules:
                self._passed(rule)
            return
        suspects = [rule for rule in rules if _may_break(rule, rows)] or rules
        for rule in suspects:
            self._counted(rule)
        if left := [rule for rule in rules if rule not in suspects]:
            self._row_rules(left)

    def _counted(self, rule: RowRule) -> None:
        condition = query.any_of([rule])
        try:
            count = self._count(rule, condition)
        except RefusedError as error:
            self._not_run(rule, error)
            return
        if count:
            self._found(rule, count, condition)
        else:
            self._passed(rule)

    def _found(self, rule: Rule, count: int, condition: str, found: str = "") -> None:
        text = found or f"not so in {count} row{'s' if count > 1 else ''}: {rule.checks}"
        self.report.findings.append(
            Finding(
                rule=rule, table=self.table, column=rule.columns[0], found=text, count=count,
                examples=self._examples(rule, condition), adql=query.whole_rows(self.table, condition),
            )
        )  # fmt: skip

    def _examples(self, rule: Rule, condition: str) -> tuple[str, ...]:
        try:
            rows = self._ask([rule], query.examples(self.table, condition, EXAMPLES), EXAMPLES, ["granule_uid"])
            return tuple(str(row["granule_uid"]) for row in rows if row["granule_uid"])
        except RefusedError:
            return ()

    # Values

    def _value_rules(self, rules: Sequence[ValueRule]) -> None:
        names = rules[0].columns
        try:
            values = self._distinct(rules)
        except RefusedError as error:
            for rule in rules:
                self._not_run(rule, error)
            return
        whole = len(values) <= MOST_VALUES
        for rule in rules:
            wrong = {each: n for each, n in values.items() if not rule.accepts(*each)}
            if wrong:
                self._wrong_values(rule, wrong)
            elif whole:
                self._passed(rule)
            if not whole:
                self._not_run(rule, f"only the first {MOST_VALUES} values of {', '.join(names)} were looked at")

    def _distinct(self, rules: Sequence[ValueRule]) -> dict[Values, int]:
        """Distinct values with the number of their rows, one more than are looked at where there are more.

        The number is -1 where the server does not count. Predicates are for texts: numbers are left out.
        """
        names, limit = rules[0].columns, MOST_VALUES + 1
        try:
            rows = self._ask(rules, query.grouped(self.table, names, limit), limit, names)
        except RefusedError:
            rows = self._ask(rules, query.distinct(self.table, names, limit), limit, names)
        found = {tuple(row[name] for name in names): row.number("n") if "n" in row else -1 for row in rows}
        return {values: n for values, n in found.items() if all(isinstance(each, str) for each in values)}

    def _wrong_values(self, rule: ValueRule, wrong: dict[Values, int]) -> None:
        condition = query.has_values(rule.columns, list(wrong)[:MOST_NAMED])
        count = sum(wrong.values())
        if min(wrong.values()) < 0:
            try:
                count = self._count(rule, condition)
            except RefusedError:
                count = len(wrong)
        self._found(rule, count, condition, _listed([_written(rule, each) for each in wrong]))

    def _first_values(self, rule: ValueRule) -> None:
        """Types that no database can group by: the first rows stand for all."""
        adql, asked = query.first_values(self.table, rule.columns, MOST_VALUES + 1), ("granule_uid", *rule.columns)
        try:
            rows = self._ask([rule], adql, MOST_VALUES + 1, asked)
        except RefusedError as error:
            self._not_run(rule, error)
            return
        wrong = {}
        for row in rows[:MOST_VALUES]:
            values = tuple(str(row[name]) for name in rule.columns)
            if not rule.accepts(*values):
                wrong[str(row["granule_uid"])] = _written(rule, values)
        if wrong:
            condition = query.one_of("granule_uid", list(wrong)[:MOST_NAMED])
            self._found(rule, len(wrong), condition, _listed(list(dict.fromkeys(wrong.values()))))
        elif len(rows) <= MOST_VALUES:
            self._passed(rule)
        if len(rows) > MOST_VALUES:
            self._not_run(rule, f"only the first {MOST_VALUES} rows were looked at")

    # The table

    def _table_rule(self, rule: TableRule) -> None:
        adql = query.offenders(rule, self.schema, MOST_OFFENDERS + 1)
        try:
            rows = self._ask([rule], adql, MOST_OFFENDERS + 1, ["item", "n"])
            items = sorted(str(row["item"]) for row in rows)
            count = sum(row.number("n") for row in rows)
        except RefusedError as error:
            self._not_run(rule, error)
            return
        if not rows:
            self._passed(rule)
            return
        name = rule.columns[0]
        self.report.findings.append(
            Finding(
                rule=rule, table=self.table, column=name, count=count,
                found=_listed([f"{name} = {item!r}" for item in items]), examples=tuple(items[:EXAMPLES]),
                adql=query.whole_rows(self.table, query.one_of(name, items[:MOST_NAMED])),
            )
        )  # fmt: skip


def _written(rule: ValueRule, values: Values) -> str:
    return ", ".join(f"{name} = {each!r}" for name, each in zip(rule.columns, values, strict=True))


def _listed(items: Sequence[str]) -> str:
    more = f"; and {len(items) - EXAMPLES} more" if len(items) > EXAMPLES else ""
    return "; ".join(items[:EXAMPLES]) + more


def _may_break(rule: RowRule, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether one of some rows breaks a rule by its Python form.

    A hint only: VOTable writes NULL, an empty text, NaN and an integer's null value alike, and a server may bring a
    cell in another type than it compares. The count decides.
    """
    broken = to_python(rule.broken, {name: place for place, name in enumerate(rule.columns)})
    try:
        return any(broken([_cell(name, row[name]) for name in rule.columns]) is True for row in rows)
    except TypeError:
        return True


def _cell(name: str, value: Any) -> Any:
    """A cell as rows hold it: TAP brings a date as text, and an empty text for NULL."""
    if value == "":
        return None
    if COLUMNS[name].type == "timestamp" and isinstance(value, str):
        try:
            return dt.datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return value
    return value
