"""Files of which nothing is known go straight into the tables: with the same result as all others."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from epncore.app.database import Database, resolve
from epncore.app.ingest import ingest
from epncore.app.newcomers import Newcomers

Collections = Callable[[str], Path]
Dump = Callable[[Database, str], dict[str, bytes]]


@pytest.fixture
def other(server: str, database: Database) -> Database:
    """Another empty database."""
    name = f"other_of_{psycopg.conninfo.conninfo_to_dict(database.dsn)['dbname']}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return resolve(make_conninfo(server, dbname=name))


@pytest.fixture
def short_ways(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each batch, whether it went the short way; a slow machine makes several of one."""
    taken = []
    write = Newcomers.write

    def spy(self: Newcomers, outcomes: object) -> object:
        counts = write(self, outcomes)  # type: ignore[arg-type]
        taken.append(counts is not None)
        return counts

    monkeypatch.setattr(Newcomers, "write", spy)
    return taken


# Of the second, granules are linked to one another, and files have versions.
@pytest.mark.parametrize("name", ["ecallisto", "psp_rfs"])
def test_both_ways_give_the_same_tables(
    collection: Collections, database: Database, other: Database, dump: Dump, short_ways: list[bool],
    monkeypatch: pytest.MonkeyPatch, name: str,
) -> None:  # fmt: skip
    folder = collection(name)
    if name == "ecallisto":
        (folder / "data" / "A_BAD.fit").write_bytes(b"no file of any format")
    first = ingest(folder, database)
    assert set(short_ways) == {True}
    monkeypatch.setattr(Newcomers, "write", lambda *_: None)
    second = ingest(folder, other)
    first.seconds = second.seconds = 0.0
    assert first == second
    assert first.rows
    with database.connect() as conn:
        since = conn.execute(f"SELECT path FROM {name}.ledger WHERE since IS NOT NULL").fetchall()  # type: ignore[arg-type]
    assert since == [(bad.path,) for bad in first.quarantined]
    assert len(since) == (name == "ecallisto")
    assert dump(database, name) == dump(other, name)


def test_withheld_files_go_the_short_way_too(
    collection: Collections, database: Database, short_ways: list[bool]
) -> None:
    folder = collection("ecallisto")
    config = folder / "collection.toml"
    config.write_text('release_after = "P1Y"\nembargoed = "leave_out"\n' + config.read_text())
    hidden = ingest(folder, database, now=dt.datetime(1990, 1, 1))
    assert (hidden.rows, hidden.new, set(short_ways)) == (0, 0, {True})
    short_ways.clear()
    shown = ingest(folder, database, now=dt.datetime(2200, 1, 1))
    assert (shown.rows, shown.withheld, set(short_ways)) == (hidden.withheld, 0, {False})


def test_a_uid_that_a_withheld_file_has_is_not_given_twice(
    collection: Collections, database: Database, short_ways: list[bool]
) -> None:
    """It has no row in the table that would forbid a second one: the ledger alone knows."""
    folder = collection("ecallisto")
    config = folder / "collection.toml"
    config.write_text('release_after = "P1Y"\nembargoed = "leave_out"\n' + config.read_text())
    early = dt.datetime(1990, 1, 1)
    hidden = ingest(folder, database, now=early)
    file = next(path for path in sorted((folder / "data").iterdir()) if path.is_file())
    twin = folder / "data" / "zz" / file.name
    twin.parent.mkdir()
    shutil.copy2(file, twin)
    short_ways.clear()
    summary = ingest(folder, database, now=early)
    assert set(short_ways) == {False}
    assert summary.withheld == hidden.withheld
    (duplicate,) = summary.quarantined
    assert duplicate.path == f"data/zz/{file.name}"
    assert file.name in duplicate.reason


def test_a_file_of_another_name_takes_its_row_along_and_new_ones_come_with_it(
    collection: Collections, database: Database, short_ways: list[bool]
) -> None:
    folder = collection("ecallisto")
    files = sorted(path for path in (folder / "data").iterdir() if path.is_file())
    rows = ingest(folder, database).rows
    files[0].rename(files[0].with_name(f"AAA_{files[0].name}"))
    shutil.copy2(files[1], files[1].with_name(f"BBB_{files[1].name}"))
    short_ways.clear()
    summary = ingest(folder, database)
    assert set(short_ways) == {False}
    assert (summary.renamed, summary.new, summary.rows, summary.vanished) == (1, 1, rows + 1, [])


@pytest.mark.parametrize("table", ["epn_core", "links"])
def test_what_the_tables_hold_unknown_to_the_ledger_is_no_error(
    collection: Collections, database: Database, dump: Dump, short_ways: list[bool], table: str
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    before = dump(database, "ecallisto")
    gone = {"epn_core": ("ledger", "links"), "links": ("ledger", "epn_core")}[table]
    with database.connect() as conn:
        for name in gone:
            conn.execute(f"DELETE FROM ecallisto.{name}")  # type: ignore[arg-type]
    short_ways.clear()
    ingest(folder, database)
    assert set(short_ways) == {False}
    assert dump(database, "ecallisto") == before


def test_a_version_that_comes_later_does_not_go_the_short_way(
    collection: Collections, database: Database, short_ways: list[bool]
) -> None:
    folder = collection("psp_rfs")
    later = next((folder / "data").glob("psp_fld_l2_rfs_hfr_*_v03.cdf"))
    older = later.with_name(later.name.replace("_v03", "_v02"))
    shutil.copy2(later, older)
    later.rename(folder / later.name)
    rows = ingest(folder, database).rows
    shutil.move(folder / later.name, later)
    short_ways.clear()
    summary = ingest(folder, database)
    assert set(short_ways) == {False}
    assert (summary.rows, summary.superseded) == (rows, 1)


def test_a_file_that_comes_later_goes_the_short_way(
    collection: Collections, database: Database, short_ways: list[bool]
) -> None:
    folder = collection("ecallisto")
    files = sorted(path for path in (folder / "data").iterdir() if path.is_file())
    late = folder / "late"
    shutil.move(files[0], late)
    ingest(folder, database)
    shutil.move(late, files[0])
    assert ingest(folder, database).new == 1
    assert set(short_ways) == {True}
