"""The sample collections: their files, their rows, and that both depend on nothing else."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from epncore.app.companions import companion_names
from epncore.app.scan import matcher
from epncore.model.collection import load
from epncore.testing.expectations import check_expectation
from grammars.plan import Plan, compile_plans
from grammars.protocol import Companion, SourceFile
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
            made[name] = {path.name: path for path in make(tmp_path_factory.mktemp(name))}
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


def test_rows_are_as_expected(name: str, files_of: Callable[[str], Files], request: pytest.FixtureRequest) -> None:
    files, expected = files_of(name), SAMPLES / name / "expected"
    update = request.config.getoption("--update-expectations")
    for path in files.values():
        plan = plan_for(name, path)
        row = dict(zip((column.name for column in plan.columns), plan.read(source(name, path)), strict=True))
        check_expectation(row, expected / f"{path.name}.json", update)
    assert {path.stem for path in expected.iterdir()} == set(files)


def test_files_are_recognised_by_content_alone(name: str, files_of: Callable[[str], Files], tmp_path: Path) -> None:
    for number, path in enumerate(files_of(name).values()):
        grammar = plan_for(name, path).grammar
        if by_name_only(grammar):
            continue  # its config says what the files are
        reader = readers()[grammar.format]
        anonymous = tmp_path / str(number)
        anonymous.write_bytes(path.read_bytes())
        with reader.open(anonymous) as header:
            assert grammar_for(header, reader, "x") is grammar


def test_files_are_small_and_the_same_bytes_on_each_run(
    name: str, files_of: Callable[[str], Files], tmp_path: Path
) -> None:
    script = "import runpy, sys, pathlib; runpy.run_path(sys.argv[1])['make'](pathlib.Path(sys.argv[2]))"
    environment = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", script, str(SAMPLES / name / "make.py"), str(tmp_path)]
    subprocess.run(command, env=environment, check=True)
    folders = {path.parent for path in files_of(name).values()}
    for path in (path for folder in folders for path in folder.iterdir()):
        again = tmp_path / path.name
        assert path.stat().st_size < 150_000
        assert again.read_bytes() == path.read_bytes()
        assert again.stat().st_mtime_ns == path.stat().st_mtime_ns


def test_rows_are_the_same_in_any_time_zone_and_locale(name: str, files_of: Callable[[str], Files]) -> None:
    script = (
        "import sys; from pathlib import Path; from epncore.model.collection import load\n"
        "from grammars.plan import compile_plans; from grammars.protocol import SourceFile\n"
        "path, folder = Path(sys.argv[1]), Path(sys.argv[2]); stat = path.stat()\n"
        "file = SourceFile(path, path.name, stat.st_size, stat.st_mtime_ns)\n"
        "print(ascii(compile_plans(load(folder))[0].read(file)))\n"
    )
    path = next(iter(files_of(name).values()))
    settings = ({"TZ": "Pacific/Auckland", "LC_ALL": "C"}, {"TZ": "America/St_Johns", "LC_ALL": "fr_FR.UTF-8"})
    rows = {
        subprocess.run(
            [sys.executable, "-c", script, str(path), str(SAMPLES / name)],
            env={**os.environ, **setting}, capture_output=True, check=True,
        ).stdout
        for setting in settings
    }  # fmt: skip
    assert len(rows) == 1
