"""What all forms of a report share: their order, and the line that sums up."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from epncore.model.rules.kinds import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.check.report import Finding, NotRun, Report
    from epncore.model.rules import Severity


def by_gravity(report: Report) -> Iterator[tuple[Severity, str, list[Finding]]]:
    """Findings from the gravest, by table: severity, table and what was found there."""
    for severity in SEVERITIES:
        those = [finding for finding in report.findings if finding.rule.severity == severity]
        for table, found in groupby(sorted(those, key=attrgetter("table")), attrgetter("table")):
            yield severity, table, list(found)


def by_reason(not_run: list[NotRun]) -> dict[str, list[NotRun]]:
    """Rules that were not run by the reason: one reason often stops many."""
    reasons: dict[str, list[NotRun]] = {}
    for each in not_run:
        reasons.setdefault(each.reason, []).append(each)
    return reasons


def counted(number: int, what: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {what}{'' if number == 1 or what == 'advice' else 's'}"


def summary(report: Report) -> str:
    """One line: ``2 errors, 1 warning, 0 advice; 512 rules passed on 3 tables, 9 not run``."""
    found = ", ".join(counted(report.count(severity), severity) for severity in SEVERITIES)
    asked = f"{counted(len(report.passed), 'rule')} passed on {counted(len(report.rows), 'table')}"
    return f"{found}; {asked}, {len(report.not_run)} not run"


def is_at_least(severity: Severity, threshold: Severity | None) -> bool:
    """Whether a finding is as grave as asked for; None asks for none."""
    return threshold is not None and SEVERITIES.index(severity) <= SEVERITIES.index(threshold)
