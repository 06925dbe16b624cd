"""Many workers: the same tables, byte by byte, whatever their number and whichever is ready first."""

from __future__ import annotations

import os
import pickle
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from epncore.app import children, worker
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.pool import Crew, in_order, local_pool
from epncore.app.process import Process
from epncore.app.work import Limits, Work
from epncore.model.errors import EpnCoreError

Collections = Callable[[str], Path]
Dump = Callable[[Database, str], dict[str, bytes]]

# Runs in the worker processes: a module that they import.
SHUFFLED = '''
import os
import random
import time
import zlib
from dataclasses import dataclass

from epncore.app.worker import Task as Plain


class Task(Plain):
    """Reads each file after a pause that the name of the file and the seed decide."""

    def begin(self):
        read = super().begin()
        seed = os.environ["SHUFFLE_SEED"]

        def slowly(job):
            time.sleep(0.03 * random.Random(f"{job.seen.path} {seed}").random())
            return read(job)

        return slowly


@dataclass(frozen=True)
class Echo:
    """Says what it was given; dies of some items."""

    marks: str

    def begin(self):
        return self.work

    def work(self, item):
        if item.startswith("dies"):
            os.kill(os.getpid(), 9)
        if item.startswith("once") and not os.path.exists(f"{self.marks}/{item}"):
            open(f"{self.marks}/{item}", "w").close()
            os.kill(os.getpid(), 9)
        return f"{item} by {os.getpid()}"

    def failed(self, item, reason):
        return f"{item}: {reason}"
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets this process and its workers import `shuffled`."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "shuffled.py").write_text(SHUFFLED)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))


def many(folder: Path) -> Path:
    """The sample files, each several times, with one that is bad and one that is a duplicate."""
    data = folder / "data"
    for source in sorted(data.iterdir()):
        for number in range(8):
            shutil.copy2(source, data / f"{number}_{source.name}")
    shutil.copytree(data, data / "again", ignore=lambda _, names: [name for name in names if name[0] != "3"])
    (data / "empty.fit").write_bytes(b"")
    os.utime(data / "empty.fit", (0, 0))
    return folder


@pytest.mark.live
def test_tables_do_not_depend_on_workers_chunks_batches_or_who_is_ready_first(
    collection: Collections, database: Database, dump: Dump, module: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shuffled  # type: ignore[import-not-found]

    folder = many(collection("ecallisto"))
    ingest(folder, database, workers=1)
    first = dump(database, "ecallisto")
    assert all(first.values())
    monkeypatch.setattr(worker, "Task", shuffled.Task)
    for workers, chunk, batch in ((1, 32, 5), (2, 1, 7), (5, 3, 1024)):
        with database.connect() as conn:
            conn.execute("DROP SCHEMA ecallisto CASCADE")
        monkeypatch.setenv("SHUFFLE_SEED", str(workers))
        monkeypatch.setattr("epncore.app.ingest.CHUNK_FILES", chunk)
        monkeypatch.setattr("epncore.app.attempt.BATCH_FILES", batch)
        ingest(folder, database, workers=workers)
        assert dump(database, "ecallisto") == first


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order_and_only_who_kills_twice_is_blamed(module: None, tmp_path: Path, workers: int) -> None:
    import shuffled

    items = [f"{number}" for number in range(20)]
    items[3:3] = ["dies a", "once b"]
    items += ["once c", "dies d"]
    work = Work(shuffled.Echo(str(tmp_path)), Limits(), chunk=4)
    with local_pool(work, workers) as pool:
        results = list(in_order(iter(items), pool))
    assert [result.split(" by ")[0].split(":")[0] for result in results] == items
    reason = "this file killed the process that worked on it (SIGKILL)"
    assert [result for result in results if ":" in result] == [f"dies a: {reason}", f"dies d: {reason}"]


def test_a_crew_has_one_process_a_thread_and_begins_none_after_its_end(module: None, tmp_path: Path) -> None:
    import shuffled

    crew = Crew(Work(shuffled.Echo(str(tmp_path)), Limits(), chunk=4))
    said: list[list[str]] = []
    threads = [threading.Thread(target=lambda: said.append(crew.run(["x", "y"]) + crew.run(["z"]))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pids = [{line.split()[-1] for line in lines} for lines in said]
    assert [len(each) for each in pids] == [1, 1]
    assert pids[0] != pids[1]
    crew.end()
    crew.close()
    assert not [pid for each in pids for pid in each if Path(f"/proc/{pid}").exists()]
    with pytest.raises(CancelledError):
        crew.run(["x"])


def test_a_process_that_is_killed_while_it_waits_is_replaced(module: None, tmp_path: Path) -> None:
    import shuffled

    crew = Crew(Work(shuffled.Echo(str(tmp_path)), Limits(), chunk=4))
    (first,) = crew.run(["x"])
    os.kill(int(first.split()[-1]), signal.SIGKILL)
    again = crew.run(["y", "z"])
    crew.end()
    crew.close()
    assert [line.split()[0] for line in again] == ["y", "z"]
    assert first.split()[-1] not in again[0]


@pytest.mark.parametrize("threads", [0, 1])
def test_a_process_holds_nothing_that_its_parent_has_open(module: None, tmp_path: Path, threads: int) -> None:
    """Whether it is a fork, or, where there are threads, a program of its own."""
    import shuffled

    reading, writing = os.pipe()
    was_alone, done = threading.active_count() == 1, threading.Event()
    other = [threading.Thread(target=done.wait) for _ in range(threads)]
    for thread in other:
        thread.start()
    process: Process[str, str] = Process(Limits())
    brother: Process[str, str] = Process(Limits())
    done.set()
    os.close(writing)
    try:
        if was_alone and sys.platform == "linux":
            assert isinstance(process.child, subprocess.Popen) == bool(threads)
        process.begin(Work(shuffled.Echo(str(tmp_path)), Limits(), chunk=4))
        assert select.select([reading], [], [], 30)[0]
        assert os.read(reading, 1) == b""  # nobody else can write there
        process.requests.close()
        assert process.child.wait() == 0  # it sees the end, though it has a brother
    finally:
        process.end()
        brother.end()
        os.close(reading)


def test_a_fork_is_killed_by_whoever_comes_first_and_by_nobody_after_its_end(module: None) -> None:
    if sys.platform != "linux":
        pytest.skip("no forks here")
    (requests, asking), (telling, answers), (counting, begun) = os.pipe(), os.pipe(), os.pipe()
    child = children._Forked((requests, answers, begun))
    ended: list[int] = []
    waiting = [threading.Thread(target=lambda: ended.append(child.wait())) for _ in range(3)]
    for thread in waiting:
        thread.start()
    child.kill()  # though others wait for it
    for thread in waiting:
        thread.join(30)
    child.kill()
    assert ended == [-signal.SIGKILL] * 3
    for descriptor in (requests, asking, telling, answers, counting, begun):
        os.close(descriptor)


def test_a_process_that_cannot_begin_blames_no_file(module: None, tmp_path: Path) -> None:
    import shuffled

    process: Process[str, str] = Process(Limits())
    process.child.kill()
    with pytest.raises(EpnCoreError, match=r"ended before it could begin \(SIGKILL\)"):
        process.begin(Work(shuffled.Echo(str(tmp_path)), Limits(), chunk=4))


def test_a_process_that_nobody_asks_ends(module: None, tmp_path: Path) -> None:
    import shuffled

    impatient = "import sys; from epncore.app import process_child as child; child.IDLE_SECONDS = 0.1; "
    (requests, asking), (telling, answers), (counting, begun) = os.pipe(), os.pipe(), os.pipe()
    command = [sys.executable, "-c", impatient + "child.serve(*map(int, sys.argv[1:]))"]
    with (
        subprocess.Popen(
            [*command, *map(str, (requests, answers, begun))], pass_fds=(requests, answers, begun)
        ) as child,
        os.fdopen(asking, "wb") as stream,
    ):
        pickle.dump(Work(shuffled.Echo(str(tmp_path)), Limits(), chunk=4), stream)
        stream.flush()
        with os.fdopen(telling, "rb") as told:
            assert pickle.load(told) is None
        assert child.wait(timeout=60) == 0
    for descriptor in (requests, answers, begun, counting):
        os.close(descriptor)
