"""Previews under DaCHS: drawn into its folder, served with the type and the size that the links declare."""

from __future__ import annotations

import runpy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from psycopg.rows import dict_row

from epncore.app.database import resolve
from epncore.app.ingest import ingest
from epncore.app.preview import preview
from epncore.model import collection as config
from epncore.testing.dachs_lab import DachsLab
from grammars.plan import compile_plans
from rd_templates.render import write_rd

pytestmark = pytest.mark.live

SOURCE = Path(__file__).resolve().parents[2] / "sample_data" / "nda_routine"
SCHEMA = "nda_pictures"


@dataclass
class Served:
    """Links to pictures, rows, and a session that knows no proxy."""

    lab: DachsLab
    links: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    session: requests.Session


@pytest.fixture(scope="module")
def served(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder, inputs = tmp_path_factory.mktemp("collection"), tmp_path_factory.mktemp("inputs")
    text = (SOURCE / "collection.toml").read_text("utf-8")
    text = text.replace('schema = "nda_routine"', f'schema = "{SCHEMA}"')
    text = text.replace("https://data.example.org/nda_routine/q/p/", f"{dachs.url}/{SCHEMA}/q/p/")
    # Blanks and letters beyond ASCII go another way than plain names.
    text = text.replace('granule_uid = "{stem}_cdf"', 'granule_uid = "{stem} of the array"')
    (folder / "collection.toml").write_text(text, "utf-8")
    runpy.run_path(str(SOURCE / "make.py"))["make"](folder / "data")
    collection, database = config.load(folder), resolve(dachs.admin_dsn)
    write_rd(collection, compile_plans(collection)[0].columns, inputs)
    preview(folder, inputs / SCHEMA / "previews")
    dachs.install(inputs / SCHEMA)
    dachs.dachs("imp", f"{SCHEMA}/q")
    dachs.reload()
    ingest(folder, database)
    assert preview(folder, inputs / SCHEMA / "previews", database).linked == 6
    with psycopg.connect(dachs.admin_dsn, row_factory=dict_row) as conn:
        links = conn.execute(
            f"SELECT * FROM {SCHEMA}.links WHERE semantics IN ('#preview-plot', '#thumbnail') ORDER BY id, ord"  # type: ignore[arg-type]
        ).fetchall()
        rows = conn.execute(f"SELECT granule_uid, thumbnail_url FROM {SCHEMA}.epn_core").fetchall()  # type: ignore[arg-type]
    session = requests.Session()
    session.trust_env = False
    yield_ = Served(dachs, links, rows, session)
    shutil.rmtree(folder)  # the server needs nothing of the provider's folder
    return yield_


def test_each_granule_has_a_preview_and_a_thumbnail(served: Served) -> None:
    assert [link["semantics"] for link in served.links] == ["#preview-plot", "#thumbnail"] * 3
    assert {row["thumbnail_url"] for row in served.rows} == {
        link["access_url"] for link in served.links if link["semantics"] == "#thumbnail"
    }


def test_dachs_serves_them_with_the_declared_type_and_size(served: Served) -> None:
    for link in served.links:
        answer = served.session.get(link["access_url"], timeout=20, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == link["content_type"] == "image/png"
        assert int(answer.headers["Content-Length"]) == link["content_length"] == len(answer.content)
        assert answer.content.startswith(b"\x89PNG")


def test_nothing_else_is_served(served: Served) -> None:
    base = f"{served.lab.url}/{SCHEMA}/q/p/static"
    for path in ("../q.rd", "%2e%2e/q.rd", "..%2fq.rd", "none.png"):
        answer = served.session.get(f"{base}/{path}", timeout=20)
        assert answer.status_code >= 400 or b"<resource" not in answer.content


def test_dachs_finds_nothing_wrong_with_the_descriptor(served: Served) -> None:
    assert served.lab.validate(f"{SCHEMA}/q") == []
