"""Tables that get other columns and keep all else, on a real PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.migrate import migrate
from epncore.model import collection as config
from epncore.model.errors import DatabaseError
from grammars.plan import compile_plans

pytestmark = pytest.mark.live

OWN = """
[[columns]]
name = "station"
type = "{type}"
description = "Station of the network"
ucd = "{ucd}"
"""


def rows(database: Database, names: str = "*", table: str = "epn_core") -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return conn.execute(f"SELECT {names} FROM ecallisto.{table} ORDER BY 1").fetchall()  # type: ignore[arg-type]


def columns(database: Database, table: str = "epn_core") -> list[str]:
    with database.connect() as conn:
        cursor = conn.execute(f"SELECT * FROM ecallisto.{table} LIMIT 0")  # type: ignore[arg-type]
        return [column.name for column in cursor.description or ()]


def asked(folder: Path) -> list[str]:
    return [column.name for column in compile_plans(config.load(folder))[0].columns]


def with_station(folder: Path, kind: str = "text", ucd: str = "meta.id") -> None:
    """Give the config an own column and an optional one, which stands in the middle of the table."""
    path = folder / "collection.toml"
    text = path.read_text("utf-8").replace("[constants]", '[constants]\nalt_target_name = "Sol"')
    station = "'BIR'" if kind == "text" else "7"
    text = text.replace("[constants]", f"[constants]\nstation = {station}")
    path.write_text(text + OWN.format(type=kind, ucd=ucd), "utf-8")


@pytest.fixture
def loaded(collection: Callable[[str], Path], database: Database) -> Iterator[Path]:
    """An ingested collection whose tables have all that an operator may have given them."""
    folder = collection("ecallisto")
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute(
            "CREATE ROLE teller; CREATE ROLE helper;"
            "GRANT SELECT ON ecallisto.epn_core TO teller WITH GRANT OPTION;"
            "GRANT SELECT (granule_uid, target_name) ON ecallisto.epn_core TO helper;"
            "GRANT SELECT, INSERT ON ecallisto.ledger TO helper;"
            'CREATE INDEX "odd ""name USING" ON ecallisto.epn_core (lower(target_name)) WHERE target_name <> \'x{0}\';'
            "ALTER TABLE ecallisto.epn_core ADD CONSTRAINT sane CHECK (time_min > 0);"
            "ALTER TABLE ecallisto.epn_core SET (fillfactor = 80);"
            "COMMENT ON TABLE ecallisto.epn_core IS 'a ''table'' %s {}';"
            "CREATE FUNCTION ecallisto.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER noted BEFORE UPDATE ON ecallisto.epn_core FOR EACH ROW EXECUTE FUNCTION ecallisto.noted();"
            "ALTER TABLE ecallisto.epn_core DISABLE TRIGGER noted"
        )
    yield folder
    with database.connect() as conn:
        conn.execute("DROP OWNED BY teller, helper; DROP ROLE teller, helper")


def all_but_columns(database: Database) -> dict[str, Any]:
    """What the server's catalogue knows of the tables, but for their columns."""
    queries = {
        "indices": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'ecallisto' ORDER BY 1",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'ecallisto'::regnamespace AND contype <> 'n' ORDER BY 1, 2",
        "grants": "SELECT relname, relowner::regrole::text, array(SELECT unnest(relacl)::text ORDER BY 1), reloptions"
        " FROM pg_class WHERE relnamespace = 'ecallisto'::regnamespace AND relkind = 'r' ORDER BY 1",
        "columns": "SELECT attname, attnotnull, attacl::text, col_description(attrelid, attnum) FROM pg_attribute"
        " WHERE attrelid = 'ecallisto.epn_core'::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attname NOT IN ('station', 'alt_target_name') ORDER BY 1",
        "comment": "SELECT obj_description('ecallisto.epn_core'::regclass)",
        "triggers": "SELECT tgenabled, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgrelid = 'ecallisto.epn_core'::regclass",
    }
    with database.connect() as conn:
        return {name: conn.execute(query).fetchall() for name, query in queries.items()}  # type: ignore[arg-type]


