"""Prepared rows: a collection of a million granules that no file holds, for measures of the database alone.

The same rows on every machine: all numbers follow from the number of the granule.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from datalink.links import links_hash
from epncore.app.outcome import Outcome
from epncore.app.scan import Seen
from epncore.app.stamps import stamps
from epncore.model import collection as config
from epncore.model.bookkeeping import Stamp
from epncore.model.row import Cell, RowHash
from grammars.plan import Plan, compile_plans

SCHEMA = "bench_rows"
MTIME_NS = 1_600_000_000 * 10**9
NOW = dt.datetime(2030, 1, 1)
FIRST_JD, GRANULES_A_DAY = 2451544.5, 114.0  # 2000-01-01; a million granules are 24 years

# Shares of the archive in per mille: a few targets have most of it, and some granules are about two.
TARGETS = {
    "Sun": 400, "Jupiter": 300, "Saturn": 150, "Earth": 100, "Jupiter#Io": 20, "Uranus": 10, "Neptune": 10,
    "Jupiter#Ganymede": 5, "Venus": 3, "Mars": 1, "Mercury": 1,
}  # fmt: skip
_TARGET_OF = [name for name, share in TARGETS.items() for _ in range(share)]
_TYPES = ("ds", "ds", "ds", "ts", "ds", "sp", "ds", "ts", "ds", "im")
_BANDS_HZ = ((1e7, 4e7), (2e7, 9e7), (1e3, 1.6e7), (3e5, 1e6), (4.5e7, 4.1e8), (1e1, 1.2e4), (1e8, 8.7e8))

CONFIG = f"""
schema = "{SCHEMA}"
title = "Prepared rows"
description = "A million granules that no file holds."
creators = ["Nobody"]
created = 2024-01-01
publisher = "Nobody"
contact_name = "Nobody"
contact_email = "nobody@example.org"
licence = "CC0-1.0"
subjects = ["solar-system-astronomy"]
[constants]
messenger = "Radio"
[[product]]
granule_gid = "spectrogram"
grammar = "ecallisto"
root = "data"
sources = ["**/*.fit"]
access_url = "https://data.example.org/bench/{{year}}/{{name}}"
access_format = "application/fits"
"""


def write_config(folder: Path) -> tuple[Plan, Stamp]:
    """The plan of the collection of these rows, and its stamp."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "collection.toml").write_text(CONFIG)
    collection = config.load(folder)
    plans = compile_plans(collection)
    return plans[0], stamps(collection, plans)[0]


def outcomes(plan: Plan, stamp: Stamp, numbers: range, version: int = 0) -> Iterator[Outcome]:
    """Outcomes of granules by their numbers; another version gives each another row."""
    names, row_hash = [column.name for column in plan.columns], RowHash(plan.columns)
    for number in numbers:
        cells = _cells(number, version)
        row = tuple(cells.get(name) for name in names)
        seen = seen_as(number, version)
        uid, url = str(cells["granule_uid"]), str(cells["access_url"])
        link = (uid, 0, url, None, None, None, "The data", "#this", None, "application/fits", seen.size_bytes)
        yield Outcome(seen, "row", row, (link,), uid, f"{row_hash(row)}.{links_hash((link,))}", stamp=stamp)


def seen_as(number: int, version: int = 0) -> Seen:
    """What a scan would see of the granule's file."""
    mtime_ns = MTIME_NS + version
    return Seen(f"data/{number % 1000:03d}/g{number:08d}.fit", 0, 180_000 + number % 1000, mtime_ns, number, mtime_ns)


def _cells(number: int, version: int) -> dict[str, Cell]:
    scattered = number * 2654435761 % 2**32  # Knuth's multiplicative hash: neighbours differ
    start = FIRST_JD + number / GRANULES_A_DAY  # archives are read in the order of paths, mostly that of dates
    low, high = _BANDS_HZ[scattered % len(_BANDS_HZ)]
    target = _TARGET_OF[scattered // 7 % len(_TARGET_OF)]
    uid = f"spectrogram_g{number:08d}"
    written = dt.datetime(2020, 1, 1) + dt.timedelta(seconds=number)
    return {
        "granule_uid": uid, "granule_gid": "spectrogram", "obs_id": f"g{number:08d}",
        "dataproduct_type": _TYPES[scattered // 13 % len(_TYPES)], "target_name": target,
        "target_class": "star" if target == "Sun" else "planet", "time_min": start, "time_max": start + 0.25 / 24,
        "time_sampling_step_min": 0.25, "time_sampling_step_max": 0.25 + version * 1e-6, "spectral_range_min": low,
        "spectral_range_max": high, "spectral_sampling_step_min": low / 1000, "spectral_sampling_step_max": low / 100,
        "instrument_host_name": f"Station {scattered % 61}", "instrument_name": "e-CALLISTO#CALLISTO",
        "measurement_type": "phot.flux.density;em.radio", "processing_level": 2, "creation_date": written,
        "modification_date": written, "release_date": written, "service_title": SCHEMA, "spatial_frame_type": "none",
        "access_url": f"https://data.example.org/bench/2020/g{number:08d}.fit", "access_format": "application/fits",
        "access_estsize": 176, "file_name": f"g{number:08d}.fit", "messenger": "Radio", "time_scale": "UTC",
        "time_refposition": "TOPOCENTER", "observer_location": f"Place {scattered % 61}",
        "observer_lon": float(scattered % 360) - 180.0, "observer_lat": float(scattered % 180) - 90.0,
        "measurement_unit": "digits", "publisher": "Nobody",
    }  # fmt: skip
