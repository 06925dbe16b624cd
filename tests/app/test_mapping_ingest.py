"""A collection of files that no grammar knows, from `epncore new` to rows on a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.inspect import inspect
from epncore.model.errors import UnknownFormatError

CONSTANTS = """[constants]
target_class = "planet"
measurement_type = "phot.flux.density;em.radio"
dataproduct_type = "ds"
processing_level = 2
instrument_name = "Dish"
target_name = "Jupiter"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    epncore = Path(sys.executable).parent / "epncore"
    words = [epncore, "new", "dish", "--grammar", "mapped_fits"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    path = tmp_path / "dish" / "collection.toml"
    path.write_text(path.read_text("utf-8").replace("[constants]\n", CONSTANTS), "utf-8")
    (tmp_path / "dish" / "data").mkdir()
    for hour in range(3):
        write(tmp_path / "dish" / "data" / f"{hour}.fits", **{"TIME-OBS": f"{hour:02d}:00:00"})
    return path.parent


def write(path: Path, **cards: str) -> None:
    hdu = fits.PrimaryHDU(np.zeros(4, "u1"))
    hdu.header.update({"DATE-OBS": "2024-01-31", "DATE-END": "2024-01-31", "TIME-END": "23:00:00", **cards})
    hdu.writeto(path)


@pytest.mark.live
def test_a_mapped_collection_is_ingested_and_a_bad_file_quarantined(folder: Path, database: Database) -> None:
    write(folder / "data" / "bad.fits", **{"TIME-OBS": "noon"})
    summary = ingest(folder, database)
    assert summary.new == 3
    assert [(bad.path, bad.where) for bad in summary.quarantined] == [
        ("data/bad.fits", "cards DATE-OBS, TIME-OBS of HDU 0")
    ]
    with database.connect() as conn:
        rows = conn.execute(
            "SELECT granule_uid, time_min, time_max, target_name FROM dish.epn_core ORDER BY 1"
        ).fetchall()
    assert [tuple(row) for row in rows] == [
        (
            f"spectra_{hour}",
            pytest.approx(2460340.5 + hour / 24, abs=5e-10),
            pytest.approx(2460340.5 + 23 / 24),
            "Jupiter",
        )
        for hour in range(3)
    ]
    assert ingest(folder, database).unchanged == 3


def test_inspect_takes_a_file_of_a_mapping_only_with_its_collection(folder: Path, tmp_path: Path) -> None:
    path = folder / "data" / "0.fits"
    found = inspect(path, folder)
    assert found.grammar == "mapped_fits"
    assert [each.rule.id for each in found.broken] == ["filled.instrument_host_name"]  # advice: the mapping names none
    sources = {value.column.name: value.source for value in found.values}
    assert sources["time_min"] == "cards DATE-OBS, TIME-OBS of HDU 0"
    elsewhere = tmp_path / "x.fits"
    os.link(path, elsewhere)
    assert inspect(elsewhere, folder).grammar == "mapped_fits"
    with pytest.raises(UnknownFormatError, match="mapped_fits reads any"):
        inspect(path)
