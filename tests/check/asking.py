"""Asks services on loopback in little time, and says what became of each rule; for the tests of bad services."""

from __future__ import annotations

from collections.abc import Callable

from epncore.check.check import Options, check
from epncore.check.client import Limits
from epncore.check.report import Report

from .replies import Answer, Reply, Server

Serve = Callable[..., Server]

QUICK = Limits(timeout_seconds=0.4, most_bytes=1 << 20)
TABLE = "nda_routine.epn_core"
HTML = Reply(b"<!DOCTYPE html><html><body><p>Please log in<br></body></html>", content_type="text/html")


def always(reply: Reply) -> Answer:
    return lambda _: reply


def look(server: Server, *schemas: str, limits: Limits = QUICK) -> Report:
    return check(server.url, schemas, Options(limits=limits))


def not_run(report: Report) -> dict[str, str]:
    """Rules that could not be asked, with the reason; those on links are not asked for here."""
    return {each.rule: each.reason for each in report.not_run if "--follow-links" not in each.reason}


def told(report: Report) -> list[str]:
    """The rules of the report, each as often as it is told."""
    found = [rule for rule, _ in report.passed] + [finding.rule.id for finding in report.findings]
    return sorted({*found}) + sorted(not_run(report))
