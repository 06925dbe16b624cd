"""Bad files listed and read again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.quarantine import forgotten, kind_of, listed
from epncore.model.errors import DatabaseError

pytestmark = pytest.mark.live

EPNCORE = Path(sys.executable).parent / "epncore"


def epncore(*words: str | Path, dsn: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EPNCORE, "quarantine", *words], capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, "EPNCORE_DSN": dsn, "COLUMNS": "200"},
    )  # fmt: skip


@pytest.fixture
def folder(collection: Callable[[str], Path], database: Database) -> Path:
    """An ingested collection with bad files of two kinds in two folders."""
    folder = collection("ecallisto")
    good = next((folder / "data").glob("BIR*"))
    for year in ("2023", "2024"):
        (folder / "data" / year).mkdir()
        (folder / "data" / year / f"empty{year}.fit").write_bytes(b"")
        shutil.copy2(good, folder / "data" / year / good.name)  # a duplicate
    ingest(folder, database)
    return folder


def test_bad_files_are_listed_with_place_reason_and_since_when(folder: Path, database: Database) -> None:
    found = listed(database, "ecallisto")
    assert [bad.path.split("/")[1] for bad in found].count("2024") == 2
    assert all(bad.where and bad.reason and bad.since for bad in found)
    ingest(folder, database)
    assert listed(database, "ecallisto") == found, "they are as old as they were"
    (only,) = listed(database, "ecallisto", ["data/2024/*"], "EMPTY")
    assert only.path == "data/2024/empty2024.fit"
    assert listed(database, "ecallisto", ["data/2024/empty2024.fit"]) == [only]
    assert listed(database, "ecallisto", ["2024/*"]) == []
    assert "No bad file matches '2024/*'." in epncore("list", folder, "2024/*", dsn=database.dsn).stdout
    for ask in (listed, forgotten):
        with pytest.raises(DatabaseError, match=r"no table nowhere\.ledger: .*epncore ingest"):
            ask(database, "nowhere")

    answer = json.loads(epncore("list", folder, "data/2024/*", "--json", dsn=database.dsn).stdout)
    assert [set(bad) for bad in answer["quarantined"]] == [{"path", "where", "reason", "since"}] * 2
    said = epncore("list", folder, "--reason", "empty", dsn=database.dsn).stdout
    assert "data/2023/empty2023.fit" in said
    assert "BIR" not in said


def test_a_new_reason_is_of_today(folder: Path, database: Database) -> None:
    (bad,) = listed(database, "ecallisto", ["data/2024/empty*"])
    with database.connect() as conn:
        conn.execute("UPDATE ecallisto.ledger SET since = since - interval '3 days' WHERE since IS NOT NULL")
    (folder / "data" / "2023" / "empty2023.fit").touch()
    (folder / "data" / "2024" / "empty2024.fit").write_bytes(b"<html>not found")
    ingest(folder, database)
    (same,) = listed(database, "ecallisto", ["data/2023/empty*"])
    (other,) = listed(database, "ecallisto", ["data/2024/empty*"])
    assert bad.since
    assert same.since
    assert same.since < bad.since, "touched, and bad as before"
    assert other.since
    assert other.since > bad.since


def test_many_files_are_grouped_by_reason(folder: Path, database: Database) -> None:
    for number in range(30):
        (folder / "data" / "2024" / f"page{number}.fit").write_bytes(b"<html>not found")
    ingest(folder, database)
    said = epncore("list", folder, dsn=database.dsn).stdout
    assert "30 " in said
    assert "page0.fit" in said
    assert "page1.fit" not in said
    assert "One by one: " in said


def test_reasons_of_one_kind_are_alike() -> None:
    one = "granule_uid spectrogram_1 is already that of data/a.fit, which sorts first. Choose another"
    assert kind_of(one) == kind_of(one.replace("spectrogram_1", "x_2").replace("a.fit", "b/c.fit"))
    assert kind_of("breaks rule pair.time: 3 but 4") == "breaks rule pair.time"
    assert kind_of("an empty file") == "an empty file"


def test_a_retry_reads_what_has_not_changed(folder: Path, database: Database) -> None:
    """A file that was bad for another reason than its bytes: here, its ledger line says so."""
    good = next((folder / "data").glob("GREENLAND*")).name
    with database.connect() as conn:
        conn.execute("DELETE FROM ecallisto.epn_core WHERE file_name = %s", (good,))
        conn.execute(
            "UPDATE ecallisto.ledger SET status = 'quarantined', place = 'reader', reason = 'took too long',"
            " granule_uid = NULL, row_hash = NULL, since = now() WHERE path = %s",
            (f"data/{good}",),
        )
    assert ingest(folder, database).new == 0, "by itself, no ingest reads it again"
    before = len(listed(database, "ecallisto"))
    retried = epncore("retry", folder, "--reason", "took too long", "--json", dsn=database.dsn)
    assert (retried.returncode, json.loads(retried.stdout)) == (
        0, {"schema": "ecallisto", "retried": 1, "quarantined": []},
    )  # fmt: skip
    assert len(listed(database, "ecallisto")) == before - 1
    with database.connect() as conn:
        found = conn.execute("SELECT count(*) FROM ecallisto.epn_core WHERE file_name = %s", (good,)).fetchone()
    assert found == (1,)

    still = epncore("retry", folder, "data/*/empty*", dsn=database.dsn)
    assert still.returncode == 3
    assert "2 bad files read again, 0 mended" in still.stdout
    none = epncore("retry", folder, "nothing*", dsn=database.dsn)
    assert (none.returncode, none.stdout) == (0, "No bad file matches 'nothing*'.\n")


def test_a_retry_is_refused_while_an_ingest_runs(folder: Path, database: Database) -> None:
    with database.connect() as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('epncore ingest ecallisto', 0))")
        with pytest.raises(DatabaseError, match="another epncore command"):
            forgotten(database, "ecallisto")
