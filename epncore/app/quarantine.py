"""Files that something is wrong with, as the ledger has them: which, why, since when; and reading them again."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from psycopg import sql

from epncore.app.session import alone, database_errors
from epncore.app.states import QUARANTINE
from epncore.model.bookkeeping import LEDGER
from epncore.model.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from epncore.app.database import Database
    from epncore.app.outcome import Outcome


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that has no row, or is not what its row describes.

    Attributes
    ----------
    path, where, reason : str
    since : datetime.datetime or None
        UTC; None where an older version of the toolkit found it.
    """

    path: str
    where: str
    reason: str
    since: dt.datetime | None


def listed(database: Database, schema: str, patterns: Sequence[str] = (), reason: str = "") -> list[BadFile]:
    """Bad files of a collection, in the order of paths.

    Parameters
    ----------
    database : Database
    schema : str
    patterns : sequence of str
        Paths as the ledger has them; ``*``, ``?`` and ``[...]`` as in a shell, also across folders. None for all.
    reason : str
        A part of the reason, in any case.

    Returns
    -------
    list of BadFile

    Raises
    ------
    DatabaseError
        Where the database is down or refuses, or has no such collection.
    """
    with database_errors(), database.connect() as conn:
        _check_there(conn, schema)
        return _matching(conn, schema, patterns, reason)


def forgotten(database: Database, schema: str, patterns: Sequence[str] = (), reason: str = "") -> list[BadFile]:
    """Let the next ingest read bad files again, though they have not changed.

    Parameters
    ----------
    database, schema, patterns, reason
        As for `listed`.

    Returns
    -------
    list of BadFile
        Those that will be read.

    Raises
    ------
    DatabaseError
        Where the database is down or refuses, has no such collection, or an ingest is running.
    """
    with database_errors(), database.connect() as conn:
        _check_there(conn, schema)
        with alone(conn, schema):
            found = _matching(conn, schema, patterns, reason)
            conn.execute(
                # Without what it was read by, the next run reads a file again.
                sql.SQL("UPDATE {} SET reading = NULL WHERE path = ANY(%s)").format(_ledger(schema)),
                ([bad.path for bad in found],),
            )
            conn.commit()
        return found


def bad_files(conn: psycopg.Connection, schema: str, batch: Sequence[Outcome]) -> list[tuple[str, str, str]]:
    """What the ledger says of those files of a batch that are bad, and of files that lost their row to one of them.

    Returns
    -------
    list of (path, place, reason)
    """
    uids = [outcome.granule_uid for outcome in batch if outcome.granule_uid]
    statement = sql.SQL(
        "SELECT path, place, reason FROM {} WHERE status IN {} AND path = ANY(%s)"
        " OR status = 'duplicate' AND granule_uid = ANY(%s)"
        ' ORDER BY path COLLATE "C"'
    ).format(_ledger(schema), sql.SQL(QUARANTINE))
    return conn.execute(statement, ([outcome.seen.path for outcome in batch], uids)).fetchall()


_OF_ONE_FILE = re.compile(r"\S*[0-9/]\S*")


def kind_of(reason: str) -> str:
    """A reason without what is of one file alone: its first part, names and numbers left out."""
    first = re.split(r"[.:;] ", reason, maxsplit=1)[0]
    return _OF_ONE_FILE.sub("...", first)


def _check_there(conn: psycopg.Connection, schema: str) -> None:
    row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.{LEDGER.name}",)).fetchone()
    if not (row and row[0]):
        raise DatabaseError(
            f"there is no table {schema}.{LEDGER.name}: nothing is known of files",
            hint="`epncore ingest COLLECTION_DIR` makes it; with --rebuild-ledger where it was dropped",
        )


def _matching(conn: psycopg.Connection, schema: str, patterns: Sequence[str], reason: str) -> list[BadFile]:
    statement = sql.SQL(
        'SELECT path, place, reason, since FROM {} WHERE status IN {} ORDER BY path COLLATE "C"'
    ).format(_ledger(schema), sql.SQL(QUARANTINE))
    return [
        bad
        for bad in (BadFile(*line) for line in conn.execute(statement))
        if reason.lower() in bad.reason.lower()
        and (not patterns or any(bad.path == each or fnmatchcase(bad.path, each) for each in patterns))
    ]


def _ledger(schema: str) -> sql.Identifier:
    return sql.Identifier(schema, LEDGER.name)
