"""`epncore inspect` of files that are not where the sources of a collection look."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from epncore.app.cli import cli
from epncore.app.inspect import inspect

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
Samples = Callable[[str], Path]


def moved(path: Path, place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    return path.rename(place)


def cells(path: Path, folder: Path) -> tuple[dict[str, Any], str]:
    found = inspect(path, folder)
    return {each.column.name: each.value for each in found.values}, found.note


def test_a_file_from_elsewhere_is_shown_as_the_product_that_would_name_it(collection: Samples, tmp_path: Path) -> None:
    folder = collection("nenufar")
    path = moved(next((folder / "data").rglob("*_XST.fits")), tmp_path / "elsewhere" / "XST.fits")
    row, note = cells(path, folder)
    assert (row["granule_gid"], note) == ("xst", "")
    assert "/nenufar/xst/" in row["access_url"]


def test_folders_of_the_sources_tell_products_apart(collection: Samples, tmp_path: Path) -> None:
    folder = collection("nenufar")
    config = folder / "collection.toml"
    text = config.read_text("utf-8").replace('"**/*_BST.fits"', '"beams/*.fits"').replace("**/*_XST.fits", "sky/*.fits")
    config.write_text(text.replace("/{name}", "/{path}"), "utf-8")
    beams, sky = (next((folder / "data").rglob(f"*_{kind}.fits")) for kind in ("BST", "XST"))
    for path, gid in ((beams, "bst"), (sky, "xst")):
        place = f"{'beams' if gid == 'bst' else 'sky'}/x.fits"
        row, note = cells(moved(path, tmp_path / "elsewhere" / place), folder)
        assert (row["granule_gid"], note) == (gid, "")
        assert row["access_url"].endswith(place)


@pytest.mark.parametrize("place", ["elsewhere/odd.fits", "nenufar/data/odd.fits"])
def test_where_no_product_names_a_file_that_is_said(collection: Samples, tmp_path: Path, place: str) -> None:
    folder = collection("nenufar")
    path = moved(next((folder / "data").rglob("*_XST.fits")), tmp_path / place)
    words = ["inspect", str(path), "--collection", str(folder)]
    note = "No product names this file: shown as bst"
    assert note in CliRunner().invoke(cli, words).stdout
    assert json.loads(CliRunner().invoke(cli, [*words, "--json"]).stdout)["note"].startswith(note)


def test_the_size_is_that_of_the_companion_that_access_url_names(collection: Samples, tmp_path: Path) -> None:
    folder = collection("cassini_rpws")
    label = next((folder / "data").rglob("*_HFR0.LBL"))
    inside, _ = cells(label, folder)
    data = label.with_suffix(".DAT")
    moved(data, tmp_path / "elsewhere" / data.name)
    outside, note = cells(moved(label, tmp_path / "elsewhere" / label.name), folder)
    assert (
        outside["access_estsize"]
        == inside["access_estsize"]
        == -(-(tmp_path / "elsewhere" / data.name).stat().st_size // 1024)
    )
    assert note == ""


def test_a_companion_that_is_not_here_has_no_size(collection: Samples, tmp_path: Path) -> None:
    folder = collection("ecallisto")
    config = folder / "collection.toml"
    text = config.read_text("utf-8")
    start, end = text.index("access_url"), text.index("\n", text.index("access_url"))
    lines = 'access_url = "https://data.example.org/{stem}.png"\ncompanions = ["{stem}.png"]\nmd5 = true'
    config.write_text(text[:start] + lines + text[end:], "utf-8")
    path = next((folder / "data").rglob("BIR*"))
    for place in (path, tmp_path / "elsewhere" / path.name):
        row, _ = cells(path if place == path else moved(path, place), folder)
        assert row["access_url"].endswith(".png")
        assert (row["access_estsize"], row["access_md5"]) == (None, None)


def test_a_real_file_from_elsewhere(real_data: Path) -> None:
    row, note = cells(real_data / "nenufar" / "XST.fits", SAMPLES / "nenufar")
    assert (row["granule_gid"], row["access_estsize"], note) == ("xst", 827, "")
    row, note = cells(real_data / "pds3" / "T1997298_MFR0.LBL", SAMPLES / "cassini_rpws")
    assert (row["access_estsize"], note) == (1927, "")
