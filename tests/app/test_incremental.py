"""The second ingest: what is read again, what follows the config without that, and what is gone."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from epncore.app import attempt as attempts
from epncore.app import summary as summaries
from epncore.app.database import Database
from epncore.app.folders import Settled
from epncore.app.ingest import ingest
from epncore.app.scan import Seen, scan
from epncore.app.worker import Task, Worker
from epncore.model.collection import Collection
from epncore.model.errors import ConfigError, UsageError
from epncore.model.units import datetime_of_jd
from grammars.protocol import SourceFile

pytestmark = pytest.mark.live

Collections = Callable[[str], Path]
Spoil = Callable[[Iterable[Path], Path, str], None]
TABLES = {"epn_core": "granule_uid", "ledger": "path", "links": "id, ord"}


def tables(database: Database, schema: str, *names: str) -> dict[str, list[dict[str, Any]]]:
    """All cells of tables of a collection."""
    found = {}
    with database.connect() as conn:
        for name in names or TABLES:
            query = sql.SQL("SELECT * FROM {} ORDER BY {}").format(
                sql.Identifier(schema, name),
                sql.SQL(TABLES[name]),  # type: ignore[arg-type]
            )
            cursor = conn.execute(query)
            columns = [column.name for column in cursor.description or ()]
            found[name] = [dict(zip(columns, row, strict=True)) for row in cursor]
    return found


def states(database: Database, schema: str = "ecallisto") -> dict[str, str]:
    return {line["path"]: line["status"] for line in tables(database, schema, "ledger")["ledger"]}


def run(database: Database, statement: str) -> None:
    with database.connect() as conn:
        conn.execute(statement)  # type: ignore[arg-type]


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "collection.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "data").rglob("*") if path.is_file())


# ------------------------------------------------------------------------------------- rows that follow the config

CONFIGS = {
    "a constant": ("ecallisto", "[constants]", '[constants]\nbib_reference = "2017SSRv..213..347K"'),
    "a constant behind the file": ("ecallisto", "[constants]", '[constants]\ninstrument_name = "nothing of this"'),
    "an override": ("ecallisto", "[constants]", '[overrides]\ninstrument_name = "CALLISTO!"\n[constants]'),
    "a URL": ("ecallisto", "https://data.example.org/ecallisto/{year}/", "https://new.example.org/{path}/{day}/"),
    "identifiers": ("ecallisto", 'granule_uid = "{gid}_{stem}"', 'granule_uid = "{path} {hour}"'),
    "obs_id": ("ecallisto", 'obs_id = "{stem}"', 'obs_id = "{schema}_{stem}"'),
    "the kind of granule": ("ecallisto", 'granule_gid = "spectrogram"', 'granule_gid = "Spectra v1"'),
    "a title of a document": ("ecallisto", "Stations: antennas", "All stations: antennas"),
    "an embargo": ("voyager_pws", "granule_uid =", 'release_after = "P90Y"\nembargoed = "list"\ngranule_uid ='),
    "another target": ("voyager_pws", 'target_class = "sky"', 'target_class = "interplanetary_medium"'),
    "a place": ("nda_routine", 'observer_location = "Nancay"', 'observer_location = "Sologne"'),
}


@pytest.mark.parametrize("change", CONFIGS)
def test_rows_follow_the_config_without_a_look_at_the_files(
    collection: Collections, database: Database, spoil: Spoil, change: str
) -> None:
    name, old, new = CONFIGS[change]
    folder = collection(name)
    before = (folder / "collection.toml").read_text("utf-8")
    if change == "a constant":
        edit(folder, "[constants]", '[constants]\nbib_reference = "1977SSRv...21..289S"')
        before = (folder / "collection.toml").read_text("utf-8")
        old = 'bib_reference = "1977SSRv...21..289S"'
        new = 'bib_reference = "2017SSRv..213..347K"'
    edit(folder, old, new)
    ingest(folder, database)
    expected = tables(database, name, "epn_core", "links")
    run(database, f"DROP SCHEMA {name} CASCADE")
    after = (folder / "collection.toml").read_text("utf-8")
    (folder / "collection.toml").write_text(before, "utf-8")
    ingest(folder, database)
    assert tables(database, name, "epn_core", "links") != expected or change == "a constant behind the file"
    spoil(files_of(folder), folder, name)
    (folder / "collection.toml").write_text(after, "utf-8")
    summary = ingest(folder, database)
    assert (summary.quarantined, summary.vanished, summary.rows) == ([], [], len(files_of(folder)))
    assert tables(database, name, "epn_core", "links") == expected
    again = ingest(folder, database)
    assert (again.new, again.changed, again.unchanged) == (0, 0, len(files_of(folder)))


def test_what_an_override_hid_is_read_when_that_goes(collection: Collections, database: Database, spoil: Spoil) -> None:
    folder = collection("ecallisto")
    plain = (folder / "collection.toml").read_text("utf-8")
    ingest(folder, database)
    expected = tables(database, "ecallisto", "epn_core")
    override = '[overrides]\ninstrument_name = "CALLISTO"\n\n[constants]'
    edit(folder, "[constants]", override)
    ingest(folder, database)
    # Rows were made anew, so the ledger still knows what the file gave: but the table does not hold it any longer.
    (folder / "collection.toml").write_text(plain, "utf-8")
    summary = ingest(folder, database)
    assert summary.quarantined == []
    assert tables(database, "ecallisto", "epn_core") == expected


def test_rules_hold_for_rows_that_are_made_anew(collection: Collections, database: Database, spoil: Spoil) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    spoil(files_of(folder), folder, "ecallisto")
    edit(folder, "[constants]", "[overrides]\ntime_max = 2400000.5\n\n[constants]")
    summary = ingest(folder, database)
    assert summary.rows == 0
    assert all("breaks rule" in q.reason for q in summary.quarantined)


def test_a_new_version_of_a_grammar_reads_its_files_and_no_others(
    collection: Collections, database: Database, spoil: Spoil
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    path = f"data/{files_of(folder)[1].name}"
    run(database, f"UPDATE ecallisto.ledger SET grammar_version = grammar_version - 1 WHERE path = '{path}'")
    spoil(files_of(folder), folder, "ecallisto")
    summary = ingest(folder, database)
    assert [q.path for q in summary.quarantined] == [path], "it alone was opened"


# ------------------------------------------------------------------------------------------ files that moved or went


def test_a_file_that_is_given_the_place_of_a_removed_one_is_read(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    (first,) = (path for path in files_of(folder) if path.suffix == ".fit")
    ingest(folder, database)
    times, content = first.stat(), first.read_bytes()
    with first.open("r+b") as stream:  # size, mtime and inode stay, as they may where an archive is unpacked anew
        stream.write(content.replace(b"2011", b"2012"))
    os.utime(first, ns=(times.st_atime_ns, times.st_mtime_ns))
    other = first.rename(first.with_name("BIR_20120607_062400_10.fit"))
    assert ingest(folder, database).renamed == 1
    (row,) = (row for row in tables(database, "ecallisto", "epn_core")["epn_core"] if row["file_name"] == other.name)
    assert row["obs_id"] == "BIR_20120607_062400_10"
    assert datetime_of_jd(row["time_min"]).year == 2012


def test_a_renamed_file_takes_its_row_along(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    old = files_of(folder)[0]
    before = {row["file_name"]: row for row in tables(database, "ecallisto", "epn_core")["epn_core"]}
    new = old.rename(old.with_name(f"x{old.name}"))
    summary = ingest(folder, database)
    counts = (summary.new, summary.renamed, summary.changed, summary.unchanged, summary.vanished, summary.quarantined)
    assert counts == (0, 1, 0, len(before) - 1, [], [])
    after = {row["file_name"]: row for row in tables(database, "ecallisto", "epn_core")["epn_core"]}
    assert after.keys() == before.keys() - {old.name} | {new.name}
    assert after[new.name]["time_min"] == before[old.name]["time_min"]
    assert after[new.name]["granule_uid"] != before[old.name]["granule_uid"]
    assert ingest(folder, database).unchanged == len(before)


def test_a_file_that_was_only_touched_is_read_and_nothing_but_its_line_is_written(
    collection: Collections, database: Database
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    before = tables(database, "ecallisto")
    copies = folder / "copies"
    shutil.copytree(folder / "data", copies, copy_function=shutil.copy2)
    shutil.rmtree(folder / "data")
    copies.rename(folder / "data")
    summary = ingest(folder, database)
    assert (summary.new, summary.changed, summary.unchanged) == (0, 0, len(before["ledger"]))
    after = tables(database, "ecallisto")
    assert (after["epn_core"], after["links"]) == (before["epn_core"], before["links"])
    assert [line["inode"] for line in after["ledger"]] != [line["inode"] for line in before["ledger"]]


def test_prune_removes_what_vanished(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    gone = files_of(folder)[0]
    gone.unlink()
    assert ingest(folder, database).vanished_count == 1
    summary = ingest(folder, database, prune=True)
    assert (summary.pruned, summary.vanished, summary.rows) == (1, [], len(files_of(folder)))
    found = tables(database, "ecallisto")
    assert gone.name not in str(found["ledger"])
    assert {link["id"] for link in found["links"]} == {row["granule_uid"] for row in found["epn_core"]}


@pytest.mark.parametrize("how", ["empty", "other files", "missing"])
def test_prune_is_refused_where_a_root_has_no_files_and_nothing_changes(
    collection: Collections, database: Database, how: str
) -> None:
    folder = collection("nda_routine")
    (folder / "sun").mkdir()
    for path in (folder / "data").rglob("*sun*"):
        path.rename(folder / "sun" / path.name)
    text = (folder / "collection.toml").read_text("utf-8")
    first, second = text.rsplit('root = "data"', 1)
    (folder / "collection.toml").write_text(f'{first}root = "sun"{second}', "utf-8")
    ingest(folder, database)
    before = tables(database, "nda_routine")
    (folder / "sun").rename(folder / "unmounted")
    if how != "missing":
        (folder / "sun").mkdir()
    if how == "other files":
        (folder / "sun" / "lost+found").mkdir()
    next((folder / "data").rglob("*.cdf")).unlink()
    with pytest.raises((UsageError, ConfigError), match="Is a disk not mounted") as caught:
        ingest(folder, database, prune=True)
    assert "nothing was changed" in str(caught.value).lower()
    assert tables(database, "nda_routine") == before


def test_a_product_that_never_had_files_is_in_nobodys_way(collection: Collections, database: Database) -> None:
    folder = collection("nda_routine")
    for path in (folder / "data").rglob("*sun*"):
        path.unlink()
    ingest(folder, database)
    gone = next((folder / "data").rglob("*.cdf"))
    gone.rename(folder / gone.name)
    assert ingest(folder, database, rebuild=True).vanished_count == 1
    assert ingest(folder, database, prune=True).pruned == 1


def as_somebody_else(collection: Collection, folder: Path, *settled: Settled) -> Iterator[Seen]:
    """A scan by a user who may not enter every folder; root may."""
    if os.geteuid():
        yield from scan(collection, folder, *settled)
        return
    os.seteuid(65534)
    try:
        yield from scan(collection, folder, *settled)
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that others can enter; pytest's own ones are private."""
    folder = Path(tempfile.mkdtemp(prefix="epnscan-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_files_in_a_folder_that_cannot_be_entered_are_not_gone(
    collection: Collections, database: Database, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = public / "ecallisto"
    shutil.copytree(collection("ecallisto"), folder)
    for place in (folder, folder / "data"):
        place.chmod(0o755)
    shut = folder / "data" / "shut"
    shut.mkdir()
    moved = [path.rename(shut / path.name) for path in files_of(folder)[:2]]
    ingest(folder, database)
    before = tables(database, "ecallisto", "epn_core")
    shut.chmod(0)
    monkeypatch.setattr(attempts, "scan", as_somebody_else)
    try:
        summary = ingest(folder, database, prune=True)
        assert (summary.unavailable, summary.vanished, summary.pruned) == (len(moved), [], 0)
        assert [(q.path, q.where) for q in summary.quarantined] == [("data/shut/", "folder")]
        assert tables(database, "ecallisto", "epn_core") == before
    finally:
        shut.chmod(0o755)
    summary = ingest(folder, database)
    assert (summary.unchanged, summary.quarantined, summary.unavailable) == (len(files_of(folder)), [], 0)
    assert (summary.vanished, summary.vanished_count) == ([], 0), "the folder itself is no file"
    assert "data/shut/" not in states(database)


@pytest.mark.parametrize("how", ["an empty mount point", "an empty mount point above", "a link to a disk"])
def test_files_of_a_disk_below_the_root_that_is_away_are_not_gone(
    collection: Collections, database: Database, tmp_path: Path, how: str
) -> None:
    folder = collection("ecallisto")
    edit(folder, "[[product]]", "[[product]]\noutside_root = true")
    disk, place = tmp_path / "disk", folder / "data" / "2011"
    below = disk / "05" if how == "an empty mount point above" else disk
    below.mkdir(parents=True)
    moved = [path.rename(below / path.name) for path in files_of(folder)[:2]]
    if how == "a link to a disk":
        place.symlink_to(disk)
    else:
        disk.rename(place)
    ingest(folder, database)
    before = tables(database, "ecallisto")
    if how == "a link to a disk":
        disk.rename(tmp_path / "away")
    else:
        place.rename(tmp_path / "away")
        place.mkdir()
    for options in ({"prune": True}, {"rebuild": True, "prune": True}, {}):
        summary = ingest(folder, database, **options)  # type: ignore[arg-type]
        assert (summary.unavailable, summary.vanished_count, summary.pruned) == (len(moved), 0, 0)
        (note, *_) = [note for note in summary.notes if note.startswith("data/2011 ")]
        assert "Is a disk not mounted? Remove the" in note
        assert tables(database, "ecallisto", "epn_core", "links") == {n: before[n] for n in ("epn_core", "links")}
        assert len(states(database)) == len(before["ledger"])
    if how == "a link to a disk":
        place.unlink()
    else:
        place.rmdir()
    summary = ingest(folder, database, prune=True)
    assert (summary.pruned, summary.notes, summary.rows) == (len(moved), [], len(before["epn_core"]) - len(moved))


def test_a_file_that_left_an_empty_folder_takes_its_row_along(collection: Collections, database: Database) -> None:
    folder = collection("ecallisto")
    file = files_of(folder)[0]
    (folder / "data" / "new").mkdir()
    file.rename(folder / "data" / "new" / file.name)
    ingest(folder, database)
    shutil.copy(folder / "data" / "new" / file.name, folder / "data" / "z.part")
    (folder / "data" / "new" / file.name).unlink()
    (folder / "data" / "z.part").rename(file)
    summary = ingest(folder, database)
    assert (summary.quarantined, summary.vanished, summary.rows) == ([], [], len(files_of(folder)))


def test_lists_of_a_summary_are_bounded_and_counted(
    collection: Collections, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "LISTED", 2)
    folder = collection("ecallisto")
    ingest(folder, database)
    shutil.rmtree(folder / "data")
    (folder / "data").mkdir()
    for number in range(3):
        (folder / "data" / f"{number}.fit").write_bytes(b"")
    summary = ingest(folder, database)
    assert (len(summary.vanished), summary.vanished_count) == (2, 4)
    assert ([q.path for q in summary.quarantined], summary.quarantined_count) == (["data/0.fit", "data/1.fit"], 3)
    assert summaries.LISTED == 1000


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_that_changes_while_it_is_read_is_read_once_more(
    collection: Collections, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    folder = collection("ecallisto")
    path = files_of(folder)[0]
    worker = Worker(Task(str(folder), dt.datetime(2024, 1, 1)))
    (seen,) = (s for s in scan(worker.collection, folder) if s.path.endswith(path.name))
    reading, read = worker._read, []

    def and_write(seen: Seen, file: SourceFile) -> Any:
        outcome = reading(seen, file)
        read.append(seen)
        if len(read) <= times:
            os.utime(path, ns=(1, seen.mtime_ns + 10**9))
        return outcome

    monkeypatch.setattr(worker, "_read", and_write)
    outcome = worker.read(seen)
    assert len(read) == 2
    assert outcome.status == ("row" if times == 1 else "unavailable")
    if times == 1:
        assert outcome.seen.mtime_ns == path.stat().st_mtime_ns
    else:
        assert "changed while it was read" in str(outcome.reason)
        assert outcome.stamp is None, "the next run reads it again"


# ----------------------------------------------------------------------------------------------------- several files


def labelled(collection: Collections) -> Path:
    """A collection whose granules are a file and its data."""
    folder = collection("ecallisto")
    edit(folder, "[[product]]", '[[product]]\ncompanions = ["{stem}.DAT"]\nmd5 = true')
    edit(folder, '"**/*.fit", "**/*.fit.gz"', '"**/*"')
    edit(folder, "ecallisto/{year}/{month}/{name}", "ecallisto/{year}/{month}/{stem}.DAT")
    for number, path in enumerate(files_of(folder)):
        path.with_name(path.name.split(".")[0] + ".DAT").write_bytes(b"y" * (2000 + number))
    return folder


def test_a_granule_of_several_files_has_one_fingerprint(collection: Collections, database: Database) -> None:
    folder = labelled(collection)
    granules = len(files_of(folder)) // 2
    summary = ingest(folder, database)
    assert (summary.new, summary.quarantined) == (granules, []), "companions are no granules"
    (row, *_) = tables(database, "ecallisto", "epn_core")["epn_core"]
    data = next(path for path in files_of(folder) if path.name == row["access_url"].rpartition("/")[2])
    assert row["access_estsize"] == 2
    assert row["access_md5"] == hashlib.md5(data.read_bytes(), usedforsecurity=False).hexdigest()
    (this,) = (
        link for link in tables(database, "ecallisto", "links")["links"]
        if link["id"] == row["granule_uid"] and link["semantics"] == "#this"
    )  # fmt: skip
    assert this["content_length"] == data.stat().st_size
    assert ingest(folder, database).unchanged == granules
    data.write_bytes(b"z" * 5000)
    summary = ingest(folder, database)
    assert (summary.changed, summary.unchanged) == (1, granules - 1)
    (row,) = (
        r for r in tables(database, "ecallisto", "epn_core")["epn_core"] if r["granule_uid"] == row["granule_uid"]
    )
    assert row["access_estsize"] == 5


def test_a_missing_companion_is_told_by_name_and_its_arrival_is_seen(
    collection: Collections, database: Database
) -> None:
    folder = labelled(collection)
    data = next(path for path in files_of(folder) if path.suffix == ".DAT")
    content = data.read_bytes()
    data.unlink()
    (bad,) = ingest(folder, database).quarantined
    assert (bad.where, f"{data.name}, which belongs to it, is missing" in bad.reason) == ("companions", True)
    data.write_bytes(content)
    summary = ingest(folder, database)
    assert (summary.new, summary.quarantined) == (1, [])


def test_a_companion_outside_the_root_is_refused(collection: Collections, database: Database) -> None:
    folder = labelled(collection)
    data = next(path for path in files_of(folder) if path.suffix == ".DAT")
    data.rename(folder / "secret")
    data.symlink_to(folder / "secret")
    (bad,) = ingest(folder, database).quarantined
    assert "leads out of the product's root" in bad.reason


def versioned(collection: Collections, pattern: str = "") -> tuple[Path, Callable[[str], Path]]:
    folder = collection("ecallisto")
    edit(folder, "[[product]]", f'[[product]]\nkeep = "latest"\n{pattern}')
    sample = next(path for path in files_of(folder) if path.name.startswith("BIR"))
    kept = folder / "sample"
    shutil.copy2(sample, kept)
    shutil.rmtree(folder / "data")
    (folder / "data").mkdir()

    def arrive(name: str) -> Path:
        return Path(shutil.copy2(kept, folder / "data" / name))

    return folder, arrive


def test_a_version_that_is_superseded_in_one_run_needs_nothing_in_the_next(
    collection: Collections, database: Database
) -> None:
    folder, arrive = versioned(collection)
    first = arrive("a_V01.fit")
    ingest(folder, database)
    arrive("a_V02.fit")
    os.utime(first, ns=(1, 1))
    edit(folder, "q/p/static", "q/p/other")
    assert ingest(folder, database).superseded == 1
    before = tables(database, "ecallisto")
    assert ingest(folder, database).superseded == 1
    assert tables(database, "ecallisto") == before


def rows(database: Database) -> list[str]:
    return [row["file_name"] for row in tables(database, "ecallisto", "epn_core")["epn_core"]]


@pytest.mark.parametrize("uid", ['granule_uid = "{gid}_{stem}"', 'granule_uid = "{gid}_{path}"'])
def test_the_latest_version_has_the_row(collection: Collections, database: Database, uid: str) -> None:
    folder, arrive = versioned(collection)
    edit(folder, 'granule_uid = "{gid}_{stem}"', uid)
    arrive("a_V9.fit")
    arrive("b_v1.0.fit")
    arrive("plain.fit")
    assert ingest(folder, database).new == 3
    latest = arrive("a_V10.fit")
    arrive("b_v0.9.fit")
    summary = ingest(folder, database)
    assert (summary.new, summary.unchanged, summary.superseded, summary.quarantined) == (1, 2, 2, [])
    assert rows(database) == ["a_V10.fit", "b_v1.0.fit", "plain.fit"]
    summary = ingest(folder, database)
    assert (summary.new, summary.changed, summary.unchanged, summary.superseded) == (0, 0, 3, 2)
    latest.unlink()
    ingest(folder, database)
    assert "a_V10.fit" in rows(database), "until it is pruned"
    summary = ingest(folder, database, prune=True)
    assert (summary.pruned, summary.superseded) == (1, 1)
    assert rows(database) == ["a_V9.fit", "b_v1.0.fit", "plain.fit"]


def test_a_bad_later_version_takes_no_row(collection: Collections, database: Database) -> None:
    folder, arrive = versioned(collection)
    arrive("a_V01.fit")
    arrive("a_V02.fit")
    (folder / "data" / "a_V03.fit").write_bytes(b"")
    summary = ingest(folder, database)
    assert rows(database) == ["a_V02.fit"]
    assert states(database) == {
        "data/a_V01.fit": "superseded", "data/a_V02.fit": "row", "data/a_V03.fit": "quarantined",
    }  # fmt: skip
    assert (summary.new, summary.superseded, summary.quarantined_count) == (1, 1, 1)
    shutil.copy2(folder / "data" / "a_V02.fit", folder / "data" / "a_V03.fit")
    ingest(folder, database)
    assert rows(database) == ["a_V03.fit"]
    (folder / "data" / "a_V03.fit").write_bytes(b"")
    ingest(folder, database)
    assert rows(database) == ["a_V02.fit"]


def test_all_versions_again_and_a_pattern_of_ones_own(collection: Collections, database: Database) -> None:
    folder, arrive = versioned(collection, "version_in_name = 'rev([0-9]+)'\n")
    arrive("a_rev1.fit")
    arrive("a_rev02.fit")
    arrive("a_V01.fit")
    ingest(folder, database)
    assert sorted(rows(database)) == ["a_V01.fit", "a_rev02.fit"]
    edit(folder, 'keep = "latest"', 'keep = "all"')
    summary = ingest(folder, database)
    assert (summary.new, summary.unchanged, summary.superseded) == (1, 2, 0)
    edit(folder, 'keep = "all"', 'keep = "latest"')
    summary = ingest(folder, database)
    assert sorted(rows(database)) == ["a_V01.fit", "a_rev02.fit"]
    assert re.findall("superseded", str(states(database))) == ["superseded"]
