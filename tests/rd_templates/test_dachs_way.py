"""What the descriptor says where DaCHS reads the files: patterns that reach the same files, a query, a command."""

from __future__ import annotations

import json
import os
from glob import glob
from pathlib import Path

import pytest
from lxml import etree

from epncore.app.scan import matcher
from epncore.model.collection import Collection, parse
from epncore.model.columns import mandatory
from epncore.model.errors import UsageError
from rd_templates.dachs_way import DEEPEST, DachsWay, dachs_way
from rd_templates.render import SHIM, render_rd, write_rd


def collection(*sources: str, root: str = "data") -> Collection:
    return parse(
        {
            "schema": "nda",
            "title": "Dynamic spectra",
            "description": "Of Jupiter.",
            "creators": ["Lamy, L."],
            "created": "2024-07-16",
            "licence": "CC-BY-4.0",
            "subjects": ["solar-system-astronomy"],
            "product": [{"sources": list(sources), "root": root, "grammar": "istp", "granule_gid": "edr"}],
        },
        "collection.toml",
    )


def way(of: Collection, folder: Path = Path("/data/nda"), *python: str) -> DachsWay:
    return dachs_way(of, folder, ["print"], python or ("python",))


@pytest.mark.parametrize(
    "pattern",
    ["*.cdf", "**/*.cdf", "**", "2024/**", "**/x/*.cdf", "**/x/**/?.cdf", "2024/*/[a-c].cdf", "a**b.cdf", "./*.cdf"],
)
def test_the_patterns_reach_what_the_scan_would(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "a[1] folder"
    for name in ("a.cdf", "2024/a.cdf", "2024/x/b.cdf", "x/d.cdf", "2024/x/y/z/c.cdf", "a/x/b.cdf", "ab.cdf"):
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    files = {str(path) for path in (folder / "data").rglob("*") if path.is_file()}
    wanted = {path for path in files if matcher([pattern])(os.path.relpath(path, folder / "data"))}
    found = {path for each in way(collection(pattern), folder).patterns for path in glob(each)}  # noqa: PTH207 -- as DaCHS
    assert found & files == wanted


def test_a_double_star_reaches_some_folders_down() -> None:
    patterns = way(collection("**/*.cdf")).patterns
    assert patterns == tuple(f"/data/nda/data/{'*/' * depth}*.cdf" for depth in range(DEEPEST + 1))


def test_roots_may_lie_elsewhere() -> None:
    assert way(collection("*.cdf", root="/archive/")).patterns == ("/archive/*.cdf",)
    assert way(collection("*.cdf", root="../other")).patterns == ("/data/other/*.cdf",)
    assert way(collection("*.cdf", root=".")).patterns == ("/data/nda/*.cdf",)


def test_the_command_is_a_list_and_survives_xml() -> None:
    of = collection("*.cdf")
    made = way(of, Path('/data/"a" & <b> it\'s'), "/opt/my python", "-I")
    root = etree.fromstring(render_rd(of, mandatory(), made).encode())
    told = root.find("data[@id='import']/customGrammar/property[@key='worker']").text
    # DaCHS's macros make one backslash of two.
    assert json.loads(told.replace("\\\\", "\\")) == [
        "/opt/my python", "-I", "-m", "epncore.app.dachs_worker", '/data/"a" & <b> it\'s', "print",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["new\nline", "no\udcffutf8"])
def test_a_folder_that_no_descriptor_can_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be written into a descriptor"):
        way(collection("*.cdf"), Path("/data") / name)


def test_the_tables_are_the_same_in_both_ways() -> None:
    of = collection("*.cdf")
    outside, inside = (etree.fromstring(render_rd(of, mandatory(), each).encode()) for each in (None, way(of)))
    assert [etree.tostring(table) for table in outside.findall("table")] == [
        etree.tostring(table) for table in inside.findall("table")
    ]
    assert [data.get("id") for data in outside.findall("data")] == ["create", "recreate"]
    assert [data.get("id") for data in inside.findall("data")] == ["import", "recreate"]
    roles = {make.get("table"): make.get("role") for make in inside.findall("data[@id='import']/make")}
    assert roles == {name: name for name in ("epn_core", "ledger", "links", "runs")}


def test_the_shim_is_written_beside(tmp_path: Path) -> None:
    of = collection("*.cdf")
    path = write_rd(of, mandatory(), tmp_path, way(of))
    assert {entry.relative_to(path.parent).as_posix() for entry in path.parent.rglob("*.*")} == {"q.rd", SHIM}
    compile((path.parent / SHIM).read_text("utf-8"), SHIM, "exec")