def test_new_columns_come_in_the_order_of_the_descriptor_and_all_else_survives(
    loaded: Path, database: Database
) -> None:
    former = ", ".join(columns(database))
    before, had, ledger = rows(database, former), all_but_columns(database), rows(database, table="ledger")
    with_station(loaded)
    with pytest.raises(DatabaseError, match="epncore migrate"):
        ingest(loaded, database)
    plan = migrate(loaded, database, dry_run=True)
    assert rows(database, former) == before
    assert "station" not in columns(database), "a dry run changes nothing"
    done = migrate(loaded, database)
    assert {(c.what, c.name, c.after) for c in done.changes} == {
        ("added", "station", "text"), ("added", "alt_target_name", "text"),
    }  # fmt: skip
    assert plan.changes == done.changes
    assert columns(database) == asked(loaded)
    assert columns(database)[-1] != "alt_target_name", "an optional column stands before own ones"
    assert rows(database, former) == before
    assert rows(database, table="ledger") == ledger
    assert all_but_columns(database) == had
    assert {row[0] for row in rows(database, "station")} == {None}
    summary = ingest(loaded, database)
    assert (summary.changed, summary.unchanged) == (len(before), 0), "the ingest reads all files for the new columns"
    assert set(rows(database, "station, alt_target_name")) == {("BIR", "Sol")}
    assert migrate(loaded, database).changes == []


def test_dropped_and_retyped_columns_tell_what_is_lost(loaded: Path, database: Database) -> None:
    path = loaded / "collection.toml"
    plain = path.read_text("utf-8")
    with_station(loaded)
    migrate(loaded, database)
    count = ingest(loaded, database).rows
    with database.connect() as conn:
        conn.execute("CREATE INDEX by_station ON ecallisto.epn_core (station, time_min)")

    path.write_text(plain, "utf-8")
    with_station(loaded, "integer", "meta.number")
    retyped = migrate(loaded, database).changes
    assert [(c.what, c.before, c.after, c.values_lost) for c in retyped] == [("retyped", "text", "integer", count)]
    assert ingest(loaded, database).changed == count
    assert {row[0] for row in rows(database, "station")} == {7}
    path.write_text(plain, "utf-8")
    with_station(loaded, "text")
    kept = migrate(loaded, database).changes
    assert [(c.what, c.values_lost) for c in kept] == [("retyped", 0)]
    assert {row[0] for row in rows(database, "station")} == {"7"}, "an integer is a text as well"

    path.write_text(plain, "utf-8")
    dropped = {(c.what, c.name, c.values_lost) for c in migrate(loaded, database).changes}
    assert dropped == {
        ("dropped", "station", count), ("dropped", "alt_target_name", count), ("index dropped", "by_station", 0),
    }  # fmt: skip
    assert columns(database) == asked(loaded)


def test_columns_in_another_order_are_moved(loaded: Path, database: Database) -> None:
    values = rows(database, "granule_uid, access_url")
    with database.connect() as conn:
        conn.execute("ALTER TABLE ecallisto.epn_core ADD COLUMN swap text")
        conn.execute("UPDATE ecallisto.epn_core SET swap = access_url")
        conn.execute("ALTER TABLE ecallisto.epn_core DROP COLUMN access_url")
        conn.execute("ALTER TABLE ecallisto.epn_core RENAME COLUMN swap TO access_url")
    assert [(c.what, c.name) for c in migrate(loaded, database).changes] == [("moved", "access_url")]
    assert columns(database) == asked(loaded)
    assert rows(database, "granule_uid, access_url") == values


def test_an_old_installation_gets_what_the_bookkeeping_has_now(loaded: Path, database: Database) -> None:
    before = rows(database)
    with database.connect() as conn:
        conn.execute("DROP TABLE ecallisto.runs; ALTER TABLE ecallisto.ledger DROP COLUMN since")
    with pytest.raises(DatabaseError, match=r"but not runs.*epncore migrate"):
        ingest(loaded, database)
    done = migrate(loaded, database)
    assert {(c.table, c.what, c.name) for c in done.changes} == {
        ("ledger", "added", "since"), ("runs", "table made", ""),
    }  # fmt: skip
    with database.connect() as conn:
        granted = "SELECT has_table_privilege('{}', 'ecallisto.runs', 'SELECT')"
        assert conn.execute(granted.format("helper")).fetchone() == (True,), "as on the ledger"  # type: ignore[arg-type]
        assert conn.execute(granted.format("teller")).fetchone() == (False,), "not as on epn_core"  # type: ignore[arg-type]
    summary = ingest(loaded, database)
    assert (summary.unchanged, summary.changed) == (len(before), 0)
    assert rows(database) == before
    assert len(rows(database, table="runs")) == 1
    with database.connect() as conn:
        conn.execute(
            "ALTER TABLE ecallisto.runs DROP COLUMN rows_lacking, DROP COLUMN rows_unknown,"
            " DROP COLUMN files_pruned, DROP COLUMN files_renamed;"
            "CREATE SEQUENCE ecallisto.runs_id_seq OWNED BY ecallisto.runs.id;"
            "ALTER TABLE ecallisto.runs ALTER COLUMN id SET DEFAULT nextval('ecallisto.runs_id_seq')"
        )
    ingest(loaded, database)
    assert rows(database, "outcome", table="runs") == [("finished",)] * 2, "it does without"
    assert [(c.what, c.name) for c in migrate(loaded, database).changes] == [
        ("added", "rows_lacking"), ("added", "rows_unknown"), ("added", "files_pruned"), ("added", "files_renamed"),
    ]  # fmt: skip


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_readers_see_the_old_table_or_the_new_one_and_nothing_between(loaded: Path, database: Database) -> None:
    count, shapes = len(rows(database)), {(len(columns(database)))}
    with_station(loaded)
    shapes.add(len(asked(loaded)))
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def read() -> None:
        with database.connect() as conn:
            conn.autocommit = True
            conn.prepare_threshold = None  # a prepared `SELECT *` may not change its columns
            while not stop.is_set():
                cursor = conn.execute("SELECT * FROM ecallisto.epn_core")
                seen.append((len(cursor.description or ()), len(cursor.fetchall())))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        wait_for(lambda: len(seen) > 20)
        migrate(loaded, database)
        reached = len(seen)
        wait_for(lambda: len(seen) > reached + 20)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert {rows for _, rows in seen} == {count}
    assert {shape for shape, _ in seen} == shapes


