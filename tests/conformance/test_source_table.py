"""Rows of somebody's database, served by a live DaCHS: what its own odbcGrammar would have read."""

from __future__ import annotations

import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import pytest
import pyvo
import requests

from epncore.app.database import resolve
from epncore.app.ingest import ingest
from epncore.check.check import check
from epncore.model import collection as config
from epncore.testing.dachs_lab import DachsLab
from grammars.plan import compile_plans
from rd_templates.render import write_rd

pytestmark = pytest.mark.live

CONFIG = """
schema = "archive_rows"
title = "Spectra that a database knows"
description = "Observations of Jupiter, from the table of an archive."
creators = ["Family, G."]
created = 2024-01-01
licence = "CC-BY-4.0"
subjects = ["solar-system-astronomy"]

[constants]
dataproduct_type = "ds"
measurement_type = "phot.flux.density;em.radio"
processing_level = 3
target_class = "planet"
instrument_host_name = "Hill"
instrument_name = "Dish"

[[product]]
grammar = "mapped_table"
granule_gid = "observations"

[product.table]
url = "sqlite:///archive.db"
query = "SELECT * FROM observation"
key = "id"

[product.mapping]
target_name = { column = "planet", required = true }
time_min = { column = "t0" }
time_max = { column = "t1" }
spectral_range_min = { column = "f0", unit = "MHz" }
spectral_range_max = { column = "f1", unit = "MHz" }
"""


def test_rows_of_a_table_are_served_and_break_no_rule(dachs: DachsLab, tmp_path: Path) -> None:
    (tmp_path / "collection.toml").write_text(CONFIG)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as connection:
        connection.execute("CREATE TABLE observation (id INTEGER PRIMARY KEY, planet, t0, t1, f0, f1)")
        rows = [(n, "Jupiter", f"2024-01-{n:02}T00:00:00", f"2024-01-{n:02}T06:00:00", 10, 40) for n in range(1, 8)]
        connection.executemany("INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    collection = config.load(tmp_path)
    plans = compile_plans(collection, str(tmp_path / "collection.toml"))
    dachs.install(write_rd(collection, plans[0].columns, tmp_path / "rd").parent)
    dachs.dachs("imp", "archive_rows/q")
    assert ingest(tmp_path, resolve(dachs.admin_dsn), workers=1).new == 7
    dachs.reload()
    report = check(dachs.tap_url, ["archive_rows"])
    assert (report.rows, report.findings) == ({"archive_rows.epn_core": 7}, [])
    with requests.Session() as session, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.trust_env = False
        service = pyvo.dal.TAPService(dachs.tap_url, session=session)
        found = service.search(
            "SELECT granule_uid, spectral_range_max FROM archive_rows.epn_core WHERE target_name = 'Jupiter'"
            " AND time_min <= 2460313.0 AND time_max >= 2460311.6 ORDER BY time_min"
        )
        assert [tuple(row.values()) for row in found] == [("observations_2", 4e7), ("observations_3", 4e7)]
