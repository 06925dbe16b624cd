"""Links and Datalink documents of a live DaCHS: what `epncore check` and STILTS find there is DaCHS's own."""

from __future__ import annotations

import shutil

import pytest

from epncore.check.check import Options, check
from epncore.check.report import Report
from epncore.check.stilts import STILTS_RULES

from .linked import RAW, Service

pytestmark = pytest.mark.live

ROWS = 12


@pytest.fixture(scope="module")
def report(linked: Service) -> Report:
    return check(linked.lab.tap_url, ["linked"], Options(links=ROWS))


def test_datalink_documents_are_clean_but_for_dachs_itself(report: Report) -> None:
    passed = {rule for rule, _ in report.passed}
    assert [each for each in report.findings if each.rule.id.startswith("datalink.")] == []
    servers = {each.finding.rule.id: each.finding.count for each in report.servers}
    assert {"datalink.standard_id": ROWS, "datalink.ucd": ROWS}.items() <= servers.items()
    assert {"datalink.votable", "datalink.media_type", "datalink.id", "datalink.target", "datalink.semantics"} <= passed
    assert {"datalink.service", "datalink.service_input", "datalink.this", "datalink.same_data"} <= passed
    assert "link.datalink_url" in passed


def test_data_that_are_nowhere_are_found(report: Report) -> None:
    """The files of this collection are said to be at example.org, which has no such."""
    found = {each.rule.id: each for each in report.findings if each.rule.id.startswith("link.")}
    assert {"link.access_url", "link.thumbnail_url"} <= found.keys()
    assert found["link.access_url"].column == "access_url"
    not_run = {each.rule: each.reason for each in report.not_run}
    assert (
        "example.org did not answer" in not_run["link.access_format"] or "give no data" in not_run["link.access_format"]
    )


def test_embargoed_granules_say_so_by_dachss_own_word(linked: Service) -> None:
    report = check(linked.lab.tap_url, ["listed"], Options(links=ROWS, only=("datalink.*",)))
    assert report.findings == []
    faults = [each.finding for each in report.servers if each.finding.rule.id == "datalink.fault"]
    assert [each.column for each in faults] == ["error_message"]
    assert RAW in faults[0].examples


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
def test_stilts_finds_nothing_but_what_is_known_of_dachs(linked: Service) -> None:
    report = check(linked.lab.tap_url, ["linked"], Options(stilts=True, only=("utype.table",)))
    theirs = {rule.id for rule in STILTS_RULES}
    assert [each for each in report.findings if each.rule.id in theirs] == []
    assert [each for each in report.not_run if each.rule in theirs] == []
    assert {each.finding.rule.id for each in report.servers} == theirs
