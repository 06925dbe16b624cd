"""What a version of a server cannot emit is told as the server's, and nothing else is."""

from __future__ import annotations

import pytest

from epncore.check.report import Report, by_column, of_complaints
from epncore.check.servers import excuses_of, read_excuses, split_servers
from epncore.check.stilts import STILTS_RULES
from epncore.model.columns import COLUMNS
from epncore.model.rules import RULES
from epncore.model.rules.facts import Complaint

BY_ID = {rule.id: rule for rule in (*RULES, *STILTS_RULES)}
SERVICE_DEF = Complaint("the UCD of service_def is 'meta.code', not 'meta.ref'", "service_def", "a")


def split(software: str, *complaints: Complaint, rule: str = "datalink.ucd") -> Report:
    report = Report("https://x.example.org/tap", software=software)
    report.findings += by_column(BY_ID[rule], "one.epn_core", complaints)
    split_servers(report)
    return report


def test_each_line_names_a_rule_and_a_reason() -> None:
    for each in read_excuses():
        assert each.rule in BY_ID
        assert each.reason
        assert not each.rule.startswith("columns.") or each.column in COLUMNS
        assert all(each.versions.contains(version) for version in each.seen)


def test_a_known_line_is_the_servers() -> None:
    report = split("DaCHS 2.7", SERVICE_DEF)
    assert report.findings == []
    (excused,) = report.servers
    assert (excused.finding.rule.id, excused.finding.count) == ("datalink.ucd", 1)
    assert "UCD of semantics" in excused.reason


@pytest.mark.parametrize("software", ["", "Apache 2.4.58", "DaCHS", "DaCHS unknown", "DaCHS 2.13", "dachs-like 2.7"])
def test_other_software_and_versions_are_not_excused(software: str) -> None:
    report = split(software, SERVICE_DEF)
    assert (len(report.findings), report.servers) == (1, [])


@pytest.mark.parametrize(
    ("version", "rules"), [("2.6", 1), ("2.7", 1), ("2.7.3", 1), ("2.11", 0), ("2.11.1", 0), ("2.13", 0)]
)
def test_versions_are_intervals(version: str, rules: int) -> None:
    assert sum(each.column == "observer_name" for each in excuses_of(f"DaCHS {version}")) == rules


def test_a_finding_that_is_excused_in_part_is_split() -> None:
    other = Complaint("the UCD of service_def is 'meta.note', not 'meta.ref'", "service_def", "b")
    id_too = Complaint("the UCD of ID is 'meta.id', not 'meta.id;meta.main'", "ID", "b")
    report = split("DaCHS 2.7", SERVICE_DEF, other, SERVICE_DEF, id_too)
    assert [(each.column, each.count, each.found, each.examples) for each in report.findings] == [
        ("service_def", 1, other.found, ("b",)),
        ("ID", 1, id_too.found, ("b",)),
    ]
    assert [(each.finding.count, each.finding.examples) for each in report.servers] == [(2, ("a",))]


def test_a_finding_without_parts_is_excused_whole_or_not_at_all() -> None:
    report = Report("https://x.example.org/tap", software="DaCHS 2.7")
    whole = of_complaints(BY_ID["datalink.ucd"], "one.epn_core", "service_def", [SERVICE_DEF])
    report.findings += [
        type(whole)(rule=whole.rule, table=whole.table, column="service_def", count=3, found=found)
        for found in (SERVICE_DEF.found, "something else")
    ]
    split_servers(report)
    assert [each.found for each in report.findings] == ["something else"]
    assert [each.finding.count for each in report.servers] == [3]
