"""Rows of real tables become granules: PostgreSQL, SQLite, MariaDB, and ODBC; changed and vanished ones are told."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import pickle
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.inspect import inspect
from epncore.app.scan import Seen
from epncore.app.source_rows import SourceRows
from epncore.app.stamps import stamps
from epncore.app.worker import Job, Task, Worker
from epncore.model.collection import load
from epncore.model.errors import ConfigError, DatabaseError, EpnCoreError, FileError, UsageError
from grammars.plan import compile_plans
from rd_templates.dachs_way import dachs_way

from . import source_databases
from .source_databases import CREATE, INSERT, TYPES, Source
from .test_cli import epncore

CONFIG = """
schema = "archive"
title = "An archive"
description = "Observations that a database knows."
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
granule_gid = "obs"

[product.table]
url_env = "ARCHIVE_URL"
query = "SELECT o.*, 'a:b' AS odd FROM obs o WHERE f0 IS NULL OR f0 > 0.001"
key = "id"
modified = "changed"

[product.mapping]
target_name = { column = "PLANET", required = true }
time_min = { column = "t0" }
time_max = { column = "t1" }
spectral_range_min = { column = "f0", unit = "MHz" }
spectral_range_max = { column = "f1", unit = "MHz" }
target_region = { column = "lists", separator = ";" }
access_url = { column = "url" }
"""


@pytest.fixture(scope="module", params=list(TYPES))
def server_of_kind(request: pytest.FixtureRequest, server: str) -> Iterator[tuple[str, Source]]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        way = getattr(source_databases, request.param)
        with way(server if request.param == "postgresql" else Path(folder)) as source:
            yield request.param, source


@pytest.fixture
def source(server_of_kind: tuple[str, Source], monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    kind, source = server_of_kind
    source.run(CREATE.format(**TYPES[kind]))
    source.run(INSERT)
    monkeypatch.setenv("ARCHIVE_URL", source.url)
    yield source
    source.run("DROP TABLE obs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "collection.toml").write_text(CONFIG)
    return tmp_path


@pytest.mark.live
def test_rows_come_change_and_vanish_as_files_do(source: Source, folder: Path, database: Database) -> None:
    assert (ingest(folder, database, workers=1).new, ingest(folder, database, workers=1).unchanged) == (3, 3)
    with database.connect() as conn:
        rows = conn.execute(
            "SELECT granule_uid, target_name, time_min, time_max, spectral_range_min, spectral_range_max,"
            " target_region, access_url, modification_date::text FROM archive.epn_core ORDER BY 1"
        ).fetchall()
        paths = conn.execute("SELECT path, status FROM archive.ledger ORDER BY 1").fetchall()
    assert rows == [
        ("obs_1", "Jupiter", 2460340.5, 2460340.75, 1.05e7, 4e7, "Io#Europa", "https://x.org/1", "2024-01-01 00:00:00"),
        ("obs_2", "Saturn", 2460342.0, 2460342.0625, 3000.0, 1.6e7, None, None, "2024-03-01 00:00:00"),
        ("obs_3", "Sonne: 100% _o_", 2460342.5, 2460342.5 + 1 / 24, None, None, None, None, "2024-01-01 00:00:00"),
    ]  # fmt: skip
    assert paths == [(f"table:obs/{number}", "row") for number in (1, 2, 3)]

    source.run("UPDATE obs SET planet = 'Uranus' WHERE id = 2")
    source.run("DELETE FROM obs WHERE id = 1")
    source.run("INSERT INTO obs (id, planet, t0, t1) VALUES (4, 'Mars', '2024-02-03 00:00:00', '2024-02-03 01:00:00')")
    after = ingest(folder, database, workers=1)
    assert (after.new, after.changed, after.unchanged, after.vanished) == (1, 1, 1, ["table:obs/1"])
    pruned = ingest(folder, database, workers=1, prune=True)
    assert (pruned.pruned, pruned.rows, pruned.unchanged) == (1, 3, 3)
    with database.connect() as conn:
        names = conn.execute("SELECT target_name FROM archive.epn_core ORDER BY granule_uid").fetchall()
    assert names == [("Uranus",), ("Sonne: 100% _o_",), ("Mars",)]
    verified = ingest(folder, database, workers=1, verify=True)
    assert (verified.unchanged, verified.altered) == (3, [])


def test_a_key_that_is_none_is_refused_whatever_the_database(source: Source, folder: Path) -> None:
    config = folder / "collection.toml"
    source.run("UPDATE obs SET lists = 'x'")
    for key, words in (
        ("lists", "lists: is no key: several rows have lists 'x'"),
        ("f0", "a whole number or a text"),
        ("url", "column url is None in a row"),
    ):
        config.write_text(CONFIG.replace('key = "id"', f'key = "{key}"').replace("WHERE", "WHERE id < 3 AND "))
        if key == "lists":
            words = words.split(": ", 1)[1]
        with pytest.raises(ConfigError) as caught:
            list(SourceRows(folder, load(folder)).seen())
        assert words in str(caught.value), key
        assert caught.value.place == "product.0.table.key"


def test_a_row_that_changes_after_it_was_seen_is_read_as_it_is_then(source: Source, folder: Path) -> None:
    rows = SourceRows(folder, load(folder))
    seen = list(rows.seen())
    source.run("UPDATE obs SET planet = 'Venus' WHERE id = 1")
    source.run("DELETE FROM obs WHERE id = 2")
    first, second, third = rows.filled(map(Job, seen))
    assert (first.row["planet"], second.row, third.seen) == ("Venus", None, seen[2])  # type: ignore[index]
    assert first.seen != seen[0]
    assert {each.path: each for each in rows.seen()}["table:obs/1"] == first.seen


def test_a_row_that_is_gone_when_it_is_to_be_read_is_tried_again(folder: Path) -> None:
    outcome = Worker(Task(str(folder), dt.datetime(2024, 6, 1))).work(Job(Seen("table:obs/2", 0, -1, -1)))
    assert (outcome.status, outcome.place) == ("unavailable", "table")


def test_dachs_is_not_asked_to_read_the_rows(folder: Path) -> None:
    collection = load(folder)
    plans = compile_plans(collection, str(folder / "collection.toml"))
    with pytest.raises(UsageError, match=r"product\.0\.table: DaCHS reads files"):
        dachs_way(collection, folder, stamps(collection, plans), ["python"])


def test_what_goes_to_a_worker_holds_no_url(source: Source, folder: Path) -> None:
    (job, *_) = SourceRows(folder, load(folder)).filled([Job(Seen("table:obs/1", 0, -1, -1))])
    assert job.row is not None
    assert source.url.encode() not in pickle.dumps(job)


def test_inspect_shows_a_row_and_what_no_column_uses(source: Source, folder: Path) -> None:
    done = epncore("inspect", "table:obs/1", "--collection", folder, "--unused", "--json")
    answer = json.loads(done.stdout)
    assert answer["rows"][0]["target_name"] == {"value": "Jupiter", "source": "column PLANET of the query"}
    assert answer["unused"] == ["id", "changed", "odd"]
    with pytest.raises(UsageError, match="there is no such row"):
        inspect(Path("table:obs/77"), folder)


def test_nothing_is_written_to_the_source(source: Source, folder: Path) -> None:
    text = CONFIG.replace("SELECT o.*", "SELECT o.*").replace('f0 > 0.001"', 'f0 > 0.001) AS q; DELETE FROM obs; --"')
    (folder / "collection.toml").write_text(text)
    with pytest.raises(DatabaseError):
        list(SourceRows(folder, load(folder)).seen())
    (folder / "collection.toml").write_text(CONFIG)
    assert len(list(SourceRows(folder, load(folder)).seen())) == 3


SECRET = "s3cr@t/word"


@pytest.mark.live
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody:s3cr%40t%2Fword@127.0.0.1:1/x",
        "postgresql://nobody:s3cr%40t%2Fword@/nowhere?host=/no/such/folder",
        "mysql://nobody:s3cr%40t%2Fword@127.0.0.1:1/x",
        "odbc:Driver=Nothing;Server=127.0.0.1;UID=a;PWD=s3cr@t/word",
        "odbc:DSN=nowhere;Password={s3cr@t/word}",
        "oracle://nobody:s3cr%40t%2Fword@127.0.0.1/x",
        "nothing://nobody:s3cr%40t%2Fword@127.0.0.1/x",
        "postgresql://nobody:s3cr@t/word@127.0.0.1:1:2/x",
        "postgresql://nobody:s3cr@retWord@127.0.0.1:1/x",
        "mysql+pymysql://nobody:s3cr@retWord@127.0.0.1:1/x",
        "postgresql://nobody:retWord/@127.0.0.1:xx/x",
        "postgresql://nobody:retWord?s3cr@127.0.0.1:1/x",
        "s3cr@t/word",
    ],
)
def test_a_password_comes_into_no_error_log_or_ledger(
    url: str, folder: Path, database: Database, tmp_path: Path
) -> None:
    done = epncore(
        "ingest", folder, "--dsn", database.dsn, "--log-json", tmp_path / "events", ARCHIVE_URL=url, PYTHONDEVMODE="1"
    )
    assert done.returncode in {1, 2}, done.stdout
    told = " ".join(done.stderr.split())
    assert "product.0.table.url_env: " in told
    assert ("no connection to the source database" in told) == ("whether the server runs" in told)
    assert "look at query and key" not in told, "nothing was asked yet"
    assert "Traceback" not in done.stderr
    with database.connect() as conn:
        names = "SELECT relname FROM pg_class WHERE relnamespace = 'archive'::regnamespace AND relkind = 'r'"
        kept = [conn.execute(f"SELECT * FROM archive.{name}").fetchall() for (name,) in conn.execute(names).fetchall()]  # type: ignore[arg-type]
    everything = done.stdout + done.stderr + (tmp_path / "events").read_text() + repr(kept)
    for secret in (SECRET, "s3cr%40t", "s3cr@t", "retWord"):
        assert secret not in everything


@pytest.mark.parametrize(
    "url", ["postgresql://me:x@h/d", "odbc:DSN=a;PWD=x", "mysql://u:@h/d?password=x", "postgresql://h/d?password=x"]
)
def test_a_config_may_hold_no_password(folder: Path, url: str) -> None:
    path = folder / "collection.toml"
    path.write_text(CONFIG.replace('url_env = "ARCHIVE_URL"', f'url = "{url}"'))
    with pytest.raises(ConfigError, match="a password stands in it, and this file is no place for one") as caught:
        load(folder)
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('url_env = "ARCHIVE_URL"', "", "say where the database is, by url or by url_env"),
        ("SELECT o.*", "DELETE", "a query begins with SELECT"),
        ('key = "id"', "key = []", "table.key"),
        ('granule_gid = "obs"', 'granule_gid = "obs"\nroot = "x"', "root: it is for files"),
        ('granule_gid = "obs"', 'granule_gid = "obs"\nsources = ["*"]', "one of them"),
        ('granule_gid = "obs"', 'granule_gid = "obs"\naccess_url = "https://x.org/{stem}"', "say what access_url"),
    ],
)
def test_a_wrong_table_is_told_before_anything_is_asked(folder: Path, old: str, new: str, words: str) -> None:
    path = folder / "collection.toml"
    path.write_text(CONFIG.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert words in str(caught.value)


def test_the_environment_must_hold_the_url(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARCHIVE_URL", raising=False)
    with pytest.raises(ConfigError, match="the environment has no ARCHIVE_URL"):
        list(SourceRows(folder, load(folder)).seen())


def test_a_sqlite_file_that_is_not_there_is_not_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE_URL", "sqlite:///archive.db")
    with pytest.raises(ConfigError, match=r"no such file: .*archive\.db"):
        list(SourceRows(folder, load(folder)).seen())
    assert not (folder / "archive.db").exists()


@pytest.fixture
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SQLite beside the config, with awkward keys and values."""
    with closing(sqlite3.connect(folder / "archive.db")) as connection:
        connection.execute("CREATE TABLE obs (id, part, planet, t0, t1, f0, f1, lists, url, changed)")
        for key, planet in (("a/b", "Venus"), ("..", "Mars"), ("x%2Fy ü", "Earth"), ("12", "Neptune")):
            values = (key, 7, planet, "2024-01-01T00:00:00", "2024-01-02T00:00:00", 1, 2, None, None, None)
            connection.execute("INSERT INTO obs VALUES (?,?,?,?,?,?,?,?,?,?)", values)
        connection.commit()
    monkeypatch.setenv("ARCHIVE_URL", "sqlite:///archive.db")
    return folder


