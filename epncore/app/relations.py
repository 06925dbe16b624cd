"""Links between granules of one observation: #progenitor, and its inverse #derivation.

They depend on what else is in the table, so they are no part of a row's fingerprint. After a batch, those of all
granules that share an obs_id with it are compared with what they should be, and what differs is written: so they do
not depend on the order in which files arrive, and an unchanged run writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, TypeAlias

from psycopg import sql

from epncore.app.links_table import LinksTable
from epncore.model.bookkeeping import LINKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from epncore.model.collection import Collection

Pair: TypeAlias = tuple[str, str]
"""granule_gid of what is derived, and of what it derives from."""

FIRST = 1000
"""Places (`ord`) from here on are those of relations; a granule's own links stand below."""

SMALLINT_END = 2**15

MOST = 500
"""Relations of one granule; an obs_id that a whole year shares would else give each granule a link to each other."""


def derivations(collection: Collection) -> list[Pair]:
    """Which kinds of granules derive from which, as ``derived_from`` of the products says."""
    return [(product.granule_gid, origin) for product in collection.product for origin in product.derived_from]


class Relations:
    """Writes the relations among granules of one collection.

    Parameters
    ----------
    conn : psycopg.Connection
    schema : str
    derived : sequence of Pair
    """

    def __init__(self, conn: psycopg.Connection, schema: str, derived: Sequence[Pair]) -> None:
        self.conn, self.derived = conn, list(derived)
        self.table = LinksTable(conn, schema)
        self._names = {"epn_core": sql.Identifier(schema, "epn_core"), "links": sql.Identifier(schema, LINKS.name)}
        conn.execute("CREATE TEMP TABLE IF NOT EXISTS observations (obs_id text) ON COMMIT DELETE ROWS")

    def before(self, uids: Sequence[str | None]) -> None:
        """Note which granules a batch is about, and their observations as they are before it."""
        self.conn.execute("TRUNCATE observations")
        self.table.touch(uids)
        self._note_observations()

    def settle(self) -> int:
        """Write what differs from what should be; of the granules noted and all that share their observations.

        Returns
        -------
        int
            Links removed or added.
        """
        if self.derived:
            self._note_observations()
            self._run(
                "INSERT INTO touched SELECT granule_uid FROM {epn_core}"
                " WHERE obs_id IN (SELECT obs_id FROM observations)"
            )
            self._want()
        return len(self.table.settle(FIRST, SMALLINT_END))

    def _note_observations(self) -> None:
        if self.derived:
            self._run(
                "INSERT INTO observations SELECT DISTINCT e.obs_id FROM {epn_core} e JOIN touched USING (granule_uid)"
            )

    def _want(self) -> None:
        """What should be: a link to the data of the other granule, where these are public."""
        pairs = [gid for gid, _ in self.derived], [origin for _, origin in self.derived]
        self._run(
            "WITH derived (gid, origin) AS (SELECT * FROM unnest(%s::text[], %s::text[])),"
            " granule AS ("
            "  SELECT e.granule_uid, e.granule_gid, e.obs_id, k.access_url, k.content_type, k.content_length"
            "  FROM {epn_core} e LEFT JOIN {links} k ON k.id = e.granule_uid AND k.ord = 0 AND k.semantics = '#this'"
            "  WHERE e.granule_uid IN (SELECT granule_uid FROM touched)),"
            " found AS ("
            "  SELECT a.granule_uid AS id, b.*, '#progenitor' AS semantics, 'Derived from ' AS said FROM derived d"
            "   JOIN granule a ON a.granule_gid = d.gid"
            "   JOIN granule b ON b.granule_gid = d.origin AND b.obs_id = a.obs_id"
            "  UNION ALL SELECT a.granule_uid, b.*, '#derivation', 'Derived from this: ' FROM derived d"
            "   JOIN granule a ON a.granule_gid = d.origin"
            "   JOIN granule b ON b.granule_gid = d.gid AND b.obs_id = a.obs_id),"
            " placed AS ("
            '  SELECT *, row_number() OVER (PARTITION BY id ORDER BY semantics DESC, granule_uid COLLATE "C") AS place'
            "  FROM found WHERE access_url IS NOT NULL)"
            " INSERT INTO wanted (id, ord, access_url, description, semantics, content_type, content_length)"
            " SELECT id, %s + place, access_url, said || granule_uid, semantics, content_type, content_length"
            " FROM placed WHERE place <= %s",
            (*pairs, FIRST - 1, MOST),
        )

    def _run(self, statement: LiteralString, values: Sequence[object] | None = None) -> None:
        self.conn.execute(sql.SQL(statement).format(**self._names), values)
