"""From a folder of files to rows, on a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import shutil
import string
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.outcome import Outcome
from epncore.app.scan import Seen
from epncore.app.status import status
from epncore.app.summary import Summary
from epncore.app.worker import Worker
from epncore.model.errors import ConfigError, DatabaseError

pytestmark = pytest.mark.live

Collections = Callable[[str], Path]
Spoil = Callable[[Iterable[Path], Path, str], None]


def table(database: Database, schema: str = "ecallisto", name: str = "epn_core") -> list[dict[str, Any]]:
    order = {"epn_core": "granule_uid", "ledger": "path", "links": "id, ord"}[name]
    with database.connect() as conn:
        cursor = conn.execute(f"SELECT * FROM {schema}.{name} ORDER BY {order}")  # type: ignore[arg-type]
        assert cursor.description
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    return (
        summary.new, summary.changed, summary.unchanged, len(summary.quarantined), len(summary.vanished),
    )  # fmt: skip


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "collection.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def only(folder: Path, pattern: str) -> None:
    """Let the collection hold the files of this pattern alone."""
    path = folder / "collection.toml"
    path.write_text(re.sub(r"(?m)^sources = .*$", f'sources = ["{pattern}"]', path.read_text("utf-8")), "utf-8")


def add(folder: Path, text: str) -> None:
    """Put keys before the first table of the config."""
    path = folder / "collection.toml"
    path.write_text(f"{text}\n{path.read_text('utf-8')}", "utf-8")


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "data").rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["ecallisto", "nda_routine", "voyager_pws"])
def test_each_file_of_a_sample_collection_becomes_a_row(collection: Collections, database: Database, name: str) -> None:
    folder = collection(name)
    summary = ingest(folder, database)
    assert counts(summary) == (len(files_of(folder)), 0, 0, 0, 0)
    rows = table(database, name)
    assert {row["file_name"] for row in rows} == {path.name for path in files_of(folder)}
    assert summary.rows == len(rows)


def versions(database: Database) -> dict[str, list[Any]]:
    """Where each row of the three tables lies and which transaction wrote it: another where it was written anew."""
    with database.connect() as conn:
        return {
            name: conn.execute(f"SELECT xmin::text, ctid::text FROM ecallisto.{name} ORDER BY ctid").fetchall()  # type: ignore[arg-type]
            for name in ("epn_core", "ledger", "links")
        }


def test_an_unchanged_run_reads_no_file_and_writes_nothing(
    collection: Collections, database: Database, spoil: Spoil
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    spoil(files_of(folder), folder, "ecallisto")
    before = versions(database)
    summary = ingest(folder, database)
    assert counts(summary) == (0, 0, len(files_of(folder)), 0, 0)
    assert versions(database) == before


def test_a_changed_file_changes_its_row_alone(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    before = {row["file_name"]: row for row in table(database)}
    path = files_of(folder)[0]
    times = path.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 86_400 * 10**9))
    summary = ingest(folder, database)
    assert counts(summary) == (0, 1, len(before) - 1, 0, 0)
    after = {row["file_name"]: row for row in table(database)}
    assert after[path.name]["modification_date"] == before[path.name]["modification_date"] + dt.timedelta(days=1)
    assert {n: r for n, r in after.items() if n != path.name} == {n: r for n, r in before.items() if n != path.name}


def test_a_changed_config_rewrites_the_rows(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    edit(folder, "[constants]", '[constants]\nalt_target_name = "Sol"')
    with pytest.raises(DatabaseError, match="lacks alt_target_name"):
        ingest(folder, database)
    edit(folder, '\nalt_target_name = "Sol"', "")
    edit(folder, 'granule_gid = "', 'granule_gid = "x')
    summary = ingest(folder, database)
    assert (summary.new, summary.changed) == (len(files_of(folder)), 0), "each row has another granule_uid now"
    assert all(row["granule_gid"].startswith("x") for row in table(database))
    assert len(table(database)) == len(files_of(folder)), "rows of the old granule_uid are gone"
    assert {link["id"] for link in table(database, name="links")} == {row["granule_uid"] for row in table(database)}


def test_a_bad_file_is_quarantined_with_place_and_reason_and_the_others_go_on(
    collection: Collections, database: Database
) -> None:
    folder = collection("ecallisto")
    good = len(files_of(folder))
    (folder / "data" / "empty.fit").write_bytes(b"")
    (folder / "data" / "page.fit").write_bytes(b"<html>not found</html>")
    (folder / "data" / "cut.fit").write_bytes(files_of(folder)[0].read_bytes()[:3000])
    (folder / "data" / "gone.fit").symlink_to("nowhere.fit")
    summary = ingest(folder, database)
    assert counts(summary) == (good, 0, 0, 4, 0)
    assert summary.newly_quarantined == 4
    reasons = {q.path: q.reason for q in summary.quarantined}
    assert set(reasons) == {"data/empty.fit", "data/page.fit", "data/cut.fit", "data/gone.fit"}
    assert "empty" in reasons["data/empty.fit"]
    assert "HTML" in reasons["data/page.fit"]
    assert all(q.where for q in summary.quarantined)

    again = ingest(folder, database)
    assert counts(again) == (0, 0, good, 4, 0), "old quarantine stays in the summary"
    assert again.newly_quarantined == 0

    (folder / "data" / "empty.fit").unlink()
    shutil.copy2(next((folder / "data").glob("BIR*")), folder / "data" / "page.fit")
    mended = ingest(folder, database)
    assert (mended.new, mended.changed) == (1, 0)
    assert [q.path for q in mended.quarantined] == ["data/cut.fit", "data/gone.fit"]
    assert mended.vanished == ["data/empty.fit"]


def test_a_rule_that_is_broken_by_an_empty_column_tells_why_it_is_empty(
    collection: Collections, database: Database
) -> None:
    folder = collection("cassini_rpws")
    label = next((folder / "data").rglob("T1997298_MFR0.LBL"))
    label.write_bytes(label.read_bytes().replace(b'"SOLAR SYSTEM"', b'"NIBIRU XXXXX"'))
    summary = ingest(folder, database)
    assert [q.path for q in summary.quarantined] == ["data/T1997298_MFR0.LBL"]
    (reason,) = (q.reason for q in summary.quarantined)
    assert "target_class = NULL" in reason
    assert "(the class of nibiru xxxxx is not known)" in reason


def test_a_file_that_goes_bad_loses_its_row(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    path = files_of(folder)[0]
    path.write_bytes(b"")
    summary = ingest(folder, database)
    assert [q.path for q in summary.quarantined] == [f"data/{path.name}"]
    assert path.name not in {row["file_name"] for row in table(database)}
    assert summary.rows == len(files_of(folder)) - 1


def test_a_vanished_file_is_told_and_its_row_stays(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    path = files_of(folder)[0]
    path.unlink()
    summary = ingest(folder, database)
    assert summary.vanished == [f"data/{path.name}"]
    assert path.name in {row["file_name"] for row in table(database)}


def test_a_missing_root_changes_nothing_and_says_so(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    (folder / "data").rename(folder / "unmounted")
    with pytest.raises(ConfigError, match="no folder"):
        ingest(folder, database)
    assert len(table(database)) == len(list((folder / "unmounted").iterdir()))


@pytest.mark.parametrize("first", ["a", "b"])
def test_of_two_files_with_one_uid_the_path_that_sorts_first_has_the_row(
    collection: Collections, database: Database, first: str
) -> None:
    folder = collection("ecallisto")
    sample = files_of(folder)[0]
    places = {side: folder / "data" / side / sample.name for side in "ab"}
    only(folder, "[ab]/*")
    for place in places.values():
        place.parent.mkdir()
    shutil.copy2(sample, places[first])
    ingest(folder, database)
    second = "b" if first == "a" else "a"
    shutil.copy2(sample, places[second])
    summary = ingest(folder, database)
    row = next(r for r in table(database, name="ledger") if r["status"] == "row")
    assert row["path"] == f"data/a/{sample.name}"
    (duplicate,) = summary.quarantined
    assert duplicate.path == f"data/b/{sample.name}"
    assert f"data/a/{sample.name}" in duplicate.reason
    assert summary.newly_quarantined == 1
    assert len(table(database)) == 1
    assert ingest(folder, database).newly_quarantined == 0


def test_a_duplicate_has_the_row_once_its_rival_is_bad(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    sample = files_of(folder)[0]
    only(folder, "[ab]/*")
    for side in "ab":
        (folder / "data" / side).mkdir()
        shutil.copy2(sample, folder / "data" / side / sample.name)
    assert len(ingest(folder, database).quarantined) == 1
    (folder / "data" / "a" / sample.name).write_bytes(b"")
    summary = ingest(folder, database)
    assert summary.rows == 1
    assert [q.path for q in summary.quarantined] == [f"data/a/{sample.name}"]
    ledger = {r["path"]: r["status"] for r in table(database, name="ledger")}
    assert ledger == {f"data/a/{sample.name}": "quarantined", f"data/b/{sample.name}": "row"}


def test_an_embargoed_granule_is_left_out_until_its_date(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    add(folder, 'release_after = "P1Y"\nembargoed = "leave_out"')
    early, late = dt.datetime(1990, 1, 1), dt.datetime(2200, 1, 1)
    hidden = ingest(folder, database, now=early)
    assert (hidden.rows, hidden.withheld, hidden.quarantined) == (0, len(files_of(folder)), [])
    assert ingest(folder, database, now=early).withheld == len(files_of(folder))
    shown = ingest(folder, database, now=late)
    assert (shown.rows, shown.withheld) == (len(files_of(folder)), 0)
    assert ingest(folder, database, now=late).unchanged == len(files_of(folder))


def test_a_listed_embargoed_granule_has_no_access_url_until_its_date(
    collection: Collections, database: Database
) -> None:
    folder = collection("ecallisto")
    add(folder, 'release_after = "P1Y"\nembargoed = "list"')
    ingest(folder, database, now=dt.datetime(1990, 1, 1))
    assert {row["access_url"] for row in table(database)} == {None}
    assert "#this" not in {link["semantics"] for link in table(database, name="links")}
    ingest(folder, database, now=dt.datetime(2200, 1, 1))
    assert None not in {row["access_url"] for row in table(database)}
    assert "#this" in {link["semantics"] for link in table(database, name="links")}


def test_a_dry_run_writes_nothing(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    (folder / "data" / "empty.fit").write_bytes(b"")
    summary = ingest(folder, database, dry_run=True)
    assert summary.new == len(files_of(folder)) - 1
    assert len(summary.quarantined) == 1
    with database.connect() as conn:
        assert conn.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'ecallisto'").fetchone() is None


def test_a_table_of_another_owner_is_refused_in_one_sentence(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute("CREATE ROLE reader LOGIN")
        conn.execute("GRANT USAGE ON SCHEMA ecallisto TO reader")
        conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA ecallisto TO reader")
        conn.commit()
        before = table(database)

        class AsReader:
            def connect(self) -> psycopg.Connection:
                reader = database.connect()
                reader.execute("SET ROLE reader")
                reader.commit()
                return reader

        try:
            with pytest.raises(DatabaseError, match=r"table ecallisto\.epn_core belongs to .*, and reader may not"):
                ingest(folder, AsReader())  # type: ignore[arg-type]
        finally:
            conn.execute("DROP OWNED BY reader")
            conn.execute("DROP ROLE reader")
    assert table(database) == before


def test_half_a_schema_is_refused(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute("DROP TABLE ecallisto.ledger")
    with pytest.raises(DatabaseError, match="has epn_core, links, runs but not ledger"):
        ingest(folder, database)


def test_a_lost_connection_leaves_no_half_behind_and_the_next_run_goes_on(
    collection: Collections, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = collection("ecallisto")
    monkeypatch.setattr("epncore.app.attempt.BATCH_FILES", 1)
    victim = files_of(folder)[2].name
    ingest(folder, database)
    with database.connect() as conn:
        # The server cuts the connection in the middle of a batch, when the victim's row comes in.
        conn.execute("TRUNCATE ecallisto.epn_core, ecallisto.ledger, ecallisto.links")
        conn.execute(
            "CREATE FUNCTION ecallisto.cut() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$"
        )
        conn.execute(
            "CREATE TRIGGER cut AFTER INSERT ON ecallisto.epn_core FOR EACH ROW"
            f" WHEN (NEW.file_name = '{victim}') EXECUTE FUNCTION ecallisto.cut()"  # type: ignore[arg-type]
        )
    monkeypatch.setattr("epncore.app.session.WAITS_SECONDS", (0.0, 0.1))
    with pytest.raises(DatabaseError, match=r"not back after 0\.1 s: .*run the same command again"):
        ingest(folder, database)
    rows, ledger = table(database), table(database, name="ledger")
    assert 0 < len(rows) < len(files_of(folder))
    assert {row["granule_uid"] for row in rows} == {line["granule_uid"] for line in ledger}
    with database.connect() as conn:
        conn.execute("DROP TRIGGER cut ON ecallisto.epn_core")
    assert ingest(folder, database).rows == len(files_of(folder))


def test_a_row_that_the_database_refuses_is_quarantined_alone(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    victim = files_of(folder)[1].name
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute("TRUNCATE ecallisto.epn_core, ecallisto.ledger, ecallisto.links")
        conn.execute(f"ALTER TABLE ecallisto.epn_core ADD CHECK (file_name <> '{victim}')")  # type: ignore[arg-type]
    summary = ingest(folder, database)
    assert summary.new == len(files_of(folder)) - 1
    (refused,) = summary.quarantined
    assert refused.path == f"data/{victim}"
    assert "the database refuses the row" in refused.reason


def test_a_file_that_cannot_be_opened_now_keeps_its_row_and_is_tried_again(
    collection: Collections, database: Database
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    path = files_of(folder)[0]
    away = path.rename(folder / path.name)
    path.symlink_to(folder / "data" / "unmounted" / path.name)
    summary = ingest(folder, database)
    (entry,) = summary.quarantined
    assert (entry.path, summary.newly_quarantined) == (f"data/{path.name}", 1)
    assert summary.rows == 4, "its row stays"
    assert ingest(folder, database).newly_quarantined == 0
    path.unlink()
    away.rename(path)
    summary = ingest(folder, database)
    assert counts(summary) == (0, 0, len(files_of(folder)), 0, 0)


def test_a_moved_file_takes_its_row_along(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    moved = files_of(folder)[0]
    for place in ("zz", "aa"):
        (folder / "data" / place).mkdir()
        moved = moved.rename(folder / "data" / place / moved.name)
        summary = ingest(folder, database)
        assert (summary.quarantined, summary.vanished, summary.newly_quarantined) == ([], [], 0)
        assert summary.rows == len(files_of(folder))
    assert f"data/aa/{moved.name}" in {line["path"] for line in table(database, name="ledger")}


def test_a_pipe_among_the_files_stops_nothing(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    os.mkfifo(folder / "data" / "pipe.fit")
    summary = ingest(folder, database)
    assert summary.new == len(files_of(folder))
    assert [(q.path, "pipe" in q.reason) for q in summary.quarantined] == [("data/pipe.fit", True)]


def test_a_link_out_of_the_root_is_refused_unless_the_config_allows_it(
    collection: Collections, database: Database
) -> None:
    folder = collection("ecallisto")
    names = {path.name for path in files_of(folder)}
    (folder / "data").rename(folder / "archive")
    (folder / "data").mkdir()
    (folder / "data" / "linked").symlink_to(folder / "archive")
    summary = ingest(folder, database)
    assert {q.path for q in summary.quarantined} == {f"data/linked/{name}" for name in names}
    assert all("leads out of the product's root" in q.reason for q in summary.quarantined)
    edit(folder, "[[product]]", "[[product]]\noutside_root = true")
    assert ingest(folder, database).new == len(names)


def test_a_pattern_that_names_no_file_is_told(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    only(folder, "dta/*")
    summary = ingest(folder, database)
    assert summary.notes == ["product 0: no file below 'data' is named by 'dta/*'"]


def test_one_file_by_two_roots_is_told_before_anything_is_read(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    path = folder / "collection.toml"
    again = '[[product]]\ngranule_gid = "x"\ngrammar = "ecallisto"\nsources = ["data/**/*"]\n'
    path.write_text(path.read_text("utf-8") + again, "utf-8")
    with pytest.raises(ConfigError, match="products 0 and 1 both claim"):
        ingest(folder, database)


def test_status_tells_rows_files_and_what_is_wrong(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    (folder / "data" / "empty.fit").write_bytes(b"")
    assert status(database) == []
    ingest(folder, database)
    (found,) = status(database)
    assert (found.schema, found.rows, found.files) == ("ecallisto", len(files_of(folder)) - 1, len(files_of(folder)))
    assert [q.path for q in found.quarantined] == ["data/empty.fit"]
    assert found.first is not None
    assert found.last is not None
    assert found.first < found.last


def noise(characters: int) -> str:
    """A text that no server packs into less."""
    return "".join(random.Random(1).choices(string.ascii_letters, k=characters))


@pytest.mark.parametrize("column", ["target_name", "granule_uid", "obs_id"])
def test_a_text_too_long_for_an_index_costs_its_own_file_only(
    collection: Collections, database: Database, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    folder = collection("ecallisto")
    spoilt = files_of(folder)[1].name
    read = Worker.read

    def read_badly(worker: Worker, seen: Seen, row: Any = None) -> Outcome:
        outcome = read(worker, seen, row)
        if not seen.path.endswith(spoilt):
            return outcome
        cells = list(outcome.row or ())
        cells[worker.names.index(column)] = noise(6000)
        uid = noise(6000) if column == "granule_uid" else outcome.granule_uid
        return outcome._replace(row=tuple(cells), granule_uid=uid)

    monkeypatch.setattr(Worker, "read", read_badly)  # processes that read are forked from this one
    summary = ingest(folder, database, workers=1)
    assert counts(summary) == (len(files_of(folder)) - 1, 0, 0, 1, 0)
    (bad,) = summary.quarantined
    assert bad.path == f"data/{spoilt}"
    assert "index row" in bad.reason
    assert len(bad.where) < 120
    assert counts(ingest(folder, database, workers=1)) == (0, 0, len(files_of(folder)) - 1, 1, 0)


def test_a_path_too_long_for_an_index_is_left_out_and_told(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    deep, above = folder / "data", os.open(folder / "data", os.O_RDONLY)
    for number in range(12):
        name = noise(240)[number:] + "d"
        os.mkdir(name, dir_fd=above)
        below = os.open(name, os.O_RDONLY, dir_fd=above)
        os.close(above)
        above, deep = below, deep / name
    with os.fdopen(os.open("x.fit", os.O_CREAT | os.O_WRONLY, dir_fd=above), "wb") as stream:
        stream.write(b"x")
    os.close(above)
    good = len(files_of(folder)) - 1
    for expected in ((good, 0, 0, 0, 0), (0, 0, good, 0, 0)):
        summary = ingest(folder, database, workers=1)
        assert counts(summary) == expected
        assert ["1 path of more than 2600 bytes: left out" in note for note in summary.notes] == [True]
