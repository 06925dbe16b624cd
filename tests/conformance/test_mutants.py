"""The mutation matrix on a live DaCHS: each fault in a row, a table or its metadata is found, and counted rightly."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import psycopg
import pytest
from mutants import GOOD_ROW, MUTANTS, TEXT_MUTANTS, Mutant
from psycopg import sql

from epncore.check.check import Options, check
from epncore.check.client import Client, Tap
from epncore.check.report import Report
from epncore.model.collection import parse
from epncore.model.columns import COLUMNS, TABLE_UTYPE
from epncore.model.rules import ROW_RULES, TABLE_RULES, VALUE_RULES
from epncore.testing.dachs_lab import DachsLab
from rd_templates.render import write_rd

pytestmark = pytest.mark.live

CHECKED = {rule.id for rule in (*ROW_RULES, *VALUE_RULES, *TABLE_RULES)}


def _rows(schema: str, mutants: Sequence[Mutant]) -> Iterator[dict[str, Any]]:
    """Right rows first, then one for each mutant, each with a name and a file of its own."""
    right = [Mutant("", {}), Mutant("", {}), Mutant("", {"s_region": None})]
    for number, mutant in enumerate((*right, *mutants)):
        own = {
            "granule_uid": f"m{number:04d}", "service_title": schema,
            "access_url": f"https://data.example.org/{number}.cdf",
        }  # fmt: skip
        yield {**GOOD_ROW, **own, **mutant.changes}


def _region(text: str | None) -> str | None:
    """A polygon as pgsphere reads it."""
    if text is None:
        return None
    numbers = text.split()
    corners = (f"({lon}d,{lat}d)" for lon, lat in zip(numbers[::2], numbers[1::2], strict=True))
    return "{" + ",".join(corners) + "}"


def _fill(lab: DachsLab, schema: str, rows: Iterable[dict[str, Any]], *, plain: bool = False) -> None:
    with psycopg.connect(lab.admin_dsn) as conn:
        # What DaCHS's mixin forbids, other servers may hold.
        table = sql.Identifier(schema, "epn_core")
        conn.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS epn_core_pkey").format(table))
        for name in ("granule_uid", "granule_gid", "obs_id", "processing_level"):
            conn.execute(sql.SQL("ALTER TABLE {} ALTER {} DROP NOT NULL").format(table, sql.Identifier(name)))
        names = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        cells = [
            sql.SQL("{}::spoly").format(sql.Placeholder(name))
            if COLUMNS[name].type == "region" and not plain
            else sql.SQL("{}::smoc").format(sql.Placeholder(name))
            if COLUMNS[name].type == "moc" and not plain
            else sql.SQL("{}::text").format(sql.Placeholder(name))
            if COLUMNS[name].type == "timestamp" and plain
            else sql.Placeholder(name)
            for name in COLUMNS
        ]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, names, sql.SQL(", ").join(cells))
        for row in rows:
            shaped = row if plain else {**row, "s_region": _region(row["s_region"])}
            conn.execute(statement, {name: _written(cell) if plain else cell for name, cell in shaped.items()})


def _written(cell: Any) -> Any:
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


def _counts(report: Report) -> dict[str, int]:
    found: Counter[str] = Counter()
    for finding in report.findings:
        found[finding.rule.id] += finding.count
    return dict(found)


def _collection(schema: str):
    return parse(
        {
            "schema": schema, "title": "Mutants", "description": "Rows with one fault each", "creators": ["Tester"],
            "created": "2024-07-16", "licence": "CC-BY-4.0", "subjects": ["solar-system-astronomy"],
            "datalink": False, "product": [{"sources": ["*.cdf"], "grammar": "istp", "granule_gid": "spectra"}],
        },
        "collection.toml",
    )  # fmt: skip


def _import(lab: DachsLab, folder: Path) -> None:
    lab.install(folder)
    lab.dachs("imp", f"{folder.name}/q")
    lab.reload()


TWICE = "twice"
EXTRA = [
    {"granule_uid": TWICE}, {"granule_uid": TWICE}, {"access_url": "https://x.org/one.cdf"},
    {"access_url": "https://x.org/one.cdf"}, {"service_title": "other"},
]  # fmt: skip


@pytest.fixture(scope="module")
def mutated(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A check of one table that holds all mutants at once."""
    schema = "mutants"
    _import(dachs, write_rd(_collection(schema), tuple(COLUMNS.values()), tmp_path_factory.mktemp("rd")).parent)
    right = next(_rows(schema, []))
    extra = [{**right, "granule_uid": f"x{n}", "access_url": f"https://x.org/{n}", **e} for n, e in enumerate(EXTRA)]
    _fill(dachs, schema, [*_rows(schema, MUTANTS), *extra])
    return check(dachs.tap_url, [schema])


