"""Columns change while a DaCHS server serves the table: rows, grants and indices stay, and DaCHS finds no fault."""

from __future__ import annotations

import runpy
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pyvo
import requests

from epncore.app.database import resolve
from epncore.app.ingest import ingest
from epncore.app.migrate import migrate
from epncore.model import collection as config
from epncore.testing.dachs_lab import DachsLab
from grammars.plan import compile_plans
from rd_templates.render import write_rd

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = "migrated"
OWN = """
[[columns]]
name = "antenna"
type = "integer"
description = "Number of the antenna"
ucd = "meta.number"

[[columns]]
name = "station"
description = "Station of the network"
ucd = "meta.id"
"""


class Served:
    """A collection that DaCHS serves, and whose config changes."""

    def __init__(self, lab: DachsLab, folder: Path, rds: Path) -> None:
        self.lab, self.folder, self.rds = lab, folder, rds
        self.session = requests.Session()
        self.session.trust_env = False
        self.tap = pyvo.dal.TAPService(lab.tap_url, session=self.session)
        self.path = folder / "collection.toml"
        self.plain = self.path.read_text("utf-8")

    def configure(self, text: str) -> None:
        """Write the config and the descriptor that follows from it; the server takes the descriptor."""
        self.path.write_text(text, "utf-8")
        collection = config.load(self.folder)
        self.lab.install(write_rd(collection, compile_plans(collection)[0].columns, self.rds).parent)

    def migrate(self) -> set[tuple[str, str]]:
        done = migrate(self.folder, resolve(self.lab.admin_dsn))
        assert done.under_dachs
        self.lab.dachs("imp", "-m", f"{SCHEMA}/q")
        self.lab.reload()
        assert self.lab.validate(f"{SCHEMA}/q") == []
        return {(change.what, change.name or change.table) for change in done.changes}

    def rows(self) -> dict[str, dict[str, Any]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pyvo and astropy, on what DaCHS writes
            found = self.tap.search(f"SELECT * FROM {SCHEMA}.epn_core")
        rows = [{name: str(row[name]) for name in found.fieldnames} for row in found]
        return {row["granule_uid"]: row for row in rows}

    def catalogue(self) -> list[tuple[Any, ...]]:
        """Owners, grants and indices of the tables."""
        with psycopg.connect(self.lab.admin_dsn) as conn:
            return conn.execute(
                "SELECT relname, relkind, relowner::regrole::text, array(SELECT unnest(relacl)::text ORDER BY 1)"
                f" FROM pg_class WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'i') ORDER BY 1"
            ).fetchall()


@pytest.fixture(scope="module")
def served(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    source, folder = ROOT / "sample_data" / "ecallisto", tmp_path_factory.mktemp(SCHEMA)
    shutil.copy(source / "collection.toml", folder)
    runpy.run_path(str(source / "make.py"))["make"](folder / "data")
    path = folder / "collection.toml"
    path.write_text(path.read_text("utf-8").replace('schema = "ecallisto"', f'schema = "{SCHEMA}"'), "utf-8")
    service = Served(dachs, folder, tmp_path_factory.mktemp("rd"))
    service.configure(service.plain)
    dachs.dachs("imp", f"{SCHEMA}/q")
    ingest(folder, resolve(dachs.admin_dsn))
    dachs.reload()
    yield service
    service.session.close()


def test_new_columns_are_served_with_the_old_rows_and_then_filled(served: Served) -> None:
    before, had = served.rows(), served.catalogue()
    constants = "[constants]\nalt_target_name = 'Sol'\nstation = 'BIR'\nantenna = 7\n"
    served.configure(served.plain.replace("[constants]\n", constants) + OWN)
    assert served.migrate() == {("added", "alt_target_name"), ("added", "antenna"), ("added", "station")}
    after = served.rows()
    assert after.keys() == before.keys()
    for uid, row in before.items():
        assert {name: after[uid][name] for name in row} == row
        assert after[uid].keys() - row.keys() == {"alt_target_name", "antenna", "station"}
    assert served.catalogue() == had
    summary = ingest(served.folder, resolve(served.lab.admin_dsn))
    assert (summary.changed, summary.rows) == (len(before), len(before))
    filled = {(row["alt_target_name"], row["antenna"], row["station"]) for row in served.rows().values()}
    assert filled == {("Sol", "7", "BIR")}
    assert all(row["datalink_url"].endswith(uid) for uid, row in served.rows().items()), "the trigger works on"


def test_importing_again_after_a_migration_keeps_the_rows(served: Served) -> None:
    before = served.rows()
    served.lab.dachs("imp", f"{SCHEMA}/q")
    served.lab.reload()
    assert served.rows() == before


def test_the_bookkeeping_of_an_old_installation_is_brought_up_to_date(served: Served) -> None:
    before, had = served.rows(), served.catalogue()
    with psycopg.connect(served.lab.admin_dsn) as conn:
        conn.execute(f"DROP TABLE {SCHEMA}.runs; ALTER TABLE {SCHEMA}.ledger DROP COLUMN since")
    assert served.migrate() == {("added", "since"), ("table made", "runs")}
    assert (served.rows(), served.catalogue()) == (before, had)
    assert ingest(served.folder, resolve(served.lab.admin_dsn)).unchanged == len(before)


def test_columns_that_go_take_their_trigger_along(served: Served) -> None:
    before = served.rows()
    served.configure(f"datalink = false\n{served.plain}")
    changed = served.migrate()
    assert {name for what, name in changed if what == "dropped"} == {
        "alt_target_name", "antenna", "station", "datalink_url",
    }  # fmt: skip
    assert served.rows().keys() == before.keys()
    summary = ingest(served.folder, resolve(served.lab.admin_dsn))
    assert summary.quarantined == []
    with psycopg.connect(served.lab.admin_dsn) as conn:
        left = conn.execute(f"SELECT count(*) FROM pg_proc WHERE pronamespace = '{SCHEMA}'::regnamespace").fetchone()
    assert left == (0,)


def test_datalink_comes_back_with_the_addresses_of_this_server(served: Served) -> None:
    served.configure(served.plain)
    assert served.migrate() == {("added", "datalink_url")}
    for uid, row in served.rows().items():
        assert row["datalink_url"] == f"{served.lab.url}/{SCHEMA}/q/dl/dlmeta?ID={uid}"
