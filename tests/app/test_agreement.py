"""Table and ledger that do not agree, contents that changed unseen, and a dump that is restored elsewhere."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from epncore.app.agreement import sentences
from epncore.app.database import Database, resolve
from epncore.app.ingest import ingest
from epncore.app.status import status
from epncore.model.errors import DatabaseError, UsageError

pytestmark = pytest.mark.live

Collections = Callable[[str], Path]
TABLES = {"epn_core": "granule_uid", "ledger": "path", "links": "id, ord"}


def tables(database: Database, schema: str = "ecallisto") -> dict[str, list[tuple[Any, ...]]]:
    with database.connect() as conn:
        return {
            name: conn.execute(f"SELECT * FROM {schema}.{name} ORDER BY {key}").fetchall()  # type: ignore[arg-type]
            for name, key in TABLES.items()
        }


def run(database: Database, *statements: str) -> None:
    with database.connect() as conn:
        for statement in statements:
            conn.execute(statement)  # type: ignore[arg-type]


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "data").rglob("*") if path.is_file())


DAMAGES = {
    "emptied": ["TRUNCATE ecallisto.epn_core"],
    "a row less": ["DELETE FROM ecallisto.epn_core WHERE file_name LIKE 'BIR%'"],
    "a row more": [
        "CREATE TEMP TABLE more AS SELECT * FROM ecallisto.epn_core LIMIT 1",
        "UPDATE more SET granule_uid = 'other'",
        "INSERT INTO ecallisto.epn_core SELECT * FROM more",
    ],
    "as many rows, but others": ["UPDATE ecallisto.epn_core SET granule_uid = 'x' WHERE file_name LIKE 'BIR%'"],
    "the ledger emptied": ["DELETE FROM ecallisto.ledger"],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_disagreement_is_found_said_and_mended(collection: Collections, database: Database, damage: str) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    before = tables(database)
    assert ingest(folder, database).notes == []
    run(database, *DAMAGES[damage])
    (found,) = status(database)
    assert found.lacking or found.unknown
    assert not found.is_fine(24)
    summary = ingest(folder, database)
    if damage == "the ledger emptied":
        assert summary.notes == ["table and ledger did not agree; after this run they do"]
    else:
        assert (summary.lacking, summary.unknown) == (found.lacking, found.unknown)
        assert "--rebuild-ledger" in summary.notes[0]
    with database.connect() as conn:
        last = conn.execute("SELECT rows_lacking, rows_unknown FROM ecallisto.runs ORDER BY id DESC LIMIT 1").fetchone()
    assert last == (summary.lacking, summary.unknown)
    summary = ingest(folder, database, rebuild=True)
    if damage in {"a row more", "as many rows, but others"}:
        assert (summary.rows, summary.unknown) == (len(files_of(folder)) + 1, 1), "nothing is removed without --prune"
        assert "--rebuild-ledger --prune" in summary.notes[0]
        assert ingest(folder, database, rebuild=True, prune=True).pruned == 1
    assert tables(database) == before
    assert ingest(folder, database).notes == []
    (mended,) = status(database)
    assert mended.is_fine(24)


@pytest.mark.parametrize("ledger", ["DROP TABLE ecallisto.ledger", "DELETE FROM ecallisto.ledger"])
def test_a_rebuild_without_ledger_keeps_the_rows_of_files_that_are_away(
    collection: Collections, database: Database, ledger: str
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    before = tables(database)["epn_core"]
    run(database, ledger)
    (folder / "data").rename(folder / "unmounted")
    (folder / "data").mkdir()
    (folder / "data" / ".keep").touch()
    with pytest.raises(UsageError, match="Is a disk not mounted"):
        ingest(folder, database, rebuild=True)
    assert tables(database)["epn_core"] == before
    shutil.rmtree(folder / "data")
    (folder / "unmounted").rename(folder / "data")
    files_of(folder)[0].unlink()
    summary = ingest(folder, database, rebuild=True)
    assert (summary.rows, summary.unknown) == (len(before), 1)
    assert "no file gives them" in summary.notes[0]


@pytest.mark.parametrize("table", TABLES)
def test_a_dropped_table_is_made_again_and_filled(collection: Collections, database: Database, table: str) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    before = tables(database)
    run(database, f"DROP TABLE ecallisto.{table}")
    with pytest.raises(DatabaseError, match=f"but not {table}.*--rebuild-ledger"):
        ingest(folder, database)
    if table == "epn_core":
        with pytest.raises(DatabaseError, match=r"has ledger but not epn_core.*--rebuild-ledger"):
            status(database)
    ingest(folder, database, rebuild=True)
    assert tables(database) == before


def test_a_rebuild_never_empties_the_table(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    kept = "CREATE TABLE ecallisto.removed (granule_uid text)"
    trigger = (
        "CREATE FUNCTION ecallisto.note() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO ecallisto.removed VALUES (OLD.granule_uid); RETURN OLD; END $$"
    )
    run(
        database, kept, trigger,
        "CREATE TRIGGER note BEFORE DELETE ON ecallisto.epn_core FOR EACH ROW EXECUTE FUNCTION ecallisto.note()",
        "DELETE FROM ecallisto.ledger",
    )  # fmt: skip
    ingest(folder, database, rebuild=True)
    with database.connect() as conn:
        assert conn.execute("SELECT * FROM ecallisto.removed").fetchall() == []


def test_a_row_of_a_file_that_cannot_be_opened_survives_a_rebuild(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    path = files_of(folder)[0]
    path.rename(folder / path.name)
    path.symlink_to(folder / "data" / "unmounted" / path.name)
    run(database, "DELETE FROM ecallisto.ledger")
    summary = ingest(folder, database, rebuild=True)
    assert summary.rows == 4
    assert "cannot be opened now" in summary.notes[0]


def test_verify_names_what_changed_unseen(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    for packed in folder.rglob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    ingest(folder, database)
    summary = ingest(folder, database, verify=True)
    assert (summary.undigested, summary.altered, summary.unchanged) == (4, [], 4)
    summary = ingest(folder, database, verify=True)
    assert (summary.undigested, summary.altered) == (0, [])
    before = tables(database)
    first, second, third, _ = files_of(folder)
    for path in (first, second):
        times, data = path.stat(), bytearray(path.read_bytes())
        if path == first:
            data[data.index(b"INSTRUME") + 11] = ord("Z")
        else:
            data[-1] ^= 1
        with path.open("r+b") as stream:
            stream.write(data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        run(
            database,
            f"UPDATE ecallisto.ledger SET ctime_ns = {path.stat().st_ctime_ns} WHERE path = 'data/{path.name}'",
        )
    run(database, f"UPDATE ecallisto.epn_core SET target_name = 'Moon' WHERE file_name = '{third.name}'")
    assert ingest(folder, database).unchanged == 4, "nothing tells"
    summary = ingest(folder, database, verify=True)
    assert {q.path for q in summary.altered} == {f"data/{path.name}" for path in (first, second, third)}
    reasons = {q.path: q.reason for q in summary.altered}
    assert "its row stays" in reasons[f"data/{second.name}"]
    assert "written anew" in reasons[f"data/{third.name}"]
    assert [row for row in tables(database)["epn_core"] if "Moon" in row] == []
    assert len(tables(database)["epn_core"]) == len(before["epn_core"])
    assert ingest(folder, database, verify=True).altered == []


def test_md5_fills_the_digests(collection: Collections, database: Database) -> None:
    folder = collection("voyager_pws")
    ingest(folder, database)
    assert ingest(folder, database, verify=True).undigested == 0


def programs(database: Database) -> Path:
    """The folder of pg_dump and psql, those of the server itself: an older pg_dump refuses it."""
    with database.connect() as conn:
        (folder,) = conn.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone() or ("",)
    for name in ("pg_dump", "psql"):
        if not (Path(folder) / name).exists():
            pytest.skip(f"no {name} beside the server's programs")
    return Path(folder)


def test_a_dump_restored_elsewhere_is_as_good_as_the_original(
    collection: Collections, database: Database, server: str
) -> None:
    folder = collection("nda_routine")
    ingest(folder, database)
    before = tables(database, "nda_routine")
    bindir = programs(database)
    name = "restored_" + str(conninfo_to_dict(database.dsn)["dbname"])
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    try:
        other = resolve(make_conninfo(server, dbname=name))
        dump = subprocess.run(
            [bindir / "pg_dump", "--schema=nda_routine", database.dsn], capture_output=True, check=True, timeout=60
        )
        subprocess.run(
            [bindir / "psql", "-q", "-v", "ON_ERROR_STOP=1", other.dsn], input=dump.stdout, check=True, timeout=60,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert tables(other, "nda_routine") == before
        with other.connect() as conn:
            versions = conn.execute("SELECT xmin::text, ctid::text FROM nda_routine.epn_core").fetchall()
        summary = ingest(folder, other)
        assert (summary.unchanged, summary.notes) == (len(before["ledger"]), [])
        assert tables(other, "nda_routine") == before
        with other.connect() as conn:
            assert conn.execute("SELECT xmin::text, ctid::text FROM nda_routine.epn_core").fetchall() == versions
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def test_the_command_tells_of_all_this(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    run(database, "DELETE FROM ecallisto.epn_core WHERE file_name LIKE 'BIR%'")
    (gone := files_of(folder)[-1]).unlink()
    command = [sys.executable, "-m", "epncore.app.cli", "ingest", str(folder)]

    def epncore(*options: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "EPNCORE_DSN": database.dsn}
        return subprocess.run(
            [*command, *options], capture_output=True, text=True, env=environment, timeout=60, check=False
        )

    log = folder / "log"
    done = epncore(f"--log-json={log}")
    assert done.returncode == 3
    assert "1 vanished" in done.stdout
    assert "the table lacks" in done.stdout
    _, noted, finished = map(json.loads, log.read_text().splitlines())
    assert (noted["event"], noted["level"]) == ("noted", "warning")
    assert noted["note"].startswith("the table lacks 1")
    assert (finished["rows_lacking"], finished["rows_unknown"]) == (1, 0)
    assert json.loads(epncore("--json").stdout)["vanished_paths"] == ["data/" + gone.name]
    done = epncore("--rebuild-ledger", "--prune", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["pruned"], told["vanished"], told["quarantined"], told["quarantined_count"]) == (1, 0, [], 0)
    assert {"renamed", "superseded", "unavailable", "altered", "altered_count", "undigested"} <= told.keys()
    assert epncore("--verify").returncode == 0


def test_what_mends_is_told_as_it_is() -> None:
    (lacking,) = sentences(2, 0)
    assert lacking.endswith("--rebuild-ledger` mends it")
    for said in (*sentences(0, 1), *sentences(2, 1)):
        assert said.endswith("--rebuild-ledger` mends it; rows that no file gives go with `--prune` beside it")
