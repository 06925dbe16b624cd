"""`epncore watch` as a process: files that come in slowly, a database that restarts, a folder that goes and returns."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from epncore.app import embedded
from epncore.app.alarm import network_disk
from epncore.app.database import Database
from epncore.app.scan import Seen
from epncore.app.watch import Gate, Settings, _Rounds

pytestmark = pytest.mark.live

EPNCORE = Path(sys.executable).parent / "epncore"


class Watch:
    """A running `epncore watch` over a collection, with a log."""

    def __init__(self, folder: Path, dsn: str, *words: str) -> None:
        self.folder, self.dsn, self.log = folder, dsn, folder / "watch.log"
        self.messages = (folder / "messages").open("w+")
        self.process = subprocess.Popen(
            [EPNCORE, "watch", folder, "--log-json", self.log, "--workers", "1", *words],
            env={**os.environ, "EPNCORE_DSN": dsn}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.messages, text=True, start_new_session=True,
        )  # fmt: skip

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def said(self) -> str:
        return (self.folder / "messages").read_text()

    def rows(self) -> set[str]:
        try:
            with psycopg.connect(self.dsn) as conn:
                return {name for (name,) in conn.execute("SELECT file_name FROM ecallisto.epn_core")}
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
            return set()

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
        return self.process.returncode


@contextlib.contextmanager
def watching(folder: Path, dsn: str, *words: str) -> Iterator[Watch]:
    watch = Watch(folder, dsn, *words)
    try:
        yield watch
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(watch.process.pid, signal.SIGCONT)
            os.killpg(watch.process.pid, signal.SIGKILL)
        watch.process.communicate()
        watch.messages.close()


@pytest.fixture
def own_server() -> Iterator[Path]:
    """The home of an embedded PostgreSQL that a test may stop."""
    home = Path(tempfile.mkdtemp(prefix="epn"))
    home.chmod(0o755)
    try:
        embedded.start(home / "home")
        yield home / "home"
        embedded.stop(home / "home")
    finally:
        shutil.rmtree(home)


@pytest.fixture
def arriving(collection: Callable[[str], Path], tmp_path: Path) -> tuple[Path, list[Path]]:
    """A collection without files, whose sources are FITS files, and files that will come: new, as they arrive."""
    folder = collection("ecallisto")
    files = sorted((folder / "data").rename(tmp_path / "files").iterdir())
    (folder / "data").mkdir()
    for file in files:
        os.utime(file)
    return folder, files


def test_a_file_is_read_when_it_is_complete_and_a_restarted_database_is_waited_for(
    arriving: tuple[Path, list[Path]], own_server: Path
) -> None:
    folder, (slow, quick, later, _) = arriving
    with watching(folder, embedded.dsn(own_server), "--settle", "2") as watch:
        watch.until(lambda: watch.events("finished"))
        content = slow.read_bytes()
        with (folder / "data" / slow.name).open("wb", buffering=0) as stream:
            position = 0
            shutil.copyfile(quick, folder / "data" / quick.name)
            while quick.name not in watch.rows():  # all the time until its neighbour is in, and longer
                position += stream.write(content[position : position + 1])
                assert watch.process.poll() is None
                time.sleep(0.05)
            assert slow.name not in watch.rows()
            stream.write(content[position:])
        watch.until(lambda: slow.name in watch.rows())

        embedded.stop(own_server)
        shutil.copyfile(later, folder / "data" / later.name)
        watch.until(lambda: "waiting: " in watch.said())
        embedded.start(own_server)
        watch.until(lambda: later.name in watch.rows())
        watch.until(lambda: sum(event["files_new"] for event in watch.events("finished")) == 3)
        assert "going on" in watch.said()
        assert watch.stop() == 0
        assert "stopped. What was committed stays" in watch.said()
        assert watch.events("stopped watching")
        assert watch.events("quarantined") == []
        committed = watch.events("committed")
        assert sum(event["new"] for event in committed) == sum(event["files"] for event in committed) == 3


def test_a_folder_that_goes_and_returns_is_watched_again(
    arriving: tuple[Path, list[Path]], server: str, database: Any
) -> None:
    folder, (first, second, third, _) = arriving
    shutil.copyfile(first, folder / "data" / first.name)
    with watching(folder, database.dsn, "--settle", "0.2") as watch:
        watch.until(lambda: watch.rows() == {first.name})
        (folder / "data").rename(folder / "away")
        watch.until(lambda: "is no folder here" in watch.said())
        shutil.copyfile(second, folder / "away" / second.name)
        (folder / "away").rename(folder / "data")
        watch.until(lambda: watch.rows() == {first.name, second.name})
        shutil.copyfile(third, folder / "data" / third.name)
        watch.until(lambda: len(watch.rows()) == 3)
        assert watch.stop(signal.SIGINT) == 0


def test_events_that_the_system_drops_lose_no_file(arriving: tuple[Path, list[Path]], database: Any) -> None:
    """More happens than inotify's queue holds; then a file comes in a folder that nobody has heard of."""
    limit = Path("/proc/sys/fs/inotify/max_queued_events")
    if not limit.exists():
        pytest.skip("no inotify here")
    folder, (first, second, *_) = arriving
    shutil.copyfile(first, folder / "data" / first.name)
    with watching(folder, database.dsn, "--settle", "0.2") as watch:
        watch.until(lambda: any(event["files_new"] for event in watch.events("finished")))
        watch.process.send_signal(signal.SIGSTOP)
        junk = [folder / "data" / name for name in ("a.tmp", "b.tmp")]
        for number in range(int(limit.read_text()) // 2):  # three events or more for each
            junk[number % 2].write_bytes(b"x")
        (folder / "data" / "late" / "deep").mkdir(parents=True)
        shutil.copyfile(second, folder / "data" / "late" / "deep" / second.name)
        watch.process.send_signal(signal.SIGCONT)
        watch.until(lambda: len(watch.rows()) == 2)
        assert watch.stop() == 0


def test_polling_needs_no_events(arriving: tuple[Path, list[Path]], database: Any) -> None:
    folder, (first, *_) = arriving
    with watching(folder, database.dsn, "--settle", "0.2", "--poll", "--every", "0.3") as watch:
        watch.until(lambda: watch.events("finished"))
        assert watch.events("watching")[0]["polling"] is True
        shutil.copyfile(first, folder / "data" / first.name)
        watch.until(lambda: watch.rows() == {first.name})
        (folder / "data" / "empty.fit").write_bytes(b"")
        watch.until(lambda: "without a row: data/empty.fit, file: an empty file" in watch.said())
        (folder / "data" / first.name).rename(folder / "data" / f"other_{first.name}")
        watch.until(lambda: "1 renamed; 1 row" in watch.said())
        with psycopg.connect(database.dsn) as conn:
            conn.execute("DELETE FROM ecallisto.epn_core")
        watch.until(lambda: "the table lacks 1 row " in watch.said())
        before = len(watch.events("finished"))
        watch.until(lambda: len(watch.events("finished")) > before + 1)
        assert watch.said().count("the table lacks") == watch.said().count("empty.fit") == 1, "once each"
        assert watch.stop() == 0


def test_at_rest_it_does_nothing(arriving: tuple[Path, list[Path]], database: Any) -> None:
    folder, (first, second, *_) = arriving
    shutil.copyfile(first, folder / "data" / first.name)
    with watching(folder, database.dsn, "--settle", "0.2") as watch:
        watch.until(lambda: any(event["files_new"] for event in watch.events("finished")))
        before = len(watch.events("started"))
        time.sleep(2)  # ten times as long as it waits for a file: its own reading wakes nobody
        assert len(watch.events("started")) - before <= 1
        shutil.copyfile(second, folder / "data" / second.name)
        watch.until(lambda: len(watch.rows()) == 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_stopped_in_the_middle_of_an_ingest_it_ends_in_peace(
    arriving: tuple[Path, list[Path]], database: Any, number: signal.Signals
) -> None:
    folder, (first, *_) = arriving
    os.utime(first, (0, 0))  # old: read at first sight
    for copy in range(1500):
        os.link(first, folder / "data" / f"BIR_{copy:05}.fit")
    with watching(folder, database.dsn) as watch:
        watch.until(lambda: watch.events("started"))
        assert watch.stop(number) == 0
        assert "Traceback" not in watch.said()
        assert "stopped" in watch.said()


def test_a_wrong_config_ends_it_at_the_start(collection: Callable[[str], Path], database: Any) -> None:
    folder = collection("ecallisto")
    path = folder / "collection.toml"
    path.write_text(path.read_text("utf-8").replace("granule_gid", "granulegid"), "utf-8")
    done = subprocess.run(
        [EPNCORE, "watch", folder], env={**os.environ, "EPNCORE_DSN": database.dsn}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "did you mean granule_gid?" in done.stderr


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/data /data nfs4 rw 0 0
/dev/sdb1 /data/local xfs rw 0 0
me@host:/ /home/me/a\\040b fuse.sshfs rw 0 0
//nas/share /mnt/share cifs rw 0 0
/dev/sdc1 /mnt/share ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        ("/srv/data", None), ("/data/2024", "nfs4"), ("/data/local/2024", None), ("/home/me/a b/c", "fuse.sshfs"),
        ("/home/me/a", None), ("/home", "fuse.sshfs"), ("/mnt/share/x", None), ("/database", None),
    ],
)  # fmt: skip
def test_network_disks_are_known(root: str, kind: str | None) -> None:
    assert network_disk(Path(root), MOUNTS) == kind


def test_a_file_passes_once_it_stood_still_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("epncore.app.watch.time.monotonic", lambda: clock[0])
    now = time.time_ns()
    gate = Gate(5)

    def look(after: float, size: int, mtime: int = now) -> bool:
        clock[0] += after
        gate.begin()
        return gate(Seen("a", 0, size, mtime))

    assert not look(0, 1), "seen for the first time"
    assert not look(4, 1), "too early"
    assert look(1, 1), "for five seconds now"
    assert not look(0, 1), "it was let pass, and is new again where it was not read"
    assert not look(9, 2), "another size"
    assert not look(9, 2, now + 1), "another time"
    assert gate.waiting == 1
    assert look(5, 2, now + 1)
    assert gate.waiting == 0
    assert look(0, 7, now - 2 * 3600 * 10**9), "nobody has touched it for hours"


def test_what_nobody_thought_of_ends_one_round_and_not_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    errors: list[BaseException] = [ZeroDivisionError("nobody thought of this"), OverflowError("nor of this")]
    stopped = RuntimeError("a pool broke")
    stopped.__context__ = KeyboardInterrupt()
    errors.append(stopped)

    def fail(*_: object, **__: object) -> None:
        raise errors.pop(0)

    monkeypatch.setattr("epncore.app.watch.ingest", fail)
    monkeypatch.setattr("epncore.app.watch.time.sleep", lambda _: None)
    rounds = _Rounds(tmp_path, Database("", "nowhere"), Settings(), said.append, lambda *_: None)
    assert [rounds.go(), rounds.go()] == [False, False]
    assert "waiting: unexpected ZeroDivisionError: nobody thought of this" in said[0]
    assert "OverflowError" in said[1]
    with pytest.raises(RuntimeError, match="a pool broke"):
        rounds.go()
