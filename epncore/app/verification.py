"""What a verification finds: files whose content, or whose row in the table, is another though nothing told so.

Rows are mended as they are found, so that what was found of committed batches is told whatever becomes of the run: at
once in the log, and at the end also where the connection was lost in between.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from psycopg import sql

from epncore.app import log
from epncore.app.states import listed, names
from epncore.app.summary import LISTED, Quarantined
from epncore.model.bookkeeping import Stamp

if TYPE_CHECKING:
    import psycopg


class Verification:
    """Collects what batches find.

    Parameters
    ----------
    schema : str

    Attributes
    ----------
    altered_count : int
    altered : list of Quarantined
        The first of them.
    undigested : int
        Files of which the ledger knew no digest yet.
    """

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self._names = names(schema)
        self._batch: list[Quarantined] = []
        self._batch_undigested = 0
        self.altered_count = 0
        self.altered: list[Quarantined] = []
        self.undigested = 0

    def note(self, conn: psycopg.Connection) -> None:
        """Look at a batch, before it is written."""
        self._batch, self._batch_undigested = [], 0
        found = conn.execute(
            sql.SQL(
                "SELECT s.path, l.digest IS NULL, d.path IS NOT NULL, s.digest <> l.digest, s.reason"
                " FROM seen s JOIN {ledger} l USING (path) JOIN diff f USING (path) LEFT JOIN differs d USING (path)"
                " WHERE f.same AND l.status = 'row' AND s.status <> 'unavailable'"
                " AND ({new}) IS NOT DISTINCT FROM ({old}) AND (l.digest IS NULL OR d.path IS NOT NULL"
                "  OR s.digest <> l.digest OR s.status <> 'row')"
                ' ORDER BY s.path COLLATE "C"'
            ).format(**self._names, new=listed(Stamp._fields, "s"), old=listed(Stamp._fields, "l"))
        )
        for path, is_undigested, row_differs, content_differs, reason in found:
            self._batch_undigested += is_undigested
            if reason or row_differs or content_differs:
                what = reason or _what(row_differs=row_differs, content_differs=content_differs)
                self._batch.append(Quarantined(path, "content", what))

    def committed(self) -> None:
        """The batch that was looked at last is written: tell what was found in it."""
        self.undigested += self._batch_undigested
        self.altered_count += len(self._batch)
        self.altered += self._batch[: LISTED - len(self.altered)]
        for each in self._batch:
            log.tell("altered", level=logging.WARNING, collection=self.schema, path=each.path, reason=each.reason)
        self._batch, self._batch_undigested = [], 0


def _what(*, row_differs: bool, content_differs: bool | None) -> str:
    if row_differs and content_differs is not True:
        return "its row, or its links, in the table were not what it gives: they are written anew"
    if row_differs:
        return "its content and its row are not what they were: the row is written anew"
    return "its content is not what it was, though its size and times are; its row stays"
