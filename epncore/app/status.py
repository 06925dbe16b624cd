"""What a database holds of collections: rows, files, what is wrong with files, and how the last ingest ended."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from epncore.app.agreement import Agreement
from epncore.app.quarantine import kind_of
from epncore.app.runs import BROKEN_OFF, FINISHED, RUNNING
from epncore.app.schema import not_whole
from epncore.app.session import database_errors, lock_key
from epncore.app.states import names
from epncore.app.summary import LISTED, Quarantined
from epncore.model.bookkeeping import LEDGER, RUNS
from epncore.model.units import datetime_of_jd

if TYPE_CHECKING:
    import psycopg

    from epncore.app.database import Database


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The last ingest.

    Attributes
    ----------
    started, ended : datetime.datetime
        UTC; no end where it is running or was broken off.
    outcome : {"running", "finished", "stopped", "failed", "broken off"}
    reason : str or None
        Why it failed.
    seconds : float or None
    version, host : str or None
        Of the toolkit, and of the machine it ran on.
    """

    started: dt.datetime
    ended: dt.datetime | None
    outcome: str
    reason: str | None
    seconds: float | None
    version: str | None
    host: str | None


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
    unreadable_count : int
        How many of them cannot be read now, and keep the row they had.
    quarantined : list of Quarantined
        The first of them.
    reasons : dict of str to int
        How many of these there are of each kind, the most frequent first.
    last_run : RunStatus or None
        None where none was noted yet.
    last_success : datetime.datetime or None
        When an ingest finished last, UTC.
    success_age_hours : float or None
        How long ago that is by the clock of the database.
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
    unreadable_count: int
    quarantined: list[Quarantined]
    reasons: dict[str, int]
    last_run: RunStatus | None
    last_success: dt.datetime | None
    success_age_hours: float | None

    def is_fine(self, most_hours: float) -> bool:
        """Whether an ingest finished within so many hours, and the ledger agrees with the table."""
        age = self.success_age_hours
        return age is not None and age <= most_hours and not (self.lacking or self.unknown)


def status(database: Database, schema: str | None = None) -> list[CollectionStatus]:
    """Look at one collection, or at all that this role may read.

    Raises
    ------
    DatabaseError
        Where the database is down or refuses, or a collection has a ledger but no epn_core.
    """
    with database_errors(), database.connect() as conn:
        found = conn.execute(
            "SELECT n.nspname, EXISTS (SELECT FROM pg_class e WHERE e.relnamespace = n.oid AND e.relname = 'epn_core')"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relname = %s AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
            ' ORDER BY n.nspname COLLATE "C"',
            (LEDGER.name,),
        ).fetchall()
        asked = [(name, is_whole) for name, is_whole in found if schema in (None, name)]
        for name, is_whole in asked:
            if not is_whole:
                raise not_whole(name, there=[LEDGER.name], missing=["epn_core"])
        return [_one(conn, name) for name, _ in asked]


def _one(conn: psycopg.Connection, schema: str) -> CollectionStatus:
    rows, first, last = _row(
        conn,
        sql.SQL("SELECT count(*), min(time_min), max(time_max) FROM {}").format(sql.Identifier(schema, "epn_core")),
    )
    known = names(schema)
    files, withheld, superseded, bad, unreadable = _row(
        conn,
        sql.SQL(
            "SELECT count(*), count(*) FILTER (WHERE status = 'withheld'),"
            " count(*) FILTER (WHERE status = 'superseded'), count(*) FILTER (WHERE status IN {quarantine}),"
            " count(*) FILTER (WHERE status = 'unavailable')"
            " FROM {ledger}"
        ).format(**known),
    )
    quarantined = conn.execute(
        sql.SQL(
            "SELECT path, place, reason, status FROM {ledger} WHERE status IN {quarantine}"
            ' ORDER BY path COLLATE "C" LIMIT {limit}'
        ).format(**known, limit=sql.Literal(LISTED))
    )
    listed = [Quarantined(*line) for line in quarantined]
    lacking, unknown = Agreement(conn, schema).found()
    run, success, age = _runs(conn, schema)
    return CollectionStatus(
        schema, rows, files, withheld, superseded, lacking, unknown, _iso(first), _iso(last), bad, unreadable,
        listed, _reasons(conn, schema), run, success, age,
    )  # fmt: skip


def _reasons(conn: psycopg.Connection, schema: str) -> dict[str, int]:
    statement = sql.SQL("SELECT reason, count(*) FROM {ledger} WHERE status IN {quarantine} GROUP BY reason")
    kinds: Counter[str] = Counter()
    for reason, count in conn.execute(statement.format(**names(schema))):
        kinds[kind_of(reason)] += count
    return dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))


def _runs(conn: psycopg.Connection, schema: str) -> tuple[RunStatus | None, dt.datetime | None, float | None]:
    """The last run; when one finished last, and how many hours ago that is."""
    there = conn.execute(
        "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s"
        " AND has_table_privilege(c.oid, 'SELECT')",
        (schema, RUNS.name),
    ).fetchone()
    if there is None:  # tables of an older version
        return None, None, None
    runs = sql.Identifier(schema, RUNS.name)
    last = conn.execute(
        sql.SQL(
            "SELECT started, ended, outcome, reason, extract(epoch FROM ended - started)::float8, version, host"
            " FROM {} ORDER BY id DESC LIMIT 1"
        ).format(runs)
    ).fetchone()
    success, age = _row(
        conn,
        sql.SQL(
            "SELECT max(ended), extract(epoch FROM now() AT TIME ZONE 'UTC' - max(ended))::float8 / 3600"
            " FROM {} WHERE outcome = {}"
        ).format(runs, sql.Literal(FINISHED)),
    )
    if last is None:
        return None, None, None
    started, ended, outcome, *rest = last
    # Who writes holds the lock; a run that was killed left its line as it was.
    outcome = outcome or (RUNNING if _is_running(conn, schema) else BROKEN_OFF)
    return RunStatus(started, ended, outcome, *rest), success, age


def _is_running(conn: psycopg.Connection, schema: str) -> bool:
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0))",
        (lock_key(schema),),
    ).fetchone()
    return bool(row and row[0])


def _row(conn: psycopg.Connection, statement: sql.Composed) -> tuple:  # type: ignore[type-arg]
    return conn.execute(statement).fetchone() or ()


def _iso(jd: float | None) -> str | None:
    return None if jd is None else datetime_of_jd(jd).isoformat(timespec="seconds")
