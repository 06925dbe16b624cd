"""Indices that come with the rows: made after a load, renewed, reported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from epncore.app import indices
from epncore.app.database import Database, grant_sql, resolve
from epncore.app.ingest import ingest
from epncore.app.session import alone
from epncore.model.errors import DatabaseError
from epncore.model.indices import INDICES, MOST_TARGETS, target_index_name

EPNCORE = Path(sys.executable).parent / "epncore"
SCHEMA = "nda_routine"


@pytest.fixture
def loaded(collection: Callable[[str], Path], database: Database) -> tuple[Path, Database]:
    """A collection of Jupiter and the Sun, ingested."""
    folder = collection(SCHEMA)
    assert ingest(folder, database, workers=1).notes == []
    return folder, database


def names(database: Database) -> set[str]:
    with database.connect() as conn:
        rows = conn.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND tablename = 'epn_core'", (SCHEMA,)
        )
        return {name for (name,) in rows}


def run(database: Database, statement: str) -> None:
    with database.connect() as conn:
        conn.execute(statement.encode())


def renew(database: Database) -> indices.Renewed:
    with database.connect() as conn:
        return indices.renew(conn, SCHEMA, analyze=False)


def rename_target(database: Database, name: str) -> None:
    with database.connect() as conn:
        conn.execute("UPDATE nda_routine.epn_core SET target_name = %s WHERE target_name = 'Sun'", (name,))


def test_an_ingest_makes_an_index_for_each_target(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    assert {target_index_name("jupiter"), target_index_name("sun")} <= names(database)
    assert len(names(database)) == 1 + len(INDICES) + 2
    assert renew(database).made == []


def test_the_query_of_the_portal_uses_it(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    with database.connect() as conn:
        conn.execute("SET LOCAL enable_seqscan = off")
        # As DaCHS 2.7 writes 1 = ivo_hashlist_has(lower(target_name), 'Jupiter'); tests/conformance holds it to that.
        plan = conn.execute(
            "EXPLAIN SELECT granule_uid FROM nda_routine.epn_core"
            " WHERE (lower('Jupiter') = ANY(string_to_array(lower(LOWER(target_name)), '#')))"
        ).fetchall()
    assert target_index_name("jupiter") in str(plan)


def test_indices_of_targets_that_are_gone_are_dropped_and_new_words_get_theirs(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    rename_target(database, "Saturn#O'Neill \\ 100%#")
    done = renew(database)
    assert (done.dropped, done.left) == ([target_index_name("sun")], [])
    assert set(done.made) == {target_index_name("saturn"), target_index_name("o'neill \\ 100%")}
    assert renew(database).made == []


def test_indices_of_the_descriptor_that_are_missing_or_broken_are_made_again(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    whole = names(database)
    run(database, "DROP INDEX nda_routine.epn_core_time_min_time_max")
    run(database, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'nda_routine.epn_core_obs_id'::regclass")
    done = renew(database)
    assert done.dropped == ["epn_core_obs_id"]
    assert sorted(done.made) == ["epn_core_obs_id", "epn_core_time_min_time_max"]
    assert names(database) == whole


def test_of_too_many_targets_the_most_frequent_have_one(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    run(
        database,
        "INSERT INTO nda_routine.epn_core SELECT (jsonb_populate_record(one, jsonb_build_object("
        " 'granule_uid', format('%s-%s', n, copy), 'target_name', format('Asteroid %s#asteroid', n)))).*"
        f" FROM generate_series(1, {MOST_TARGETS + 20}) n, generate_series(1, 1 + (n > 20)::int) copy,"
        " nda_routine.epn_core AS one WHERE one.granule_uid = (SELECT min(granule_uid) FROM nda_routine.epn_core)",
    )
    renew(database)
    twice = {target_index_name(f"asteroid {n}") for n in range(21, MOST_TARGETS + 21)}
    ours = {name for name in names(database) if name.startswith("epn_core_has_")}
    assert len(ours) == MOST_TARGETS
    assert ours - twice == {target_index_name("asteroid")}


def test_a_loader_that_does_not_own_the_table_is_told_what_the_owner_runs(loaded: tuple[Path, Database]) -> None:
    folder, database = loaded
    run(database, grant_sql(SCHEMA, "index_loader"))
    loader = resolve(database.dsn + " options='-c role=index_loader'")
    rename_target(database, "Saturn")
    with loader.connect() as conn, pytest.raises(DatabaseError, match=r"only its owner \w+ may.*--sql"):
        indices.renew(conn, SCHEMA, analyze=False)
    done = subprocess.run(
        [EPNCORE, "index", folder, "--dsn", loader.dsn, "--sql"], capture_output=True, text=True, check=True
    )
    run(database, done.stdout)
    assert target_index_name("saturn") in names(database)
    assert renew(database).made == []
    run(database, "DROP OWNED BY index_loader; DROP ROLE index_loader")


def test_a_query_that_runs_long_is_not_waited_for(
    loaded: tuple[Path, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, database = loaded
    monkeypatch.setattr(indices, "LOCK_TIMEOUT_SECONDS", 0.05)
    rename_target(database, "Saturn")
    with database.connect() as reader:
        reader.execute("SELECT count(*) FROM nda_routine.epn_core")
        done = renew(database)
    assert (done.left, done.made) == ([target_index_name("sun")], [target_index_name("saturn")])
    assert renew(database).dropped == [target_index_name("sun")]


def test_the_command_makes_reports_and_keeps_out_of_the_way_of_an_ingest(loaded: tuple[Path, Database]) -> None:
    folder, database = loaded

    def index(*words: str) -> subprocess.CompletedProcess[str]:
        command = [EPNCORE, "index", folder, "--dsn", database.dsn, *words]
        no_terminal = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=no_terminal)

    rename_target(database, "Saturn")
    done = json.loads(index("--json").stdout)
    assert (done["made"], done["dropped"]) == ([target_index_name("saturn")], [target_index_name("sun")])
    report = {each["name"]: each for each in json.loads(index("--report", "--json").stdout)["indices"]}
    saturn = report[target_index_name("saturn")]
    assert (saturn["table"], saturn["columns"], saturn["unused"]) == ("epn_core", "time_min, time_max", True)
    assert "'saturn'" in saturn["predicate"]
    assert saturn["size_bytes"] > 0
    assert not report["epn_core_pkey"]["unused"]
    assert "ledger_granule_uid" in report
    shown = index("--report").stdout
    assert "were never used" in shown
    assert all(name in shown for name in report), "none is cut to pieces"
    with database.connect() as conn, alone(conn, SCHEMA):
        refused = index()
    assert (refused.returncode, "another epncore command" in refused.stderr) != (0, False)
    assert index("--report", "--sql").returncode == 2


def test_scans_are_counted(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    with database.connect() as conn:
        conn.execute("SET enable_seqscan = off")
        conn.execute("SELECT granule_uid FROM nda_routine.epn_core WHERE dataproduct_type = 'ds'").fetchall()
        conn.commit()
        conn.execute("SELECT pg_stat_force_next_flush()")
        conn.commit()
        found = {each.name: each for each in indices.report(conn, SCHEMA)}
        with pytest.raises(DatabaseError, match=r"no table nowhere\.epn_core"):
            indices.report(conn, "nowhere")
    used = found["epn_core_dataproduct_type"]
    assert (used.scans > 0, used.unused, used.last_use is not None) == (True, False, True)


def test_the_server_knows_how_common_a_target_is(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    run(
        database,
        "INSERT INTO nda_routine.epn_core SELECT (jsonb_populate_record(one, jsonb_build_object("
        " 'granule_uid', format('more-%s', n), 'target_name', 'Jupiter#Io'))).* FROM generate_series(1, 2000) n,"
        " nda_routine.epn_core AS one WHERE one.granule_uid = (SELECT min(granule_uid) FROM nda_routine.epn_core)",
    )
    run(database, "DROP STATISTICS nda_routine.epn_core_target_words")
    assert set(renew(database).made) == {"epn_core_target_words", target_index_name("io")}
    with database.connect() as conn:
        (plan,) = conn.execute(
            "EXPLAIN (FORMAT JSON) SELECT granule_uid FROM nda_routine.epn_core"
            " WHERE lower('io') = ANY(string_to_array(lower(LOWER(target_name)), '#')) LIMIT 10"
        ).fetchone() or ([],)
    (scan,) = plan[0]["Plan"]["Plans"]
    assert scan["Plan Rows"] == pytest.approx(2000, rel=0.01)
    assert scan["Node Type"] == "Seq Scan"  # the first rows that are read will do


def test_without_a_table_there_is_nothing_to_do_and_it_is_said(database: Database) -> None:
    with pytest.raises(DatabaseError, match="no table"):
        renew(database)


def test_no_statement_takes_a_word_for_sql(loaded: tuple[Path, Database]) -> None:
    _, database = loaded
    rename_target(database, "'); DROP TABLE nda_routine.links; --")
    renew(database)
    with psycopg.connect(database.dsn) as conn:
        assert conn.execute(sql.SQL("SELECT to_regclass('nda_routine.links') IS NOT NULL")).fetchone() == (True,)
