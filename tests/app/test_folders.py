"""Folders that are as the ledger has them, and what must never pass for that."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from epncore.app import folders
from epncore.app.database import Database
from epncore.app.diff import Differences
from epncore.app.folders import Scanned
from epncore.app.ingest import ingest
from epncore.app.scan import Seen
from epncore.app.schema import sql_type
from epncore.model.bookkeeping import LEDGER, Stamp

Collections = Callable[[str], Path]

STAMP = Stamp("istp", 1, "reading", "config", "linking")
NAMES = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=9)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.none() | st.text(st.characters(exclude_characters="\0\1", exclude_categories=["Cs"]), min_size=1, max_size=9)
FILES = st.builds(
    Seen, st.builds("/".join, st.lists(NAMES, min_size=1, max_size=3)), st.integers(0, 3),
    NUMBERS, NUMBERS, NUMBERS, NUMBERS, TEXTS, TEXTS, TEXTS,
)  # fmt: skip


def ledger_of(conn: psycopg.Connection, files: Iterable[Seen]) -> Differences:
    """A ledger that knows these files, each with a row that nothing is due for."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(sql_type(c.type)))  # type: ignore[arg-type]
        for c in LEDGER.columns
    )
    conn.execute("DROP SCHEMA IF EXISTS folders CASCADE")
    conn.execute("CREATE SCHEMA folders")
    conn.execute(sql.SQL("CREATE TABLE folders.ledger ({})").format(columns))
    names = (*Seen._fields, *Stamp._fields, "status", "row_hash")
    statement = sql.SQL("INSERT INTO folders.ledger ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(sql.SQL("%s") * len(names))
    )
    with conn.cursor() as cursor:
        cursor.executemany(statement, [(*file, *STAMP, "row", "hash") for file in files])
    differences = Differences(conn, "folders")
    differences.expect([STAMP] * 4, dt.datetime(2024, 1, 1), read_all=False)
    return differences


@pytest.fixture(scope="module")
def conn(server: str) -> Iterator[psycopg.Connection]:
    """A connection of which nothing is committed."""
    with psycopg.connect(server) as conn:
        yield conn
        conn.rollback()


@given(st.lists(FILES, max_size=12, unique_by=lambda file: file.path))
def test_the_server_makes_the_same_fingerprints(conn: psycopg.Connection, files: list[Seen]) -> None:
    in_folders = sorted(files, key=lambda file: file.path.rpartition("/")[0])
    differences = ledger_of(conn, files)
    try:
        assert differences.fingerprints() == Scanned(in_folders).contents
    finally:
        conn.rollback()


SEEN = Seen("data/2020/a.cdf", 0, 100, 200, 300, 400, None, None, None)


@pytest.mark.parametrize("field", Seen._fields)
def test_each_thing_that_is_known_of_a_file_counts(field: str) -> None:
    other = "data/2020/b.cdf" if field == "path" else 7 if isinstance(getattr(SEEN, field), int) else "x"
    assert Scanned([SEEN]).contents != Scanned([SEEN._replace(**{field: other})]).contents


DUE = {
    "another config": "UPDATE folders.ledger SET config = 'old'",
    "another grammar": "UPDATE folders.ledger SET grammar_version = 0",
    "links of another form": "UPDATE folders.ledger SET linking = 'old'",
    "a product that is gone": "UPDATE folders.ledger SET product = 9",
    "an embargo that ended": "UPDATE folders.ledger SET release_date = '2023-12-31'",
    "a row without fingerprint": "UPDATE folders.ledger SET row_hash = NULL",
    "a file without stamp": "UPDATE folders.ledger SET grammar = NULL",
    "a folder that could not be entered": "UPDATE folders.ledger SET path = 'data/2020/'",
    "a size that is not known": "UPDATE folders.ledger SET size_bytes = NULL",
}


@pytest.mark.parametrize("due", DUE)
def test_a_folder_of_which_something_is_due_is_not_settled(conn: psycopg.Connection, due: str) -> None:
    scanned = Scanned([SEEN, SEEN._replace(path="other/b.cdf")])
    differences = ledger_of(conn, [SEEN])
    try:
        known = differences.fingerprints()
        assert SEEN.path in differences.settled(scanned, known)
        conn.execute("DROP TABLE folders")
        conn.execute(DUE[due])  # type: ignore[arg-type]
        assert SEEN.path not in differences.settled(scanned, differences.fingerprints())
    finally:
        conn.rollback()


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files that the ledger was compared with one by one."""
    paths: list[str] = []
    copied = Differences.scanned

    def scanned(self: Differences, files: Iterable[Seen]) -> None:
        seen = list(files)
        paths.extend(file.path for file in seen)
        copied(self, seen)

    monkeypatch.setattr(Differences, "scanned", scanned)
    return paths


def in_folders(folder: Path) -> list[Path]:
    """The files of a collection, each in a folder of its own name."""
    files = []
    for path in sorted((folder / "data").glob("*.fit*")):
        place = folder / "data" / path.name.partition(".")[0]
        place.mkdir()
        files.append(path.rename(place / path.name))
    return files


def test_only_folders_that_differ_are_compared(
    collection: Collections, database: Database, looked_at: list[str]
) -> None:
    folder = collection("ecallisto")
    files = in_folders(folder)
    assert ingest(folder, database).new == len(files) == len(looked_at)
    looked_at.clear()
    assert ingest(folder, database).unchanged == len(files)
    assert looked_at == []
    os.utime(files[0], ns=(1, 1))
    summary = ingest(folder, database)
    assert (summary.unchanged + summary.changed, summary.vanished) == (len(files), [])
    assert looked_at == [str(files[0].relative_to(folder))]


def steps(folder: Path, files: list[Path]) -> Iterator[str]:
    """What may happen to an archive, one thing after another."""
    yield "all new"
    yield "unchanged"
    os.utime(files[0], ns=(1, 1))
    yield "changed"
    files[1].rename(files[0].parent / f"X_{files[1].name}")
    yield "moved to another folder"
    shutil.rmtree(files[2].parent)
    yield "gone"
    files[3].write_bytes(b"")
    yield "bad"
    config = folder / "collection.toml"
    config.write_text(config.read_text("utf-8").replace("q/p/static", "q/p/other"), "utf-8")
    yield "another URL"
    yield "unchanged at last"


OUTCOMES = [  # new, changed, renamed, unchanged, quarantined, vanished, rows
    (4, 0, 0, 0, 0, 0, 4),
    (0, 0, 0, 4, 0, 0, 4),
    (0, 1, 0, 3, 0, 0, 4),
    (0, 0, 1, 3, 0, 0, 4),
    (0, 0, 0, 3, 0, 1, 4),
    (0, 0, 0, 2, 1, 1, 3),
    (0, 2, 0, 0, 1, 1, 3),
    (0, 0, 0, 2, 1, 1, 3),
]


@pytest.mark.parametrize("files_max", [0, folders.FILES_MAX])
def test_the_outcome_is_the_same_whether_folders_are_settled_or_not(
    collection: Collections, database: Database, monkeypatch: pytest.MonkeyPatch, files_max: int
) -> None:
    monkeypatch.setattr(folders, "FILES_MAX", files_max)
    folder = collection("ecallisto")
    told = []
    for _ in steps(folder, in_folders(folder)):
        run = ingest(folder, database)
        told.append(
            (run.new, run.changed, run.renamed, run.unchanged, run.quarantined_count, run.vanished_count, run.rows)
        )
    assert told == OUTCOMES
