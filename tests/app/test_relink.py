"""Links in a real PostgreSQL: written with the rows, between granules in any order, and made anew without files."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from epncore.app import attempt as attempts
from epncore.app import relations
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.relink import relink
from epncore.model.errors import DatabaseError

pytestmark = pytest.mark.live

Collections = Callable[[str], Path]
Spoil = Callable[[Iterable[Path], Path, str], None]
KINDS = ("raw", "edited", "calibrated")

PRODUCT = """
[[product]]
grammar = "nda_routine"
granule_gid = "{gid}"
root = "data/{gid}"
sources = ["*.cdf"]
access_url = "https://example.org/{gid}/{{name}}"
derived_from = {origins}
"""


@pytest.fixture
def observation(collection: Collections) -> Path:
    """Three products of each of three observations: calibrated derives from edited and raw, edited from raw."""
    folder = collection("nda_routine")
    text = (folder / "collection.toml").read_text("utf-8").partition("[[product]]")[0]
    text = text.replace('"{stem}_cdf"', '"{gid}_{stem}"')
    for number, gid in enumerate(KINDS):
        text += PRODUCT.format(gid=gid, origins=json.dumps(KINDS[:number]))
        shutil.copytree(folder / "data", folder / gid, copy_function=shutil.copy2)
    shutil.rmtree(folder / "data")
    for gid in KINDS:
        (folder / "data" / gid).mkdir(parents=True)
    (folder / "collection.toml").write_text(text, "utf-8")
    return folder


def arrive(folder: Path, gid: str) -> None:
    for path in (folder / gid).iterdir():
        path.rename(folder / "data" / gid / path.name)


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "collection.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def links(database: Database) -> list[dict[str, Any]]:
    with database.connect() as conn:
        cursor = conn.execute("SELECT xmin::text, * FROM nda_routine.links ORDER BY id, ord")
        assert cursor.description
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def versions(database: Database) -> list[tuple[Any, ...]]:
    """Which version of each link, row and line of the ledger is there: any write makes another."""
    with database.connect() as conn:
        return [
            row
            for table in ("links", "epn_core", "ledger")
            for row in conn.execute(f"SELECT xmin::text, ctid::text FROM nda_routine.{table} ORDER BY ctid")  # type: ignore[arg-type]
        ]


def related(database: Database) -> set[tuple[str, str, str]]:
    """(kind, term, kind of the other end) of all links between granules."""
    found = set()
    for link in links(database):
        if link["semantics"] in {"#progenitor", "#derivation"}:
            assert link["access_url"].split("/")[-1].removesuffix(".cdf") == link["id"].partition("_")[2]
            found.add((link["id"].split("_")[0], link["semantics"], link["access_url"].split("/")[3]))
    return found


ALL = {
    ("edited", "#progenitor", "raw"), ("raw", "#derivation", "edited"),
    ("calibrated", "#progenitor", "raw"), ("raw", "#derivation", "calibrated"),
    ("calibrated", "#progenitor", "edited"), ("edited", "#derivation", "calibrated"),
}  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS)), ids="-".join)
def test_products_of_one_observation_find_each_other_in_any_order(
    observation: Path, database: Database, order: tuple[str, ...]
) -> None:
    for gid in order:
        arrive(observation, gid)
        ingest(observation, database)
    found = links(database)
    assert related(database) == ALL
    assert sum(link["semantics"] in {"#progenitor", "#derivation"} for link in found) == 3 * len(ALL)
    assert all(link["content_length"] > 0 for link in found if link["ord"] >= relations.FIRST)


def test_batches_do_not_matter(observation: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "BATCH_FILES", 1)
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    assert related(database) == ALL


def test_an_unchanged_run_writes_no_link(observation: Path, database: Database) -> None:
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    before = versions(database)
    summary = ingest(observation, database)
    assert (summary.changed, summary.unchanged) == (0, 9)
    done = relink(observation, database)
    assert (done.granules, done.changed, done.relations, done.left) == (9, 0, 0, 0)
    assert versions(database) == before


def test_a_granule_that_goes_takes_its_relations_along(observation: Path, database: Database) -> None:
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    for path in (observation / "data" / "edited").iterdir():
        path.write_bytes(b"damaged")
    ingest(observation, database)
    assert related(database) == {link for link in ALL if "edited" not in link}


def test_a_granule_that_moves_to_another_observation_leaves_the_first(observation: Path, database: Database) -> None:
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    edit(observation, 'obs_id = "{stem}"', 'obs_id = "{gid}_{stem}"')
    ingest(observation, database)
    assert related(database) == set()


def test_a_changed_url_reaches_the_links_of_the_others(observation: Path, database: Database) -> None:
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    edit(observation, "https://example.org/raw/", "https://new.example.org/raw/")
    ingest(observation, database)
    urls = {link["access_url"].split("/")[2] for link in links(database) if link["semantics"] == "#progenitor"}
    assert urls == {"new.example.org", "example.org"}
    assert related(database) == ALL


def test_an_observation_of_very_many_granules_has_a_bound(
    observation: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relations, "MOST", 2)
    edit(observation, 'obs_id = "{stem}"', 'obs_id = "{schema} {year}"')
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    counts: dict[str, int] = {}
    for link in links(database):
        counts[link["id"]] = counts.get(link["id"], 0) + (link["ord"] >= relations.FIRST)
    assert set(counts.values()) == {2}


def ingested_without_files(observation: Path, database: Database) -> Path:
    """The collection is loaded, and its files are gone."""
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    (observation / "data").rename(observation / "away")
    return observation


def test_new_urls_need_no_file(observation: Path, database: Database) -> None:
    folder = ingested_without_files(observation, database)
    edit(folder, 'gid = "raw"', 'gid = "raw"\npreviews = [{url = "https://example.org/{path}/{obs_id}.png"}]')
    done = relink(folder, database)
    assert (done.granules, done.changed, done.relations) == (9, 3, 0)
    found = [link for link in links(database) if link["semantics"] == "#preview-plot"]
    stems = sorted(path.stem for path in (folder / "away" / "raw").iterdir())
    assert [link["access_url"] for link in found] == [f"https://example.org/{s}.cdf/{s}.png" for s in stems]
    before = versions(database)
    assert relink(folder, database).changed == 0
    (folder / "away").rename(folder / "data")
    summary = ingest(folder, database)
    assert (summary.changed, summary.unchanged) == (0, 9)
    assert versions(database) == before


def test_links_made_from_rows_are_those_made_from_files(observation: Path, database: Database) -> None:
    folder = ingested_without_files(observation, database)
    expected = [{**link, "xmin": ""} for link in links(database)]
    with database.connect() as conn:
        conn.execute("DELETE FROM nda_routine.links WHERE ord % 2 = 0")
        conn.execute("UPDATE nda_routine.links SET access_url = 'https://wrong.example.org/' WHERE id LIKE 'raw%'")
    assert relink(folder, database).granules == 9
    assert [{**link, "xmin": ""} for link in links(database)] == expected


def test_ingest_follows_keys_of_links_and_opens_no_file(observation: Path, database: Database, spoil: Spoil) -> None:
    for gid in KINDS:
        arrive(observation, gid)
    ingest(observation, database)
    spoil((observation / "data").rglob("*.cdf"), observation, "nda_routine")
    edit(observation, "/reseau-decametrique/", "/readme.pdf")
    edit(observation, 'derived_from = ["raw", "edited"]', 'derived_from = ["raw"]')
    summary = ingest(observation, database)
    assert (summary.changed, summary.unchanged, len(summary.quarantined)) == (9, 0, 0)
    assert sum(link["access_url"].endswith("readme.pdf") for link in links(database)) == 9
    assert related(database) == {link for link in ALL if set(link) & {"raw"}}
    assert ingest(observation, database).changed == 0


def test_a_listed_granule_gets_no_data_back(observation: Path, database: Database) -> None:
    edit(observation, "granule_uid =", 'release_after = "P90Y"\nembargoed = "list"\ngranule_uid =')
    folder = ingested_without_files(observation, database)
    assert {link["semantics"] for link in links(database)} == {"#documentation"}
    assert relink(folder, database).changed == 0


def test_a_product_that_the_config_has_no_longer_is_left_alone(observation: Path, database: Database) -> None:
    folder = ingested_without_files(observation, database)
    edit(folder, 'root = "data/calibrated"', 'root = "data/other"')
    before = versions(database)
    done = relink(folder, database)
    assert (done.granules, done.left) == (6, 3)
    assert [line for line in versions(database) if line not in before] == []


def test_one_writer_at_a_time(observation: Path, database: Database) -> None:
    with database.connect() as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('epncore ingest nda_routine', 0))")
        with pytest.raises(DatabaseError, match="another epncore command"):
            relink(observation, database)


def test_the_command_tells_what_it_did(observation: Path, database: Database) -> None:
    folder = ingested_without_files(observation, database)
    edit(folder, "/reseau-decametrique/", "/readme.pdf")

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "epncore.app.cli", "links", str(folder), *words]
        environment = {**os.environ, "EPNCORE_DSN": database.dsn}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60)
        return done.stdout

    assert "links of 9 of 9 granules differed" in run()
    answer = json.loads(run("--json"))
    assert list(answer) == ["granules", "changed", "relations", "left", "seconds"]
    assert (answer["granules"], answer["changed"]) == (9, 0)


def test_links_and_rows_are_written_together_or_not_at_all(
    observation: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: relations.Relations) -> int:
        raise psycopg.OperationalError("the server is gone")

    for gid in KINDS:
        arrive(observation, gid)
    monkeypatch.setattr(relations.Relations, "settle", fail)
    monkeypatch.setattr("epncore.app.session.WAITS_SECONDS", (0.0, 0.1))
    with pytest.raises(DatabaseError):
        ingest(observation, database)
    assert versions(database) == []