def test_each_mutant_is_found_and_nothing_else(mutated: Report) -> None:
    expected = Counter(rule for mutant in MUTANTS for rule in mutant.breaks)
    expected |= {"unique.granule_uid": 2, "unique.access_url": 2, "constant.service_title": 1}
    found = {rule: count for rule, count in _counts(mutated).items() if rule in CHECKED}
    assert found == dict(expected)


def test_examples_name_rows_that_were_changed(mutated: Report) -> None:
    rows = list(_rows("mutants", MUTANTS))
    breaks = {row["granule_uid"]: m.breaks for row, m in zip(rows[3:], MUTANTS, strict=True)}
    for finding in mutated.findings:
        if finding.rule.id in CHECKED and not finding.rule.id.startswith(("unique.", "constant.")):
            assert finding.examples or finding.rule.id == "null.granule_uid", finding.rule.id
            assert all(finding.rule.id in breaks[uid] for uid in finding.examples), finding.rule.id


def test_the_query_of_a_finding_finds_its_rows(dachs: DachsLab, mutated: Report) -> None:
    with Client() as client:
        tap = Tap(dachs.tap_url, client)
        # One of each family: they write the same query.
        families = {finding.rule.id.partition(".")[0]: finding for finding in mutated.findings if finding.adql}
        assert len(families) > 20
        for finding in families.values():
            assert len(tap.rows(finding.adql)) == finding.count, finding.rule.id


def test_no_rule_fires_on_right_rows(dachs: DachsLab, tmp_path: Path) -> None:
    schema = "clean"
    folder = write_rd(_collection(schema), tuple(COLUMNS.values()), tmp_path).parent
    _import(dachs, folder)
    dachs.dachs("pub", f"{schema}/q")
    _fill(dachs, schema, _rows(schema, []))
    report = check(dachs.tap_url, [schema])
    assert report.findings == []
    assert {each.rule.partition(".")[0] for each in report.not_run} <= {"link", "datalink"}
    assert {rule for rule, _ in report.passed} >= CHECKED


TYPES = {"text": "unicode", "integer": "integer", "double": "double precision", "region": "text", "moc": "text"}


def _plain_rd(schema: str, changes: dict[str, dict[str, str]], more: str = "", utype: str = TABLE_UTYPE) -> str:
    """An RD that declares its columns by hand, without DaCHS's mixin; `changes` by column, None leaves one out."""
    lines = []
    for column in COLUMNS.values():
        told = {
            "name": column.name, "type": TYPES.get(column.type, "text"), "unit": column.at("none").unit,
            "ucd": column.at("none").ucd, "xtype": column.xtype, "description": column.description,
            "verbLevel": "1",
        } | changes.get(column.name, {})  # fmt: skip
        if "without" in told:
            continue
        null = '<values nullLiteral="-1"/>' if told["type"] == "integer" else ""
        attributes = " ".join(f"{key}={quoteattr(value)}" for key, value in told.items() if value)
        lines.append(f"<column {attributes}>{null}</column>")
    return f"""<resource schema="{schema}">
      <meta name="title">By hand</meta><meta name="creationDate">2024-07-16T00:00:00</meta>
      <meta name="description">Columns that somebody wrote by hand</meta><meta name="subject">jupiter</meta>
      <table id="epn_core" onDisk="True" adql="True"><meta name="utype">{utype}</meta>
        <publish sets="ivo_managed,local"/>{"".join(lines)}
      </table>
      {more}
      <data id="create" updating="True"><nullGrammar/><make table="epn_core"/>
      {'<make table="other"/>' if more else ""}</data>
    </resource>"""


