"""An ingest that is stopped, by its user or from outside, ends, leaves no process behind, and goes on the next time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from epncore import __version__
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.runs import RUNNING
from epncore.app.status import status

pytestmark = [pytest.mark.live, pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")]

FILES = 6000


def with_mark(mark: str) -> list[int]:
    """Processes whose environment holds a mark."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if mark.encode() in environment:
                found.append(int(folder.name))
    return found


def many_files(folder: Path) -> Path:
    source = next((folder / "data").glob("BIR*"))
    for number in range(FILES):
        os.link(source, folder / "data" / f"BIR_{number:05}.fit")
    return folder


@dataclass
class Running:
    """An ingest in the middle of its work, and what tells its processes from others."""

    process: subprocess.Popen[str]
    mark: str

    def said(self) -> str:
        _, said = self.process.communicate(timeout=30)
        return said

    def leaves_nothing(self) -> bool:
        deadline = time.monotonic() + 30
        while with_mark(self.mark) and time.monotonic() < deadline:
            time.sleep(0.05)
        return with_mark(self.mark) == []


def is_running(database: Database) -> bool:
    return any(state.last_run is not None and state.last_run.outcome == RUNNING for state in status(database))


@pytest.fixture
def start(database: Database) -> Iterator[Callable[[Path], Running]]:
    """A function that starts an ingest and comes back when it works."""
    begun = []

    def begin(folder: Path) -> Running:
        name, value = "EPNCORE_TEST_MARK", f"{os.getpid()}-{time.monotonic_ns()}"
        process = subprocess.Popen(
            [Path(sys.executable).parent / "epncore", "ingest", folder, "--workers", "2"],
            env={**os.environ, "EPNCORE_DSN": database.dsn, name: value}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        begun.append(process)
        running = Running(process, f"{name}={value}")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if is_running(database) and len(with_mark(running.mark)) == 3:  # itself, two workers
                return running
            time.sleep(0.02)
        raise AssertionError("it does not work yet")

    yield begin
    for process in begun:
        process.kill()
        process.communicate(timeout=60)


def to_its_group(running: Running) -> None:
    """As a terminal does."""
    os.killpg(running.process.pid, signal.SIGINT)


def twice(running: Running) -> None:
    """As somebody does who has no patience."""
    running.process.send_signal(signal.SIGINT)
    running.process.send_signal(signal.SIGINT)


def alone(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)


def terminated(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)


def hung_up(running: Running) -> None:
    """As a closed terminal does."""
    running.process.send_signal(signal.SIGHUP)


def killed(running: Running) -> None:
    running.process.kill()


@pytest.mark.parametrize(
    "stop", [to_its_group, twice, alone, terminated, hung_up, killed], ids=lambda stop: stop.__name__
)
def test_a_stopped_ingest_ends_and_the_next_one_goes_on(
    collection: Callable[[str], Path],
    database: Database,
    start: Callable[[Path], Running],
    stop: Callable[[Running], None],
) -> None:
    folder = many_files(collection("ecallisto"))
    running = start(folder)
    stop(running)
    said = running.said()
    if stop is not killed:
        assert running.process.returncode == 130
        assert "run the same command again to go on" in said
        assert "Traceback" not in said
    assert running.leaves_nothing()
    deadline = time.monotonic() + 30
    while is_running(database) and time.monotonic() < deadline:
        time.sleep(0.05)  # of one that was killed, PostgreSQL finishes the statement before it gives back the lock
    (state,) = status(database)
    assert state.last_run is not None
    assert state.last_run.outcome == ("broken off" if stop is killed else "stopped")
    summary = ingest(folder, database)
    assert summary.rows == summary.new + summary.unchanged == len(list((folder / "data").iterdir()))


def test_a_stopped_ingest_ends_also_where_the_server_does_not_answer(
    collection: Callable[[str], Path], database: Database, start: Callable[[Path], Running]
) -> None:
    folder = many_files(collection("ecallisto"))
    with database.connect() as conn:
        # Whoever inserts waits for this lock, and the server does not listen meanwhile.
        ingest(folder, database, dry_run=False, workers=2)
        conn.execute("LOCK TABLE ecallisto.ledger IN EXCLUSIVE MODE")
        next((folder / "data").glob("BIR*")).touch()
        running = start(folder)
        backend = waiting_backend(database)
        os.kill(backend, signal.SIGSTOP)
        try:
            alone(running)
            said = running.said()
        finally:
            os.kill(backend, signal.SIGCONT)
    assert running.process.returncode == 130
    assert "run the same command again to go on" in said
    assert running.leaves_nothing()


def waiting_backend(database: Database) -> int:
    """The process of the server that waits for a lock on behalf of an ingest."""
    with database.connect() as conn:
        conn.autocommit = True
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchone()
            if found:
                return int(found[0])
            time.sleep(0.05)
    raise AssertionError("no ingest waits")


SLOW = """
import importlib.abc
import sys
import time
import tomllib


class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "epncore.app.cli":
            assert not {"click", "rich", "numpy", "psycopg"} & sys.modules.keys(), "they are what takes long"
            print("importing", flush=True)
            time.sleep(30)


sys.meta_path.insert(0, Slow())
from epncore.app.entry import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_while_libraries_are_imported_is_a_stop(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "importing\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "epncore: stopped before anything was begun.\n")


def test_the_command_starts_there() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    assert tomllib.loads(text)["project"]["scripts"] == {"epncore": "epncore.app.entry:main"}
    done = subprocess.run(
        [sys.executable, "-m", "epncore.app.entry", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip().endswith(__version__)) == (0, True)
