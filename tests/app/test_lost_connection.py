"""A database that goes away, is full, or is somebody else's for now."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from epncore.app import embedded, session
from epncore.app.database import Database, resolve
from epncore.app.ingest import ingest
from epncore.app.session import outlast, passes
from epncore.model.errors import AwayError, BusyError, DatabaseError, NotNowError

pytestmark = pytest.mark.live

Collections = Callable[[str], Path]
Dump = Callable[[Database, str], dict[str, bytes]]


def many(folder: Path, number: int = 30) -> Path:
    source = next((folder / "data").glob("BIR*"))
    for each in range(number):
        shutil.copy2(source, folder / "data" / f"{each:02}_{source.name}")
    return folder


class Meddler:
    """Is told how far an ingest is, and does something to the database once, after the first batch."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self.meddle, self.waited, self.batches = meddle, [], 0

    def found(self, files: int) -> None:
        pass

    def done(self, files: int) -> None:
        self.batches += 1
        if self.batches == 1:
            self.meddle()

    def waits(self, seconds: float, reason: str) -> None:
        self.waited.append(reason)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches, so that a run has a middle."""
    monkeypatch.setattr("epncore.app.attempt.BATCH_FILES", 5)
    monkeypatch.setattr("epncore.app.ingest.CHUNK_FILES", 2)


@pytest.fixture
def home() -> Iterator[Path]:
    """Folder for a server that a test may mistreat."""
    folder = Path(tempfile.mkdtemp(prefix="epn"))
    folder.chmod(0o755)
    yield folder / "home"
    embedded.stop(folder / "home")
    shutil.rmtree(folder)


def end_sessions(database: Database) -> None:
    """End all sessions of an ingest there, as an operator can."""
    with database.connect() as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'epncore, process%'"
        )


def test_a_run_goes_on_over_a_new_connection(
    collection: Collections, database: Database, dump: Dump, small: None
) -> None:
    folder = many(collection("ecallisto"))
    ingest(folder, database)
    undisturbed = dump(database, "ecallisto")
    with database.connect() as conn:
        conn.execute("DROP SCHEMA ecallisto CASCADE")
    meddler = Meddler(lambda: end_sessions(database))
    summary = ingest(folder, database, progress=meddler)
    assert meddler.waited
    assert (summary.new, summary.unchanged) == (34, 0)
    assert "terminating connection due to administrator command" in summary.notes[0]
    assert dump(database, "ecallisto") == undisturbed


def test_what_a_verification_found_before_is_told(collection: Collections, database: Database, small: None) -> None:
    folder = many(collection("ecallisto"))
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute("UPDATE ecallisto.epn_core SET target_name = 'Mars'")
    meddler = Meddler(lambda: end_sessions(database))
    summary = ingest(folder, database, progress=meddler, verify=True)
    assert meddler.waited
    assert (summary.altered_count, len(summary.altered)) == (34, 34)


def test_a_dry_run_begins_anew(collection: Collections, database: Database, small: None) -> None:
    folder = many(collection("ecallisto"))
    summary = ingest(folder, database, progress=Meddler(lambda: end_sessions(database)), dry_run=True)
    assert (summary.new, summary.unchanged) == (34, 0)


@pytest.mark.parametrize("how", ["restarted", "crashed"])
def test_a_run_outlasts_a_server_that_comes_back(
    collection: Collections, dump: Dump, small: None, home: Path, how: str
) -> None:
    folder = many(collection("ecallisto"))
    database = resolve(embedded.start(home).dsn)
    starts = []

    def disturb() -> None:
        if how == "restarted":
            embedded.stop(home)
        else:
            pid = int(next(home.glob("postgres-*/postmaster.pid")).read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
        starts.append(threading.Timer(0.5, embedded.start, (home,)))
        starts[0].start()

    summary = ingest(folder, database, progress=Meddler(disturb))
    starts[0].join()
    assert (summary.rows, summary.new) == (34, 34)
    disturbed = dump(database, "ecallisto")
    with database.connect() as conn:
        conn.execute("DROP SCHEMA ecallisto CASCADE")
    ingest(folder, database)
    assert dump(database, "ecallisto") == disturbed


def test_a_server_that_does_not_come_back_is_told(
    collection: Collections, small: None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = many(collection("ecallisto"))
    database = resolve(embedded.start(home).dsn)
    monkeypatch.setattr(session, "WAITS_SECONDS", (0.0, 0.0, 0.1))
    meddler = Meddler(lambda: embedded.stop(home))
    with pytest.raises(DatabaseError, match=r"not back after 0\.1 s.*run the same command again to go on"):
        ingest(folder, database, progress=meddler)
    assert len(meddler.waited) == 3
    embedded.start(home)
    assert ingest(folder, database).rows == 34


def test_a_second_ingest_is_told_since_when_and_by_which_process(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    with database.connect() as conn, session.alone(conn, "ecallisto"):
        done = subprocess.run(
            [Path(sys.executable).parent / "epncore", "ingest", folder, "--dsn", database.dsn],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        number = conn.info.backend_pid
    assert done.returncode == BusyError.exit_code == 4
    assert re.search(
        r"another epncore command writes collection ecallisto since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by"
        rf" 'epncore, process {os.getpid()} on \S+' \(process {number} of the server\)",
        " ".join(done.stderr.split()),
    ), done.stderr


def test_a_role_that_may_not_see_others_is_still_told_the_process(collection: Collections, database: Database) -> None:
    with database.connect() as conn, session.alone(conn, "ecallisto"):
        conn.execute("CREATE ROLE loader")
        conn.commit()
        try:
            with database.connect() as other:
                other.execute("SET ROLE loader")
                with (
                    pytest.raises(
                        BusyError,
                        match=rf"writes collection ecallisto \(process {conn.info.backend_pid} of the server\)",
                    ),
                    session.alone(other, "ecallisto"),
                ):
                    pass
        finally:
            conn.execute("DROP ROLE loader")


class TestFullDisk:
    """The database lies on a small file system in memory, where this user may mount one; else this is left out."""

    @pytest.fixture
    def full(self, home: Path) -> Iterator[tuple[Database, Callable[[], None]]]:
        """A database whose disk takes little, and a function that makes room."""
        server = embedded.start(home)
        with self._disk(home, server) as (place, free):
            with psycopg.connect(server.dsn, autocommit=True) as conn:
                conn.execute(f"CREATE TABLESPACE small LOCATION '{place}'")  # type: ignore[arg-type]
                conn.execute("CREATE DATABASE small TABLESPACE small")
            yield resolve(make_conninfo(server.dsn, dbname="small")), free
            embedded.stop(home)

    @contextmanager
    def _disk(self, home: Path, server: embedded.Server) -> Iterator[tuple[Path, Callable[[], None]]]:
        place = home.parent / "small"
        place.mkdir()
        size = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place]
        if subprocess.run(size, capture_output=True, check=False).returncode != 0:
            pytest.skip("this user may not mount a file system: a full disk cannot be shown")
        try:
            shutil.chown(place, server.account.uid, server.account.gid)
            place.chmod(0o700)
            yield place, lambda: subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)  # type: ignore[func-returns-value]
        finally:
            subprocess.run(["umount", place], check=True)

    def test_it_is_told_and_a_run_after_it_completes(
        self, collection: Collections, small: None, dump: Dump, full: tuple[Database, Callable[[], None]],
        database: Database,
    ) -> None:  # fmt: skip
        folder = many(collection("ecallisto"), 80)
        small_database, free = full
        ingest(folder, database)
        with small_database.connect() as conn:  # what is left after this is less than the collection takes
            conn.execute("CREATE TABLE filling (text text)")
            conn.commit()
            with suppress(errors.DiskFull):
                while True:
                    conn.execute("INSERT INTO filling SELECT repeat('x', 1000) FROM generate_series(1, 100)")
                    conn.commit()
            conn.rollback()
        with pytest.raises(DatabaseError, match=r"the disk of the database is full: .*free some space there"):
            ingest(folder, small_database)
        with small_database.connect() as conn:
            row = conn.execute("SELECT to_regclass('ecallisto.epn_core')").fetchone()
            if row and row[0]:
                left = conn.execute(
                    "SELECT count(*) FROM ecallisto.epn_core FULL JOIN ecallisto.ledger USING (granule_uid)"
                    " WHERE epn_core.granule_uid IS NULL OR path IS NULL"
                ).fetchone()
                assert left == (0,)
        free()
        assert ingest(folder, small_database).rows == 84
        assert dump(small_database, "ecallisto") == dump(database, "ecallisto")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (errors.AdminShutdown("x"), True),
        (errors.DeadlockDetected("x"), True),
        (NotNowError("starting up"), True),
        (errors.DiskFull("x"), False),
        (errors.QueryCanceled("x"), False),
        (errors.UniqueViolation("x"), False),
        (errors.InsufficientPrivilege("x"), False),
        (DatabaseError("no such role"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_errors_pass(error: Exception, expected: bool) -> None:
    assert passes(error) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            psycopg.OperationalError("server closed the connection unexpectedly"),
            "the database went away: server closed",
        ),
        (errors.AdminShutdown("terminating connection"), "the database went away: terminating"),
        (errors.ConnectionFailure("broken"), "the database went away: broken"),
        (errors.QueryCanceled("canceling statement due to statement timeout"), "statement_timeout = 0"),
        (
            errors.QueryCanceled("canceling statement due to statement timeout"),
            "the database ended a statement: cancel",
        ),
        (errors.OutOfMemory("out of memory"), "the database ended a statement: out of memory"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_a_lost_connection_is_told_as_one(error: Exception, expected: str) -> None:
    with pytest.raises(DatabaseError) as caught, session.database_errors():
        raise error
    assert expected in str(caught.value)


def test_what_is_refused_again_and_again_is_no_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WAITS_SECONDS", (0.0,))

    def attempt() -> None:
        raise errors.LockNotAvailable("canceling statement due to lock timeout")

    with pytest.raises(DatabaseError, match="the database refuses for 0 s: canceling statement"):
        outlast(attempt, lambda: 0, lambda seconds, reason: None)


def test_tries_are_counted_anew_where_something_was_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WAITS_SECONDS", (0.0, 0.0))
    committed, attempts, waits = 0, 0, []

    def attempt() -> str:
        nonlocal committed, attempts
        attempts += 1
        if attempts == 7:
            return "done"
        committed += attempts % 2
        raise errors.AdminShutdown("gone")

    assert outlast(attempt, lambda: committed, lambda seconds, reason: waits.append(reason)) == "done"
    assert waits == ["gone"] * 6


def test_a_server_that_was_never_there_is_told_at_once() -> None:
    def attempt() -> None:
        raise AwayError("no database server answers there")

    with pytest.raises(AwayError):
        outlast(attempt, lambda: 0, lambda seconds, reason: pytest.fail("waited"))
