"""Crash drills: kill -9 of each process that an ingest needs, at moments that a seed chooses, many times."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from epncore.app import embedded
from epncore.app.database import Database, resolve
from epncore.app.ingest import ingest

pytestmark = [pytest.mark.live, pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")]

Dump = Callable[[Database, str], dict[str, bytes]]
Victims = Callable[[Path, "subprocess.Popen[str]"], list[int]]

DRILLS = 3
"""Of each kind, at moments that the seed chooses."""

FILES = 120
TABLES = ("epn_core", "ledger", "links")

# Small batches: a run has many moments at which it may be killed.
INGEST = """
import sys
from pathlib import Path
from epncore.app import attempt, ingest
from epncore.app.database import resolve

attempt.BATCH_FILES, ingest.CHUNK_FILES = 16, 4
ingest.ingest(Path(sys.argv[1]), resolve(sys.argv[2]), workers=2, prune=True)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Folder of a server of these drills alone: they kill it."""
    folder = Path(tempfile.mkdtemp(prefix="epn"))
    folder.chmod(0o755)
    yield folder / "home"
    embedded.stop(folder / "home")
    shutil.rmtree(folder)


@pytest.fixture
def drilled(home: Path) -> Database:
    """A database without the collection."""
    database = resolve(embedded.start(home).dsn)
    with database.connect() as conn:
        conn.execute("DROP SCHEMA IF EXISTS ecallisto CASCADE")
    return database


@pytest.fixture
def folder(collection: Callable[[str], Path]) -> Path:
    """A few hundred files; among them bad ones, and some that claim the uid of another."""
    folder = collection("ecallisto")
    data = folder / "data"
    plain = next(data.glob("BIR*"))
    for number in range(FILES):
        os.link(plain, data / f"BIR_{number:03}.fit")
    (data / "again").mkdir()
    for number in range(0, FILES, 20):
        os.link(plain, data / "again" / f"BIR_{number:03}.fit")
        (data / f"bad_{number:03}.fit").write_bytes(b"SIMPLE")
        os.utime(data / f"bad_{number:03}.fit", (0, 0))
    return folder


def of_ingest(home: Path, running: subprocess.Popen[str]) -> list[int]:
    return [running.pid]


def of_worker(home: Path, running: subprocess.Popen[str]) -> list[int]:
    return _children(running.pid)


def of_backend(home: Path, running: subprocess.Popen[str]) -> list[int]:
    with suppress(psycopg.Error), psycopg.connect(embedded.dsn(home)) as conn:
        rows = conn.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'epncore, process%'")
        return [pid for (pid,) in rows]
    return []


def of_postmaster(home: Path, running: subprocess.Popen[str]) -> list[int]:
    return [int(next(home.glob("postgres-*/postmaster.pid")).read_text().split()[0])]


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if status.read_text().rpartition(") ")[2].split()[1] == str(parent):
                found.append(int(status.parent.name))
    return found


def committed(conn: psycopg.Connection, before: str | None) -> int:
    """Files that the ledger knows by now, by another config than before."""
    conn.rollback()  # begin to look anew
    there = conn.execute("SELECT to_regclass('ecallisto.ledger') IS NOT NULL").fetchone()
    if there != (True,):
        return 0
    row = conn.execute("SELECT count(*) FROM ecallisto.ledger WHERE config IS DISTINCT FROM %s", (before,)).fetchone()
    return int(row[0]) if row else 0


def forget(database: Database) -> None:
    with database.connect() as conn:
        conn.execute("DROP SCHEMA ecallisto CASCADE")


def drill(
    folder: Path, home: Path, database: Database, through: int, victims: Victims, before: str | None = None
) -> tuple[int, int]:
    """Begin an ingest, and kill when it is so far; gives its exit status, and how many files were through by then."""
    with database.connect() as conn:
        running = subprocess.Popen(
            [sys.executable, "-c", INGEST, folder, database.dsn], stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        while running.poll() is None and committed(conn, before) < through:
            time.sleep(0.02)
        done = committed(conn, before)
        conn.rollback()
    for pid in victims(home, running)[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    embedded.start(home)
    running.communicate(timeout=60)
    return running.returncode, done


@pytest.mark.parametrize("victims", [of_ingest, of_worker, of_backend, of_postmaster], ids=lambda f: f.__name__[3:])
def test_after_a_kill_at_any_moment_a_rerun_makes_the_tables_of_an_undisturbed_run(
    folder: Path, home: Path, drilled: Database, dump: Dump, victims: Victims
) -> None:
    ingest(folder, drilled)
    undisturbed = dump(drilled, "ecallisto")
    files = undisturbed["ledger"].count(b"\n")
    choose = random.Random(victims.__name__)
    through = []
    for _ in range(DRILLS):
        forget(drilled)
        status, done = drill(folder, home, drilled, choose.randrange(files), victims)
        through.append(done)
        if victims is not of_ingest:
            assert status == 0, "it goes on with a new worker, or over a new connection"
        assert ingest(folder, drilled, workers=1).rows == FILES + 4
        assert dump(drilled, "ecallisto") == undisturbed
    assert any(0 < done < files for done in through), "some of them hit the middle of a run"


def happen(folder: Path) -> None:
    """All that may befall an archive between two runs: other URLs, and files that went, moved, changed and came."""
    config = folder / "collection.toml"
    config.write_text(config.read_text("utf-8").replace("q/p/static", "q/p/other"), "utf-8")
    files = sorted((folder / "data").glob("BIR_*.fit"))
    for path in files[::5]:
        path.unlink()
    for path in files[1::5]:
        path.rename(path.with_name(f"X{path.name}"))
    for path in files[2::5]:
        content = path.read_bytes()
        path.unlink()  # it was a link
        path.write_bytes(content)
        os.utime(path, ns=(1, 1))
    os.link(files[3], folder / "data" / "NEW.fit")


@pytest.mark.parametrize("victims", [of_ingest, of_worker, of_backend], ids=lambda f: f.__name__[3:])
def test_after_a_kill_in_the_middle_of_an_update_too(
    folder: Path, home: Path, drilled: Database, dump: Dump, victims: Victims
) -> None:
    ingest(folder, drilled)
    with drilled.connect() as conn:
        for table in TABLES:
            conn.execute(f"CREATE TABLE before_{table} AS SELECT * FROM ecallisto.{table}")  # type: ignore[arg-type]
        (before,) = conn.execute("SELECT max(config) FROM ecallisto.ledger").fetchone() or (None,)
    happen(folder)
    ingest(folder, drilled, prune=True)
    undisturbed = dump(drilled, "ecallisto")
    through = random.Random(victims.__name__).randrange(1, undisturbed["ledger"].count(b"\n"))
    with drilled.connect() as conn:
        for table in TABLES:
            conn.execute(f"DELETE FROM ecallisto.{table}")  # type: ignore[arg-type]
            conn.execute(f"INSERT INTO ecallisto.{table} SELECT * FROM before_{table}")  # type: ignore[arg-type]
            conn.execute(f"DROP TABLE before_{table}")  # type: ignore[arg-type]
    _, done = drill(folder, home, drilled, through, victims, before)
    assert done > 0
    ingest(folder, drilled, workers=1, prune=True)
    assert dump(drilled, "ecallisto") == undisturbed
