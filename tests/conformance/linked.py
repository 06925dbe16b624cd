"""A served collection with all kinds of links, and two under embargo, for the tests of Datalink and das2."""

from __future__ import annotations

import datetime as dt
import io
import runpy
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pyvo
import requests
from astropy.io.votable import parse_single_table

from epncore.app.database import resolve
from epncore.app.ingest import ingest
from epncore.model import collection as config
from epncore.testing.dachs_lab import DachsLab
from grammars.plan import compile_plans
from rd_templates.render import write_rd

from .das2_server import Das2Server

ROOT = Path(__file__).resolve().parents[2]
ARCS = "srn_nda_routine_jup_edr_202002150630_202002150631_V13"
RAW, CALIBRATED = f"raw/{ARCS} ?&1", f"calibrated/{ARCS} ?&1"
ODD = ["a b", "a/b", "a#b", "a?b=c&d", "100%", "a+b", "a;b", "a\\b"]
MANY = [f"many {number}" for number in range(500)]

CONFIG = """
schema = "{schema}"
title = "Granules with all kinds of links"
description = "Copies of one sample under odd names."
creators = ["Lamy, L."]
created = 2024-07-16
licence = "CC-BY-4.0"
subjects = ["solar-system-astronomy"]
doi = "10.25935/dv2f-x016"
reference_url = "https://example.org/nda?a=1&b=2"
granule_uid = "{{gid}}/{{stem}}"
obs_id = "{{stem}}"
{embargo}

[[documentation]]
url = "https://example.org/guide.pdf"
title = "Guide"

[[product]]
grammar = "nda_routine"
granule_gid = "raw"
root = "data"
sources = ["raw/*.cdf"]
access_url = "https://example.org/data/{{path}}"

[[product]]
grammar = "nda_routine"
granule_gid = "calibrated"
root = "data"
sources = ["calibrated/*.cdf"]
access_url = "https://example.org/data/{{path}}"
thumbnail_url = "https://example.org/thumbs/{{stem}}.jpg"
derived_from = ["raw"]

[[product.formats]]
url = "https://example.org/fits/{{stem}}.fits"
format = "application/fits"
title = "As FITS"

[[product.previews]]
url = "https://example.org/plots/{{stem}}.png"
kind = "plot"

[[product.previews]]
url = "https://example.org/images/{{stem}}.png"
kind = "image"

[product.das2]
server = "{das2}"
dataset = "nda/{{gid}} x"
params = {{ params = "a=1&b #2" }}
"""


@dataclass
class Service:
    """The served collection `links`, and beside it two under embargo: `listed`, `left_out`."""

    lab: DachsLab
    session: requests.Session
    das2: Das2Server
    folders: dict[str, Path]

    def links(self, *ids: str, schema: str = "linked") -> list[dict[str, Any]]:
        """Rows of the answer to a request for these IDs."""
        answer = self.session.post(f"{self.lab.url}/{schema}/q/dl/dlmeta", data={"ID": ids}, timeout=60)
        assert answer.status_code == 200
        return rows_of(answer.content)

    def das2_answer(self, uid: str, schema: str = "linked", **parameters: Any) -> requests.Response:
        """What the service answers itself; the redirect is not followed."""
        return self.session.get(
            f"{self.lab.url}/{schema}/q/dl/dlget", params={"ID": uid, **parameters}, allow_redirects=False, timeout=30
        )

    def search(self, query: str) -> pyvo.dal.TAPResults:
        return pyvo.dal.TAPService(self.lab.tap_url, session=self.session).search(query)


def rows_of(votable: bytes) -> list[dict[str, Any]]:
    table = parse_single_table(io.BytesIO(votable)).to_table()
    return [
        {name: None if row[name] is None or row[name] == "" else row[name] for name in table.colnames} for row in table
    ]


def semantics(links: list[dict[str, Any]]) -> list[str]:
    return [link["semantics"] for link in links]


@pytest.fixture(scope="session")
def linked(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    samples = tmp_path_factory.mktemp("samples")
    runpy.run_path(str(ROOT / "sample_data" / "nda_routine" / "make.py"))["make"](samples)
    folders = {}
    before_release = dt.datetime(2020, 6, 1)
    with Das2Server() as das2, requests.Session() as session:
        session.trust_env = False
        for schema, embargo, now in (
            ("linked", "", None),
            ("listed", 'release_after = "P1Y"\nembargoed = "list"', before_release),
            ("left_out", 'release_after = "P1Y"\nembargoed = "leave_out"', before_release),
        ):
            folder = folders[schema] = tmp_path_factory.mktemp(schema)
            for gid in ("raw", "calibrated"):
                (folder / "data" / gid).mkdir(parents=True)
                shutil.copy2(samples / f"{ARCS}.cdf", folder / "data" / gid / f"{ARCS} ?&1.cdf")
            (folder / "collection.toml").write_text(CONFIG.format(schema=schema, embargo=embargo, das2=das2.url))
            collection = config.load(folder)
            rd = write_rd(collection, compile_plans(collection)[0].columns, tmp_path_factory.mktemp("rd"))
            dachs.install(rd.parent)
            dachs.dachs("imp", f"{schema}/q")
            assert dachs.validate(f"{schema}/q") == []
            assert ingest(folder, resolve(dachs.admin_dsn), now=now).quarantined == []
        copy_granule(dachs, [*ODD, *MANY])
        dachs.reload()
        yield Service(dachs, session, das2, folders)


def copy_granule(lab: DachsLab, uids: list[str]) -> None:
    """Granules that no template gives, made by hand from one that is there."""
    with psycopg.connect(lab.admin_dsn) as conn:
        for table, key in (("epn_core", "granule_uid"), ("links", "id")):
            conn.execute(f"CREATE TEMP TABLE one AS SELECT * FROM linked.{table} WHERE {key} = %s", (CALIBRATED,))
            for uid in uids:
                conn.execute(f"UPDATE one SET {key} = %s", (uid,))
                if table == "epn_core":
                    conn.execute("UPDATE one SET obs_id = granule_uid")
                conn.execute(f"INSERT INTO linked.{table} SELECT * FROM one")
            conn.execute("DROP TABLE one")
