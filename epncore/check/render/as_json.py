"""A report for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epncore.check.report import Excused, Finding, Report


def as_json(report: Report) -> dict[str, Any]:
    """The report as docs/check.md describes it, for a writer of JSON."""
    return {
        "service": report.service,
        "software": report.software,
        "tables": list(report.rows),
        "rows": report.rows,
        "findings": [_finding(each) for each in report.findings],
        "servers": [_excused(each) for each in report.servers],
        "accepted": [_excused(each) for each in report.accepted],
        "not_run": [{"rule": each.rule, "table": each.table, "reason": each.reason} for each in report.not_run],
        "passed": [{"rule": rule, "table": table} for rule, table in report.passed],
        "notes": report.notes,
        "seconds": {rule: round(seconds, 3) for rule, seconds in sorted(report.seconds.items())},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity,
        "table": finding.table,
        "column": finding.column,
        "count": finding.count,
        "examples": list(finding.examples),
        "adql": finding.adql,
        "found": finding.found,
        "section": finding.rule.section,
        "why": finding.rule.why,
        "mend": finding.rule.mend,
    }


def _excused(excused: Excused) -> dict[str, Any]:
    return {**_finding(excused.finding), "reason": excused.reason}
