"""Files to be read: e-CALLISTO spectra, small ISTP CDF files, and very many tiny FITS headers."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cdflib import cdfepoch, cdfwrite
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
FOLDER_FILES = 1000

ISTP_CONFIG = """
schema = "bench_istp"
title = "Electric field spectra"
description = "Dynamic spectra in small CDF files."
creators = ["Nobody"]
created = 2024-01-01
publisher = "Nobody"
contact_name = "Nobody"
contact_email = "nobody@example.org"
licence = "CC0-1.0"
subjects = ["solar-system-astronomy"]
granule_uid = "{stem}"
obs_id = "{stem}"
[constants]
measurement_type = "phys.electField;em.radio"
processing_level = 2
target_name = "Jupiter"
target_class = "planet"
target_region = "Magnetosphere"
feature_name = "radio emissions"
time_refposition = "Voyager 1"
messenger = "Radio"
[[product]]
granule_gid = "spectra"
grammar = "istp"
root = "data"
sources = ["*.cdf"]
access_url = "https://data.example.org/istp/{name}"
"""

TINY_CONFIG = """
schema = "bench_tiny"
title = "Tiny files"
description = "Headers of one block, of which there are many."
creators = ["Nobody"]
created = 2024-01-01
publisher = "Nobody"
contact_name = "Nobody"
contact_email = "nobody@example.org"
licence = "CC0-1.0"
subjects = ["solar-system-astronomy"]
granule_uid = "{stem}"
obs_id = "{stem}"
[constants]
measurement_type = "phot.flux.density;em.radio"
dataproduct_type = "ds"
processing_level = 2
target_name = "Jupiter"
target_class = "planet"
instrument_host_name = "Nancay"
instrument_name = "NDA"
[[product]]
granule_gid = "spectra"
grammar = "mapped_fits"
root = "data"
sources = ["**/*.fit"]
access_url = "https://data.example.org/tiny/{name}"
[product.mapping]
time_min = { key = "DATE-OBS" }
time_max = { key = "DATE-END" }
"""


def ecallisto(folder: Path, count: int) -> None:
    """Plain FITS files as four stations write them, each of a day of its own, under `count` names."""
    samples = folder / "samples"
    made = runpy.run_path(str(ROOT / "sample_data" / "ecallisto" / "make.py"))["make"](samples)
    contents = [gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in made]
    stations = [path.name.partition("_")[0] for path in made]
    (folder / "data").mkdir()
    for number in range(count):
        kind = number % len(made)
        content = _moved(contents[kind], dt.timedelta(days=number // len(made)))
        (folder / "data" / f"{stations[kind]}_{number:06d}.fit").write_bytes(content)
    config = (ROOT / "sample_data" / "ecallisto" / "collection.toml").read_text("utf-8")
    (folder / "collection.toml").write_text(config.replace('schema = "ecallisto"', 'schema = "bench_ecallisto"'))


def _moved(content: bytes, by: dt.timedelta) -> bytes:
    """The same file with earlier dates in DATE-OBS and DATE-END."""

    def earlier(found: re.Match[bytes]) -> bytes:
        date = dt.date(*map(int, found[2].split(b"/"))) - by
        return found[1] + date.strftime("%Y/%m/%d").encode()

    return re.sub(rb"(DATE-(?:OBS|END)= ')(\d{4}/\d\d/\d\d)", earlier, content, count=2)


def istp(folder: Path, count: int) -> None:
    """Small CDF files of a hundred spectra each, as ISTP wants them, each of a day of its own, under `count` names."""
    (folder / "data").mkdir(parents=True)
    _cdf(folder / "one.cdf")
    content, epoch = (folder / "one.cdf").read_bytes(), _epoch()
    written = epoch.astype("<i8").tobytes()
    if content.count(written) != 1:
        raise RuntimeError("the time axis does not stand in the file as it was written")
    for number in range(count):
        later = (epoch + number * 86_400_000_000_000).astype("<i8").tobytes()
        (folder / "data" / f"vg1_pra_{number:06d}.cdf").write_bytes(content.replace(written, later))
    (folder / "collection.toml").write_text(ISTP_CONFIG)


RECORDS = 100


def _epoch() -> NDArray[np.int64]:
    return int(cdfepoch.compute_tt2000([1979, 3, 5, 0, 0, 0, 0, 0, 0])) + np.arange(RECORDS) * 48_000_000_000


def _cdf(path: Path) -> None:
    records, channels, epoch = RECORDS, 64, _epoch()
    frequency = 1.2 + 307.2 * np.arange(channels) / channels
    cdf = cdfwrite.CDF(path, cdf_spec={"Majority": "Row_major", "Encoding": 6, "Checksum": False})
    cdf.write_globalattrs({
        name: {0: text} for name, text in {
            "Project": "Voyager", "Discipline": "Space Physics>Planetary Science", "Source_name": "VG1>Voyager 1",
            "Descriptor": "PRA>Planetary Radio Astronomy", "Data_type": "L2>Level 2", "Data_version": "1",
            "Logical_source": "vg1_pra_l2", "Logical_file_id": "vg1_pra_l2_19790305_v01", "Mission_group": "Voyager",
            "Logical_source_description": "Planetary Radio Astronomy, dynamic spectra", "PI_name": "Nobody",
            "PI_affiliation": "Nowhere", "Instrument_type": "Radio and Plasma Waves (space)", "TEXT": "Invented data",
            "Generation_date": "2024-01-01", "DOI": "10.0000/bench",
        }.items()
    })  # fmt: skip
    common = {"FORMAT": "F10.3", "SCALETYP": "linear"}
    time = {**common, "CATDESC": "Time", "FIELDNAM": "Epoch", "UNITS": "ns", "VAR_TYPE": "support_data",
            "FILLVAL": [-(2**63), "CDF_TIME_TT2000"]}  # fmt: skip
    axis = {**common, "CATDESC": "Frequency", "FIELDNAM": "Frequency", "UNITS": "kHz", "VAR_TYPE": "support_data",
            "FILLVAL": [-1e31, "CDF_REAL8"]}  # fmt: skip
    flux = {**common, "CATDESC": "Flux density", "FIELDNAM": "Flux", "UNITS": "V**2/m**2/Hz", "VAR_TYPE": "data",
            "DEPEND_0": "Epoch", "DEPEND_1": "Frequency", "DISPLAY_TYPE": "spectrogram",
            "FILLVAL": [-1e31, "CDF_REAL4"]}  # fmt: skip
    for name, kind, sizes, varies, attributes, values in (
        ("Epoch", 33, [], True, time, epoch),
        ("Frequency", 45, [channels], False, axis, frequency[None, :]),
        ("Flux", 44, [channels], True, flux, np.ones((records, channels), np.float32)),
    ):
        cdf.write_var(
            {"Variable": name, "Data_Type": kind, "Num_Elements": 1, "Rec_Vary": varies, "Dim_Sizes": sizes,
             "Compress": 0},
            var_attrs=attributes, var_data=values,
        )  # fmt: skip
    cdf.close()


def tiny(folder: Path, count: int) -> None:
    """FITS files of one header block, a thousand a folder; a folder that has them is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "collection.toml").write_text(TINY_CONFIG)
    for first in range(0, count, FOLDER_FILES):
        below = folder / "data" / f"{first // FOLDER_FILES:04d}"
        below.mkdir(parents=True)
        for number in range(first, min(first + FOLDER_FILES, count)):
            (below / f"t{number:06d}.fit").write_bytes(_header(number))


def _header(number: int) -> bytes:
    day, minute = divmod(number, 1440)
    date = np.datetime64("2000-01-01") + day
    cards = (
        ("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "0"),
        ("DATE-OBS", f"'{date}T{minute // 60:02d}:{minute % 60:02d}:00'"),
        ("DATE-END", f"'{date}T{minute // 60:02d}:{minute % 60:02d}:59'"),
    )  # fmt: skip
    return b"".join(_card(*card) for card in cards) + b"END".ljust(2880 - 80 * len(cards))


def _card(key: str, value: str) -> bytes:
    return f"{key:<8}= {value:>20}".ljust(80).encode("ascii")


def walk_bare(folder: str) -> Iterator[tuple[str, int, int]]:
    """All files below a folder with size and time, by scandir and stat and nothing else."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from walk_bare(entry.path)
            else:
                about = entry.stat()
                yield entry.path, about.st_size, about.st_mtime_ns
