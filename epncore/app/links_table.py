"""Brings links of some granules to what they should be, and writes only what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from epncore.model.bookkeeping import LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from epncore.model.row import Cell


class LinksTable:
    """The links of a collection, and beside them two temporary tables: `touched` granules, and links `wanted` for them.

    Parameters
    ----------
    conn : psycopg.Connection
        In a transaction; the temporary tables are emptied at its end and stay for the next.
    schema : str
    """

    def __init__(self, conn: psycopg.Connection, schema: str) -> None:
        self.conn = conn
        self._names: dict[str, sql.Composable] = {
            "links": sql.Identifier(schema, LINKS.name),
            "cells": _cells(),
            "want": _cells("w"),
            "have": _cells("k"),
        }
        conn.execute("CREATE TEMP TABLE IF NOT EXISTS touched (granule_uid text) ON COMMIT DELETE ROWS")
        conn.execute(
            sql.SQL(
                "CREATE TEMP TABLE IF NOT EXISTS wanted ON COMMIT DELETE ROWS AS SELECT {cells} FROM {links} LIMIT 0"
            ).format(**self._names)
        )
        # The planner knows no numbers of a fresh table: with this it never compares each link with each.
        conn.execute("CREATE INDEX IF NOT EXISTS wanted_place ON wanted (id, ord)")

    def touch(self, uids: Sequence[str | None]) -> None:
        """Begin with these granules."""
        self.conn.execute("TRUNCATE touched, wanted")
        self.conn.execute("INSERT INTO touched SELECT DISTINCT unnest(%s::text[])", (list(uids),))

    def want(self, links: Iterable[Sequence[Cell]]) -> None:
        """Links that there should be, as rows of the table."""
        statement = sql.SQL("COPY wanted ({cells}) FROM STDIN").format(**self._names)
        with self.conn.cursor() as cursor, cursor.copy(statement) as copy:
            for link in links:
                copy.write_row(link)

    def settle(self, first: int, last: int) -> list[str]:
        """Make the links of the touched granules, at places from `first` up to `last`, those that are wanted.

        Returns
        -------
        list of str
            granule_uid of each link that was removed or added.
        """
        places = {"first": sql.Literal(first), "last": sql.Literal(last)}
        removed = self.conn.execute(
            sql.SQL(
                "DELETE FROM {links} k WHERE k.id IN (SELECT granule_uid FROM touched)"
                " AND k.ord >= {first} AND k.ord < {last} AND NOT EXISTS (SELECT FROM wanted w"
                " WHERE (w.id, w.ord) = (k.id, k.ord) AND ({want}) IS NOT DISTINCT FROM ({have})) RETURNING k.id"
            ).format(**self._names, **places)
        ).fetchall()
        added = self.conn.execute(
            sql.SQL(
                "INSERT INTO {links} ({cells}) SELECT {cells} FROM wanted w"
                " WHERE NOT EXISTS (SELECT FROM {links} k WHERE (k.id, k.ord) = (w.id, w.ord)) RETURNING id"
            ).format(**self._names)
        ).fetchall()
        self.conn.execute("TRUNCATE wanted")
        return [uid for (uid,) in removed + added]


def _cells(table: str | None = None) -> sql.Composable:
    prefix = [table] if table else []
    return sql.SQL(", ").join(sql.Identifier(*prefix, column.name) for column in LINKS.columns)
