"""A new instrument is one file in a package of its own: no edit of this project. And what its faults do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from epncore.app.database import Database

pytestmark = pytest.mark.live


def epncore(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "epncore"
    return subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_grammar_of_a_third_party_makes_rows(
    package: dict[str, str], radiometer: Callable[..., Path], database: Database
) -> None:
    folder = radiometer(["a.fits"])
    assert "radiometer" in epncore(package, "grammars").stdout
    looked = epncore(package, "inspect", folder / "a.fits", "--json")
    row = json.loads(looked.stdout)["rows"][0]
    assert row["time_min"] == {"value": 2460310.5, "source": "FITS key START"}
    assert row["instrument_name"]["value"] == "RM#Radiometer _ 1"
    assert row["spectral_range_min"] == {"value": None, "source": "one channel, of unknown frequency"}
    done = epncore(package, "ingest", folder, "--dsn", database.dsn, "--json")
    assert (done.returncode, json.loads(done.stdout)["new"]) == (0, 1), done.stderr


def test_a_file_that_ends_its_process_hangs_or_bloats_it_costs_only_itself(
    package: dict[str, str], radiometer: Callable[..., Path], database: Database
) -> None:
    faults = ["kill", "crash", "exit", "hang", "bloat", "raise", "header"]
    folder = radiometer([f"good{number}.fits" for number in range(6)], faults)
    done = epncore(
        package, "ingest", folder, "--dsn", database.dsn, "--json", "--workers", "2", "--file-timeout", "2",
        "--memory-limit", "1024",
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    assert summary["new"] == 6
    reasons = {each["path"]: (each["where"], each["reason"]) for each in summary["quarantined"]}
    assert reasons == {
        "header.fits": ("card START", "no start. Write START = 2024-01-01"),
        "kill.fits": ("reader", "this file killed the process that worked on it (SIGKILL)"),
        "crash.fits": ("reader", "this file killed the process that worked on it (SIGSEGV)"),
        "exit.fits": ("reader", "this file ended the process that worked on it (exit status 7)"),
        "hang.fits": ("reader", "this file took longer than 2 s (--file-timeout)"),
        "bloat.fits": ("reader", "this file took more than 1024 MB of memory (--memory-limit)"),
        "raise.fits": ("reader or grammar", "unexpected ZeroDivisionError: the author did not think of this"),
    }
    (folder / "hang.fits").touch()
    again = epncore(package, "ingest", folder, "--dsn", database.dsn, "--json", "--file-timeout", "2", "--log-json")
    assert {each["path"] for each in json.loads(again.stdout)["quarantined"]} == reasons.keys()
    committed = [event for event in map(json.loads, again.stderr.splitlines()) if event["event"] == "committed"]
    assert [event["files"] for event in committed] == [1], "the others are not tried again"


def test_two_packages_with_a_grammar_of_one_name_are_told_at_start(package: dict[str, str], tmp_path: Path) -> None:
    info = tmp_path / "site" / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[epncore.grammars]\nradiometer = radiometer:Radiometer\n")
    done = epncore(package, "grammars")
    assert done.returncode == 2
    assert "two grammars are named 'radiometer'" in done.stderr
    assert "Traceback" not in done.stderr
