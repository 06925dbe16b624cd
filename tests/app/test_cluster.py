"""`epncore ingest --scheduler`: the same tables from a real cluster, on this machine, of several workers."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import Client

from epncore import __version__
from epncore.app.cluster import _end as end
from epncore.app.cluster import _run as run
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.work import Limits, Work
from epncore.app.worker import Task
from epncore.model.bookkeeping import Stamp
from epncore.model.errors import ClusterError

pytestmark = pytest.mark.live

Collections = Callable[[str], Path]
Dump = Callable[[Database, str], dict[str, bytes]]

EPNCORE = Path(sys.executable).parent / "epncore"

CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(
        n_workers=3, threads_per_worker=1, host="127.0.0.1", protocol="tcp", dashboard_address=None
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@contextmanager
def cluster(folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Address of a scheduler with three workers, which end when their nanny's input does, and its process."""
    script = folder / "cluster.py"
    script.write_text(CLUSTER)
    running = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        assert running.stdout
        yield running.stdout.readline().strip(), running
    finally:
        running.communicate(timeout=60)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster that tests share."""
    with cluster(tmp_path_factory.mktemp("cluster"), dict(os.environ)) as (place, _):
        yield place


class Progress:
    """Does something after the first batch."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self.meddle, self.batches = meddle, 0

    def found(self, files: int) -> None:
        pass

    def done(self, files: int) -> None:
        self.batches += 1
        if self.batches == 1:
            self.meddle()

    def waits(self, seconds: float, reason: str) -> None:
        pass


