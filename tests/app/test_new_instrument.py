"""A new instrument is one file in a package of its own: no edit of this project. And what its faults do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from epncore.app.database import Database

pytestmark = pytest.mark.live

GRAMMAR = '''
"""A radiometer that somebody built, told by one file."""
import os
import signal
from dataclasses import dataclass

from grammars.protocol import GrammarOptions, Step, constant, fact
from epncore.model.errors import HeaderError
from epncore.model.row import Missing
from epncore.model.units import jd_utc
import datetime as dt


@dataclass(frozen=True)
class Facts:
    start: float
    end: float


class Options(GrammarOptions):
    target: str = "Jupiter"


class Radiometer:
    name, version, format, generic, options, columns = "radiometer", 1, "fits", False, Options, ()

    def recognises(self, header):
        return header.get("INSTRUME") == "RADIOMETER"

    def examine(self, header, options):
        what = header.get("FAULT")
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "raise":
            raise ZeroDivisionError("the author did not think of this")
        if what == "header":
            raise HeaderError("no start", place="card START", hint="Write START = 2024-01-01")
        start = jd_utc(dt.date.fromisoformat(header.get("START")), 0.0)
        return Facts(start, start + 1.0)

    def steps(self, options):
        yield fact("time_min", "start", "FITS key START")
        yield fact("time_max", "end", "FITS key START, and a day")
        yield constant("dataproduct_type", "ts")
        yield constant("measurement_type", "phot.flux.density;em.radio")
        yield constant("processing_level", 3)
        yield constant("target_name", options.target)
        yield constant("target_class", "planet")
        yield constant("instrument_name", ("RM", "Radiometer # 1"))
        yield Step("spectral_range_min", "nothing", lambda granule: Missing("one channel, of unknown frequency"))


GRAMMAR = Radiometer()
'''

COLLECTION = """
schema = "radiometer"
title = "A radiometer"
description = "Somebody's."
creators = ["Body, S."]
created = 2024-01-01
licence = "CC0-1.0"
subjects = ["planetary-science"]

[[product]]
sources = ["*.fits"]
grammar = "radiometer"
granule_gid = "series"
"""


@pytest.fixture
def package(tmp_path: Path) -> dict[str, str]:
    """Environment in which a package of a third party is installed."""
    site = tmp_path / "site"
    info = site / "radiometer-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "radiometer.py").write_text(GRAMMAR)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: radiometer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[epncore.grammars]\nradiometer = radiometer:GRAMMAR\n")
    return {**os.environ, "PYTHONPATH": str(site)}


def epncore(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "epncore"
    return subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=120, check=False)


def write(folder: Path, name: str, **cards: str) -> None:
    folder.mkdir(exist_ok=True)
    hdu = fits.PrimaryHDU(np.zeros(4, "u1"))
    hdu.header.update({"INSTRUME": "RADIOMETER", "START": "2024-01-01", **cards})
    hdu.writeto(folder / name)


def test_a_grammar_of_a_third_party_makes_rows(package: dict[str, str], database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "collection"
    write(folder, "a.fits")
    (folder / "collection.toml").write_text(COLLECTION)
    assert "radiometer" in epncore(package, "grammars").stdout
    looked = epncore(package, "inspect", folder / "a.fits", "--json")
    row = json.loads(looked.stdout)["rows"][0]
    assert row["time_min"] == {"value": 2460310.5, "source": "FITS key START"}
    assert row["instrument_name"]["value"] == "RM#Radiometer _ 1"
    assert row["spectral_range_min"] == {"value": None, "source": "one channel, of unknown frequency"}
    done = epncore(package, "ingest", folder, "--dsn", database.dsn, "--json")
    assert (done.returncode, json.loads(done.stdout)["new"]) == (0, 1), done.stderr


def test_a_grammar_that_raises_or_kills_its_process_costs_only_its_file(
    package: dict[str, str], database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "collection"
    for number in range(6):
        write(folder, f"good{number}.fits")
    for fault in ("kill", "raise", "header"):
        write(folder, f"{fault}.fits", FAULT=fault)
    (folder / "collection.toml").write_text(COLLECTION)
    done = epncore(package, "ingest", folder, "--dsn", database.dsn, "--json", "--workers", "2")
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    assert summary["new"] == 6
    reasons = {each["path"]: (each["where"], each["reason"]) for each in summary["quarantined"]}
    assert reasons == {
        "header.fits": ("card START", "no start. Write START = 2024-01-01"),
        "kill.fits": ("reader", "reading this file killed the process that read it"),
        "raise.fits": ("reader or grammar", "unexpected ZeroDivisionError: the author did not think of this"),
    }


def test_two_packages_with_a_grammar_of_one_name_are_told_at_start(package: dict[str, str], tmp_path: Path) -> None:
    info = tmp_path / "site" / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[epncore.grammars]\nradiometer = radiometer:Radiometer\n")
    done = epncore(package, "grammars")
    assert done.returncode == 2
    assert "two grammars are named 'radiometer'" in done.stderr
    assert "Traceback" not in done.stderr
