"""A right row breaks no rule; a row with one thing wrong breaks the rule on that."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutants import GOOD_ROW, MUTANTS, TEXT_MUTANTS
from sqlalchemy.dialects import postgresql

from epncore.model.columns import COLUMNS
from epncore.model.expressions import to_adql
from epncore.model.rules import ROW_RULES, RULES, TABLE_RULES, VALUE_RULES, RowChecker
from epncore.model.severity import SEVERITIES

CHECKER = RowChecker(tuple(COLUMNS.values()))


# Our own rows hold no dates as text.
MADE = [mutant for mutant in MUTANTS + TEXT_MUTANTS if not mutant.rule.startswith("iso.")]


def broken_ids(row):
    return {broken.rule.id for broken in CHECKER.broken([row[name] for name in COLUMNS])}


def test_a_right_row_breaks_no_rule(good_row):
    assert broken_ids(good_row) == set()


@pytest.mark.parametrize("mutant", MADE, ids=lambda mutant: f"{mutant.rule}-{list(mutant.changes.values())[-1]}")
def test_a_row_with_one_thing_wrong_breaks_the_rule_on_it(good_row, mutant):
    assert broken_ids({**good_row, **mutant.changes}) == mutant.breaks


@pytest.mark.parametrize("text", ["16/07/2024", "2024-13-01", "2024-07-16 12:00:00", "2024-07-16T24:00:00", ""])
def test_a_date_that_is_text_has_the_form_of_dali(text):
    rules = [rule for rule in VALUE_RULES if rule.id.startswith("iso.")]
    assert len(rules) == 5
    assert not any(rule.accepts(text) for rule in rules)
    assert all(rule.accepts("2024-07-16T12:00:00.25") and rule.accepts("2024-07-16") for rule in rules)


def test_every_row_and_value_rule_is_broken_by_one_of_these():
    tried = {mutant.rule for mutant in MUTANTS + TEXT_MUTANTS}
    assert tried == {rule.id for rule in (*ROW_RULES, *VALUE_RULES)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("target_class", "planet#satellite"), ("dataproduct_type", "ca#sp"), ("granule_uid", "a b.c-d_e/f"),
        ("granule_uid", "a"), ("access_format", "application/x-votable+xml;content=datalink"), ("target_name", "Halo"),
        ("time_refposition", "GEOCENTER"), ("time_refposition", "Voyager 1"), ("time_refposition", None),
        ("target_class", "planet#star"), ("measurement_type", "pos.eq"), ("time_scale", None), ("access_md5", None),
    ],
)  # fmt: skip
def test_unusual_but_right_values_break_nothing(good_row, column, value):
    assert broken_ids({**good_row, column: value}) == set()


def test_longitudes_may_run_over_the_meridian(good_row):
    assert broken_ids({**good_row, "spatial_frame_type": "celestial", "c1min": 350.0, "c1max": 10.0}) == set()


def test_a_row_without_url_needs_no_format(good_row):
    gone = {"access_url": None, "access_format": None, "access_estsize": None, "access_md5": None}
    assert broken_ids({**good_row, **gone}) == set()


def test_rules_on_columns_that_are_not_there_do_not_run():
    assert RowChecker([COLUMNS["target_name"]]).broken(["Io"]) == []
    assert [b.rule.id for b in RowChecker([COLUMNS["time_min"]]).broken([0.0])] == ["range.time_min"]


def test_what_was_found_is_shown_with_its_columns(good_row):
    row = {**good_row, "time_max": None, "target_name": "Halo", "target_class": "ring"}
    found = {b.rule.id: b.found for b in CHECKER.broken([row[name] for name in COLUMNS])}
    assert found == {
        "pair.time": "time_min = 2460508.0, time_max = NULL",
        "term.target_class": "target_class = 'ring'",
    }


def test_a_row_that_cannot_be_compared_leaves_nothing_behind(good_row):
    with pytest.raises(TypeError):
        CHECKER.broken([{**good_row, "time_min": None, "target_name": 5}[name] for name in COLUMNS])
    assert broken_ids(good_row) == set()


def test_a_row_of_another_length_is_refused():
    checker = RowChecker([COLUMNS["time_min"], COLUMNS["time_max"]])
    assert checker.broken([2460508.0, 2460508.5]) == []
    with pytest.raises(ValueError, match="1 cells after a row of 2"):
        checker.broken([2460508.0])


@given(st.lists(st.sampled_from(MADE), min_size=2, max_size=6))
def test_what_a_row_breaks_does_not_depend_on_the_rows_before(mutants):
    for mutant in mutants:
        assert broken_ids({**GOOD_ROW, **mutant.changes}) == mutant.breaks


def test_every_rule_says_what_it_is():
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    for rule in RULES:
        assert rule.section
        assert rule.checks
        assert rule.why
        assert rule.mend
        assert rule.severity in SEVERITIES
        assert set(rule.columns) <= set(COLUMNS)


def test_what_the_config_sets_is_not_asked_for_under_constants():
    mends = {rule.columns[0]: rule.mend for rule in ROW_RULES if rule.id.startswith("null.")}
    assert mends["granule_uid"].endswith("in a collection.toml, it comes from the key granule_uid at the top")
    assert mends["target_class"].endswith("in a collection.toml, give it under [constants]")


def test_row_rules_are_plain_conditions_for_adql():
    assert to_adql(next(r for r in ROW_RULES if r.id == "order.time").broken) == "time_min > time_max"


TABLE_MUTANTS = {
    "unique.granule_uid": [("a", 2)],
    "unique.access_url": [("http://x/", 3)],
    "constant.service_title": [("other", 1)],
}


def test_each_table_rule_has_a_mutant():
    assert {rule.id for rule in TABLE_RULES} == TABLE_MUTANTS.keys()


@pytest.mark.parametrize(("rule_id", "offenders"), TABLE_MUTANTS.items())
def test_table_rules_find_what_breaks_them(rule_id, offenders):
    rule = next(rule for rule in TABLE_RULES if rule.id == rule_id)
    query = rule.offenders("main")
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE epn_core (granule_uid TEXT, service_title TEXT, access_url TEXT)")
    rows = [("a", "main", "http://x/"), ("a", "main", "http://x/"), ("b", "other", "http://x/"), ("c", None, None)]
    rows.append(("d", "main", None))
    connection.executemany("INSERT INTO epn_core VALUES (?, ?, ?)", rows)
    text = str(query.compile(compile_kwargs={"literal_binds": True}))
    assert connection.execute(text).fetchall() == offenders
    connection.close()


@pytest.mark.parametrize("rule", TABLE_RULES, ids=lambda rule: rule.id)
def test_table_rules_compile_for_postgresql(rule):
    text = str(rule.offenders("juno").compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    assert "FROM juno.epn_core" in text
