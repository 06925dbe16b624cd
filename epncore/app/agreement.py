"""Whether table and ledger speak of the same rows: after a table was dropped, restored or edited, they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.states import names
from epncore.model.printable import counted

if TYPE_CHECKING:
    import psycopg

_LACKING: LiteralString = (
    "FROM {ledger} l WHERE l.status IN {rows} AND l.granule_uid IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM {epn_core} e WHERE e.granule_uid = l.granule_uid)"
)
_UNKNOWN: LiteralString = (
    "FROM {epn_core} e WHERE NOT EXISTS"
    " (SELECT FROM {ledger} l WHERE l.granule_uid = e.granule_uid AND l.status IN {rows})"
)


class Agreement:
    """Compares the table of a collection with its ledger, by the granule_uids of both.

    Parameters
    ----------
    conn : psycopg.Connection
    schema : str
    """

    def __init__(self, conn: psycopg.Connection, schema: str) -> None:
        self.conn = conn
        self._names = names(schema)
        self._names["lacking"] = sql.SQL(_LACKING).format(**self._names)
        self._names["unknown"] = sql.SQL(_UNKNOWN).format(**self._names)

    def _run(self, statement: LiteralString) -> psycopg.Cursor:
        return self.conn.execute(sql.SQL(statement).format(**self._names))

    def found(self) -> tuple[int, int]:
        """How many rows the table lacks, and how many the ledger does not know.

        Two sums over the uids tell whether they agree; only where they do not, the tables are joined.
        """
        sums = self._run(
            "SELECT count(*), bit_xor(hashtextextended(granule_uid, 0)) FROM {epn_core} UNION ALL"
            " SELECT count(*), bit_xor(hashtextextended(granule_uid, 0)) FROM {ledger}"
            " WHERE status IN {rows} AND granule_uid IS NOT NULL"
        ).fetchall()
        if sums[0] == sums[1]:
            return 0, 0
        (lacking,), (unknown,) = self._run("SELECT count(*) {lacking} UNION ALL SELECT count(*) {unknown}").fetchall()
        return int(lacking), int(unknown)

    def mend(self, *, prune: bool) -> int:
        """After all files were read again: drop lines without a row and, to prune, rows that no file gives.

        Returns
        -------
        int
            Rows that were removed.
        """
        removed = 0
        if prune:
            removed = self._run("DELETE FROM {epn_core} WHERE granule_uid IN (SELECT granule_uid {unknown})").rowcount
        self._run("DELETE FROM {links} k WHERE NOT EXISTS (SELECT FROM {epn_core} e WHERE e.granule_uid = k.id)")
        self._run("DELETE FROM {ledger} WHERE path IN (SELECT path {lacking})")
        return removed


def sentences(lacking: int, unknown: int, *, rebuilt: bool = False) -> list[str]:
    """What is to be said where they do not agree; other words where all files were read again already."""
    if not lacking and not unknown:
        return []
    parts = [f"the table lacks {counted(lacking, 'row')} that the ledger knows"] if lacking else []
    parts += [f"the ledger does not know {counted(unknown, 'row')} of the table"] if unknown else []
    told = " and ".join(parts)
    if rebuilt:
        return [f"{told}: no file gives them; `--rebuild-ledger --prune` removes them"]
    and_more = "; rows that no file gives go with `--prune` beside it" if unknown else ""
    return [f"{told}: was it restored or edited? `epncore ingest COLLECTION_DIR --rebuild-ledger` mends it{and_more}"]
