"""A right row breaks no rule; a row with one thing wrong breaks the rule on that."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest
from sqlalchemy.dialects import postgresql

from epncore.model.columns import COLUMNS, TABLE_UTYPE, mandatory
from epncore.model.expressions import to_adql
from epncore.model.rules import ROW_RULES, RULES, SERVICE_RULES, TABLE_RULES, VALUE_RULES, RowChecker

CHECKER = RowChecker(tuple(COLUMNS.values()))
EARLY, LATE = dt.datetime(2024, 7, 15), dt.datetime(2024, 7, 17)


def broken_ids(row):
    return {broken.rule.id for broken in CHECKER.broken([row[name] for name in COLUMNS])}


def _mutations():
    """Id of a row rule, changes to a good row, and ids of the other rules that they break."""
    for rule in ROW_RULES:
        family = rule.id.split(".")[0]
        if family == "null":
            yield rule.id, {rule.columns[0]: None}, set()
        elif family == "pair":
            low, high = rule.columns
            value = EARLY if COLUMNS[low].type == "timestamp" else 2460508.0 if low == "time_min" else 1.0
            yield rule.id, {low: value, high: None}, set()
            yield rule.id, {low: None, high: value}, set()
    for low in (n for n, c in COLUMNS.items() if n.endswith("min") and not c.wraps):
        high, name = COLUMNS[low].pair, low.removesuffix("min").rstrip("_")
        ends = {"time_min": (2460509.0, 2460508.0), "target_time_min": (LATE, EARLY)}.get(low, (2.0, 1.0))
        yield f"order.{name}", dict(zip((low, high), ends, strict=True)), set()
    yield "order.dates", {"modification_date": EARLY}, set()
    yield "level.processing_level", {"processing_level": 4}, set()
    yield "level.processing_level", {"processing_level": 0}, set()
    yield "access.access_format", {"access_format": None}, set()
    yield "access.access_estsize", {"access_estsize": None}, set()
    for name, value in (
        ("time_min", 2085999.9), ("time_min", 60000.0), ("spectral_range_min", -1.0), ("ra", 361.0), ("ra", -0.1),
        ("dec", 90.5), ("observer_lat", -91.0), ("observer_lon", -180.5), ("observer_lon", 361.0),
        ("access_estsize", -1),
    ):  # fmt: skip
        yield f"range.{name}", {name: value}, set()
    for name, value in (("time_max", 2817000.5), ("spectral_range_max", 1e31)):
        yield f"range.{name}", {name: value}, set()
    both = {
        "time_sampling_step": -1.0, "time_exp": -1.0, "spectral_sampling_step": -1.0, "spectral_resolution": -1.0,
        "incidence": 181.0, "emergence": -1.0, "phase": 181.0, "subobserver_latitude": 91.0, "subsolar_latitude": -91.0,
        "local_time": 24.5, "sun_distance": -1.0, "earth_distance": -1.0, "target_distance": -1.0,
    }  # fmt: skip
    for name, value in both.items():
        for end, other in (("min", "max"), ("max", "min")):
            yield f"range.{name}_{end}", {f"{name}_min": value, f"{name}_max": value}, {f"range.{name}_{other}"}


MUTATIONS = list(_mutations())
VALUES = [
    ("term.dataproduct_type", "dynamic_spectrum"), ("term.dataproduct_type", "ds##ts"), ("term.target_class", "ring"),
    ("term.target_class", "Planet"), ("term.spatial_frame_type", "galactic"), ("term.spatial_frame_type", "none#body"),
    ("term.time_scale", "utc"), ("term.messenger", "radio"), ("term.particle_spectral_type", "speed"),
    ("term.time_refposition", "Topocenter"), ("term.time_refposition", "unknown"),
    ("ucd.measurement_type", "em.radio"), ("ucd.measurement_type", "phys.flux.density"),
    ("ucd.measurement_type", "meta.id"), ("ucd.measurement_type", "phot.flux.density#instr.param"),
    ("media-type.access_format", "cdf"), ("media-type.access_format", "Application/FITS"), ("md5.access_md5", "0" * 31),
    ("md5.access_md5", "A" * 32), ("id.granule_uid", "a#b"), ("id.granule_uid", " a"), ("id.granule_gid", "it's"),
    ("id.obs_id", "é"), ("id.obs_id", 'a"'), ("list.target_name", "Io#"), ("list.target_name", "Io # Europa"),
    ("list.instrument_name", "#"), ("list.instrument_host_name", "'Juno'"), ("list.alt_target_name", "a##b"),
    ("list.internal_reference", "`a`"), ("list.sample_classification", "#a"), ("list.sample_desc", "a# b"),
    ("list.species_inchikey", "a#"), ("list.setup_desc", '"a"'), ("list.data_calibration_desc", "a##b"),
    ("list.geometry_type", "#"), ("list.spectrum_type", "a#"), ("list.dataproduct_type", "ds#"),
    ("list.target_class", "planet#"), ("list.measurement_type", "phot.flux.density#"),
]  # fmt: skip
# A list with an empty item holds an item that is no term, too.
TOGETHER = {
    "dataproduct_type": {"list.dataproduct_type", "term.dataproduct_type"},
    "target_class": {"list.target_class", "term.target_class"},
    "measurement_type": {"list.measurement_type", "ucd.measurement_type"},
}


def test_a_right_row_breaks_no_rule(good_row):
    assert broken_ids(good_row) == set()


@pytest.mark.parametrize(("rule_id", "changes", "others"), MUTATIONS)
def test_a_row_with_one_thing_wrong_breaks_the_rule_on_it(good_row, rule_id, changes, others):
    assert broken_ids({**good_row, **changes}) == {rule_id} | others


@pytest.mark.parametrize(("rule_id", "value"), VALUES)
def test_a_wrong_value_breaks_the_rule_on_it(good_row, rule_id, value):
    column = rule_id.split(".")[1]
    found = broken_ids({**good_row, column: value})
    assert rule_id in found
    assert found <= {rule_id} | TOGETHER.get(column, set())


def test_every_row_and_value_rule_is_broken_by_one_of_these():
    tried = {rule_id for rule_id, *_ in (*MUTATIONS, *VALUES)}
    assert tried == {rule.id for rule in (*ROW_RULES, *VALUE_RULES)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("target_class", "dwarf_planet#asteroid"), ("dataproduct_type", "ca#sp"), ("granule_uid", "a b.c-d_e/f"),
        ("granule_uid", "a"), ("access_format", "application/x-votable+xml;content=datalink"), ("target_name", None),
        ("time_refposition", "GEOCENTER"), ("time_refposition", "Voyager 1"), ("time_refposition", None),
        ("measurement_type", None), ("measurement_type", "pos.eq"), ("time_scale", None), ("access_md5", None),
    ],
)  # fmt: skip
def test_unusual_but_right_values_break_nothing(good_row, column, value):
    assert broken_ids({**good_row, column: value}) == set()


def test_longitudes_may_run_over_the_meridian(good_row):
    assert broken_ids({**good_row, "c1min": 350.0, "c1max": 10.0}) == set()


def test_a_row_without_url_needs_no_format(good_row):
    gone = {"access_url": None, "access_format": None, "access_estsize": None, "access_md5": None}
    assert broken_ids({**good_row, **gone}) == set()


def test_rules_on_columns_that_are_not_there_do_not_run():
    assert RowChecker([COLUMNS["target_name"]]).broken(["Io"]) == []
    assert [b.rule.id for b in RowChecker([COLUMNS["time_min"]]).broken([0.0])] == ["range.time_min"]


def test_what_was_found_is_shown_with_its_columns(good_row):
    row = {**good_row, "time_max": None, "target_class": "ring"}
    found = {b.rule.id: b.found for b in CHECKER.broken([row[name] for name in COLUMNS])}
    assert found == {
        "pair.time": "time_min = 2460508.0, time_max = NULL",
        "term.target_class": "target_class = 'ring'",
    }


def test_every_rule_says_what_it_is():
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    for rule in RULES:
        assert rule.section
        assert rule.checks
        assert rule.mend
        assert set(rule.columns) <= set(COLUMNS)
    assert {rule.id for rule in RULES if rule.severity != "error"} == {
        "access.access_estsize", "term.time_refposition",
    }  # fmt: skip


def test_what_the_config_sets_is_not_asked_for_under_constants():
    mends = {rule.columns[0]: rule.mend for rule in ROW_RULES if rule.id.startswith("null.")}
    assert mends["granule_uid"].startswith("It is set by the key granule_uid at the top")
    assert mends["target_class"].startswith("Give it under [constants]")


def test_row_rules_are_plain_conditions_for_adql():
    assert to_adql(next(r for r in ROW_RULES if r.id == "order.time").broken) == "time_min > time_max"


@pytest.mark.parametrize(
    ("rule_id", "offenders"), [("unique.granule_uid", [("a", 2)]), ("constant.service_title", [("other", 1)])]
)
def test_table_rules_find_what_breaks_them(rule_id, offenders):
    rule = next(rule for rule in TABLE_RULES if rule.id == rule_id)
    query = rule.offenders("main")
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE epn_core (granule_uid TEXT, service_title TEXT)")
    rows = [("a", "main"), ("a", "main"), ("b", "other"), ("c", None)]
    connection.executemany("INSERT INTO epn_core VALUES (?, ?)", rows)
    text = str(query.compile(compile_kwargs={"literal_binds": True}))
    assert connection.execute(text).fetchall() == offenders
    connection.close()


@pytest.mark.parametrize("rule", TABLE_RULES, ids=lambda rule: rule.id)
def test_table_rules_compile_for_postgresql(rule):
    text = str(rule.offenders("juno").compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    assert "FROM juno.epn_core" in text


def test_service_rules_look_at_utype_and_columns():
    columns = {column.name: object() for column in mandatory()}
    complaints = {rule.id: rule.complaints(TABLE_UTYPE, columns) for rule in SERVICE_RULES}
    assert complaints == {"utype.table": [], "columns.mandatory": []}
    del columns["s_region"]
    complaints = {rule.id: rule.complaints(None, columns) for rule in SERVICE_RULES}
    assert complaints == {
        "utype.table": [f"the table's utype is None, not {TABLE_UTYPE!r}"],
        "columns.mandatory": ["mandatory column s_region is missing"],
    }
