"""The sample collections: their files, their rows, and that both depend on nothing else."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from epncore.app.companions import companion_names
from epncore.app.scan import matcher
from epncore.app.source_rows import SourceRows
from epncore.app.sources import source_file
from epncore.model.collection import load
from epncore.model.row import Row
from epncore.testing.expectations import check_expectation
from grammars.plan import Plan, compile_plans
from grammars.protocol import Companion, SourceFile
from grammars.readers.rows import RowHeader
from grammars.registry import by_name_only, grammar_for, readers

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
COLLECTIONS = sorted(path.parent.name for path in SAMPLES.glob("*/collection.toml"))
Files: TypeAlias = dict[str, Path]

pytestmark = pytest.mark.parametrize("name", COLLECTIONS)


@pytest.fixture(scope="module")
def files_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Files]:
    """The files of a collection by their names, made once."""
    made: dict[str, Files] = {}

    def files(name: str) -> Files:
        if name not in made:
            make = runpy.run_path(str(SAMPLES / name / "make.py"))["make"]
            made[name] = {path.name: path for path in make(tmp_path_factory.mktemp(name) / "data")}
        return made[name]

    return files


def plan_for(name: str, path: Path) -> Plan:
    collection = load(SAMPLES / name)
    (number,) = (n for n, product in enumerate(collection.product) if matcher(product.sources)(path.name))
    return compile_plans(collection)[number]


def source(name: str, path: Path) -> SourceFile:
    (product,) = (one for one in load(SAMPLES / name).product if matcher(one.sources)(path.name))
    beside = (path.parent / companion for companion in companion_names(product, path.name))
    stat = path.stat()
    companions = tuple(Companion(one, one.stat().st_size) for one in beside)
    return SourceFile(path, path.name, stat.st_size, stat.st_mtime_ns, companions)


def granules(name: str, paths: Iterable[Path]) -> Iterator[tuple[str, Plan, Row]]:
    """The rows of files; where a product has a table, of the rows in the database that is made beside them."""
    collection, paths = load(SAMPLES / name), list(paths)
    products = [product for product in collection.product if product.sources]
    is_source = matcher([pattern for product in products for pattern in product.sources])
    for path in paths:
        if products and is_source(path.name):
            plan = plan_for(name, path)
            yield path.name, plan, plan.read(source(name, path))
    if len(products) < len(collection.product):
        rows = SourceRows(paths[0].parents[1], collection)
        for seen in sorted(rows.seen()):
            plan, cells = compile_plans(collection)[seen.product], RowHeader(rows.one(seen.path).row or {})
            with plan.opened(source_file(SAMPLES / name, collection, seen), cells) as granule:
                yield seen.path.rpartition("/")[2], plan, plan.row(granule)


def test_rows_are_as_expected(name: str, files_of: Callable[[str], Files], request: pytest.FixtureRequest) -> None:
    expected, found = SAMPLES / name / "expected", set()
    update = request.config.getoption("--update-expectations")
    for granule, plan, cells in granules(name, files_of(name).values()):
        row = dict(zip((column.name for column in plan.columns), cells, strict=True))
        check_expectation(row, expected / f"{granule}.json", update)
        found.add(granule)
    assert {path.stem for path in expected.iterdir()} == found


def test_files_are_recognised_by_content_alone(name: str, files_of: Callable[[str], Files], tmp_path: Path) -> None:
    if any(product.table for product in load(SAMPLES / name).product):
        return  # the database is no granule
    for number, path in enumerate(files_of(name).values()):
        grammar = plan_for(name, path).grammar
        if by_name_only(grammar):
            continue  # its config says what the files are
        reader = readers()[grammar.format]
        anonymous = tmp_path / str(number)
        anonymous.write_bytes(path.read_bytes())
        with reader.open(anonymous) as header:
            assert grammar_for(header, reader, "x") is grammar


@pytest.fixture(scope="module")
def made_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of all collections, made by a process in another time zone that hashes in another way."""
    folder = tmp_path_factory.mktemp("elsewhere")
    script = (
        "import runpy, sys; from pathlib import Path\n"
        "for make in map(Path, sys.argv[2:]):\n"
        "    folder = Path(sys.argv[1]) / make.parent.name / 'data'\n"
        "    runpy.run_path(str(make))['make'](folder)\n"
    )
    makes = [str(SAMPLES / name / "make.py") for name in COLLECTIONS]
    environment = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script, str(folder), *makes], env=environment, check=True)
    return folder


def test_files_are_small_and_the_same_bytes_on_each_run(
    name: str, files_of: Callable[[str], Files], made_elsewhere: Path
) -> None:
    folders = {path.parent for path in files_of(name).values()}
    for path in (path for folder in folders for path in folder.iterdir()):
        (again,) = (made_elsewhere / name).rglob(path.name)
        assert path.stat().st_size < 150_000
        assert again.read_bytes() == path.read_bytes()
        assert again.stat().st_mtime_ns == path.stat().st_mtime_ns


@pytest.fixture(scope="module", params=[("Pacific/Auckland", "C"), ("America/St_Johns", "fr_FR.UTF-8")])
def rows_elsewhere(request: pytest.FixtureRequest, made_elsewhere: Path) -> dict[str, str]:
    """All rows as texts, by collection, made in another time zone and locale."""
    zone, locale = request.param
    script = (
        "import sys, json, test_samples as t; from pathlib import Path\n"
        "print(json.dumps({name: t.rows(name, Path(sys.argv[1]) / name) for name in t.COLLECTIONS}))"
    )
    environment = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", script, str(made_elsewhere)]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    found: dict[str, str] = json.loads(said)
    return found


def rows(name: str, folder: Path) -> str:
    """The rows of all granules of a made collection, as a text."""
    paths = sorted(path for path in (folder / "data").rglob("*") if path.is_file())
    found = [row for _, _, row in granules(name, paths)]
    assert found
    return ascii(found)


def test_rows_are_the_same_in_any_time_zone_and_locale(
    name: str, made_elsewhere: Path, rows_elsewhere: dict[str, str]
) -> None:
    assert rows_elsewhere[name] == rows(name, made_elsewhere / name)
