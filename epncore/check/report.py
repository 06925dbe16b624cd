"""What a check found: one list of findings, which every renderer shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from epncore.model.rules import Rule, Severity
    from epncore.model.rules.facts import Complaint

EXAMPLES = 5
"""Examples that a finding tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a table breaks.

    Attributes
    ----------
    rule : Rule
    table : str
        With its schema; or the address of the service, for what concerns no table.
    column : str
        The column it is about, or empty.
    found : str
        What was found, a sentence without a full stop.
    count : int
        Rows that break it; for metadata and links, how many things do.
    examples : tuple of str
        granule_uids; for metadata and links, what it was found on.
    adql : str
        A query for all rows that break it, or empty.
    complaints : tuple of Complaint
        For metadata and links, each thing that breaks it.
    """

    rule: Rule
    table: str
    column: str
    found: str
    count: int
    examples: tuple[str, ...] = ()
    adql: str = ""
    complaints: tuple[Complaint, ...] = ()


def by_column(rule: Rule, table: str, complaints: Sequence[Complaint]) -> list[Finding]:
    """A finding a column: columns have faults of their own, which are excused or accepted one by one."""
    columns: dict[str, list[Complaint]] = {}
    for complaint in complaints:
        columns.setdefault(complaint.column, []).append(complaint)
    return [of_complaints(rule, table, column, those) for column, those in columns.items()]


def of_complaints(rule: Rule, table: str, column: str, complaints: Sequence[Complaint]) -> Finding:
    """One finding of some complaints on one column."""
    found = list(dict.fromkeys(complaint.found for complaint in complaints))
    more = f"; and {len(found) - EXAMPLES} more" if len(found) > EXAMPLES else ""
    return Finding(
        rule=rule, table=table, column=column, count=len(complaints), found="; ".join(found[:EXAMPLES]) + more,
        examples=tuple(dict.fromkeys(each.example for each in complaints if each.example))[:EXAMPLES],
        complaints=tuple(complaints),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Excused:
    """A finding that is no fault of the provider, or is accepted, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class NotRun:
    """A rule that could not be asked, and why: it has neither passed nor failed."""

    rule: str
    table: str
    reason: str


@dataclass(slots=True)
class Report:
    """What a check of one service found.

    Attributes
    ----------
    service : str
        Address of the TAP service.
    software : str
        Name and version as the server tells them, or empty: ``DaCHS 2.7``.
    rows : dict of str to int
        By table, with its schema: all tables that were looked at.
    passed : list of (str, str)
        Rule and table of what was asked and is right.
    findings : list of Finding
        What the provider can mend.
    servers : list of Excused
        What this version of the server software cannot do otherwise.
    accepted : list of Excused
        What the baseline accepts.
    not_run : list of NotRun
    notes : list of str
        What else a person should know: entries of the baseline that have expired or find nothing.
    seconds : dict of str to float
        Time that the server took, by rule; queries that ask for several rules are shared among them.
    """

    service: str
    software: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    passed: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    servers: list[Excused] = field(default_factory=list)
    accepted: list[Excused] = field(default_factory=list)
    not_run: list[NotRun] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, severity: Severity) -> int:
        """Findings of one severity."""
        return sum(finding.rule.severity == severity for finding in self.findings)

    def took(self, rules: Iterable[str], seconds: float) -> None:
        """Note the time of a query that asked for these rules."""
        ids = list(rules)
        for each in ids:
            self.seconds[each] = self.seconds.get(each, 0.0) + seconds / len(ids)
