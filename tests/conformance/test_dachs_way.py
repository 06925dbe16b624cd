"""DaCHS reads the files itself, through the worker: the same tables as by ingest, and what bad files do."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from astropy.io import fits
from psycopg import sql

from epncore.app.database import resolve
from epncore.app.ingest import ingest
from epncore.app.stamps import stamps
from epncore.model import collection as config
from epncore.testing.dachs_lab import DachsError, DachsLab
from epncore.testing.lab_machine import Account
from epncore.testing.lab_python import toolkit_python
from grammars.plan import compile_plans
from rd_templates.dachs_way import dachs_way
from rd_templates.render import write_rd

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
TABLES = {"epn_core": "granule_uid", "ledger": "path", "links": "id, ord"}
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that DaCHS's user can read; pytest's own ones are private."""
    folder = Path(tempfile.mkdtemp(prefix="epnway-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    """A grammar of a third party, as installed."""
    folder = Path(tempfile.mkdtemp(prefix="epnsite-"))
    folder.chmod(0o755)
    (folder / "radiometer.py").write_text(GRAMMAR)
    info = folder / "radiometer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: radiometer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[epncore.grammars]\nradiometer = radiometer:GRAMMAR\n")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def python(site: Path) -> list[str]:
    """How the laboratory's user runs the toolkit."""
    try:
        return toolkit_python(Account.choose(None), site)
    except DachsError as error:
        if os.environ.get("EPNCORE_REQUIRE_DACHS") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def tables(lab: DachsLab, schema: str) -> dict[str, list[dict[str, Any]]]:
    """All cells of the three tables, each as PostgreSQL writes it."""
    found = {}
    with psycopg.connect(lab.admin_dsn) as conn:
        for table, key in TABLES.items():
            query = sql.SQL("SELECT * FROM {} ORDER BY {}").format(sql.Identifier(schema, table), sql.SQL(key))
            names = [column.name for column in conn.execute(query).description or ()]
            cells = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
            rows = conn.execute(
                sql.SQL("SELECT {} FROM {} ORDER BY {}").format(cells, sql.Identifier(schema, table), sql.SQL(key))
            )
            found[table] = [dict(zip(names, row, strict=True)) for row in rows]
    return found


def outside(lab: DachsLab, folder: Path, out: Path) -> None:
    """DaCHS makes the tables, ingest fills them."""
    collection = config.load(folder)
    lab.install(write_rd(collection, compile_plans(collection)[0].columns, out).parent)
    lab.dachs("imp", f"{collection.schema_name}/q")
    ingest(folder, resolve(lab.admin_dsn))


def install(lab: DachsLab, folder: Path, out: Path, python: list[str], timeout: float = 60) -> str:
    """The descriptor by which DaCHS reads the files; gives the RD's name."""
    collection = config.load(folder)
    plans = compile_plans(collection)
    way = dachs_way(collection, folder, stamps(collection, plans), python, timeout)
    lab.install(write_rd(collection, plans[0].columns, out, way).parent)
    return f"{collection.schema_name}/q"


VARIANTS = {
    "plain": ("", ""),
    "leave_out": ('release_after = "P1Y"\nembargoed = "leave_out"\n', ""),
    "list": ('release_after = "P90Y"\nembargoed = "list"\n', ""),
    "footprints": (
        "",
        "\n[overrides]\ns_region = [10.0, 20.0, 30.123456789, 20.1, 30.5, 40.0, 0.1, 39.9]\ncoverage = '1/1 3'\n",
    ),
}


@pytest.mark.parametrize(
    ("sample", "variant"),
    [
        ("ecallisto", "plain"),
        ("nda_routine", "plain"),
        ("voyager_pws", "plain"),
        ("voyager_pws", "leave_out"),
        ("ecallisto", "list"),
        ("ecallisto", "footprints"),
    ],
)
def test_both_ways_give_the_same_tables(
    dachs: DachsLab, place: Path, python: list[str], sample: str, variant: str
) -> None:
    schema = f"way_{sample}_{variant}"
    head, foot = VARIANTS[variant]
    text = (ROOT / "sample_data" / sample / "collection.toml").read_text("utf-8")
    text = text.replace(f'schema = "{sample}"', f'schema = "{schema}"\n{head}')
    if variant == "footprints":
        text = text.replace('spatial_frame_type = "none"', 'spatial_frame_type = "celestial"')
    (place / "collection.toml").write_text(text + foot, "utf-8")
    files = runpy.run_path(str(ROOT / "sample_data" / sample / "make.py"))["make"](place / "data")

    outside(dachs, place, place / "rd")
    expected = tables(dachs, schema)
    dachs.dachs("drop", f"{schema}/q")
    rd = install(dachs, place, place / "rd", python)
    done = dachs.dachs("imp", rd)

    assert done.stderr.count("Starting ") == len(files)
    assert tables(dachs, schema) == expected
    assert len(expected["ledger"]) == len(files)
    if variant == "footprints":
        assert all(row["s_region"] and row["coverage"] == "1/1 3" for row in expected["epn_core"])
    # The ledger knows: neither way reads a file again that the other has read.
    again = ingest(place, resolve(dachs.admin_dsn))
    assert (again.new, again.changed, again.quarantined) == (0, 0, [])
    assert "Starting " not in dachs.dachs("imp", rd).stderr
    assert tables(dachs, schema) == expected
    assert dachs.validate(rd) == []
    if expected["epn_core"]:
        dachs.dachs("pub", rd)
        dachs.reload()
        tested = dachs.dachs("test", "-v", rd, check=False)
        assert re.match(r"0 of \d+ bad", tested.stdout), tested.stdout
    dachs.dachs("drop", rd)


def test_a_collection_within_the_inputs_folder(dachs: DachsLab, place: Path, python: list[str]) -> None:
    """There DaCHS compares paths relative to its inputs."""
    here, there = place / "way_inside", dachs.inputs_dir / "way_inside"
    text = (ROOT / "sample_data/voyager_pws/collection.toml").read_text("utf-8")
    here.mkdir()
    (here / "collection.toml").write_text(text.replace('schema = "voyager_pws"', 'schema = "way_inside"'), "utf-8")
    runpy.run_path(str(ROOT / "sample_data/voyager_pws/make.py"))["make"](here / "data")
    (here / "q.rd").touch()
    dachs.install(here)
    rd = install(dachs, there, place, python)
    assert dachs.dachs("imp", rd).stderr.count("Starting ") == 3
    assert "Starting " not in dachs.dachs("imp", rd).stderr
    dachs.dachs("drop", rd)


# ------------------------------------------------------------------ files that are bad, and what an import does then

GRAMMAR = '''
"""A radiometer with many faults."""
import datetime as dt
import os
import signal
import sys
import time
from dataclasses import dataclass

from epncore.model.errors import HeaderError
from epncore.model.units import jd_utc
from grammars.protocol import GrammarOptions, constant, fact


@dataclass(frozen=True)
class Facts:
    start: float
    end: float


class Radiometer:
    name, version, format, generic, options, columns = "radiometer", 1, "fits", False, GrammarOptions, ()

    def recognises(self, header):
        return header.get("INSTRUME") == "RADIOMETER"

    def examine(self, header, options):
        what = header.get("FAULT")
        if what == "kill":
            print("about to die", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "hang":
            time.sleep(3600)
        if what == "raise":
            raise ZeroDivisionError("not thought of")
        if what == "print":
            print('{"file": 1, "rows": []}', flush=True)
            os.write(1, b"bytes" * 50000)
            assert sys.stdin.read() == ""
        if what == "garbage":
            for number in range(3, 30):
                try:
                    os.write(number, b"garbage\\n")
                except OSError:
                    pass
        if what == "header":
            raise HeaderError("no start, 100 %s", place="card START", hint="Write START = 2024-01-01")
        start = jd_utc(dt.date.fromisoformat(header.get("START")), 0.0)
        return Facts(start, start + 1.0)

    def steps(self, options):
        yield fact("time_min", "start", "FITS key START")
        yield fact("time_max", "end", "FITS key START, and a day")
        for name, value in {
            "dataproduct_type": "ts", "measurement_type": "phot.flux.density;em.radio", "processing_level": 3,
            "target_name": "Jupiter", "target_class": "planet", "instrument_name": "Radiometer",
            "instrument_host_name": "Shed",
        }.items():
            yield constant(name, value)


GRAMMAR = Radiometer()
'''

COLLECTION = """
schema = "SCHEMA"
title = "A radiometer"
description = "Somebody's."
creators = ["Body, S."]
created = 2024-01-01
licence = "CC0-1.0"
subjects = ["planetary-science"]
reference_url = "https://example.org/"

[[product]]
sources = ["**/*.fits"]
root = "data"
grammar = "radiometer"
granule_gid = "series"
access_url = "https://example.org/{path}"
"""


def write(path: Path | bytes, start: str = "2024-01-01", fault: str | None = None) -> None:
    hdu = fits.PrimaryHDU(np.zeros(4, "u1"))
    hdu.header.update({"INSTRUME": "RADIOMETER", "START": start, "FAULT": fault or "no"})
    target = Path(os.fsdecode(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        hdu.writeto(stream)


class Radiometer:
    """A small collection of the third party's grammar, under DaCHS."""

    def __init__(self, lab: DachsLab, place: Path, site: Path, python: list[str], schema: str) -> None:
        self.lab, self.place, self.site, self.python, self.schema = lab, place, site, python, schema
        self.data = place / "data"
        self.data.mkdir(parents=True)
        (place / "collection.toml").write_text(COLLECTION.replace("SCHEMA", schema))
        self.install()

    def install(self, command: list[str] | None = None) -> None:
        program = [*self.python, "-c", INSTALL, str(self.place), str(self.place / "rd"), *(command or self.python)]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.lab.install(self.place / "rd" / self.schema)

    def imp(self, *options: str) -> Done:
        return self.lab.dachs("imp", *options, f"{self.schema}/q", check=False)

    def uids(self) -> dict[str, str]:
        return {row["path"]: row["granule_uid"] for row in tables(self.lab, self.schema)["ledger"]}

    def cells(self, column: str) -> dict[str, Any]:
        return {row["granule_uid"]: row[column] for row in tables(self.lab, self.schema)["epn_core"]}


INSTALL = """
import sys
from pathlib import Path
from epncore.app.stamps import stamps
from epncore.model.collection import load
from grammars.plan import compile_plans
from rd_templates.dachs_way import dachs_way
from rd_templates.render import write_rd
folder, out, *python = sys.argv[1:]
collection = load(Path(folder))
plans = compile_plans(collection)
way = dachs_way(collection, Path(folder), stamps(collection, plans), python, 2)
write_rd(collection, plans[0].columns, Path(out), way)
"""


@pytest.fixture
def radiometer(dachs: DachsLab, place: Path, site: Path, python: list[str]) -> Iterator[Radiometer]:
    made = Radiometer(dachs, place, site, python, "way_faults")
    yield made
    dachs.dachs("drop", "way_faults/q")


def test_a_bad_file_is_skipped_alone_and_told_with_path_place_and_reason(radiometer: Radiometer) -> None:
    for number in range(5):
        write(radiometer.data / f"{number}.fits")
    for name, fault in (
        ("0kill", "kill"), ("1hang", "hang"), ("1raise", "raise"), ("2garbage", "garbage"), ("2header", "header"),
        ("3print", "print"),
    ):  # fmt: skip
        write(radiometer.data / f"{name}.fits", fault=fault)
    (radiometer.data / "4cut.fits").write_bytes((radiometer.data / "4.fits").read_bytes()[:1000])
    (radiometer.data / "nowhere.fits").symlink_to("/nowhere")
    (radiometer.data / "folder.fits").mkdir()
    done = radiometer.imp("-c")
    assert done.returncode == 101, done.stderr
    said = " ".join(done.stderr.split())
    for message in (
        "(At reader: {data}/0kill.fits: the process that read it ended (status -9); it said: about to die)",
        "(At reader: {data}/1hang.fits: no answer within 2 s (status -9))",
        "(At reader or grammar: data/1raise.fits: unexpected ZeroDivisionError: not thought of)",
        "(At reader: {data}/2garbage.fits: the worker answered b'garbage' (status -9))",
        "(At card START: data/2header.fits: no start, 100 %s. Write START = 2024-01-01)",
    ):
        assert message.format(data=radiometer.data) in said, done.stderr
    assert re.search(r"\(At [^:]+: data/4cut\.fits: ", said), done.stderr
    assert re.search(r"\(At [^:]+: data/nowhere\.fits: ", said), done.stderr
    assert said.count("*X*X*") == 7
    assert list(radiometer.uids()) == [f"data/{name}.fits" for name in ("0", "1", "2", "3", "3print", "4")]
    assert len(radiometer.cells("time_min")) == 6
    assert radiometer.lab.validate("way_faults/q") == []


def test_without_c_one_bad_file_fails_the_import_and_the_old_rows_stay(radiometer: Radiometer) -> None:
    write(radiometer.data / "a.fits")
    assert radiometer.imp().returncode == 0
    before = tables(radiometer.lab, "way_faults")
    write(radiometer.data / "a.fits", start="2024-02-02")
    os.utime(radiometer.data / "a.fits", (2e9, 2e9))
    write(radiometer.data / "b.fits", fault="header")
    done = radiometer.imp()
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert f"While parsing source {radiometer.data}/b.fits, near card START: data/b.fits: no start" in said, said
    assert tables(radiometer.lab, "way_faults") == before


def test_only_what_is_new_or_changed_is_read_and_replaces_what_was(radiometer: Radiometer) -> None:
    for name in ("a", "b", "2024/c", "gone"):
        write(radiometer.data / f"{name}.fits")
    assert radiometer.imp("-c").returncode == 0
    before = radiometer.cells("time_min")
    assert "Starting" not in radiometer.imp("-c").stderr
    write(radiometer.data / "b.fits", start="2025-01-01")
    write(radiometer.data / "d.fits")
    (radiometer.data / "gone.fits").unlink()
    done = radiometer.imp("-c")
    assert (done.returncode, done.stderr.count("Starting")) == (0, 2), done.stderr
    after = radiometer.cells("time_min")
    assert after.keys() == {*before, "series_d"}
    assert {uid for uid in before if before[uid] != after[uid]} == {"series_b"}
    # A changed file that is bad now keeps its row: DaCHS takes back all that a bad source did.
    write(radiometer.data / "b.fits", fault="kill")
    os.utime(radiometer.data / "b.fits", (2e9, 2e9))
    assert radiometer.imp("-c").returncode == 101
    assert radiometer.cells("time_min") == after


def test_of_files_with_one_uid_the_path_that_sorts_first_has_the_row(radiometer: Radiometer) -> None:
    # DaCHS comes by z.fits first; by code points a/z.fits sorts before it.
    write(radiometer.data / "z.fits", start="2024-03-03")
    write(radiometer.data / "a/z.fits", start="2024-01-01")
    assert radiometer.imp().returncode == 1
    done = radiometer.imp("-c")
    assert done.returncode == 101
    taken = "granule_uid series_z is already that of data/a/z.fits, which sorts first"
    assert f"data/z.fits: {taken}" in " ".join(done.stderr.split())
    assert radiometer.uids() == {"data/a/z.fits": "series_z"}
    assert radiometer.cells("time_min") == {"series_z": "2460310.5"}
    # In a later import too.
    write(radiometer.data / "a/0/z.fits", start="2024-04-04")
    done = radiometer.imp("-c")
    assert done.returncode == 101
    assert radiometer.uids() == {"data/a/0/z.fits": "series_z"}
    assert radiometer.cells("time_min") == {"series_z": "2460404.5"}
    found = tables(radiometer.lab, "way_faults")
    assert found["links"][0]["access_url"] == "https://example.org/a/0/z.fits"
    assert [link["ord"] for link in found["links"]] == ["0", "1"]


def test_a_changed_config_is_told_and_nothing_is_read(radiometer: Radiometer) -> None:
    write(radiometer.data / "a.fits")
    assert radiometer.imp("-c").returncode == 0
    toml = radiometer.place / "collection.toml"
    toml.write_text(toml.read_text() + '\n[constants]\ntarget_region = "Magnetosphere"\n')
    write(radiometer.data / "b.fits")
    done = radiometer.imp("-c")
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "has changed since the descriptor was made" in said, said
    assert "epncore rd" in said
    radiometer.install()
    assert radiometer.lab.dachs("imp", "way_faults/q", "recreate").returncode == 0
    assert radiometer.imp("-c").returncode == 0
    assert list(radiometer.cells("target_region").values()) == ["Magnetosphere"] * 2


def test_a_worker_that_cannot_run_ends_the_import_with_c_too(radiometer: Radiometer) -> None:
    write(radiometer.data / "a.fits")
    write(radiometer.data / "b.fits")
    for command, words in ((["/no/such/python"], "cannot run /no/such/python"), (["/bin/false"], "does not start")):
        radiometer.install(command)
        done = radiometer.imp("-c")
        assert done.returncode == 1
        assert words in " ".join(done.stderr.split()), done.stderr


HOSTILE = (b"quo'te\"s.fits", b"new\nline.fits", b"%s %(a)s.fits", b"back\\slash.fits", b"brack[e]t.fits",
           "çß.fits".encode(), b"no\xff\xfeutf8.fits", b"-c.fits", b"$(touch x);.fits")  # fmt: skip


def test_hostile_names_of_files_and_folders(dachs: DachsLab, place: Path, site: Path, python: list[str]) -> None:
    there = Radiometer(dachs, place / 'it\'s "100%" [odd] \\schema ç &amp; <x>', site, python, "way_names")
    for name in HOSTILE:
        write(os.fsencode(there.data) + b"/fol[d]er/" + name)
    done = there.imp("-c")
    assert done.returncode == 101, done.stderr
    assert done.stderr.count("*X*X*") == 1
    assert "no\\xff\\xfeutf8.fits: the file name is no UTF-8" in done.stderr
    good = [name for name in HOSTILE if b"\xff" not in name]
    assert set(there.uids()) == {f"data/fol[d]er/{name.decode()}" for name in good}
    again = there.imp("-c")
    assert again.stderr.count("Starting") == 1, again.stderr
    dachs.dachs("drop", "way_names/q")