def many(folder: Path) -> Path:
    for source in sorted((folder / "data").iterdir()):
        for number in range(60):
            shutil.copy2(source, folder / "data" / f"{number:02}_{source.name}")
    (folder / "data" / "empty.fit").write_bytes(b"")
    os.utime(folder / "data" / "empty.fit", (0, 0))
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches, so that a run has a middle."""
    monkeypatch.setattr("epncore.app.attempt.BATCH_FILES", 10)
    monkeypatch.setattr("epncore.app.ingest.CHUNK_FILES", 4)


def pids(address: str) -> dict[str, int]:
    """Processes of the workers of a cluster."""
    with Client(address, set_as_default=False) as client:
        found: dict[str, int] = client.run(os.getpid)
        return found


def test_the_tables_are_those_of_a_local_run_though_a_worker_was_killed(
    collection: Collections, database: Database, dump: Dump, small: None, address: str
) -> None:
    folder = many(collection("ecallisto"))
    ingest(folder, database)
    local = dump(database, "ecallisto")
    with database.connect() as conn:
        conn.execute("DROP SCHEMA ecallisto CASCADE")
    before = pids(address)
    assert len(before) == 3
    victim = min(before.values())
    progress = Progress(lambda: os.kill(victim, signal.SIGKILL))
    summary = ingest(folder, database, scheduler=address, progress=progress)
    assert progress.batches > 1
    assert victim not in pids(address).values()
    assert (summary.new, len(summary.quarantined)) == (244, 1)
    assert dump(database, "ecallisto") == local


def test_files_that_kill_hang_or_bloat_cost_only_themselves(
    package: dict[str, str], radiometer: Callable[..., Path], database: Database, tmp_path: Path
) -> None:
    folder = radiometer([f"good{number}.fits" for number in range(6)], ["kill", "hang", "bloat", "machine"])
    # How many workers a task may take down before the scheduler gives it up; 3 takes longer.
    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with cluster(tmp_path, {**package, **once}) as (address, _):
        done = subprocess.run(
            [
                EPNCORE, "ingest", folder, "--dsn", database.dsn, "--json", "--scheduler", address,
                "--file-timeout", "1", "--memory-limit", "1024",
            ],
            env=package, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    assert summary["new"] == 6
    assert {each["path"]: each["reason"] for each in summary["quarantined"]} == {
        "kill.fits": "this file killed the process that worked on it (SIGKILL)",
        "hang.fits": "this file took longer than 1 s (--file-timeout)",
        "bloat.fits": "this file took more than 1024 MB of memory (--memory-limit)",
        "machine.fits": "this file killed the workers of the cluster",
    }


def stop() -> None:
    """As Ctrl-C does."""
    raise KeyboardInterrupt


def test_no_process_of_an_ingest_is_left_on_the_cluster(
    collection: Collections, database: Database, small: None, address: str
) -> None:
    folder = many(collection("ecallisto"))
    with pytest.raises(KeyboardInterrupt):
        ingest(folder, database, scheduler=address, progress=Progress(stop))
    parents = set(map(str, pids(address).values()))
    deadline = time.monotonic() + 30
    while (left := _children(parents)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def test_what_comes_to_its_turn_after_the_end_of_an_ingest_begins_no_process(address: str) -> None:
    work = Work(Task("nowhere", dt.datetime(2024, 1, 1)), Limits(), chunk=4)
    with Client(address, set_as_default=False) as client:
        client.run(end, client.id)
        with pytest.raises(CancelledError):
            client.submit(run, __version__, client.id, work, ["x"], pure=False).result()


def _children(parents: set[str]) -> list[str]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        state, parent = text.rpartition(") ")[2].split()[:2]
        command = (status.parent / "cmdline").read_bytes() if state != "Z" else b""
        if parent in parents and b"process_child" in command:
            found.append(status.parent.name)
    return found


def test_a_worker_with_another_config_is_refused(
    collection: Collections, database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Stamp("ecallisto", 1, "read", "by another", "config")
    monkeypatch.setattr("epncore.app.ingest.stamps", lambda *_: [other])
    with pytest.raises(ClusterError, match=r"a worker cannot begin: .*the config, or a grammar, is another here"):
        ingest(collection("ecallisto"), database, scheduler=address)


def test_workers_with_another_version_are_refused(collection: Collections, database: Database, tmp_path: Path) -> None:
    older = tmp_path / "site" / "epncore-0.0.9.dist-info"
    older.mkdir(parents=True)
    (older / "METADATA").write_text("Metadata-Version: 2.1\nName: epncore\nVersion: 0.0.9\n")
    with (
        cluster(tmp_path, {**os.environ, "PYTHONPATH": str(older.parent)}) as (address, _),
        pytest.raises(ClusterError, match=r"a worker has version 0\.0\.9 of epncore, and here is"),
    ):
        ingest(collection("ecallisto"), database, scheduler=address)


def test_a_cluster_that_goes_away_is_told(
    collection: Collections, database: Database, small: None, tmp_path: Path
) -> None:
    folder = many(collection("ecallisto"))
    with cluster(tmp_path, dict(os.environ)) as (address, running):
        end = Progress(lambda: os.killpg(running.pid, signal.SIGKILL))
        with pytest.raises(ClusterError, match=r"the cluster broke off the work.*run the same command again"):
            ingest(folder, database, scheduler=address, progress=end)
    assert ingest(folder, database).rows == 244


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("tcp://127.0.0.1:1", 1, "tcp://127.0.0.1:1: no scheduler answers there within"),
        ("ftp://127.0.0.1:1", 2, "'ftp://127.0.0.1:1' is no address of a scheduler"),
        ("127.0.0.1", 2, "'127.0.0.1' is no address of a scheduler"),
        ("tcp://", 2, "'tcp://' is no address of a scheduler: missing port"),
    ],
)
def test_a_wrong_address_is_told(
    collection: Collections, database: Database, tmp_path: Path, address: str, status: int, message: str
) -> None:
    log = tmp_path / "log"
    words = ["ingest", collection("ecallisto"), f"--log-json={log}", "--dsn", database.dsn, "--scheduler", address]
    done = subprocess.run(
        [EPNCORE, *words],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    failed = json.loads(log.read_text())
    assert failed["event"] == "failed"
    assert message in failed["reason"]


def test_without_distributed_the_command_to_install_it_is_told(collection: Collections, tmp_path: Path) -> None:
    (tmp_path / "distributed.py").write_text("raise ModuleNotFoundError(name='distributed')")
    done = subprocess.run(
        [EPNCORE, "ingest", collection("ecallisto"), "--dsn", "dbname=x", "--scheduler", "tcp://127.0.0.1:1"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'epncore[cluster]'" in done.stderr
