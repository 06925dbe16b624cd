"""What a version of server software cannot emit otherwise: told as the server's, not as the provider's.

The list is ``servers.csv`` beside this file. A line is for a rule and a column of a finding; what was found must hold
its regular expression. ``seen`` names the versions on which a test of this project sees it; lines without are what
their own sources say of versions that the tests have not met.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from epncore.check.report import Excused, of_complaints

if TYPE_CHECKING:
    from epncore.check.report import Finding, Report
    from epncore.model.rules.facts import Complaint


@dataclass(frozen=True, slots=True)
class Excuse:
    """A line of ``servers.csv``."""

    software: str
    versions: SpecifierSet
    rule: str
    column: str
    found: re.Pattern[str]
    seen: frozenset[str]
    reason: str

    def fits(self, finding: Finding, found: str) -> bool:
        """Whether it excuses what was found."""
        return (self.rule, self.column) == (finding.rule.id, finding.column) and bool(self.found.search(found))


def read_excuses() -> tuple[Excuse, ...]:
    """All lines, of all software."""
    text = files(__package__).joinpath("servers.csv").read_text("ascii")
    return tuple(
        Excuse(
            line["software"], SpecifierSet(line["versions"]), line["rule"], line["column"],
            re.compile(line["found"]), frozenset(line["seen"].split()), line["reason"],
        )
        for line in csv.DictReader(text.splitlines())
    )  # fmt: skip


def excuses_of(software: str) -> list[Excuse]:
    """The lines for one software.

    Parameters
    ----------
    software : str
        Name and version, as ``DaCHS 2.7``. For any that is not known, there are none.
    """
    name, _, number = software.partition(" ")
    try:
        version = Version(number)
    except InvalidVersion:
        return []
    return [
        each
        for each in read_excuses()
        if each.software.lower() == name.lower() and each.versions.contains(version, prereleases=True)
    ]


def split_servers(report: Report) -> None:
    """Move what the server's software cannot do otherwise from `findings` to `servers`.

    A finding on several things, of which it excuses some, becomes two.

    Parameters
    ----------
    report : Report
    """
    excuses = excuses_of(report.software)
    kept: list[Finding] = []
    for finding in report.findings:
        if finding.complaints:
            kept += _split(report, finding, excuses)
        elif reason := _reason(finding, finding.found, excuses):
            report.servers.append(Excused(finding, reason))
        else:
            kept.append(finding)
    report.findings[:] = kept


def _reason(finding: Finding, found: str, excuses: Iterable[Excuse]) -> str:
    return next((each.reason for each in excuses if each.fits(finding, found)), "")


def _split(report: Report, finding: Finding, excuses: Iterable[Excuse]) -> list[Finding]:
    by_reason: dict[str, list[Complaint]] = {}
    for complaint in finding.complaints:
        by_reason.setdefault(_reason(finding, complaint.found, excuses), []).append(complaint)
    parts = {
        reason: of_complaints(finding.rule, finding.table, finding.column, those) for reason, those in by_reason.items()
    }
    report.servers += [Excused(part, reason) for reason, part in parts.items() if reason]
    return [part for reason, part in parts.items() if not reason]