@pytest.mark.live
def test_any_text_may_be_a_key_and_names_no_file(small: Path, database: Database) -> None:
    path = small / "collection.toml"
    text = CONFIG.replace('key = "id"', 'key = ["id", "part"]').replace('granule_gid = "obs"', 'granule_gid = "o b"')
    path.write_text(text)
    before = sorted(small.iterdir())
    assert ingest(small, database, workers=1).new == 4
    with database.connect() as conn:
        pairs = "SELECT l.path, e.target_name FROM archive.ledger l JOIN archive.epn_core e USING (granule_uid)"
        found = dict(conn.execute(pairs).fetchall())
    assert found == {
        "table:o%20b/a%2Fb,7": "Venus", "table:o%20b/%2E%2E,7": "Mars", "table:o%20b/x%252Fy%20%C3%BC,7": "Earth",
        "table:o%20b/12,7": "Neptune",
    }  # fmt: skip
    assert ingest(small, database, workers=1).unchanged == 4
    assert sorted(small.iterdir()) == before


CELL = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.binary(max_size=20),
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(["2024-01-01T00:00:00", "9999-12-31T24:00:60", "-4712-01-01", "1e999", "NaN", 1e308, 0, -1]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(CELL, min_size=8, max_size=8))
def test_noise_in_the_cells_of_a_row_ends_in_a_row_or_a_reason(small: Path, cells: list[object]) -> None:
    with closing(sqlite3.connect(small / "archive.db")) as connection:
        connection.execute(
            "UPDATE obs SET planet=?, t0=?, t1=?, f0=?, f1=?, lists=?, url=?, part=? WHERE id='12'", cells
        )
        connection.execute("UPDATE obs SET changed=NULL")
        connection.commit()
    with contextlib.suppress(EpnCoreError):
        assert inspect(Path("table:obs/12"), small).grammar == "mapped_table"


