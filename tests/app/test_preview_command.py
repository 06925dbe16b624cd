"""`epncore preview`: pictures beside a collection, drawn again only where something changed."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from epncore.app import artist, show
from epncore.app.artist import picture_paths
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.preview import Summary, preview
from epncore.app.scan import scan
from epncore.model.collection import load

EPNCORE = Path(sys.executable).parent / "epncore"
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
Collections = Callable[[str], Path]


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def counts(found: Summary) -> tuple[int, int, int, int]:
    return found.drawn, found.unchanged, len(found.without), len(found.failed)


def add(folder: Path, text: str) -> None:
    """Put keys before the first table of the config."""
    path = folder / "collection.toml"
    path.write_text(f"{text}\n{path.read_text('utf-8')}", "utf-8")


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SAMPLES.glob("*/collection.toml")))
def test_samples_link_pictures_of_what_is_drawn_and_of_nothing_else(collection: Collections, name: str) -> None:
    folder = collection(name)
    found = preview(folder, folder / "previews", workers=1)
    assert found.failed == []
    products = load(folder).product
    gids = {seen.path: products[seen.product].granule_gid for seen in scan(load(folder), folder)}
    without = {gids[each.path] for each in found.without} | {each.granule_gid for each in products if each.table}
    for product in products:
        is_drawn = product.granule_gid not in without
        assert bool(product.previews) == bool(product.thumbnail_url) == is_drawn, product.granule_gid


@pytest.mark.parametrize("name", ["ecallisto", "nda_routine", "voyager_pws", "juno_waves"])
def test_each_granule_gets_a_preview_and_a_thumbnail(collection: Collections, name: str) -> None:
    folder = collection(name)
    files = [path for path in (folder / "data").iterdir() if path.is_file()]
    found = preview(folder, folder / "previews", workers=2)
    assert counts(found) == (len(files), 0, 0, 0)
    pictures = sorted(path.name for path in (folder / "previews").iterdir())
    assert len(pictures) == 2 * len(files)
    for path in (folder / "previews").iterdir():
        with Image.open(path) as image:
            assert (image.format, image.width) == ("PNG", 200 if path.stem.endswith("-thumb") else 1420)
        assert path.stat().st_mode & 0o777 == 0o644, "a server of another user reads them"


def test_only_what_changed_is_drawn_again(collection: Collections) -> None:
    folder = collection("ecallisto")
    target = folder / "previews"
    preview(folder, target, workers=1)
    before = times(target)
    assert counts(preview(folder, target, workers=1)) == (0, 4, 0, 0)
    assert times(target) == before
    changed = next((folder / "data").glob("BIR*"))
    os.utime(changed, ns=(0, changed.stat().st_mtime_ns + 10**9))
    assert counts(preview(folder, target, workers=1)) == (1, 3, 0, 0)
    after = times(target)
    assert {name for name in after if after[name] != before[name]} == {
        "spectrogram_BIR_20110607_062400_10.png", "spectrogram_BIR_20110607_062400_10-thumb.png",
    }  # fmt: skip
    (target / "spectrogram_BIR_20110607_062400_10-thumb.png").unlink()
    assert counts(preview(folder, target, workers=1)) == (1, 3, 0, 0)


def test_a_companion_that_changed_draws_its_granule_again(collection: Collections) -> None:
    folder = collection("cassini_rpws")
    preview(folder, folder / "previews", workers=1)
    data = folder / "data" / "T1997298_MFR0.DAT"
    os.utime(data, ns=(0, data.stat().st_mtime_ns + 10**9))
    assert counts(preview(folder, folder / "previews", workers=1)) == (1, 1, 0, 0)


def test_unchanged_files_are_not_opened(collection: Collections) -> None:
    folder = collection("ecallisto")
    preview(folder, folder / "previews", workers=1)
    for path in (folder / "data").iterdir():
        stat = path.stat()
        path.write_bytes(b"x" * stat.st_size)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert counts(preview(folder, folder / "previews", workers=1)) == (0, 4, 0, 0)


def test_the_bytes_do_not_depend_on_the_workers(collection: Collections) -> None:
    folder = collection("nda_routine")
    for workers in (1, 3):
        preview(folder, folder / str(workers), workers=workers)
    one, three = ({path.name: path.read_bytes() for path in (folder / each).iterdir()} for each in ("1", "3"))
    assert one == three


def test_a_bad_file_is_told_and_the_others_are_drawn(collection: Collections) -> None:
    folder = collection("ecallisto")
    (folder / "data" / "cut.fit").write_bytes(next((folder / "data").glob("BIR*")).read_bytes()[:5000])
    found = preview(folder, folder / "previews", workers=2)
    assert counts(found) == (4, 0, 0, 1)
    assert found.failed[0].path == "data/cut.fit"
    assert found.failed[0].reason


def test_of_two_files_with_one_uid_the_first_is_drawn(collection: Collections) -> None:
    folder = collection("ecallisto")
    other = folder / "data" / "zz"
    other.mkdir()
    shutil.copy2(next((folder / "data").glob("BIR*")), other)
    found = preview(folder, folder / "previews", workers=2)
    assert counts(found) == (4, 0, 0, 1)
    assert found.failed[0].path.startswith("data/zz/BIR")
    assert "is already that of data/BIR" in found.failed[0].reason


def test_what_is_proprietary_is_not_to_be_seen(collection: Collections) -> None:
    folder = collection("voyager_pws")
    target = folder / "previews"
    preview(folder, target, workers=1)
    add(folder, 'release_after = "P3Y"\nembargoed = "list"')
    now = dt.datetime(2024, 7, 1)
    found = preview(folder, target, workers=1, now=now)
    assert (found.drawn, found.withheld) == (2 if len(times(target)) == 4 else 1, 3 - len(times(target)) // 2)
    assert not any("2023" in name for name in times(target))


def test_a_grammar_without_pictures_is_said(collection: Collections) -> None:
    folder = collection("ecallisto")
    drawer = artist.Artist(artist.Task(str(folder), str(folder / "previews"), dt.datetime(2024, 1, 1)))
    # Of a third party, say, that has never heard of pictures.
    drawer.plans = [replace(plan, grammar=SimpleNamespace(name="foreign")) for plan in drawer.plans]  # type: ignore[arg-type]
    sketch = drawer.draw(next(scan(load(folder), folder)))
    assert (sketch.status, sketch.reason) == ("without", "grammar 'foreign' has no pictures")


def test_what_a_grammar_cannot_draw_is_said_by_file_and_grammar(collection: Collections) -> None:
    folder, written = collection("cassini_kronos"), io.StringIO()
    found = preview(folder, folder / "previews", workers=1)
    assert counts(found) == (2, 0, 4, 0)
    show.previews(Console(file=written, width=80), "previews", found)
    (line,) = (line for line in written.getvalue().splitlines() if "/N3e" in line)
    assert line.startswith("  data/n3e/N3e_dsq2004180.12: grammar 'cassini_kronos': nothing to draw (N3d or N3e: the")


@pytest.mark.live
def test_the_command_writes_where_dachs_serves(collection: Collections, database: Database, tmp_path: Path) -> None:
    folder = collection("voyager_pws")
    (folder / "data" / "vg1_pws_wf_2020-bad.cdf").write_bytes(b"")
    words = [EPNCORE, "preview", folder, "-o", tmp_path / "inputs", "--dsn", database.dsn]
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 3, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert list(answer) == ["drawn", "unchanged", "withheld", "linked", "seconds", "without", "failed"]
    assert (answer["drawn"], answer["linked"]) == (3, 0)
    assert [set(each) for each in answer["failed"]] == [{"path", "where", "reason"}]
    assert len(list((tmp_path / "inputs" / "voyager_pws" / "previews").iterdir())) == 6
    (folder / "data" / "vg1_pws_wf_2020-bad.cdf").unlink()
    again = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == 0
    assert "0 drawn, 3 unchanged" in again.stdout


@pytest.mark.live
def test_links_know_the_sizes_of_the_pictures(collection: Collections, database: Database) -> None:
    folder = collection("nda_routine")
    assert preview(folder, folder / "previews", database).linked == 0, "no tables yet: nothing to tell"
    ingest(folder, database)
    assert _sizes(database) == {}
    found = preview(folder, folder / "previews", database)
    assert (found.drawn, found.linked) == (0, 6)
    expected = {path.name: path.stat().st_size for path in (folder / "previews").iterdir()}
    assert _sizes(database) == expected
    assert preview(folder, folder / "previews", database).linked == 0, "nothing differs: nothing is written"
    assert ingest(folder, database).changed == 0, "the rows are as they were"
    assert _sizes(database) == expected


def _sizes(database: Database) -> dict[str, int]:
    with database.connect() as conn:
        rows = conn.execute(
            "SELECT access_url, content_length FROM nda_routine.links"
            " WHERE semantics IN ('#preview-plot', '#thumbnail') AND content_length IS NOT NULL"
        ).fetchall()
    return {url.rpartition("/")[2]: size for url, size in rows}


def test_the_names_of_a_granule_tell_preview_and_thumbnail_apart() -> None:
    assert picture_paths(Path("a"), "x") == (Path("a/x.png"), Path("a/x-thumb.png"))
