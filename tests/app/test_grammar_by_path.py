"""A collection with a grammar of its own beside its collection.toml: ingested, and read again when that is edited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.inspect import inspect
from epncore.testing.grammar import assert_complete, assert_header_used, assert_independent, assert_pairs_whole

from .conftest import THIRD_PARTY


@pytest.fixture
def folder(radiometer: Callable[..., Path]) -> Path:
    folder = radiometer(["a.fits", "b.fits"])
    (folder / "radiometer.py").write_text((THIRD_PARTY / "radiometer.py").read_text())
    config = folder / "collection.toml"
    config.write_text(config.read_text().replace('"radiometer"\ngranule', '"./radiometer.py"\ngranule'))
    return folder


def edited(folder: Path, old: str, new: str) -> None:
    path = folder / "radiometer.py"
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))


@pytest.mark.live
def test_its_files_are_read_again_when_it_is_edited_and_only_then(folder: Path, database: Database) -> None:
    assert ingest(folder, database, workers=2).new == 2
    assert ingest(folder, database, workers=2).unchanged == 2
    edited(folder, 'target: str = "Jupiter"', 'target: str = "Saturn"')
    assert ingest(folder, database, workers=2).changed == 2
    assert ingest(folder, database, workers=2).unchanged == 2
    with database.connect() as conn:
        assert conn.execute("SELECT DISTINCT target_name FROM radiometer.epn_core").fetchall() == [("Saturn",)]


def test_inspect_knows_it_also_for_a_file_that_no_pattern_names(folder: Path) -> None:
    elsewhere = (folder / "a.fits").rename(folder / "a.dat")
    assert inspect(elsewhere, folder).grammar == "radiometer"


MISSING = {
    "time_sampling_step_min", "time_sampling_step_max", "time_exp_min", "time_exp_max", "spectral_range_min",
    "spectral_range_max", "spectral_sampling_step_min", "spectral_sampling_step_max", "spectral_resolution_min",
    "spectral_resolution_max", "instrument_host_name",
}  # fmt: skip


def test_the_assertions_hold_for_a_good_grammar(folder: Path) -> None:
    file = folder / "a.fits"
    assert_pairs_whole(folder, file)
    assert_independent(folder, file)
    assert_header_used(folder, file)
    with pytest.raises(AssertionError, match="instrument_host_name is empty: nothing in the file"):
        assert_complete(folder, file, MISSING - {"instrument_host_name"})


def test_a_column_that_is_said_to_be_empty_and_is_not_is_told(folder: Path) -> None:
    with pytest.raises(AssertionError, match=r"time_min is said to be empty, and is 2460310\.5"):
        assert_complete(folder, folder / "a.fits", {*MISSING, "time_min"})


WRONG = """
    def steps(self, options):
        import datetime, time
        yield constant("dataproduct_type", "ts")
        yield constant("time_min", time.time() / 86400 + 2440587.5)
        yield constant("time_max", 2500000.0 + time.localtime(0).tm_hour)
        yield constant("time_exp_min", float(datetime.date.today().year))
        yield constant("time_exp_max", float(datetime.datetime.now().year))
        yield constant("target_name", tuple({"Io", "Europa", "Ganymede", "Callisto", "Metis", "Thebe"}))
"""


def test_a_row_that_depends_on_clock_zone_or_order_of_sets_is_told(folder: Path) -> None:
    edited(folder, "    def steps(self, options):", f"{WRONG}\n    def other_steps(self, options):")
    with pytest.raises(AssertionError) as caught:
        assert_independent(folder, folder / "a.fits")
    told = {(line.split()[0], line.rpartition(": ")[2]) for line in str(caught.value).splitlines()[1:]}
    assert told >= {
        ("time_min", "30 years later"), ("time_exp_min", "30 years later"), ("time_exp_max", "30 years later"),
        ("time_max", "in Auckland"), ("target_name", "in Auckland"),
    }  # fmt: skip
    assert ("time_max", "30 years later") not in told


def test_half_a_pair_is_told(folder: Path) -> None:
    edited(folder, 'yield fact("time_max"', 'yield fact("time_exp_max"')
    with pytest.raises(AssertionError, match="time_max"):
        assert_pairs_whole(folder, folder / "a.fits")


def test_a_key_that_no_column_uses_is_told_unless_it_is_known(folder: Path) -> None:
    edited(folder, 'fromisoformat(header.get("START"))', 'fromisoformat("2024-01-01")')
    with pytest.raises(AssertionError, match="no column uses card START"):
        assert_header_used(folder, folder / "a.fits")
    assert_header_used(folder, folder / "a.fits", {"card ST*"})
