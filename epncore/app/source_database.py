"""Somebody's database, from which rows are only read: any that SQLAlchemy has a driver for, or ODBC.

Its password is in an environment variable or in ~/.pgpass, and comes into no error, log or ledger.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from epncore.app import odbc
from epncore.app.database import is_ambiguous
from epncore.app.session import first_line
from epncore.model.errors import ConfigError, DatabaseError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from epncore.model.source_table import SourceTable

_CONNECT_SECONDS = 10
_DRIVERS = {
    "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}  # fmt: skip
_HIDDEN = "***"
_INSTALL = (
    "pip install 'epncore[databases]'; ODBC also needs unixODBC (Debian's libodbc2) and the database's own driver"
)


@dataclass(frozen=True)
class SourceDatabase:
    """A database, known but not connected.

    Attributes
    ----------
    engine : sqlalchemy.Engine
    place : str
        The key of the config that names it.
    secrets : tuple of str
        What no message may hold.
    """

    engine: Engine
    place: str
    secrets: tuple[str, ...] = field(repr=False)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection on which answers are streamed, and which writes nothing.

        Raises
        ------
        DatabaseError
            Where the server cannot be reached or refuses, in its words without its secrets.
        UsageError
            Where the driver is not installed.
        """
        refusal: Exception | None = None
        asked = False
        try:
            with self.engine.connect() as connection:
                asked = True
                yield connection.execution_options(stream_results=True)
        except (SQLAlchemyError, ImportError) as error:
            refusal = self._refusal(error, asked=asked)
        if refusal:  # outside of the handler: the original holds the URL
            raise refusal

    def _refusal(self, error: Exception, *, asked: bool) -> DatabaseError | UsageError:
        if isinstance(error, ImportError):
            return UsageError(f"a driver does not load ({error})", place=self.place, hint=_INSTALL)
        said = first_line(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)
        for secret in self.secrets:
            said = said.replace(secret, _HIDDEN)
        if asked:
            return DatabaseError(
                f"the source database refuses: {said}", place=self.place,
                hint="Nothing was changed; look at query and key",
            )  # fmt: skip
        return DatabaseError(
            f"no connection to the source database: {said}", place=self.place,
            hint="Nothing was changed; look at host, port, name and password in the URL, and whether the server runs",
        )  # fmt: skip


def source_database(table: SourceTable, folder: Path, place: str) -> SourceDatabase:
    """The database that a config names.

    Parameters
    ----------
    table : SourceTable
    folder : pathlib.Path
        Of the collection.toml; files of SQLite are relative to it.
    place : str
        Of the table in the config, for messages.

    Raises
    ------
    ConfigError
        Where the environment does not hold the URL, or SQLAlchemy cannot read it.
    UsageError
        Where its driver is not installed.
    """
    key = f"{place}.url_env" if table.url_env else f"{place}.url"
    given = table.url or os.environ.get(str(table.url_env), "")
    if not given.strip():
        raise ConfigError(
            f"the environment has no {table.url_env}", place=key,
            hint=f"export {table.url_env}='postgresql://user:password@host/name', where the ingest runs",
        )  # fmt: skip
    if given.startswith(odbc.SCHEME):
        odbc.register()
        words = given.removeprefix(odbc.SCHEME)
        engine = _engine(odbc.URL, key, creator=odbc.creator(words))
        return SourceDatabase(engine, key, (words, *odbc.secrets(words)))
    url = _url(given, key)
    secrets = (given, *([str(url.password), quote(str(url.password), safe="")] if url.password else []))
    return SourceDatabase(_of_url(url, folder, key), key, secrets)


def _url(given: str, place: str) -> URL:
    try:
        url = make_url(given)
        if url.get_backend_name() == "sqlite" or not is_ambiguous(given):
            return url
    except (ArgumentError, SQLAlchemyError, ValueError):
        pass
    # Outside of the handler: the original may quote it.
    raise ConfigError(
        "this is no URL of a database", place=place,
        hint="postgresql://user@host/name, mysql://..., sqlite:///file.db; percent-encode / @ : # ? in a password; or "
        "odbc:DSN=name",
    )  # fmt: skip


def _of_url(url: URL, folder: Path, place: str) -> Engine:
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() == "sqlite":
        path = folder / (url.database or "")
        if not path.is_file():
            raise ConfigError(f"no such file: {path}", place=place)
        # Else SQLite would make one, or write beside it.
        connect = partial(sqlite3.connect, f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
        return _engine("sqlite://", place, creator=connect)
    timeout = {"connect_timeout": _CONNECT_SECONDS}
    if url.get_backend_name() == "postgresql":
        return _engine(url, place, connect_args=timeout, execution_options={"postgresql_readonly": True})
    if url.get_backend_name() in {"mysql", "mariadb"}:
        engine = _engine(url, place, connect_args=timeout)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
        return engine
    return _engine(url, place)


def _engine(url: URL | str, place: str, **words: Any) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool, hide_parameters=True, **words)
    except ImportError as error:
        missing = f"a driver does not load ({error})"
    except SQLAlchemyError:
        missing = f"no driver for {make_url(url).get_backend_name()} is installed"
    raise UsageError(missing, place=place, hint=_INSTALL)