def test_a_query_without_rows_is_no_error_and_a_damaged_database_is_one(small: Path) -> None:
    with closing(sqlite3.connect(small / "archive.db")) as connection:
        connection.execute("DELETE FROM obs")
        connection.commit()
    assert list(SourceRows(small, load(small)).seen()) == []
    path = small / "archive.db"
    content = path.read_bytes()
    for damaged in (b"SQLite format 3\0" + bytes(4080), content[:1000], b"noise" * 300):
        path.write_bytes(damaged)
        with pytest.raises(EpnCoreError) as caught:
            list(SourceRows(small, load(small)).seen())
        assert caught.value.message


def test_a_column_that_the_query_does_not_give_is_told_with_those_that_it_gives(small: Path) -> None:
    path = small / "collection.toml"
    path.write_text(CONFIG.replace('"PLANET"', '"plannet"'))
    with pytest.raises(FileError, match=r"the query gives no column 'plannet'\. It gives id, part, planet"):
        inspect(Path("table:obs/12"), small)


@pytest.mark.parametrize("grammar", ["mapped_fits", "istp"])
def test_a_grammar_of_files_reads_no_table(small: Path, grammar: str) -> None:
    path = small / "collection.toml"
    path.write_text(CONFIG.replace("mapped_table", grammar))
    with pytest.raises(EpnCoreError, match=f"grammar '{grammar}' reads files"):
        inspect(Path("table:obs/12"), small)
