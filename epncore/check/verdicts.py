"""What became of each rule on each table, in plain values: what the pytest plug-in tells, also to other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from epncore.check.render.summary import is_at_least, told
from epncore.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.check.report import Report
    from epncore.model.rules import Severity

State = Literal["failed", "not run", "passed"]
STATES: tuple[State, ...] = ("failed", "not run", "passed")
"""From the one that counts most."""


class Verdict(TypedDict):
    """What became of a rule on a table, and what is to be said of it."""

    table: str
    rule: str
    state: State
    text: str


def verdicts(report: Report, fail_on: Severity) -> Iterator[Verdict]:
    """One a rule and table, by name; a rule that is both broken and not wholly run is broken.

    Parameters
    ----------
    report : Report
    fail_on : {"error", "warning", "advice"}
        The least severity that fails.

    Yields
    ------
    Verdict
        Lesser findings, the server's and accepted ones pass, with the reason told.
    """
    found: dict[tuple[str, str], list[tuple[State, str]]] = {}
    for rule, table in report.passed:
        found.setdefault((table, rule), []).append(("passed", ""))
    for finding in report.findings:
        state: State = "failed" if is_at_least(finding.rule.severity, fail_on) else "passed"
        found.setdefault((finding.table, finding.rule.id), []).append((state, told(finding)))
    for whose, those in (("the server's", report.servers), ("accepted", report.accepted)):
        for excused in those:
            text = f"{whose}: {printable(excused.reason)}\n{told(excused.finding)}"
            found.setdefault((excused.finding.table, excused.finding.rule.id), []).append(("passed", text))
    for left in report.not_run:
        found.setdefault((left.table, left.rule), []).append(("not run", printable(left.reason)))
    for (table, rule), states in sorted(found.items()):
        state = min((one for one, _ in states), key=STATES.index)
        text = "\n\n".join(words for one, words in states if words and one in (state, "not run"))
        yield {"table": printable(table), "rule": printable(rule), "state": state, "text": text}
