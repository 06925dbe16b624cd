"""What is told of ingests: the history in the database, the log, and the status that monitoring looks at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from epncore import __version__
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.session import lock_key
from epncore.app.status import status
from epncore.model.errors import ConfigError, DatabaseError

pytestmark = pytest.mark.live

EPNCORE = Path(sys.executable).parent / "epncore"
HOSTILE = ["two\nlines.fit", "\u2028\u2029\x85.fit", '"},{"event":"x.fit', "\x1b[31m%s{}\x00"[:-1] + ".fit", "ü.fit"]


def epncore(*words: str | Path, dsn: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EPNCORE, *words], capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "EPNCORE_DSN": dsn, "COLUMNS": "200"},
    )  # fmt: skip


def runs(database: Database) -> list[dict[str, Any]]:
    with database.connect() as conn:
        cursor = conn.execute("SELECT * FROM ecallisto.runs ORDER BY id")
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def test_each_run_leaves_a_line_with_what_it_did(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    (folder / "data" / "empty.fit").write_bytes(b"")
    ingest(folder, database, dry_run=True)
    ingest(folder, database)
    ingest(folder, database, dry_run=True)
    ingest(folder, database)
    first, second = runs(database)
    assert (first["id"], second["id"]) == (1, 2)
    assert first["started"] <= first["ended"] <= second["started"]
    assert {(run["outcome"], run["reason"], run["version"], run["host"]) for run in (first, second)} == {
        ("finished", None, __version__, os.uname().nodename)
    }
    counted = ("files_new", "files_changed", "files_unchanged", "files_quarantined", "newly_quarantined", "row_count")
    assert [first[name] for name in counted] == [4, 0, 0, 1, 1, 4]
    assert [second[name] for name in counted] == [0, 0, 4, 1, 0, 4]


def test_a_failed_run_says_why(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    (folder / "data").rename(folder / "unmounted")
    with pytest.raises(ConfigError):
        ingest(folder, database)
    last = runs(database)[-1]
    assert last["outcome"] == "failed"
    assert "'data' is no folder here" in last["reason"]
    (state,) = status(database)
    assert state.last_run is not None
    assert (state.last_run.outcome, state.last_run.reason) == ("failed", last["reason"])
    assert state.last_success == runs(database)[0]["ended"]


def test_a_run_that_was_killed_is_broken_off_and_one_that_runs_is_running(
    collection: Callable[[str], Path], database: Database
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute("UPDATE ecallisto.runs SET ended = NULL, outcome = NULL")

    def outcome() -> str:
        (state,) = status(database)
        assert state.last_run
        return state.last_run.outcome

    with database.connect() as writer:
        writer.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (lock_key("ecallisto"),))
        assert outcome() == "running"
    assert outcome() == "broken off"
    ingest(folder, database)
    assert [run["outcome"] for run in runs(database)] == ["broken off", "finished"]


def test_the_history_has_an_end(
    collection: Callable[[str], Path], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epncore.app.runs.KEPT_RUNS", 2)
    folder = collection("ecallisto")
    for _ in range(4):
        ingest(folder, database)
    assert [run["id"] for run in runs(database)] == [3, 4]


def test_the_log_tells_the_story_line_by_line_whatever_files_are_called(
    collection: Callable[[str], Path], database: Database
) -> None:
    folder = collection("ecallisto")
    for name in HOSTILE:
        (folder / "data" / name).write_bytes(b"")
    Path(os.fsdecode(os.fsencode(folder / "data") + b"/\xff\xfe.fit")).write_bytes(b"")
    log = folder / "ingest.log"
    done = epncore("ingest", folder, "--log-json", log, dsn=database.dsn)
    assert done.returncode == 3, done.stderr
    text = log.read_bytes()
    assert text.isascii()
    assert not set(text) & set(range(0x20)) - {ord("\n")}
    events = [json.loads(line) for line in text.decode().splitlines()]
    assert [event["event"] for event in events] == ["started", "committed", *["quarantined"] * 6, "finished"]
    assert {event["collection"] for event in events} == {"ecallisto"}
    assert all(event["time"].endswith("Z") for event in events)
    bad = {event["path"]: event for event in events if event["event"] == "quarantined"}
    assert {f"data/{name}" for name in HOSTILE} <= bad.keys()
    assert all(event["level"] == "warning" and event["reason"] and event["where"] for event in bad.values())
    assert (events[1]["files"], events[1]["new"]) == (10, 4)
    assert {"seconds", "files_new", "row_count"} <= events[-1].keys()

    epncore("ingest", folder, "--log-json", log, dsn=database.dsn)
    again = [json.loads(line) for line in log.read_text().splitlines()][len(events) :]
    assert [event["event"] for event in again] == ["started", "finished"], "old quarantine is no news"


def test_a_log_that_cannot_be_written_is_told_once(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    done = epncore("ingest", folder, "--log-json=/dev/full", dsn=database.dsn)
    assert (done.returncode, "4 new" in done.stdout) == (0, True)
    assert done.stderr.splitlines() == [
        "epncore: the log cannot be written (No space left on device). The work goes on without it"
    ]


def test_pruned_and_renamed_files_are_counted(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    one, other, *_ = sorted((folder / "data").iterdir())
    one.unlink()
    other.rename(other.with_name(f"X_{other.name}"))
    log = folder / "log"
    epncore("ingest", folder, "--prune", f"--log-json={log}", dsn=database.dsn)
    assert (runs(database)[-1]["files_pruned"], runs(database)[-1]["files_renamed"]) == (1, 1)
    last = json.loads(log.read_text().splitlines()[-1])
    assert (last["event"], last["files_pruned"], last["files_renamed"]) == ("finished", 1, 1)


def test_files_that_cannot_be_read_now_have_a_heading_of_their_own(
    collection: Callable[[str], Path], database: Database
) -> None:
    folder = collection("ecallisto")
    (folder / "data" / "empty.fit").write_bytes(b"")
    first = epncore("ingest", folder, dsn=database.dsn).stdout
    assert "Without a row (1 of them new):\n  data/empty.fit" in first
    assert "Cannot be read now" not in first
    (folder / "data" / "away.fit").symlink_to("nowhere.fit")
    second = epncore("ingest", folder, dsn=database.dsn).stdout
    assert "Without a row:\n  data/empty.fit" in second
    assert "Cannot be read now; a row that it had stays:\n  data/away.fit" in second
    assert "New among all these: 1" in second
    told = epncore("status", folder, dsn=database.dsn).stdout
    assert "ecallisto, without a row:\n  data/empty.fit" in told
    assert "ecallisto, cannot be read now; a row that it had stays:\n  data/away.fit" in told


def test_the_log_goes_to_standard_error_where_no_file_is_named(
    collection: Callable[[str], Path], database: Database
) -> None:
    folder = collection("ecallisto")
    done = epncore("ingest", folder, "--json", "--log-json", dsn=database.dsn)
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["started", "committed", "finished"]
    assert json.loads(done.stdout)["new"] == 4
    refused = epncore("ingest", f"--log-json={folder}", folder, dsn=database.dsn)
    assert (refused.returncode, "the log cannot be written" in refused.stderr) == (2, True)


def test_no_password_gets_into_log_or_history(collection: Callable[[str], Path], database: Database) -> None:
    folder, log = collection("ecallisto"), "--log-json=-"
    dead = ["host=127.0.0.1 port=1 user=x password=geheim1 dbname=y", "postgresql://x:geheim2@127.0.0.1:1/y"]
    for dsn in dead:
        done = epncore("ingest", folder, log, "--dsn", dsn, dsn="")
        assert json.loads(done.stderr.splitlines()[0])["event"] == "failed"
        assert "geheim" not in done.stdout + done.stderr
    given = make_conninfo(database.dsn, password="geheim3")  # peer authentication does not ask for it
    (folder / "data").rename(folder / "away")
    failed = epncore("ingest", folder, log, dsn=given)
    (folder / "away").rename(folder / "data")
    done = epncore("ingest", folder, log, dsn=given)
    assert '"finished"' in done.stderr
    assert [run["outcome"] for run in runs(database)] == ["failed", "finished"]
    assert "geheim" not in failed.stdout + failed.stderr + done.stdout + done.stderr + str(runs(database))


def test_status_is_for_monitoring(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    assert epncore("status", folder, "--max-age", "24", dsn=database.dsn).returncode == 3, "nothing there"
    for name in ("a1.fit", "b2.fit"):
        (folder / "data" / name).write_bytes(b"")
    ingest(folder, database)
    assert epncore("status", folder, "--max-age", "24", dsn=database.dsn).returncode == 0
    (state,) = json.loads(epncore("status", folder, "--json", dsn=database.dsn).stdout)["collections"]
    assert set(state) == {
        "superseded", "quarantined_count", "unreadable_count", "lacking", "unknown",
        "schema", "rows", "files", "withheld", "first", "last", "quarantined", "reasons", "last_run", "last_success",
        "success_age_hours",
    }  # fmt: skip
    assert set(state["last_run"]) == {"started", "ended", "outcome", "reason", "seconds", "version", "host"}
    assert list(state["reasons"].values()) == [2]
    assert 0 <= state["success_age_hours"] < 1
    with database.connect() as conn:
        conn.execute("UPDATE ecallisto.runs SET started = started - interval '2 d', ended = ended - interval '2 d'")
    old = epncore("status", folder, "--max-age", "24", dsn=database.dsn)
    assert (old.returncode, "finished after" in old.stdout) == (3, True)
    assert epncore("status", folder, "--max-age", "50", dsn=database.dsn).returncode == 0


def test_status_of_tables_of_an_older_version_knows_no_runs(
    collection: Callable[[str], Path], database: Database
) -> None:
    ingest(collection("ecallisto"), database)
    with database.connect() as conn:
        conn.execute("DROP TABLE ecallisto.runs")
    (state,) = status(database)
    assert (state.rows, state.last_run, state.success_age_hours) == (4, None, None)
    assert "no ingest was noted yet" in epncore("status", dsn=database.dsn).stdout


def test_a_lost_database_leaves_no_line_open_for_long(
    collection: Callable[[str], Path], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks in the middle of a batch; that the run failed is written over another one."""
    folder = collection("ecallisto")
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute(
            "TRUNCATE ecallisto.epn_core, ecallisto.ledger, ecallisto.links;"
            "CREATE FUNCTION ecallisto.cut() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;"
            "CREATE TRIGGER cut AFTER INSERT ON ecallisto.epn_core EXECUTE FUNCTION ecallisto.cut()"
        )
    monkeypatch.setattr("epncore.app.session.WAITS_SECONDS", (0.0, 0.1))
    with pytest.raises(DatabaseError, match="not back after"):
        ingest(folder, database)
    last = runs(database)[-1]
    assert last["outcome"] == "failed"
    assert "run the same command again" in last["reason"]


def test_an_interrupted_ingest_is_no_failed_one(collection: Callable[[str], Path], database: Database) -> None:
    class Interrupted:
        def found(self, files: int) -> None:
            raise KeyboardInterrupt

        def done(self, files: int) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        ingest(collection("ecallisto"), database, progress=Interrupted())
    assert [(run["outcome"], run["reason"]) for run in runs(database)] == [("stopped", None)]
    with psycopg.connect(database.dsn) as conn:
        assert conn.execute("SELECT count(*) FROM ecallisto.epn_core").fetchone() == (0,)
