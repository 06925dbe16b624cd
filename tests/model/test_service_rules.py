"""Rules on what a service tells: nothing is said of a right one, and each wrong word is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mutants import MUTANTS as ROW_MUTANTS
from mutants import TEXT_MUTANTS

from epncore.model.columns import TABLE_UTYPE
from epncore.model.rules import RULES, SERVICE_RULES, TABLE_RULES
from epncore.model.rules.facts import ServedColumn, ServedTable

from .link_mutants import MUTANTS as LINK_MUTANTS
from .service_mutants import COLUMNS, MUTANTS, TABLE

RULES_HERE = {rule.id: rule for rule in SERVICE_RULES if rule.id not in LINK_MUTANTS}


def complaints(table: ServedTable) -> dict[str, int]:
    found = {rule.id: len(rule.complaints(table)) for rule in RULES_HERE.values()}
    return {rule: count for rule, count in found.items() if count}


def test_nothing_is_said_of_a_right_service():
    assert complaints(TABLE) == {}


@pytest.mark.parametrize(("rule", "changes", "count", "entails"), MUTANTS)
def test_a_wrong_word_is_found(rule, changes, count, entails):
    found = complaints(replace(TABLE, **changes))
    assert found[rule] == count
    assert found.keys() == {rule} | entails


def test_each_rule_has_a_mutant():
    """Links: test_link_rules.py; table rules have their own in test_rules.py, where none is left out."""
    tried = {mutant.rule for mutant in ROW_MUTANTS + TEXT_MUTANTS} | {rule for rule, *_ in MUTANTS}
    tried |= LINK_MUTANTS.keys()
    tried |= {rule.id for rule in TABLE_RULES}
    assert {rule.id for rule in RULES} - tried == set()


def test_a_rule_knows_which_facts_it_needs():
    for rule in RULES_HERE.values():
        bare = replace(TABLE, **dict.fromkeys(rule.needs))
        assert rule.complaints(bare) == [] or rule.id in ("columns.mandatory", "schema.one_table"), rule.id


@pytest.mark.parametrize(("name", "is_quoted"), [("SWEEPS", False), ("Sweeps", False), ("sweeps", True)])
def test_names_are_read_as_adql_reads_them(name, is_quoted):
    told = {**COLUMNS, "sweeps": replace(COLUMNS["sweeps"], name=name, is_quoted=is_quoted)}
    assert complaints(replace(TABLE, columns=told)) == {}


def test_units_that_go_by_the_frame_are_not_judged_where_frames_differ():
    told = {**COLUMNS, "c1min": replace(COLUMNS["c1min"], unit="rad")}
    mixed = replace(TABLE, columns=told, vosi=told, result=told, frames=("body", "cartesian"))
    assert complaints(mixed) == {}


def test_the_case_of_a_ucd_has_no_meaning():
    told = {**COLUMNS, "time_min": replace(COLUMNS["time_min"], ucd=COLUMNS["time_min"].ucd.upper())}
    assert complaints(replace(TABLE, columns=told, vosi=told, result=told)) == {}


def test_a_spacecraft_is_no_term_of_a_timesys():
    assert complaints(replace(TABLE, time_systems=(("UTC", "Voyager 1"),))) == {}


def test_types_of_a_database_are_not_compared():
    told = {name: replace(column, datatype="", arraysize="", xtype="") for name, column in COLUMNS.items()}
    assert complaints(replace(TABLE, columns=told)) == {}


def test_a_column_is_shown_with_what_is_told_and_what_is_right():
    told = {"target_name": ServedColumn("target_name", ucd="meta.id")}
    (found,) = RULES_HERE["columns.ucd"].complaints(replace(TABLE, columns=told))
    assert found.found == "the UCD of target_name is 'meta.id', not 'meta.id;src'"
    assert found.column == "target_name"
    (utype,) = RULES_HERE["utype.table"].complaints(replace(TABLE, utype="x"))
    assert utype.found == f"the table's utype is 'x', not {TABLE_UTYPE!r}"
