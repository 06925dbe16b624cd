"""Real databases of each kind, with a table of observations that a test may change."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import URL

CREATE = (
    "CREATE TABLE obs (id {integer} PRIMARY KEY, planet varchar(40), t0 {moment}, t1 {moment}, f0 double precision,"
    " f1 double precision, lists varchar(80), url varchar(80), changed {moment})"
)
INSERT = (
    "INSERT INTO obs VALUES"
    " (1, 'Jupiter', '2024-01-31 00:00:00', '2024-01-31 06:00:00', 10.5, 40, 'Io;Europa', 'https://x.org/1', NULL),"
    " (2, 'Saturn', '2024-02-01 12:00:00', '2024-02-01 13:30:00', 0.003, 16, NULL, NULL, '2024-03-01 00:00:00'),"
    " (3, 'Sonne: 100% ''o''', '2024-02-02 00:00:00', '2024-02-02 01:00:00', NULL, NULL, '', NULL, NULL)"
)
TYPES = {
    "postgresql": {"integer": "integer", "moment": "timestamp"},
    "sqlite": {"integer": "integer", "moment": "text"},
    "odbc": {"integer": "integer", "moment": "text"},
    "mysql": {"integer": "integer", "moment": "datetime"},
}


@dataclass
class Source:
    """A database with a table ``obs``.

    Attributes
    ----------
    url : str
        As ``url_env`` names it.
    run : callable
        Runs a statement in it and commits.
    """

    url: str
    run: Callable[[str], None]


def _runner(connect: Callable[[], Any]) -> Callable[[str], None]:
    def run(statement: str) -> None:
        with closing(connect()) as connection:
            connection.cursor().execute(statement)
            connection.commit()

    return run


@contextmanager
def postgresql(server: str) -> Iterator[Source]:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE observatory")
    given = {**conninfo_to_dict(server), "dbname": "observatory"}
    url = URL.create(
        "postgresql", str(given.get("user") or "") or None, given.get("password") and str(given["password"]),
        database="observatory", query={key: str(given[key]) for key in ("host", "port") if key in given},
    )  # fmt: skip
    try:
        yield Source(url.render_as_string(hide_password=False), _runner(lambda: psycopg.connect(**given)))  # type: ignore[arg-type]
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE observatory WITH (FORCE)")


@contextmanager
def sqlite(folder: Path) -> Iterator[Source]:
    path = folder / "archive 1.db"
    yield Source(f"sqlite:///{path}", _runner(lambda: sqlite3.connect(path)))


@contextmanager
def odbc(folder: Path) -> Iterator[Source]:
    try:
        import pyodbc
    except ImportError as error:
        _left_out(f"no ODBC: {error}")
    if "SQLite3" not in pyodbc.drivers():
        _left_out("no ODBC driver SQLite3 (Debian's libsqliteodbc)")
    path = folder / "archive.db"
    words = f"Driver=SQLite3;Database={path};PWD=geh{{eim"
    yield Source(f"odbc:{words}", _runner(lambda: sqlite3.connect(path)))


@contextmanager
def mysql(folder: Path) -> Iterator[Source]:
    """A private MariaDB: a socket, no network, ended with the test."""
    # Debian puts servers where the search path of many accounts does not lead.
    program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin")
    if not (program and shutil.which("mariadb-install-db")):
        _left_out("no mariadbd (Debian's mariadb-server-core and mariadb-client-core)")
    home = folder / "maria"
    home.mkdir()
    user = ["--user=nobody"] if os.getuid() == 0 else []
    if user:
        shutil.chown(home, "nobody")
    place = ["--no-defaults", *user, f"--datadir={home}/data"]
    ways = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(["mariadb-install-db", *place, *ways], check=True, capture_output=True)
    socket = f"{home}/s"
    command = [program, *place, f"--socket={socket}", "--skip-networking"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def connect(database: str | None = "observatory") -> Any:
        return pymysql.connect(unix_socket=socket, user="root", database=database, charset="utf8mb4")

    try:
        for _ in range(300):
            if Path(socket).exists():
                break
            assert server.poll() is None, "mariadbd ended"
            time.sleep(0.1)
        _runner(lambda: connect(None))("CREATE DATABASE observatory")
        _runner(connect)("CREATE USER reader IDENTIFIED BY 'p@ss:w/rd'")
        _runner(connect)("GRANT SELECT ON observatory.* TO reader")
        yield Source(f"mysql://reader:p%40ss%3Aw%2Frd@localhost/observatory?unix_socket={socket}", _runner(connect))
    finally:
        server.terminate()
        server.wait(30)


def _left_out(reason: str) -> None:
    if os.environ.get("EPNCORE_REQUIRE_DACHS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
