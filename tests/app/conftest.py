"""A real PostgreSQL for the tests of the loader, and small collections to load."""

from __future__ import annotations

import itertools
import runpy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from epncore.app import embedded
from epncore.app.database import Database, resolve

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """DSN of an embedded PostgreSQL that these tests share."""
    home = Path(tempfile.mkdtemp(prefix="epn"))
    home.chmod(0o755)  # the server's user must reach its folder inside
    try:
        yield embedded.start(home / "home").dsn
        embedded.stop(home / "home")
    finally:
        shutil.rmtree(home)


_NUMBERS = itertools.count()


@pytest.fixture
def database(server: str) -> Iterator[Database]:
    """An empty database of its own for a test."""
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield resolve(make_conninfo(server, dbname=name))
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def sample_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from the name of a sample collection to a folder with its files, made once."""
    made: dict[str, Path] = {}

    def files(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            runpy.run_path(str(ROOT / "sample_data" / name / "make.py"))["make"](folder)
            made[name] = folder
        return made[name]

    return files


@pytest.fixture
def collection(sample_files: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A function from the name of a sample collection to a copy of it that a test may spoil."""

    def copy(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(ROOT / "sample_data" / name / "collection.toml", folder)
        shutil.copytree(sample_files(name), folder / "data", copy_function=shutil.copy2)
        return folder

    return copy
