"""Services that know less: they are asked in other words, or the rule is told as not run."""

from __future__ import annotations

import pytest

from .asking import HTML, TABLE, Serve, look, not_run, told
from .replies import Recorded, Reply, refusal


def test_an_old_service_in_upper_case_is_checked_as_far_as_it_tells(served: Serve) -> None:
    report = look(served(Recorded("old"), software="Apache/2.2"))
    assert report.rows == {"NDA_ROUTINE.epn_core": 3}
    errors = {each.rule.id for each in report.findings if each.rule.severity == "error"}
    assert errors <= {"columns.unit", "columns.xtype"}, "names in upper case are no fault"
    assert {rule for rule, _ in report.passed} >= {"columns.mandatory", "metadata.result", "term.target_class"}
    assert {rule.split(".")[0] for rule in not_run(report)} == {"metadata", "registry"}
    broken = Recorded("old").change("UPDATE NDA_ROUTINE.EPN_CORE SET TARGET_CLASS = 'gasgiant', TARGET_NAME = ''")
    rules = {each.rule.id: each.count for each in look(served(broken)).findings}
    assert (rules["term.target_class"], rules["filled.target_name"]) == (3, 3)


def test_a_name_that_tap_schema_has_in_quotes_needs_them(served: Serve) -> None:
    recorded = Recorded("dachs")
    for name in ('"Sweeps"', "POLARISATION", '"order"'):
        recorded.database.execute(
            f"INSERT INTO tap_schema.columns (table_name, column_name, datatype) VALUES ('{TABLE}', ?, 'char')", (name,)
        )
    report = look(served(recorded))
    assert {each.column for each in report.findings if each.rule.id == "own.name"} == {"Sweeps", "order"}


def test_without_group_by_values_are_looked_at_all_the_same(served: Serve) -> None:
    broken = Recorded("dachs", {"GROUP BY": "no GROUP BY here"}).change(
        "UPDATE nda_routine.epn_core SET target_class = 'gasgiant' WHERE target_name = 'Jupiter'"
    )
    report = look(served(broken))
    (finding,) = (each for each in report.findings if each.rule.id == "term.target_class")
    whole = recorded_rows(broken, "target_class = 'gasgiant'")
    assert finding.count == whole > 0
    assert {rule: reason for rule, reason in not_run(report).items() if "GROUP BY" in reason}.keys() == {
        "unique.granule_uid", "unique.access_url", "constant.service_title",
    }  # fmt: skip


def recorded_rows(recorded: Recorded, condition: str) -> int:
    return int(recorded.database.execute(f"SELECT count(*) FROM {TABLE} WHERE {condition}").fetchone()[0])


@pytest.mark.parametrize("reply", [refusal("query too long"), Reply(HTML.body, 414, "text/html")], ids=["DALI", "HTML"])
def test_a_service_that_takes_short_queries_only_is_asked_shorter_ones(served: Serve, reply: Reply) -> None:
    recorded = Recorded("dachs").change("UPDATE nda_routine.epn_core SET c1min = 500, c1max = NULL")
    broken = look(served(recorded))
    report = look(served(lambda request: reply if len(request.query) > 600 else recorded(request)))
    assert told(report) == told(broken)
    assert {each.rule.id for each in report.findings} >= {"pair.c1"}


def test_a_function_that_the_service_lacks_leaves_its_rules_out(served: Serve) -> None:
    report = look(served(Recorded("dachs", {r"\bNOT \(": "NOT is not known"})))
    assert {rule.split(".")[0] for rule in not_run(report)} == {"url"}
    assert all("NOT is not known" in reason for reason in not_run(report).values())
