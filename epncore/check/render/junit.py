"""A report as JUnit XML, which Jenkins, GitLab and others show: a suite a table, a case a rule that was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from epncore.check.render.summary import is_at_least, told
from epncore.model.printable import printable
from epncore.model.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from epncore.check.report import Excused, Report
    from epncore.model.rules import Severity


def junit(report: Report, fail_on: Severity | None = "error") -> bytes:
    """The report as JUnit XML.

    Parameters
    ----------
    report : Report
    fail_on : {"error", "warning", "advice"}, optional
        The least severity that is a failure, as for the command's exit code. Lesser findings, the server's and those
        that the baseline accepts are told as output of a case that passed.

    Returns
    -------
    bytes
    """
    root = etree.Element("testsuites", name="epncore check")
    for table in _tables(report):
        suite = etree.SubElement(root, "testsuite", name=printable(table))
        properties = etree.SubElement(suite, "properties")
        for name, value in (("service", report.service), ("software", report.software), ("rows", _rows(report, table))):
            etree.SubElement(properties, "property", name=name, value=printable(value))
        for rule in _rules(report, table):
            _case(suite, report, table, rule, fail_on)
        _count(suite)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name)) for suite in root)))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _tables(report: Report) -> list[str]:
    """Tables, then what findings name beside them: the service itself."""
    findings = [*report.findings, *(each.finding for each in (*report.servers, *report.accepted))]
    named = [*(each.table for each in findings), *(each.table for each in report.not_run)]
    return list(dict.fromkeys([*report.rows, *named]))


def _rows(report: Report, table: str) -> str:
    return str(report.rows[table]) if table in report.rows else ""


def _rules(report: Report, table: str) -> list[str]:
    """Ids of the rules that were asked of a table or could not be, in the order in which rules are told."""
    asked = {rule for rule, where in report.passed if where == table}
    asked |= {each.rule for each in report.not_run if each.table == table}
    asked |= {each.rule.id for each in report.findings if each.table == table}
    asked |= {each.finding.rule.id for each in (*report.servers, *report.accepted) if each.finding.table == table}
    known = {rule.id: place for place, rule in enumerate(RULES)}
    return sorted(asked, key=lambda rule: (known.get(rule, len(known)), rule))


def _case(suite: etree._Element, report: Report, table: str, rule: str, fail_on: Severity | None) -> None:
    case = etree.SubElement(suite, "testcase", classname=printable(table), name=printable(rule))
    found = [each for each in report.findings if (each.rule.id, each.table) == (rule, table)]
    failures = [each for each in found if is_at_least(each.rule.severity, fail_on)]
    reasons = [each.reason for each in report.not_run if (each.rule, each.table) == (rule, table)]
    if failures:
        message = "; ".join(each.found for each in failures)
        failure = etree.SubElement(case, "failure", type=failures[0].rule.severity, message=printable(message))
        failure.text = "\n\n".join(map(told, failures))
    elif reasons:
        etree.SubElement(case, "skipped", message=printable("; ".join(reasons)))
    said = [
        *(told(each) for each in found if each not in failures),
        *_excused("the server's", report.servers, table, rule),
        *_excused("accepted", report.accepted, table, rule),
        *(printable(f"not run: {reason}") for reason in reasons if failures),
    ]
    if said:
        etree.SubElement(case, "system-out").text = "\n\n".join(said)


def _excused(why: str, excused: Iterable[Excused], table: str, rule: str) -> list[str]:
    those = [each for each in excused if (each.finding.rule.id, each.finding.table) == (rule, table)]
    return [f"{why}: {printable(each.reason)}\n{told(each.finding)}" for each in those]


def _count(suite: etree._Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
