"""Tells of ingests: a line of each in the hidden table ``runs``, and events in the log."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from epncore import __version__
from epncore.app import log
from epncore.app.quarantine import bad_files
from epncore.app.schema import columns_there
from epncore.model.bookkeeping import RUNS
from epncore.model.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from epncore.app.counts import Counts
    from epncore.app.database import Database
    from epncore.app.outcome import Outcome
    from epncore.app.summary import Summary

KEPT_RUNS = 10_000
"""Lines of the table; older ones go, since a collection may be watched for decades."""

FINISHED, STOPPED, FAILED, BROKEN_OFF = "finished", "stopped", "failed", "broken off"
"""How a run ends; one that was killed cannot say so, and is found broken off."""

RUNNING = "running"
"""Not in the table, where it is NULL: a run that has not ended."""


@contextmanager
def recorded(database: Database, schema: str, *, dry_run: bool) -> Iterator[Run]:
    """Tell of a run, however it ends.

    Parameters
    ----------
    database : Database
    schema : str
    dry_run : bool
        Whether only the log is told.

    Yields
    ------
    Run
    """
    run = Run(database, schema, dry_run=dry_run)
    try:
        yield run
    except (KeyboardInterrupt, Exception) as error:
        if was_interrupted(error):
            run.ended(STOPPED, level=logging.WARNING)
        else:
            # PostgreSQL takes no NUL in a text, and no half of a surrogate pair.
            reason = str(error).replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()
            run.ended(FAILED, {"reason": reason}, level=logging.ERROR)
        raise


class Run:
    """One ingest. It writes over connections of its own: that of the ingest may be what broke."""

    def __init__(self, database: Database, schema: str, *, dry_run: bool) -> None:
        self.database, self.schema, self.dry_run = database, schema, dry_run
        self.number: int | None = None
        self.begun = False
        self.clock = time.monotonic()

    def began(self, workers: int) -> None:
        """The tables are there, and nobody else writes them: note that, and whatever was broken off before."""
        if self.begun:  # over another connection
            return
        self.begun = True
        self._tell("started", version=__version__, workers=workers)
        if self.dry_run:
            return
        with self.database.connect() as conn:
            self._run(conn, "UPDATE {runs} SET outcome = %s WHERE outcome IS NULL", (BROKEN_OFF,))
            row = self._run(
                conn,
                "INSERT INTO {runs} (id, started, version, host)"
                " SELECT coalesce(max(id), 0) + 1, now() AT TIME ZONE 'UTC', %s, %s FROM {runs} RETURNING id",
                (__version__, socket.gethostname()),
            ).fetchone()
            self.number = int(row[0]) if row else None
            self._run(conn, "DELETE FROM {runs} WHERE id <= %s", ((self.number or 0) - KEPT_RUNS,))

    def committed(self, conn: psycopg.Connection, batch: Sequence[Outcome], counts: Counts) -> None:
        """A batch is written; its files that are bad are told one by one."""
        if not log.is_open():
            return
        self._tell("checked" if self.dry_run else "committed", files=len(batch), new=counts.new, changed=counts.changed)
        if counts.newly_quarantined:
            for path, place, reason in bad_files(conn, self.schema, batch):
                self._tell("quarantined", level=logging.WARNING, path=path, where=place, reason=reason)

    def finished(self, summary: Summary) -> None:
        """The ingest came to its end; what it noted beside its numbers is a warning each."""
        for note in summary.notes:
            self._tell("noted", level=logging.WARNING, note=note)
        numbers = {
            "files_new": summary.new,
            "files_changed": summary.changed,
            "files_unchanged": summary.unchanged,
            "files_vanished": summary.vanished_count,
            "files_withheld": summary.withheld,
            "files_quarantined": summary.quarantined_count,
            "newly_quarantined": summary.newly_quarantined,
            "row_count": summary.rows,
            "rows_lacking": summary.lacking,
            "rows_unknown": summary.unknown,
            "files_pruned": summary.pruned,
            "files_renamed": summary.renamed,
        }
        self.ended(FINISHED, numbers)

    def ended(self, outcome: str, more: Mapping[str, int | str] | None = None, *, level: int = logging.INFO) -> None:
        """Note how it ended; where the database is gone, only the log is told."""
        more = more or {}
        self._tell(outcome, level=level, seconds=round(time.monotonic() - self.clock, 3), **more)
        if self.number is None:
            return
        with suppress(DatabaseError, psycopg.Error), self.database.connect() as conn:
            there = columns_there(conn, self.schema).get(RUNS.name, {})  # a table of an older version has fewer
            cells = {name: value for name, value in {"outcome": outcome, **more}.items() if name in there}
            assign = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in cells)
            self._run(
                conn,
                "UPDATE {runs} SET ended = now() AT TIME ZONE 'UTC', {assign} WHERE id = %s",
                (*cells.values(), self.number),
                assign=assign,
            )

    def _run(
        self, conn: psycopg.Connection, statement: LiteralString, values: Sequence[object], **more: sql.Composable
    ) -> psycopg.Cursor:
        runs = sql.Identifier(self.schema, RUNS.name)
        return conn.execute(sql.SQL(statement).format(runs=runs, **more), values)

    def _tell(self, event: str, *, level: int = logging.INFO, **fields: object) -> None:
        dry = {"dry_run": True} if self.dry_run else {}
        log.tell(event, level=level, collection=self.schema, **dry, **fields)


def was_interrupted(error: BaseException | None) -> bool:
    """Whether it is a stop by a person or by the system, or what that broke."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
