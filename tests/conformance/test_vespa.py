"""The whole way: sample files, rows loaded into a serving DaCHS, and the answers that VESPA users get by pyvo.

Answers are checked against the expected rows beside the sample data, which no loader and no database has touched.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import psycopg
import pytest
import pyvo
import requests
from astropy.table import Table
from astropy.time import Time

from epncore.app.database import resolve
from epncore.app.ingest import ingest
from epncore.app.schema import prepare, sql_type
from epncore.app.summary import Summary
from epncore.check.check import check
from epncore.check.portal import Outcome, exit_code, forms, portal_view
from epncore.model import collection as config
from epncore.model.columns import COLUMNS, TABLE_UTYPE, mandatory
from epncore.model.errors import DatabaseError
from epncore.model.rules import RULES
from epncore.testing.dachs_lab import DachsLab
from grammars.plan import compile_plans
from rd_templates.render import write_rd

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = sorted(path.parent.name for path in (ROOT / "sample_data").glob("*/collection.toml"))
"""All sample collections, whichever there are."""
SEEN_BY_THE_PORTAL = ["cassini_rpws", "ecallisto", "nda_routine", "voyager_pws"]
"""The portal asks each table by each of its forms: these stand for all."""
Rows = list[dict[str, Any]]
Test = Callable[[dict[str, Any]], object]


@dataclass
class Service:
    """The served collections, and the rows that they must hold by schema."""

    lab: DachsLab
    tap: pyvo.dal.TAPService
    folders: dict[str, Path]
    expected: dict[str, Rows]
    loads: list[Summary]

    def ask(self, query: str, **uploads: Any) -> Rows:
        """Rows of a synchronous query."""
        with warnings.catch_warnings():
            # pyvo and astropy grumble about what DaCHS writes in its VOTables; what is asked here is the data.
            warnings.simplefilter("ignore")
            return rows_of(self.tap.search(query, **uploads))


def rows_of(found: pyvo.dal.DALResults) -> Rows:
    names = found.fieldnames
    return [{name: plain(record[name]) for name in names} for record in found]


def plain(value: Any) -> Any:
    if value is np.ma.masked or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, Time):
        return value.isot
    if isinstance(value, np.generic):
        return None if np.ma.is_masked(value) or value != value else value.item()
    return value or None if isinstance(value, str) else value


@pytest.fixture(scope="module")
def service(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folders, expected, loads = {}, {}, []
    for schema in SCHEMAS:
        source, folder = ROOT / "sample_data" / schema, tmp_path_factory.mktemp(schema)
        shutil.copy(source / "collection.toml", folder)
        runpy.run_path(str(source / "make.py"))["make"](folder / "data")
        expected[schema] = [json.loads(path.read_text()) for path in sorted((source / "expected").iterdir())]
        folders[schema] = folder
        collection = config.load(folder)
        dachs.install(write_rd(collection, compile_plans(collection)[0].columns, tmp_path_factory.mktemp("rd")).parent)
    dachs.dachs_each(*(("imp", f"{schema}/q") for schema in SCHEMAS))
    dachs.reload()
    # The server runs while rows come in.
    loads += [ingest(folders[schema], resolve(dachs.admin_dsn)) for schema in SCHEMAS]
    dachs.dachs("limits", *(f"{schema}/q" for schema in SEEN_BY_THE_PORTAL))  # seconds each
    dachs.dachs_each(*(("imp", "-m", f"{schema}/q") for schema in SEEN_BY_THE_PORTAL))
    dachs.dachs("pub", *(f"{schema}/q" for schema in SCHEMAS))
    dachs.reload()
    session = requests.Session()
    session.trust_env = False
    yield Service(dachs, pyvo.dal.TAPService(dachs.tap_url, session=session), folders, expected, loads)
    session.close()


def test_every_file_was_loaded(service: Service) -> None:
    assert [(s.new, s.rows, s.quarantined) for s in service.loads] == [
        (len(service.expected[schema]), len(service.expected[schema]), []) for schema in SCHEMAS
    ]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_cell_comes_back_as_the_file_tells_it(service: Service, schema: str) -> None:
    found = {row["granule_uid"]: row for row in service.ask(f"SELECT * FROM {schema}.epn_core")}
    assert found.keys() == {row["granule_uid"] for row in service.expected[schema]}
    for expected in service.expected[schema]:
        row = found[expected["granule_uid"]]
        assert row.keys() == expected.keys()
        for name, value in expected.items():
            column = COLUMNS.get(name)
            if name == "datalink_url":  # no file tells it, the server does
                links = f"{service.lab.url}/{schema}/q/dl/dlmeta?ID={quote(row['granule_uid'], safe='')}"
                assert (value, row[name]) == (None, links)
            elif column is not None and column.type == "timestamp" and value is not None:
                assert row[name][:19] == value[:19], name
            else:
                assert row[name] == value, name


def test_dachs_finds_nothing_wrong_with_the_descriptors(service: Service) -> None:
    said = service.lab.dachs_each(*(("val", "-c", f"{schema}/q") for schema in SCHEMAS))
    assert said.split("\n")[:-1] == [f"{schema}/q -- OK" for schema in SCHEMAS]


def test_the_tests_within_the_descriptors_pass(service: Service) -> None:
    # One request at a time: of several that come at once just after an import, this DaCHS now and then refuses one.
    said = service.lab.dachs_each(*(("test", "-v", "-d", "-n", "1", f"{schema}/q") for schema in SCHEMAS))
    assert re.findall(r"^(\d+) of \d+ bad", said, re.MULTILINE) == ["0"] * len(SCHEMAS), said


# What VESPA users ask, as the portal writes it; and what that means on a row.
QUERIES: list[tuple[str, str, Test]] = [
    ("by target", "target_name = 'Jupiter'", lambda r: r["target_name"] == "Jupiter"),
    (
        "by target, in any case, among several",
        "1 = ivo_hashlist_has(lower(target_name), 'sun')",
        lambda r: r["target_name"] is not None and "sun" in r["target_name"].lower().split("#"),
    ),
    ("by class", "target_class LIKE '%star%'", lambda r: "star" in (r["target_class"] or "")),
    (
        "by time, overlapping",
        "time_min <= 2459700 AND time_max >= 2458890",
        lambda r: r["time_min"] <= 2459700 and r["time_max"] >= 2458890,
    ),
    (
        "by time, within",
        "time_min >= 2455000 AND time_max <= 2459000",
        lambda r: r["time_min"] >= 2455000 and r["time_max"] <= 2459000,
    ),
    (
        "by frequency, overlapping 20 to 30 MHz",
        "spectral_range_min <= 3e7 AND spectral_range_max >= 2e7",
        lambda r: (
            r["spectral_range_min"] is not None and r["spectral_range_min"] <= 3e7 and r["spectral_range_max"] >= 2e7
        ),
    ),
    (
        "by instrument",
        "1 = ivo_hashlist_has(lower(instrument_name), 'callisto')",
        lambda r: "callisto" in (r["instrument_name"] or "").lower().split("#"),
    ),
    (
        "by host, one word of a list",
        "1 = ivo_hashlist_has(lower(instrument_host_name), 'voyager 1')",
        lambda r: "voyager 1" in (r["instrument_host_name"] or "").lower().split("#"),
    ),
    (
        "by measured quantity",
        "1 = ivo_hashlist_has(lower(measurement_type), 'phot.flux.density;em.radio')",
        lambda r: "phot.flux.density;em.radio" in (r["measurement_type"] or "").lower().split("#"),
    ),
    (
        "by measured quantity, in part",
        "measurement_type LIKE '%phys.electField%'",
        lambda r: "phys.electField" in (r["measurement_type"] or ""),
    ),
    ("by type", "dataproduct_type = 'ds'", lambda r: r["dataproduct_type"] == "ds"),
    (
        "by type, among several",
        "1 = ivo_hashlist_has(dataproduct_type, 'ts')",
        lambda r: "ts" in r["dataproduct_type"].split("#"),
    ),
    (
        "by sampling step",
        "time_sampling_step_min < 0.001",
        lambda r: r["time_sampling_step_min"] is not None and r["time_sampling_step_min"] < 0.001,
    ),
    (
        "by target and day",
        "target_name = 'Sun' AND time_min BETWEEN 2457330.5 AND 2457331.5",
        lambda r: r["target_name"] == "Sun" and 2457330.5 <= r["time_min"] <= 2457331.5,
    ),
    ("by level", "processing_level > 2", lambda r: (r["processing_level"] or 0) > 2),
    ("nothing there", "target_name = 'Vulcan'", lambda _: False),
]


@pytest.mark.parametrize(("condition", "keeps"), [q[1:] for q in QUERIES], ids=[q[0] for q in QUERIES])
def test_a_query_of_the_portal_finds_the_right_granules_in_each_collection(
    service: Service, condition: str, keeps: Test
) -> None:
    # The portal sends one WHERE clause to all services, so it may name mandatory columns only.
    for schema in SCHEMAS:
        found = service.ask(f"SELECT granule_uid FROM {schema}.epn_core WHERE {condition}")
        expected = {row["granule_uid"] for row in service.expected[schema] if keeps(row)}
        assert {row["granule_uid"] for row in found} == expected, schema


def test_the_queries_of_this_file_tell_granules_apart(service: Service) -> None:
    rows = [row for schema in SCHEMAS for row in service.expected[schema]]
    for name, _, keeps in QUERIES[:-1]:
        assert 0 < len([row for row in rows if keeps(row)]) < len(rows), name


JUPITER = "1 = ivo_hashlist_has(lower(target_name), 'jupiter') AND time_min <= {stop} AND time_max >= {start}"


@pytest.mark.parametrize(("start", "stop"), [(2400000.0, 2500000.0), (2456688.0, 2456689.0), (2458890.0, 2459200.0)])
def test_jupiter_in_an_interval_is_found_whatever_the_instrument(service: Service, start: float, stop: float) -> None:
    columns, condition = "service_title, granule_uid, instrument_name", JUPITER.format(start=start, stop=stop)
    parts = [f"SELECT {columns} FROM {schema}.epn_core WHERE {condition}" for schema in SCHEMAS]
    found = {(row["service_title"], row["granule_uid"]) for row in service.ask(" UNION ALL ".join(parts))}
    assert found == {
        (schema, row["granule_uid"])
        for schema in SCHEMAS
        for row in service.expected[schema]
        if "jupiter" in (row["target_name"] or "").lower().split("#")
        and row["time_min"] <= stop and row["time_max"] >= start
    }  # fmt: skip
    if stop - start > 10_000:
        assert {"nda_routine", "nda_votable"} <= {schema for schema, _ in found}


def test_an_asynchronous_job_gives_the_same_answer(service: Service) -> None:
    query = "SELECT granule_uid, time_min FROM nda_routine.epn_core ORDER BY time_min"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = rows_of(service.tap.run_async(query))
    expected = sorted(service.expected["nda_routine"], key=lambda row: row["time_min"])
    assert found == [{name: row[name] for name in ("granule_uid", "time_min")} for row in expected]


def test_an_uploaded_list_of_events_is_joined_by_time(service: Service) -> None:
    rows = service.expected["ecallisto"]
    events = Table({"event": ["a", "b"], "jd": [rows[0]["time_min"] + 1e-4, 2440000.5]})
    found = service.ask(
        "SELECT event, granule_uid FROM ecallisto.epn_core JOIN TAP_UPLOAD.events ON jd BETWEEN time_min AND time_max",
        uploads={"events": events},
    )
    assert found == [{"event": "a", "granule_uid": rows[0]["granule_uid"]}]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_tap_schema_tells_columns_units_ucds_and_the_utype_of_the_table(service: Service, schema: str) -> None:
    (table,) = service.ask(f"SELECT table_name, utype FROM tap_schema.tables WHERE schema_name = '{schema}'")
    assert table == {"table_name": f"{schema}.epn_core", "utype": TABLE_UTYPE}
    columns = {
        row["column_name"]: row
        for row in service.ask(
            f"SELECT column_name, unit, ucd FROM tap_schema.columns WHERE table_name = '{schema}.epn_core'"
        )
    }
    assert columns.keys() == service.expected[schema][0].keys()
    for name in ("time_min", "spectral_range_max", "time_sampling_step_min", "granule_uid"):
        assert (columns[name]["unit"] or "", columns[name]["ucd"]) == (COLUMNS[name].unit, COLUMNS[name].ucd)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_all_mandatory_columns_can_be_asked_for_at_once(service: Service, schema: str) -> None:
    names = ", ".join(column.name for column in mandatory())
    assert len(service.ask(f"SELECT {names} FROM {schema}.epn_core")) == len(service.expected[schema])


@pytest.mark.parametrize("table", ["ledger", "links", "runs"])
def test_the_hidden_tables_stay_hidden(service: Service, table: str) -> None:
    with pytest.raises(pyvo.dal.DALQueryError):
        service.ask(f"SELECT * FROM ecallisto.{table}")


def test_no_rule_finds_fault_with_the_served_tables(service: Service) -> None:
    report = check(service.lab.tap_url, SCHEMAS)
    assert report.rows == {f"{schema}.epn_core": len(service.expected[schema]) for schema in SCHEMAS}
    assert report.findings == []
    assert {each.rule.partition(".")[0] for each in report.not_run} <= {"link", "datalink"}
    passed = {rule for rule, _ in report.passed}
    mandatory_alone = {rule.id for rule in RULES if all(COLUMNS[name].level == "mandatory" for name in rule.columns)}
    assert mandatory_alone - {each.rule for each in report.not_run} <= passed


def test_a_second_load_under_dachs_writes_nothing(service: Service) -> None:
    summary = ingest(service.folders["ecallisto"], resolve(service.lab.admin_dsn))
    assert (summary.new, summary.changed, summary.unchanged) == (0, 0, len(service.expected["ecallisto"]))


def test_the_table_that_dachs_made_has_the_types_of_ours(service: Service) -> None:
    """The same columns with the same types, but for regions, which need pgsphere."""
    columns = compile_plans(config.load(service.folders["ecallisto"]))[0].columns
    with psycopg.connect(service.lab.admin_dsn) as conn:
        theirs = prepare(conn, "ecallisto", columns).types
    ours = {column.name: sql_type(column.type).lower() for column in columns}
    ours |= {name: "timestamp without time zone" for name, kind in ours.items() if kind.startswith("timestamp")}
    assert {name for name in ours if ours[name] != theirs[name]} == {"s_region"}
    assert theirs["s_region"] == "spoly"


def test_an_ingest_before_the_import_is_told_that_dachs_makes_the_tables(service: Service, tmp_path: Path) -> None:
    text = (service.folders["ecallisto"] / "collection.toml").read_text("utf-8")
    (tmp_path / "collection.toml").write_text(text.replace('schema = "ecallisto"', 'schema = "too_early"'), "utf-8")
    (tmp_path / "data").mkdir()
    with pytest.raises(DatabaseError, match=r"dachs imp too_early/q"):
        ingest(tmp_path, resolve(service.lab.admin_dsn))


def test_footprints_are_regions_that_adql_can_search(service: Service, tmp_path: Path) -> None:
    text = (service.folders["ecallisto"] / "collection.toml").read_text("utf-8")
    text = text.replace('schema = "ecallisto"', 'schema = "footprints"').replace('= "none"', '= "celestial"')
    text = text.replace('root = "data"', f'root = "{service.folders["ecallisto"] / "data"}"')
    text += "\n[overrides]\ns_region = [10.0, 20.0, 30.0, 20.0, 30.5, 40.0, 10.0, 40.0]\ncoverage = '1/1'\n"
    (tmp_path / "collection.toml").write_text(text, "utf-8")
    collection = config.load(tmp_path)
    lab = service.lab
    lab.install(write_rd(collection, compile_plans(collection)[0].columns, tmp_path / "rd").parent)
    lab.dachs("imp", "footprints/q")
    assert ingest(tmp_path, resolve(lab.admin_dsn)).new == len(service.expected["ecallisto"])
    lab.reload()
    inside = "SELECT count(*) AS n FROM footprints.epn_core WHERE 1 = CONTAINS(POINT('ICRS', {}), s_region)"
    assert service.ask(inside.format("20, 30")) == [{"n": len(service.expected["ecallisto"])}]
    assert service.ask(inside.format("50, 30")) == [{"n": 0}]
    (row, *_) = service.ask("SELECT s_region, coverage FROM footprints.epn_core")
    assert "30.5" in str(row["s_region"])
    assert row["coverage"] == "1/1"
    again = ingest(tmp_path, resolve(lab.admin_dsn))
    assert (again.changed, again.unchanged) == (0, len(service.expected["ecallisto"]))


def test_every_form_of_the_portal_finds_what_it_was_filled_in_from(service: Service) -> None:
    found = portal_view([(service.lab.tap_url, SEEN_BY_THE_PORTAL)])
    assert exit_code(found) == 0, found
    verdicts = {(each.table, each.form): each.verdict for each in found if isinstance(each, Outcome)}
    assert len(verdicts) == len(SEEN_BY_THE_PORTAL) * len(forms())
    assert {table for (table, form), verdict in verdicts.items() if verdict == "found" and form == "target_name"} == {
        f"{schema}.epn_core" for schema in SEEN_BY_THE_PORTAL
    }
    assert set(verdicts.values()) == {"found", "no value", "absent"}


def test_a_provider_can_check_the_service_by_pytest(service: Service, tmp_path: Path) -> None:
    words = ["-p", "epncore.check.pytest_plugin", "-p", "no:cacheprovider", "--epn-schema", "ecallisto", "-k", "null"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--epn-tap-url", service.lab.tap_url], cwd=tmp_path, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "passed" in done.stdout, "failed" in done.stdout) == (0, True, False), done.stdout
