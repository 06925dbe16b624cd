"""A file that cannot be reached now keeps its row, whatever fails and wherever: no reason to take it for bad."""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fitsio
import pytest

from epncore.app import worker as workers
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.outcome import Outcome
from epncore.app.scan import scan
from epncore.app.worker import Task, Worker
from epncore.model import collection as config

Collections = Callable[[str], Path]
NOW = dt.datetime(2024, 6, 1)


class Faults:
    """Lets the call of a given number fail: of `stat`, `open`, and `read` of what was opened."""

    def __init__(self, kind: str, number: int, code: int) -> None:
        self.kind, self.left, self.code = kind, number, code
        self.met = False

    def __call__(self, kind: str) -> None:
        if kind == self.kind and not self.met:
            self.left -= 1
            if self.left < 0:
                self.met = True
                raise OSError(self.code, os.strerror(self.code))


class Stream:
    """A file whose reads may fail."""

    def __init__(self, stream: Any, fault: Faults) -> None:
        self._stream, self._fault = stream, fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def read(self, *size: int) -> Any:
        self._fault("read")
        return self._stream.read(*size)

    def readinto(self, buffer: Any) -> Any:
        self._fault("read")
        return self._stream.readinto(buffer)


@contextmanager
def failing(folder: Path, fault: Faults) -> Iterator[None]:
    """While files of a folder are looked at, opened or read."""
    with pytest.MonkeyPatch.context() as patch:
        stat, opened, pread = Path.stat, Path.open, os.pread

        def statted(path: Path, **how: Any) -> Any:
            if path.is_relative_to(folder):
                fault("stat")
            return stat(path, **how)

        def open_(path: Path, *how: Any, **more: Any) -> Any:
            if not path.is_relative_to(folder):
                return opened(path, *how, **more)
            fault("open")
            return Stream(opened(path, *how, **more), fault)

        def read_at(*where: int) -> bytes:
            fault("read")
            return pread(*where)

        patch.setattr(os, "pread", read_at)
        patch.setattr(Path, "stat", statted)
        patch.setattr(Path, "open", open_)
        yield


READERS = {
    "ecallisto": "fits", "nenufar": "fits, large", "wind_waves": "cdf", "expres": "cdf, packed", "cassini_rpws": "pds3",
    "voyager_pra": "pds3", "galileo_pws": "das2", "cassini_kronos": "kronos", "nda_votable": "votable",
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_whatever_call_fails_the_file_is_only_unavailable(collection: Collections, name: str) -> None:
    folder = collection(name)
    worker = Worker(Task(str(folder), NOW, digest=True))
    seen = [file for file in scan(worker.collection, folder) if worker.read(file).status == "row"][:2]
    assert seen
    for file in seen:
        for kind in ("stat", "open", "read"):
            for number in range(400):
                fault = Faults(kind, number, (errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOTCONN)[number % 4])
                with failing(folder / "data", fault):
                    outcome = worker.read(file)
                assert outcome.status in ({"row", "unavailable"} if fault.met else {"row"}), (kind, number, outcome)
                assert outcome.status == "row" or outcome.stamp is None
                if not fault.met:
                    break
            assert kind == "stat" or number > 0


def read_one(folder: Path) -> Outcome:
    worker = Worker(Task(str(folder), NOW))
    return worker.read(next(iter(scan(worker.collection, folder))))


def test_what_a_library_says_of_damaged_content_is_no_trouble_of_the_disk(
    collection: Collections, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = collection("nenufar")

    def damaged(*_: object) -> None:
        raise OSError("FITSIO status = 107: tried to move past end of file")

    with monkeypatch.context() as patch:
        patch.setattr(fitsio, "FITS", damaged)
        patch.setattr("grammars.readers.fits.place_of", lambda *_: None)
        outcome = read_one(folder)
        assert (outcome.status, outcome.stamp is None) == ("quarantined", False)
        assert "tried to move past end of file" in str(outcome.reason)
        patch.setattr(workers, "check", damaged)
        assert read_one(folder).status == "quarantined"


def test_a_folder_whose_files_may_not_be_looked_at_takes_no_row(database: Database, collection: Collections) -> None:
    folder = Path(tempfile.mkdtemp(prefix="epn-trouble-"))
    made = collection("ecallisto")
    shutil.copytree(made, folder, dirs_exist_ok=True)
    folder.chmod(0o755)
    user = os.geteuid()
    try:
        first = ingest(folder, database, workers=1)
        (folder / "data").chmod(0o444)
        if user == 0:
            os.seteuid(65534)
        try:
            collection_ = config.load(folder)
            worker = Worker(Task(str(folder), NOW))
            seen = list(scan(collection_, folder))
            outcomes = [worker.read(file) for file in seen]
        finally:
            os.seteuid(user)
        assert len(seen) == first.rows
        assert {(o.status, o.stamp) for o in outcomes} == {("unavailable", None)}
    finally:
        os.seteuid(user)
        (folder / "data").chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.live
def test_rows_stay_while_files_cannot_be_read_and_are_read_again_afterwards(
    collection: Collections, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = collection("ecallisto")
    first = ingest(folder, database, workers=1)
    for path in (folder / "data").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))  # so that they are read again

    with monkeypatch.context() as patch:
        # Worker processes are forked and have it too.
        patch.setattr("epncore.app.worker.check", _input_output_error)
        during = ingest(folder, database, workers=1)
    assert (during.rows, {q.reason for q in during.quarantined}) == (
        first.rows,
        {"cannot be read (Input/output error)"},
    )
    after = ingest(folder, database, workers=1)
    assert (after.rows, after.quarantined, after.changed + after.unchanged) == (first.rows, [], first.rows)


def _input_output_error(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.live
def test_a_time_beyond_the_calendar_and_names_that_look_alike_cost_only_these_files(
    collection: Collections, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = collection("ecallisto")
    files = sorted((folder / "data").iterdir())
    rows = ingest(folder, database, workers=1).rows
    one = files[0].read_bytes()
    for name in (b"x_\xff.fit", rb"x_\xff.fit", b"late.fit"):
        Path(os.fsdecode(os.fsencode(folder / "data") + b"/" + name)).write_bytes(one)
    late = folder / "data" / "late.fit"
    os.utime(late, (13_569_465_600, 13_569_465_600))
    if late.stat().st_mtime < 13_569_465_600:
        pytest.skip("this file system knows no time after 2262")
    twice = os.scandir

    @contextmanager
    def listed(place: Any) -> Iterator[Any]:
        with twice(place) as entries:
            found = list(entries)
        yield iter(found + [entry for entry in found if entry.is_file()])

    # A folder that changes while it is listed may name a file twice.
    monkeypatch.setattr("epncore.app.scan.os.scandir", lambda place: Listed(listed, twice, place))
    for _ in range(2):
        summary = ingest(folder, database, workers=1)
        assert summary.rows == rows + 1
        told = {q.path: q.reason for q in summary.quarantined}
        assert set(told) == {"data/x_\\xff.fit", "data/late.fit"}
        assert "beyond the calendar here, 1677 to 2262" in told["data/late.fit"]
        assert "no UTF-8" in told["data/x_\\xff.fit"]


class Listed:
    """A folder that names its files twice where it is listed as a whole."""

    def __init__(self, listed: Any, plain: Any, place: Any) -> None:
        self._listed, self._plain, self._place = listed, plain, place

    def __enter__(self) -> Any:
        self._open = self._listed(self._place)
        return self._open.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    def close(self) -> None:
        """As of what `os.scandir` gives."""
