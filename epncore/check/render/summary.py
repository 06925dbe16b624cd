"""What the forms of a report share: their order, a finding in words, and the line that sums up."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from epncore.model.printable import printable
from epncore.model.rules import RULES
from epncore.model.severity import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def families(ids: Iterable[str]) -> list[str]:
    """Ids of rules, each once; ``link.*`` for a family that is there whole."""
    names = dict.fromkeys(ids)
    found = []
    for name in names:
        family = name.partition(".")[0] + "."
        members = {rule.id for rule in RULES if rule.id.startswith(family)}
        found.append(f"{family}*" if len(members) > 1 and members <= names.keys() else name)
    return list(dict.fromkeys(found))


def told(finding: Finding) -> str:
    """All that a finding tells, a line each, for what shows plain text."""
    rule = finding.rule
    lines = [f"{rule.severity}: {finding.found}", f"count: {finding.count}"]
    lines += [f"column: {finding.column}"] if finding.column else []
    lines += [f"examples: {', '.join(finding.examples)}"] if finding.examples else []
    lines += [f"ADQL: {finding.adql}"] if finding.adql else []
    lines += [f"right: {rule.checks} ({rule.section})", f"why: {rule.why}", f"mend: {rule.mend}"]
    return "\n".join(map(printable, lines))


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
