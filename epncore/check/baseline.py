"""Findings that a provider accepts, each with a reason and a date on which that ends."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, PositiveInt, ValidationError

from epncore.check.report import Excused
from epncore.check.stilts import STILTS_RULES
from epncore.model.config_errors import config_error, did_you_mean
from epncore.model.config_file import read_toml
from epncore.model.config_types import STRICT, Date, Text
from epncore.model.row import show
from epncore.model.rules import RULES

if TYPE_CHECKING:
    from pathlib import Path

    from epncore.check.report import Finding, Report


def _rule_id(text: str) -> str:
    known = [rule.id for rule in (*RULES, *STILTS_RULES)]
    if text not in known:
        raise ValueError(f"there is no rule {show(text)}{did_you_mean(text, known)}")
    return text


class Accept(BaseModel):
    """One ``[[accept]]`` of a baseline file.

    Attributes
    ----------
    rule : str
        Its id.
    table : str
        Its name with its schema; ``*`` stands for any characters.
    column : str, optional
    reason : str
        Why it is accepted, for those who read the report.
    until : datetime.date
        The last day.
    most : int, optional
        A finding with a greater count is not accepted.
    """

    model_config = STRICT

    rule: Annotated[str, AfterValidator(_rule_id)]
    reason: Text
    until: Date
    table: Text = "*"
    column: Text | None = None
    most: PositiveInt | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of this finding, whatever day and count."""
        return (
            self.rule == finding.rule.id
            and fnmatchcase(finding.table.lower(), self.table.lower())
            and self.column in (None, finding.column)
        )

    def __str__(self) -> str:
        return " of ".join(part for part in (self.rule, self.column, "" if self.table == "*" else self.table) if part)


class Baseline(BaseModel):
    """What a baseline file accepts."""

    model_config = STRICT

    accept: tuple[Accept, ...] = ()

    @classmethod
    def load(cls, path: Path | None) -> Baseline:
        """Read a baseline file; none accepts nothing.

        Raises
        ------
        ConfigError
            With the file, the key, what was found and what would be right.
        """
        if path is None:
            return cls()
        data = read_toml(path, if_missing="Write one: docs/check.md shows how")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise config_error(error, cls, str(path)) from None


def split_accepted(report: Report, baseline: Baseline, today: dt.date) -> None:
    """Move the findings that a baseline accepts, and note which of its entries have ended or find nothing.

    Parameters
    ----------
    report : Report
        Is changed.
    baseline : Baseline
    today : datetime.date
        By which entries end.
    """
    left = []
    for finding in report.findings:
        accepting = next((each for each in baseline.accept if _accepts(each, finding, today)), None)
        if accepting:
            report.accepted.append(Excused(finding, f"{accepting.reason} (until {accepting.until})"))
        else:
            left.append(finding)
    everything = [*report.findings, *(each.finding for each in report.servers)]
    report.findings[:] = left
    for entry in baseline.accept:
        if note := _note(entry, everything, today):
            report.notes.append(f"baseline, {entry}: {note}")


def _accepts(entry: Accept, finding: Finding, today: dt.date) -> bool:
    return entry.covers(finding) and today <= entry.until and (entry.most is None or finding.count <= entry.most)


def _note(entry: Accept, findings: list[Finding], today: dt.date) -> str:
    covered = [finding for finding in findings if entry.covers(finding)]
    if not covered:
        return "there is no such finding (any more): remove the entry"
    if today > entry.until:
        return f"it has ended on {entry.until} and excuses nothing"
    grown = max(finding.count for finding in covered)
    if entry.most is not None and grown > entry.most:
        return f"it accepts a count of {entry.most} at most, and there are {grown}"
    return ""
