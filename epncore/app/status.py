"""What a database holds of collections: rows, files, and what is wrong with files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from epncore.app.agreement import Agreement
from epncore.app.session import database_errors
from epncore.app.states import names
from epncore.app.summary import LISTED, Quarantined
from epncore.model.bookkeeping import LEDGER
from epncore.model.units import datetime_of_jd

if TYPE_CHECKING:
    import psycopg

    from epncore.app.database import Database


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """The state of one collection.

    Attributes
    ----------
    schema : str
    rows : int
        Of epn_core.
    files, withheld, superseded : int
        In the ledger.
    lacking, unknown : int
        Rows that the ledger knows and the table lacks, and rows of the table that the ledger does not know.
    first, last : str or None
        Start of the first and end of the last observation, ISO 8601, UTC.
    quarantined_count : int
    quarantined : list of Quarantined
        The first of them.
    """

    schema: str
    rows: int
    files: int
    withheld: int
    superseded: int
    lacking: int
    unknown: int
    first: str | None
    last: str | None
    quarantined_count: int
    quarantined: list[Quarantined]


def status(database: Database, schema: str | None = None) -> list[CollectionStatus]:
    """Look at one collection, or at all that this role may read.

    Raises
    ------
    DatabaseError
        Where the database is down or refuses.
    """
    with database_errors(), database.connect() as conn:
        found = conn.execute(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relname = %s AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
            " AND EXISTS (SELECT FROM pg_class e WHERE e.relnamespace = n.oid AND e.relname = 'epn_core')"
            ' ORDER BY n.nspname COLLATE "C"',
            (LEDGER.name,),
        ).fetchall()
        return [_one(conn, name) for (name,) in found if schema is None or name == schema]


def _one(conn: psycopg.Connection, schema: str) -> CollectionStatus:
    rows, first, last = _row(
        conn,
        sql.SQL("SELECT count(*), min(time_min), max(time_max) FROM {}").format(sql.Identifier(schema, "epn_core")),
    )
    known = names(schema)
    files, withheld, superseded, bad = _row(
        conn,
        sql.SQL(
            "SELECT count(*), count(*) FILTER (WHERE status = 'withheld'),"
            " count(*) FILTER (WHERE status = 'superseded'), count(*) FILTER (WHERE status IN {quarantine})"
            " FROM {ledger}"
        ).format(**known),
    )
    quarantined = conn.execute(
        sql.SQL(
            "SELECT path, place, reason FROM {ledger} WHERE status IN {quarantine}"
            ' ORDER BY path COLLATE "C" LIMIT {limit}'
        ).format(**known, limit=sql.Literal(LISTED))
    )
    listed = [Quarantined(*line) for line in quarantined]
    lacking, unknown = Agreement(conn, schema).found()
    return CollectionStatus(
        schema, rows, files, withheld, superseded, lacking, unknown, _iso(first), _iso(last), bad, listed
    )


def _row(conn: psycopg.Connection, statement: sql.Composed) -> tuple:  # type: ignore[type-arg]
    return conn.execute(statement).fetchone() or ()


def _iso(jd: float | None) -> str | None:
    return None if jd is None else datetime_of_jd(jd).isoformat(timespec="seconds")
