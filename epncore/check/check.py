"""A check of one TAP service, from its address to a report."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from epncore.check.baseline import Baseline, split_accepted
from epncore.check.client import Client, Limits, Tap
from epncore.check.links import follow, some_datalinks
from epncore.check.report import NotRun, Report, by_column
from epncore.check.servers import split_servers
from epncore.check.service import Told, facts_of, schemas_of
from epncore.check.stilts import second_opinion
from epncore.check.tables import TableCheck
from epncore.model.errors import UsageError
from epncore.model.rules import RULES, Rule, ServiceRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Options:
    """How to check.

    Attributes
    ----------
    limits : Limits
    links : int
        Rows of each table whose addresses are followed; 0 for none.
    record : str, optional
        Address or file of the registry record of the table.
    baseline : pathlib.Path, optional
        File of findings that are accepted.
    only : tuple of str
        Patterns of rule ids (``columns.*``); all others are left out. Empty for all rules.
    stilts : bool
        Whether to add what STILTS finds.
    today : datetime.date
        By which entries of the baseline expire.
    """

    limits: Limits = field(default_factory=Limits)
    links: int = 0
    record: str | None = None
    baseline: Path | None = None
    only: tuple[str, ...] = ()
    stilts: bool = False
    today: dt.date = field(default_factory=lambda: dt.datetime.now(dt.UTC).date())


def check(
    url: str, schemas: Sequence[str] = (), options: Options | None = None, say: Callable[[str], None] = lambda _: None
) -> Report:
    """Ask a TAP service whether its EPN-TAP tables keep the standard.

    Parameters
    ----------
    url : str
        Base address of the service.
    schemas : sequence of str
        To check; all that have an epn_core table by default.
    options : Options, optional
    say : callable
        Is told in words what is being asked.

    Returns
    -------
    Report

    Raises
    ------
    ServiceError
        Where the service cannot be checked.
    UsageError, ConfigError
        Where a schema's name, a rule's or the baseline is none.
    """
    options = options or Options()
    rules = _wanted(options.only)
    baseline = Baseline.load(options.baseline)
    with Client(options.limits) as client:
        tap = Tap(url, client)
        report = Report(tap.url)
        datalinks: list[tuple[str, str]] = []
        say(f"{tap.url}: which tables")
        for schema in schemas_of(tap, schemas, report.notes):
            say(f"{schema}.epn_core: metadata")
            told = facts_of(tap, schema, options.record)
            if options.links:
                say(f"{schema}.epn_core: links")
                follow(tap, told, options.links)
            report.rows[told.table.name] = told.table.rows
            _service_rules(told, rules, report)
            TableCheck(tap, schema, set(told.table.columns or {}), report, say).run(rules)
            if options.stilts:
                datalinks += some_datalinks(tap, told)
        if options.stilts:
            say(f"{tap.url}: taplint and datalinklint of STILTS")
            second_opinion(report, datalinks)
        report.software = client.software
    split_servers(report)
    split_accepted(report, baseline, options.today)
    order = {rule.id: place for place, rule in enumerate(RULES)}
    report.findings.sort(key=lambda finding: (finding.table, order.get(finding.rule.id, len(order)), finding.column))
    return report


def _wanted(patterns: Sequence[str]) -> list[Rule]:
    """The rules that one of these patterns names."""
    found = [rule for rule in RULES if not patterns or any(fnmatchcase(rule.id, each) for each in patterns)]
    for each in patterns:
        if not any(fnmatchcase(rule.id, each) for rule in RULES):
            raise UsageError(f"no rule is named {each!r}", hint="`epncore rules` lists them")
    return found


def _service_rules(told: Told, rules: Sequence[Rule], report: Report) -> None:
    there = set(told.table.columns or {})
    for rule in rules:
        if not isinstance(rule, ServiceRule):
            continue
        if not there >= set(rule.columns):
            continue
        missing = [fact for fact in rule.needs if getattr(told.table, fact) is None]
        partly = [told.partly[column] for column in rule.columns if column in told.partly]
        if missing:
            reason = told.missing.get(missing[0], "links were not followed: ask for it by --follow-links")
            report.not_run.append(NotRun(rule.id, told.table.name, reason))
            continue
        if partly:
            report.not_run.append(NotRun(rule.id, told.table.name, partly[0]))
        if complaints := rule.complaints(told.table):
            report.findings += by_column(rule, told.table.name, complaints)
        elif not partly:
            report.passed.append((rule.id, told.table.name))
