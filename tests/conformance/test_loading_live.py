"""Loading while DaCHS serves: readers see whole batches, and what DaCHS knows of the tables stays right."""

from __future__ import annotations

import re
import runpy
import shutil
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from epncore.app import indices, ingest
from epncore.app.database import Database, resolve
from epncore.model import collection as config
from epncore.model.indices import INDICES, index_name, target_index_name
from epncore.testing.dachs_lab import DachsLab
from grammars.plan import compile_plans
from rd_templates.render import write_rd

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
SCHEMA, BATCH, FILES = "loading", 16, 16 * 6


@dataclass
class Site:
    """A served collection without rows yet, and the files for it."""

    lab: DachsLab
    folder: Path
    database: Database

    def add(self, files: range, target: str = "Jupiter") -> None:
        """Copies of a sample under other names, which is all that tells granules apart."""
        source = next((self.folder / "samples").glob("*.cdf"))
        for number in files:
            shutil.copy2(source, self.folder / "data" / f"{target}_{number:04d}.cdf")

    def ask(self, query: str) -> list[list[str]]:
        """Cells of a synchronous query, as text."""
        request = urllib.parse.urlencode({"LANG": "ADQL", "FORMAT": "csv", "QUERY": query, "REQUEST": "doQuery"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.lab.tap_url}/sync", request.encode(), timeout=60) as answer:
            return [line.split(",") for line in answer.read().decode().splitlines()[1:]]

    def count(self) -> int:
        """Rows, as a TAP client sees them."""
        return int(self.ask(f"SELECT count(*) AS n FROM {SCHEMA}.epn_core")[0][0])

    def state(self) -> dict[str, Any]:
        """What DaCHS made of the tables: grants and indices."""
        with psycopg.connect(self.lab.admin_dsn) as conn:
            grants = conn.execute(
                "SELECT relname, grant_item::text FROM pg_class, unnest(relacl) AS grant_item"
                " WHERE relnamespace = %s::regnamespace AND relkind = 'r' ORDER BY 1, 2",
                (SCHEMA,),
            ).fetchall()
            made = conn.execute(
                "SELECT indexname FROM pg_indexes WHERE schemaname = %s ORDER BY 1", (SCHEMA,)
            ).fetchall()
        return {"grants": grants, "indices": {name for (name,) in made}}


@pytest.fixture(scope="module")
def site(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(SCHEMA)
    runpy.run_path(str(ROOT / "sample_data" / "nda_routine" / "make.py"))["make"](folder / "samples")
    (folder / "data").mkdir()
    (folder / "collection.toml").write_text(CONFIG)
    collection = config.load(folder)
    dachs.install(write_rd(collection, compile_plans(collection)[0].columns, tmp_path_factory.mktemp("rd")).parent)
    dachs.dachs("imp", f"{SCHEMA}/q")
    dachs.reload()
    site = Site(dachs, folder, resolve(dachs.admin_dsn))
    site.add(range(FILES))
    yield site
    dachs.dachs("drop", f"{SCHEMA}/q")


@dataclass
class Reader:
    """Counts rows by TAP until it is told to stop."""

    site: Site
    seen: list[int] = field(default_factory=list)
    failed: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._read)

    def __enter__(self) -> Reader:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def _read(self) -> None:
        while not self.stop.is_set():
            try:
                self.seen.append(self.site.count())
            except OSError as error:
                self.failed.append(error)


class _WaitsForAReader:
    """Lets the ingest go on when the reader has counted once more."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def found(self, files: int) -> None:
        """See `epncore.app.ingest.Progress`."""

    def done(self, files: int) -> None:
        """After each batch."""
        before = len(self.reader.seen)
        while len(self.reader.seen) < before + 2 and not self.reader.failed:
            self.reader.stop.wait(0.01)


def test_a_reader_sees_whole_batches_while_an_ingest_runs(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epncore.app.attempt.BATCH_FILES", BATCH)
    monkeypatch.setattr("epncore.app.attempt.BATCH_SECONDS", 3600.0)  # a slow machine would write smaller ones
    before = site.state()
    with Reader(site) as reader:
        summary = ingest.ingest(site.folder, site.database, workers=1, progress=_WaitsForAReader(reader))
    assert (summary.new, summary.quarantined, summary.notes) == (FILES, [], [])
    assert reader.failed == []
    assert {count % BATCH for count in reader.seen} == {0}
    assert len(set(reader.seen)) > FILES // BATCH / 2
    assert reader.seen == sorted(reader.seen)
    after = site.state()
    assert after["grants"] == before["grants"]
    assert after["indices"] == before["indices"] | {target_index_name("jupiter")}
    assert before["indices"] > {index_name("epn_core", columns) for columns in INDICES}


def test_a_hash_list_query_by_tap_uses_the_index_of_its_target(site: Site) -> None:
    """Of the SQL that DaCHS makes and sends, which the server writes down."""
    with psycopg.connect(site.lab.superuser_dsn, autocommit=True) as conn:
        scans = "SELECT idx_scan FROM pg_stat_user_indexes WHERE schemaname = %s AND indexrelname = %s"
        place = (SCHEMA, target_index_name("jupiter"))
        (before,) = conn.execute(scans, place).fetchone() or (0,)
        # A table of a hundred rows is read as a whole, as it should be: forbid that to see what can be used.
        conn.execute("ALTER DATABASE gavo SET enable_seqscan = off")
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gavo' AND pid <> pg_backend_pid()"
        )
        site.lab.stop_serving()
        site.lab.serve()
        try:
            rows = site.ask(
                f"SELECT granule_uid FROM {SCHEMA}.epn_core WHERE 1 = ivo_hashlist_has(lower(target_name), 'Jupiter')"
            )
        finally:
            conn.execute("ALTER DATABASE gavo RESET enable_seqscan")
            site.lab.stop_serving()  # its last statistics come with the end of its connections
        conn.execute("SELECT pg_stat_clear_snapshot()")
        (after,) = conn.execute(scans, place).fetchone() or (0,)
        site.lab.serve()
    assert len(rows) == FILES
    assert after > before


def test_dachs_counts_the_rows_and_keeps_what_the_ingest_made(site: Site) -> None:
    before = site.state()
    site.lab.dachs("imp", "//obscore")  # without its tables `imp -I` of any descriptor fails
    for command in (("limits",), ("imp", "-m"), ("imp",), ("imp", "-I")):
        site.lab.dachs(*command, f"{SCHEMA}/q")
        assert site.state() == before, command
    site.lab.dachs("limits", f"{SCHEMA}/q")
    site.lab.dachs("imp", "-m", f"{SCHEMA}/q")
    assert site.lab.validate(f"{SCHEMA}/q") == []
    with psycopg.connect(site.lab.admin_dsn) as conn:
        counted = conn.execute("SELECT nrows FROM dc.tablemeta WHERE tablename = 'loading.epn_core'").fetchone()
    assert counted == (FILES,)
    site.lab.reload()
    assert site.count() == FILES
    assert site.ask(f"SELECT nrows FROM tap_schema.tables WHERE table_name = '{SCHEMA}.epn_core'") == [[str(FILES)]]


def test_a_second_import_keeps_the_rows_and_a_second_ingest_adds_to_them(site: Site) -> None:
    site.lab.dachs("imp", f"{SCHEMA}/q")
    before = site.state()
    site.add(range(BATCH), target="Jupiter_more")
    summary = ingest.ingest(site.folder, site.database, workers=1)
    assert (summary.new, summary.unchanged, site.count()) == (BATCH, FILES, FILES + BATCH)
    assert site.state() == before


def test_after_recreate_the_next_ingest_loads_all_and_makes_the_indices(site: Site) -> None:
    before = site.state()
    site.lab.dachs("imp", f"{SCHEMA}/q", "recreate")
    assert target_index_name("jupiter") not in site.state()["indices"]
    summary = ingest.ingest(site.folder, site.database, workers=1)
    assert (summary.new, summary.rows) == (FILES + BATCH, FILES + BATCH)
    assert site.state() == before


def test_a_loader_with_grants_only_loads_and_says_what_the_owner_runs(site: Site) -> None:
    role = "loading_role"
    with psycopg.connect(site.lab.superuser_dsn, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role} LOGIN")  # type: ignore[arg-type]
        conn.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")  # type: ignore[arg-type]
        conn.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}")  # type: ignore[arg-type]
        conn.execute(f"DROP INDEX {SCHEMA}.{target_index_name('jupiter')}")  # type: ignore[arg-type]
    try:
        site.add(range(1), target="Jupiter_last")
        loader = resolve(re.sub("user=gavoadmin", f"user={role}", site.lab.admin_dsn))
        summary = ingest.ingest(site.folder, loader, workers=1)
        assert summary.new == 1
        assert [re.findall("owner gavoadmin|--sql", note) for note in summary.notes] == [["owner gavoadmin", "--sql"]]
        with site.database.connect() as conn:
            assert indices.renew(conn, SCHEMA, analyze=False).made == [target_index_name("jupiter")]
    finally:
        with psycopg.connect(site.lab.superuser_dsn, autocommit=True) as conn:
            conn.execute(f"DROP OWNED BY {role}")  # type: ignore[arg-type]
            conn.execute(f"DROP ROLE {role}")  # type: ignore[arg-type]


CONFIG = f"""
schema = "{SCHEMA}"
title = "Loading while DaCHS serves"
description = "Copies of one file under many names."
creators = ["Nobody"]
created = 2024-01-01
publisher = "Nobody"
contact_name = "Nobody"
contact_email = "nobody@example.org"
licence = "CC0-1.0"
subjects = ["solar-system-astronomy"]
reference_url = "https://data.example.org/"
[constants]
observer_location = "Nancay"
messenger = "Radio"
[[product]]
granule_gid = "spectra"
grammar = "nda_routine"
root = "data"
sources = ["*.cdf"]
access_url = "https://data.example.org/{{name}}"
"""