def _install_plain(lab: DachsLab, schema: str, text: str, tmp_path: Path) -> None:
    folder = tmp_path / schema
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "q.rd").write_text(text, "utf-8")
    _import(lab, folder)


def test_faults_that_only_text_columns_can_hold(dachs: DachsLab, tmp_path: Path) -> None:
    # DaCHS takes values of these xtypes apart, and cannot where they are plain text.
    bare = {column.name: {"xtype": ""} for column in COLUMNS.values() if column.xtype}
    _install_plain(dachs, "texts", _plain_rd("texts", bare), tmp_path)
    _fill(dachs, "texts", _rows("texts", TEXT_MUTANTS), plain=True)
    report = check(dachs.tap_url, ["texts"])
    expected = Counter(rule for mutant in TEXT_MUTANTS for rule in mutant.breaks)
    assert {rule: n for rule, n in _counts(report).items() if rule in CHECKED} == dict(expected)


OTHER = f"""<table id="other" onDisk="True" adql="True"><meta name="utype">{TABLE_UTYPE}</meta>
  <column name="a" type="text" ucd="meta.id" description="a"/></table>"""

METADATA_ONLY = Options(only=("utype.*", "schema.*", "columns.*", "own.*", "metadata.[rv]*"))

METADATA: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("utype", {"changes": {}, "utype": "ivo://ivoa.net/std/epn-tap#table-2.0"}, {"utype.table": 1}),
    ("olden", {"changes": {}, "utype": "ivo://vopdc.obspm/std/epncore#schema-2.0"}, {"utype.transitional": 1}),
    ("crowd", {"changes": {}, "more": OTHER}, {"schema.one_table": 1, "utype.stray": 1}),
    (
        "lacks",
        {"changes": {"obs_id": {"without": ""}, "phase_max": {"without": ""}, "access_format": {"without": ""}}},
        {"columns.mandatory": 2, "columns.pairs": 1, "columns.access": 1},
    ),
    (
        "wrong",
        {
            "changes": {
                "spectral_range_min": {"unit": "MHz"}, "time_min": {"ucd": "time.epoch"},
                "time_max": {"type": "text"}, "creation_date": {"xtype": ""},
            }
        },
        {"columns.unit": 1, "columns.ucd": 1, "columns.type": 1, "columns.xtype": 1},
    ),
    (
        "owned",
        {
            "changes": {
                "mass": {"name": "quoted/Sweeps rate", "unit": "V^2/m^2/Hz", "ucd": "", "description": ""},
                "diameter": {"name": "nothing_error", "ucd": "meta.number"},
            }
        },
        {"own.name": 1, "own.unit": 1, "own.ucd": 1, "own.description": 1, "own.error": 2},
    ),
]  # fmt: skip
"""Schema, its hand-made RD, and what a check says of its metadata."""


@pytest.mark.parametrize(("schema", "written", "expected"), METADATA, ids=[each[0] for each in METADATA])
def test_wrong_metadata_are_found(
    dachs: DachsLab, tmp_path: Path, schema: str, written: dict[str, Any], expected: dict[str, int]
) -> None:
    _install_plain(dachs, schema, _plain_rd(schema, **written), tmp_path)
    found = _counts(check(dachs.tap_url, [schema], METADATA_ONLY))
    assert found == expected


def test_metadata_that_disagree_are_found(dachs: DachsLab, tmp_path: Path) -> None:
    """What results say comes from the RD, what TAP_SCHEMA says from the last import."""
    _install_plain(dachs, "apart", _plain_rd("apart", {}), tmp_path)
    with psycopg.connect(dachs.superuser_dsn) as conn:
        conn.execute("UPDATE tap_schema.columns SET unit = 'ms' WHERE table_name = 'apart.epn_core' AND unit = 'h'")
        conn.execute("DELETE FROM tap_schema.columns WHERE table_name = 'apart.epn_core' AND column_name = 'phase_max'")
    found = _counts(check(dachs.tap_url, ["apart"], METADATA_ONLY))
    hours = sum(column.unit == "h" for column in COLUMNS.values())
    assert (found["metadata.result"], found["metadata.vosi"]) == (hours + 1, hours + 1)