def test_the_swap_waits_for_a_reader_and_lets_others_read_meanwhile(
    loaded: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epncore.app.rebuild.SWAP_TRIES", 2)
    monkeypatch.setattr("epncore.app.rebuild.SWAP_SECONDS", 0.1)
    with_station(loaded)
    with database.connect() as reader:
        reader.execute("SELECT FROM ecallisto.epn_core")
        with pytest.raises(DatabaseError, match=r"somebody has been reading ecallisto\.epn_core"):
            migrate(loaded, database)
        assert "station" not in columns(database), "nothing was changed"
    assert migrate(loaded, database).changes


def test_it_is_refused_while_an_ingest_runs(loaded: Path, database: Database) -> None:
    with_station(loaded)
    with database.connect() as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('epncore ingest ecallisto', 0))")
        with pytest.raises(DatabaseError, match="another epncore command writes collection ecallisto"):
            migrate(loaded, database)
    assert "station" not in columns(database)


def test_a_view_on_the_table_stops_it_with_a_sentence(loaded: Path, database: Database) -> None:
    with database.connect() as conn:
        conn.execute("CREATE VIEW ecallisto.seen AS SELECT granule_uid FROM ecallisto.epn_core")
    with_station(loaded)
    with pytest.raises(DatabaseError, match=r"view ecallisto\.seen depends on table ecallisto\.epn_core"):
        migrate(loaded, database)
    assert "station" not in columns(database)


def test_who_does_not_own_the_tables_is_told_who_does(loaded: Path, database: Database) -> None:
    class AsHelper:
        def connect(self) -> psycopg.Connection:
            conn = database.connect()
            conn.execute("GRANT USAGE ON SCHEMA ecallisto TO teller")
            conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA ecallisto TO teller")
            conn.execute("SET ROLE teller")
            conn.commit()
            return conn

    with_station(loaded)
    with pytest.raises(DatabaseError, match=r"table ecallisto\.epn_core belongs to .*, who alone can rebuild it"):
        migrate(loaded, AsHelper())  # type: ignore[arg-type]


def test_without_a_table_there_is_nothing_to_migrate(collection: Callable[[str], Path], database: Database) -> None:
    with pytest.raises(DatabaseError, match=r"no table ecallisto\.epn_core yet"):
        migrate(collection("ecallisto"), database)


def test_the_command_shows_what_it_would_do_and_what_is_next(loaded: Path, database: Database) -> None:
    def epncore(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).parent / "epncore", "migrate", loaded, *words], capture_output=True, text=True,
            timeout=60, check=False, env={**os.environ, "EPNCORE_DSN": database.dsn, "COLUMNS": "200"},
        )  # fmt: skip

    assert "as they should be" in epncore().stdout
    path = loaded / "collection.toml"
    plain = path.read_text("utf-8")
    with_station(loaded)
    dry = epncore("--dry-run")
    assert re.search(r"epn_core +│ added +│ station +│ +│ text", dry.stdout), dry.stdout
    assert "Nothing was changed. All 4 rows would stay." in dry.stdout
    answer = json.loads(epncore("--json").stdout)
    assert (answer["schema"], answer["rows"], answer["under_dachs"]) == ("ecallisto", 4, False)
    assert {
        "table": "epn_core",
        "what": "added",
        "name": "station",
        "before": None,
        "after": "text",
        "values_lost": 0,
    } in (answer["changes"])
    ingest(loaded, database)
    path.write_text(plain, "utf-8")
    done = epncore()
    assert re.search(r"dropped +│ station +│ text +│ +│ +4", done.stdout), "and how many values go"
    assert "all 4 rows stay" in done.stdout
    assert "epncore ingest" not in done.stdout, "there is nothing new to fill"
