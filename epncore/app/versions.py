"""Reprocessed versions: of files that differ by their version only, the highest has the row (docs/adr/0017).

The ledger names the family of each such file and its version. A file of which a later version claims a row is
``superseded``: known by its line in the ledger, and read only when the later one is removed or goes bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.scan import Seen
from epncore.app.states import listed, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

# Whether `a` goes before `b`; of two that write the same version differently, the path that sorts first.
_LATER: LiteralString = (
    "a.family = b.family AND (string_to_array(a.version, '.')::numeric[] > string_to_array(b.version, '.')::numeric[]"
    " OR string_to_array(a.version, '.')::numeric[] = string_to_array(b.version, '.')::numeric[]"
    '  AND a.path COLLATE "C" < b.path COLLATE "C")'
)

_LATER_CLAIMS: LiteralString = "a.status IN {claims} AND a.granule_uid IS NOT NULL AND {later}"

_SUPERSEDED: LiteralString = (
    "status = 'superseded', granule_uid = NULL, row_hash = NULL, given = NULL, release_date = NULL, since = NULL,"
    " place = 'version', reason = 'there is a later version'"
)


class Versions:
    """Decides between the versions of files.

    Parameters
    ----------
    conn : psycopg.Connection
        With the temporary tables of `diff` and `store`.
    schema : str
    """

    def __init__(self, conn: psycopg.Connection, schema: str) -> None:
        self.conn = conn
        self._names = {**names(schema), "later": sql.SQL(_LATER), "superseded": sql.SQL(_SUPERSEDED)}
        self._names["later_claims"] = sql.SQL(_LATER_CLAIMS).format(**self._names)

    def _run(self, statement: LiteralString, **more: sql.Composable) -> psycopg.Cursor:
        return self.conn.execute(sql.SQL(statement).format(**self._names, **more))

    def note(self) -> bool:
        """Tell the ledger families and versions, which depend on keys of the config that no file is read again for.

        Rows of other families than before are made anew: so the highest versions take theirs over.

        Returns
        -------
        bool
            Whether a line of the ledger changed.
        """
        row = self._run(
            "WITH changed AS (UPDATE {ledger} l SET family = s.family, version = s.version, config = NULL"
            "  FROM scanned s WHERE l.path = s.path AND (l.family, l.version) IS DISTINCT FROM (s.family, s.version)"
            "  RETURNING l.path, l.family),"
            " others AS (UPDATE {ledger} l SET config = NULL WHERE l.family IN (SELECT family FROM changed)"
            "  AND l.path NOT IN (SELECT path FROM changed))"
            " SELECT EXISTS (SELECT FROM changed)"
        ).fetchone()
        return row is not None and bool(row[0])

    def hold(self) -> None:
        """Of new and changed files, leave those aside of which a later version is there, scanned or with a row."""
        self._run(
            "CREATE TEMP TABLE held AS SELECT b.path FROM diff b WHERE b.work IS NOT NULL"
            "  AND EXISTS (SELECT FROM diff a WHERE a.work IS NOT NULL AND {later})"
            " UNION SELECT b.path FROM diff b WHERE b.work IS NOT NULL"
            "  AND EXISTS (SELECT FROM {ledger} a WHERE {later_claims})"
        )
        self._run("UPDATE diff SET work = 'hold' FROM held WHERE diff.path = held.path")
        columns = [name for name in Seen._fields if name != "path"]
        # What has a row keeps it until the later version has its own; the rest is known from here on.
        self._run(
            "INSERT INTO {ledger} AS l (path, {columns}, status, place, reason)"
            " SELECT path, {columns}, 'superseded', 'version', 'there is a later version' FROM diff WHERE work = 'hold'"
            " ON CONFLICT (path) DO UPDATE SET ({columns}) = ({excluded}), {superseded},"
            " (grammar, grammar_version, reading, config, linking) = ROW (NULL, NULL, NULL, NULL, NULL)"
            " WHERE l.status NOT IN {claims}",
            columns=listed(columns),
            excluded=listed(columns, "excluded"),
        )
        self._stamp()

    def _stamp(self) -> None:
        """What is left aside now needs nothing in the next run."""
        columns = [name for name in Seen._fields if name not in {"path", "product"}]
        self._run(
            "UPDATE {ledger} l SET (grammar, grammar_version, reading, config, linking, product, {columns})"
            " = ROW (t.grammar, t.grammar_version, t.reading, t.config, t.linking, d.product, {scanned})"
            " FROM diff d JOIN stamp t USING (product) WHERE d.path = l.path AND d.work = 'hold'"
            " AND l.status = 'superseded'",
            columns=listed(columns),
            scanned=listed(columns, "d"),
        )

    def settle(self) -> None:
        """In a batch: let later versions take over. Fills ``released`` with the uids of those that lose their row."""
        self._run(
            "UPDATE seen b SET {superseded} WHERE b.status IN {claims}"
            " AND EXISTS (SELECT FROM seen a WHERE {later_claims})"
        )
        self._run(
            "UPDATE seen b SET {superseded} WHERE b.status IN {claims} AND EXISTS (SELECT FROM {ledger} a"
            " WHERE {later_claims} AND NOT EXISTS (SELECT FROM seen s WHERE s.path = a.path))"
        )
        beaten = self._run(
            "WITH beaten AS (SELECT b.path, b.granule_uid, b.status FROM {ledger} b WHERE b.status IN {claims}"
            "  AND EXISTS (SELECT FROM seen a WHERE {later_claims})),"
            " noted AS (INSERT INTO released SELECT granule_uid FROM beaten"
            "  WHERE status IN {rows} AND granule_uid IS NOT NULL)"
            " UPDATE {ledger} l SET {superseded} FROM beaten WHERE beaten.path = l.path"
        )
        if beaten.rowcount:
            self._stamp()

    def freed(self) -> Iterator[Seen]:
        """Files whose later version is gone or bad, the highest of each family: they have the row now."""
        statement = sql.SQL(
            "SELECT DISTINCT ON (b.family) {seen} FROM {ledger} b LEFT JOIN diff d ON d.path = b.path"
            " WHERE b.family IS NOT NULL AND coalesce(d.state, '') NOT IN ('gone', 'away', 'hidden')"
            " AND (b.status = 'superseded' OR d.work = 'hold' AND b.status IN {claims})"
            " AND NOT EXISTS (SELECT FROM {ledger} a WHERE {later_claims})"
            " ORDER BY b.family, string_to_array(b.version, '.')::numeric[] DESC,"
            ' b.path COLLATE "C"'
        ).format(seen=listed(Seen._fields, "b"), **self._names)
        with self.conn.cursor(name="freed", withhold=True) as cursor:
            cursor.execute(statement)
            for line in cursor:
                yield Seen(*line)
        self._run("UPDATE diff SET work = NULL WHERE work = 'hold'")
