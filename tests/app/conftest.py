"""A real PostgreSQL for the tests of the loader, and small collections to load."""

from __future__ import annotations

import itertools
import os
import runpy
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from astropy.io import fits
from psycopg import sql
from psycopg.conninfo import make_conninfo

from epncore.app import embedded
from epncore.app.database import Database, resolve
from epncore.model.bookkeeping import LEDGER

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


@pytest.fixture(scope="session", autouse=True)
def hangups_reach_commands() -> Iterator[None]:
    """What is ignored here, as under nohup, each command ignores that is begun; what is heard here, they hear."""
    before = signal.signal(signal.SIGHUP, lambda *_: None)
    yield
    signal.signal(signal.SIGHUP, before)


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


THIRD_PARTY = Path(__file__).parent / "third_party"


@pytest.fixture
def package(tmp_path: Path) -> dict[str, str]:
    """Environment in which a package of a third party is installed: a grammar that has faults where a file asks."""
    site = tmp_path / "site"
    info = site / "radiometer-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(THIRD_PARTY / "radiometer.py", site)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: radiometer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[epncore.grammars]\nradiometer = radiometer:GRAMMAR\n")
    return {**os.environ, "PYTHONPATH": str(site)}


@pytest.fixture
def radiometer(tmp_path: Path) -> Callable[..., Path]:
    """A function from names of good files, and from faults, to a folder with a collection of them for `package`."""

    def make(names: list[str], faults: list[str] | None = None) -> Path:
        folder = tmp_path / "collection"
        folder.mkdir()
        for name, cards in [*((name, {}) for name in names), *((f"{f}.fits", {"FAULT": f}) for f in faults or [])]:
            hdu = fits.PrimaryHDU(np.zeros(4, "u1"))
            hdu.header.update({"INSTRUME": "RADIOMETER", "START": "2024-01-01", **cards})
            hdu.writeto(folder / name)
        shutil.copy(THIRD_PARTY / "collection.toml", folder)
        return folder

    return make


@pytest.fixture
def dump() -> Callable[[Database, str], dict[str, bytes]]:
    """A function from a database and a schema to the bytes of its three tables, in the order of their keys."""

    def copy(database: Database, schema: str) -> dict[str, bytes]:
        found = {}
        with database.connect() as conn:
            # The ledger also says since when a file is bad: by the clock, which no two runs share.
            ledger = ", ".join(name for name in LEDGER.names if name != "since")
            tables = (("epn_core", "*", "granule_uid"), ("ledger", ledger, "path"), ("links", "*", "id, ord"))
            for table, columns, key in tables:
                query = f"COPY (SELECT {columns} FROM {schema}.{table} ORDER BY {key}) TO STDOUT"
                with conn.cursor().copy(query) as stream:  # type: ignore[arg-type]
                    found[table] = b"".join(bytes(part) for part in stream)
        return found

    return copy


Spoil = Callable[[Iterable[Path], Path, str], None]


@pytest.fixture
def spoil(database: Database) -> Spoil:
    """A function that puts bytes in place of files that no reader takes: whoever opens one says so.

    Size, time and inode stay. No call sets the time of the last change of a file's state back, so the ledger of the
    schema is told the new one.
    """

    def overwrite(paths: Iterable[Path], folder: Path, schema: str) -> None:
        ledger = sql.Identifier(schema, "ledger")
        with database.connect() as conn:
            for path in paths:
                before = path.stat()
                with path.open("r+b") as stream:
                    stream.write(b"x" * before.st_size)
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
                done = conn.execute(
                    sql.SQL("UPDATE {} SET ctime_ns = %s WHERE path = %s").format(ledger),
                    (path.stat().st_ctime_ns, path.relative_to(folder).as_posix()),
                )
                assert done.rowcount == 1

    return overwrite
