"""Writes files that the database knows nothing of straight into its tables.

Most files are written once, and then there is nothing to compare them with: nobody else has their granule_uid, and no
row or link is there that might stay. Finding that out costs a look into an index a file; to settle claims and
differences, as `epncore.app.store` does for the others, costs more than to write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from epncore.app.counts import Counts
from epncore.app.stage import copy
from epncore.app.states import IN_QUARANTINE, names
from epncore.model.bookkeeping import LEDGER, LINKS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from epncore.app.outcome import Outcome
    from epncore.app.schema import Tables
    from epncore.app.stage import Stage

_ASKED: LiteralString = (
    "SELECT {moment}, EXISTS (SELECT FROM unnest(%s::text[]) AS s (uid) CROSS JOIN LATERAL"
    "  (SELECT FROM {ledger} WHERE granule_uid = s.uid OFFSET 0) AS l)"
    " OR EXISTS (SELECT FROM unnest(%s::text[]) AS s (family) CROSS JOIN LATERAL"
    "  (SELECT FROM {ledger} WHERE family = s.family OFFSET 0) AS l)"
    " OR EXISTS (SELECT FROM diff WHERE old_path IS NOT NULL)"
)
"""The moment, and whether the ledger knows any of the uids or families, or any file of the run by an older path.

OFFSET 0 keeps the planner from reading all of a ledger of which it has no numbers yet.
"""


class Newcomers:
    """Writes batches of which nothing is known.

    Parameters
    ----------
    conn : psycopg.Connection
    tables : Tables
    stage : Stage
    """

    def __init__(self, conn: psycopg.Connection, tables: Tables, stage: Stage) -> None:
        self.conn, self.stage = conn, stage
        self._can_copy = tables.are_plain(LEDGER) and tables.are_plain(LINKS)
        self._names = {**names(tables.schema), "cells": stage.cells, "values": stage.values}

    def write(self, outcomes: Sequence[Outcome]) -> Counts | None:
        """Write a batch; the caller commits.

        Returns
        -------
        Counts or None
            None where it was left alone: two files have one granule_uid or are versions of one product, or something
            is known of one.
        """
        uids = [outcome.granule_uid for outcome in outcomes if outcome.granule_uid is not None]
        families = [outcome.seen.family for outcome in outcomes if outcome.seen.family is not None]
        if not self._can_copy or len({*uids}) < len(uids) or len({*families}) < len(families):
            return None
        answer = self.conn.execute(sql.SQL(_ASKED).format(**self._names), (uids, families)).fetchone()
        if answer is None or answer[1]:
            return None
        try:
            with self.conn.transaction():
                return self._write(outcomes, answer[0])
        except psycopg.errors.UniqueViolation:
            return None  # a path that was known as a bad file's, or rows or links that the ledger does not know

    def _write(self, outcomes: Sequence[Outcome], moment: dt.datetime) -> Counts:
        bad = [outcome.status in IN_QUARANTINE for outcome in outcomes]
        lines = (outcome.ledger_line(moment if is_bad else None) for outcome, is_bad in zip(outcomes, bad, strict=True))
        links = (link for outcome in outcomes for link in outcome.links)
        copy(self.conn, self._names["ledger"], LEDGER.columns, lines)
        copy(self.conn, self._names["links"], LINKS.columns, links)
        self.stage.copy(outcomes)
        insert = sql.SQL("INSERT INTO {epn_core} ({cells}) SELECT {values} FROM stage").format(**self._names)
        new = self.conn.execute(insert).rowcount
        self.conn.execute("TRUNCATE stage")
        return Counts(new=new, newly_quarantined=sum(bad), written=new)
