"""An ingest that is stopped, by its user or from outside, ends, leaves no process behind, and goes on the next time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from epncore.app.database import Database
from epncore.app.ingest import ingest

pytestmark = [pytest.mark.live, pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")]

FILES = 1500


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


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_a_stopped_ingest_ends_and_the_next_one_goes_on(
    collection: Callable[[str], Path], database: Database, stop: signal.Signals
) -> None:
    folder = collection("ecallisto")
    source = next((folder / "data").glob("BIR*"))
    for number in range(FILES):
        os.link(source, folder / "data" / f"BIR_{number:05}.fit")
    mark = f"EPNCORE_TEST_MARK={os.getpid()}-{stop.name}-{time.monotonic_ns()}"
    name, value = mark.split("=")
    running = subprocess.Popen(
        [Path(sys.executable).parent / "epncore", "ingest", folder, "--workers", "2"],
        env={**os.environ, "EPNCORE_DSN": database.dsn, name: value}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while len(with_mark(mark)) < 4 and time.monotonic() < deadline:  # itself, fork server, tracker, a worker
        time.sleep(0.02)
    if stop is signal.SIGINT:
        os.killpg(running.pid, stop)  # as a terminal does: to all of them
    else:
        running.send_signal(stop)
    _, said = running.communicate(timeout=30)
    if stop is not signal.SIGKILL:
        assert running.returncode == 130
        assert "run the same command again to go on" in said
        assert "Traceback" not in said
    while with_mark(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert with_mark(mark) == [], "no process is left behind"
    summary = ingest(folder, database)
    assert summary.rows == summary.new + summary.unchanged == len(list((folder / "data").iterdir()))
