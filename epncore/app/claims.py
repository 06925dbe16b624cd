"""Which file of a batch, or of earlier ones, has the row of a granule_uid, and which rows go.

Two files may give one granule_uid: the path that sorts first has the row, whatever the order they were seen in
(docs/adr/0004). So a batch first finds the winner of each uid among itself and the ledger.

What the ledger knows of the paths and uids of a batch is looked up once, line by line by its indices: a join with the
ledger would read all of it, in each batch, wherever the planner has no numbers of it yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.states import names

if TYPE_CHECKING:
    import psycopg

_LOSES: LiteralString = (
    " SET status = 'duplicate', place = 'granule_uid', release_date = NULL, since = {moment},"
    " reason = format('granule_uid %s is already that of %s, which sorts first. Choose a granule_uid template"
    " that tells them apart', t.granule_uid, winner.path)"
    " FROM winner WHERE t.granule_uid = winner.granule_uid AND t.path <> winner.path AND t.status IN {claims}"
)


_KNOWN: LiteralString = (
    "INSERT INTO known"
    " SELECT l.* FROM seen s CROSS JOIN LATERAL (SELECT * FROM {ledger} WHERE path = s.path OFFSET 0) AS l"
    " UNION SELECT l.* FROM seen s CROSS JOIN LATERAL"
    "  (SELECT * FROM {ledger} WHERE granule_uid = s.granule_uid OFFSET 0) AS l WHERE s.granule_uid IS NOT NULL"
)
"""OFFSET 0 keeps the planner from making a join of it."""


class Claims:
    """Settles claims between the files of a batch, in the table ``seen``, and those of the ledger.

    Parameters
    ----------
    conn : psycopg.Connection
    schema : str
    """

    def __init__(self, conn: psycopg.Connection, schema: str) -> None:
        self.conn = conn
        self._names = names(schema)
        conn.execute(
            sql.SQL("CREATE TEMP TABLE known ON COMMIT DELETE ROWS AS SELECT * FROM {ledger} LIMIT 0").format(
                **self._names
            )
        )
        conn.execute("CREATE TEMP TABLE winner (granule_uid text, path text) ON COMMIT DELETE ROWS")
        conn.execute("CREATE TEMP TABLE released (granule_uid text) ON COMMIT DELETE ROWS")
        conn.execute("CREATE TEMP TABLE moved (path text, old_path text, is_same boolean) ON COMMIT DELETE ROWS")

    def _run(self, statement: LiteralString) -> psycopg.Cursor:
        return self.conn.execute(sql.SQL(statement).format(**self._names))

    def settle(self) -> int:
        """Fill ``known``, ``winner``, ``moved`` and ``released``, the uids whose rows go, and say who loses.

        Returns
        -------
        int
            Files of earlier runs that lost their uid.
        """
        self._run(_KNOWN)
        self._find_winners()
        self._find_moved()
        self._find_released()
        return self._demote()

    def _find_winners(self) -> None:
        """Of all files that claim a uid, the path that sorts first has it; the others say who has.

        A file that the scan did not see holds no claim against one that it saw: it was moved, or removed.
        """
        self._run(
            "INSERT INTO winner"
            ' SELECT granule_uid, min(path COLLATE "C") AS path FROM ('
            "  SELECT granule_uid, path FROM seen WHERE status IN {claims} AND granule_uid IS NOT NULL"
            "  UNION ALL SELECT l.granule_uid, l.path FROM known l"
            "   WHERE l.status IN {claims} AND l.granule_uid IN (SELECT granule_uid FROM seen)"
            "    AND NOT EXISTS (SELECT FROM diff g WHERE g.path = l.path AND g.state IN ('gone', 'hidden'))"
            "    AND l.path NOT IN (SELECT path FROM seen)) AS claim GROUP BY granule_uid"
        )
        self._run("UPDATE seen AS t" + _LOSES)

    def _demote(self) -> int:
        """Files of earlier runs that lose their uid to one of this batch; those that are gone left it by themselves."""
        gone: LiteralString = (
            " AND NOT EXISTS (SELECT FROM diff g WHERE g.path = t.path AND g.state IN ('gone', 'hidden'))"
        )
        self._run("UPDATE known AS t" + _LOSES + gone)
        return self._run(
            "UPDATE {ledger} AS l SET (status, place, release_date, since, reason)"
            " = (k.status, k.place, k.release_date, k.since, k.reason)"
            " FROM known k WHERE l.path = k.path AND l.status <> k.status"
        ).rowcount

    def _find_moved(self) -> None:
        """Files that have another path now: known by the scan, or because they give the uid of one that is gone.

        The line of the old path goes; its row does, where the new path gives another uid.
        """
        self._run(
            "INSERT INTO moved SELECT s.path, d.old_path, true FROM seen s JOIN diff d USING (path)"
            " WHERE d.old_path IS NOT NULL AND s.status IN {claims}"
        )
        self._run(
            "INSERT INTO moved SELECT w.path, l.path, (l.size_bytes, l.mtime_ns) = (s.size_bytes, s.mtime_ns)"
            " FROM winner w JOIN known l USING (granule_uid)"
            " JOIN diff g ON g.path = l.path AND g.state IN ('gone', 'hidden')"
            " LEFT JOIN seen s ON s.path = w.path WHERE l.path <> w.path"
            " AND l.path NOT IN (SELECT old_path FROM moved)"
        )
        self._run(
            "INSERT INTO released SELECT l.granule_uid FROM moved m JOIN {ledger} l ON l.path = m.old_path"
            " WHERE l.status IN {rows} AND l.granule_uid IS NOT NULL"
        )

    def _find_released(self) -> None:
        """The uids that no file claims any longer, or another than before: their rows go."""
        self._run(
            "INSERT INTO released SELECT DISTINCT l.granule_uid FROM known l"
            " LEFT JOIN seen s USING (path) LEFT JOIN winner w ON w.granule_uid = l.granule_uid"
            " WHERE l.status IN {rows} AND l.granule_uid IS NOT NULL AND (s.path IS NOT NULL OR w.path IS NOT NULL)"
            " AND (w.path IS NULL OR w.path <> l.path OR s.path IS NOT NULL)"
        )
        self._run(
            "DELETE FROM released WHERE granule_uid IN"
            " (SELECT granule_uid FROM seen k WHERE k.status IN {rows} AND k.granule_uid IS NOT NULL"
            "  UNION SELECT w.granule_uid FROM winner w JOIN known l USING (path, granule_uid)"
            "   WHERE l.status IN {rows} AND l.path NOT IN (SELECT path FROM seen))"
        )
