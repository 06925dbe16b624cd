"""Writes outcomes: rows, links and ledger of a batch in one transaction, and only what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.claims import Claims
from epncore.app.counts import Counts
from epncore.app.newcomers import Newcomers
from epncore.app.relations import FIRST, Relations
from epncore.app.stage import Stage, copy
from epncore.app.states import listed, names
from epncore.model.bookkeeping import LEDGER, LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from epncore.app.outcome import Outcome
    from epncore.app.relations import Pair
    from epncore.app.schema import Tables
    from epncore.app.verification import Verification
    from epncore.app.versions import Versions
    from epncore.model.columns import Column


class Store:
    """The tables of one collection, and the temporary ones of a run, which has made those of `diff.Differences`.

    Parameters
    ----------
    conn : psycopg.Connection
    tables : Tables
        From `schema.prepare`.
    columns : sequence of Column
        Of the rows that outcomes hold.
    derived : sequence of Pair
        Which kinds of granules derive from which, see `relations.derivations`.
    by_content : bool
        Whether rows and links are compared with the tables themselves; else with what the ledger says of them.
    versions : Versions, optional
        Where later versions of files replace earlier ones.
    verification : Verification, optional
        Is told of each batch.
    """

    def __init__(
        self,
        conn: psycopg.Connection,
        tables: Tables,
        columns: Sequence[Column],
        derived: Sequence[Pair] = (),
        *,
        by_content: bool = False,
        versions: Versions | None = None,
        verification: Verification | None = None,
    ) -> None:
        self.conn, self.tables, self.columns = conn, tables, tuple(columns)
        self.by_content, self.versions, self.verification = by_content, versions, verification
        self.claims = Claims(conn, tables.schema)
        self.relations = Relations(conn, tables.schema, derived)
        self.stage = Stage(conn, tables, columns)
        self.newcomers = None if by_content else Newcomers(conn, tables, self.stage)
        self._names = {**names(tables.schema), "cells": self.stage.cells, "link_cells": listed(LINKS.names)}
        self.stage.make("seen", LEDGER.columns)
        self.stage.make("stage_links", LINKS.columns, "path")
        conn.execute("CREATE TEMP TABLE differs (path text, row_differs boolean, is_new boolean) ON COMMIT DELETE ROWS")
        if by_content:
            conn.execute("CREATE INDEX ON stage_links (path)")

    def _run(self, statement: LiteralString, **more: sql.Composable) -> psycopg.Cursor:
        return self.conn.execute(sql.SQL(statement).format(**self._names, **more))

    def write(self, outcomes: Sequence[Outcome]) -> Counts:
        """Write a batch; the caller commits.

        Returns
        -------
        Counts
            Files of earlier runs that now lose their uid are newly quarantined.
        """
        counts = self.newcomers.write(outcomes) if self.newcomers else None
        if counts is None:
            return self._write(outcomes)
        if self.relations.derived:
            self.relations.before([outcome.granule_uid for outcome in outcomes])
            counts.relations = self.relations.settle()
        return counts

    def _write(self, outcomes: Sequence[Outcome]) -> Counts:
        """Write files of which the database knows some, or which claim one uid among themselves."""
        self._copy(outcomes)
        self._run("UPDATE seen SET since = {moment} WHERE status IN {quarantine}")
        self._settle_unavailable()
        if self.versions:
            self.versions.settle()
        demoted = self.claims.settle()
        self._keep_digests()
        self._find_differences()
        if self.verification:
            self.verification.note(self.conn)
        counts = self._count()
        counts.newly_quarantined += demoted
        uids = [uid for (uid,) in self._run("SELECT granule_uid FROM seen UNION SELECT granule_uid FROM released")]
        self.relations.before(uids)
        self._write_rows()
        self._write_ledger()
        counts.relations = self.relations.settle()
        self.conn.execute("TRUNCATE stage, seen, stage_links, known, winner, released, moved, differs")
        return counts

    def _copy(self, outcomes: Sequence[Outcome]) -> None:
        self.stage.copy(outcomes)
        copy(self.conn, sql.SQL("seen"), LEDGER.columns, (outcome.ledger_line() for outcome in outcomes))
        links = ((*link, outcome.seen.path) for outcome in outcomes for link in outcome.links)
        copy(self.conn, sql.SQL("stage_links"), LINKS.columns, links, "path")

    def _settle_unavailable(self) -> None:
        """A file that cannot be opened now keeps its row."""
        self._run(
            "UPDATE seen SET (granule_uid, row_hash, given) = ROW (l.granule_uid, l.row_hash, l.given) FROM {ledger} l"
            " WHERE l.path = seen.path AND seen.status = 'unavailable' AND l.status IN {rows}"
        )

    def _keep_digests(self) -> None:
        """One that was read for another reason than its content keeps its digest."""
        self._run(
            "UPDATE seen SET digest = l.digest FROM known l WHERE l.path = seen.path AND seen.digest IS NULL"
            " AND (seen.size_bytes, seen.mtime_ns, seen.inode, seen.ctime_ns, seen.companions)"
            "  IS NOT DISTINCT FROM (l.size_bytes, l.mtime_ns, l.inode, l.ctime_ns, l.companions)"
        )

    def _find_differences(self) -> None:
        """Which rows, and which links, are other than those that are there."""
        if self.by_content:
            same_row, same_links = self._same_content()
        else:
            same_row, same_links = _SAME_HASH.format(sql.Literal(1)), _SAME_HASH.format(sql.Literal(2))
        self._run(
            "INSERT INTO differs SELECT path, NOT row_same OR is_new, is_new FROM ("
            " SELECT n.path, s.path IS NULL OR {same_row} AS row_same, {same_links} AS links_same,"
            "  e.granule_uid IS NULL AS is_new"
            " FROM (SELECT n.*, k.row_hash AS known_hash FROM seen n LEFT JOIN"
            "  (SELECT granule_uid, min(row_hash) AS row_hash FROM known WHERE status IN {rows} GROUP BY 1) AS k"
            "   USING (granule_uid) WHERE n.status = 'row') AS n LEFT JOIN stage s ON s.path = n.path"
            " LEFT JOIN LATERAL (SELECT * FROM {epn_core} WHERE granule_uid = n.granule_uid OFFSET 0) AS e ON true"
            ") AS compared"
            " WHERE NOT (row_same AND links_same) OR is_new",
            same_row=same_row,
            same_links=same_links,
        )

    def _same_content(self) -> tuple[sql.Composable, sql.Composable]:
        """Cell by cell; but what the server fills in is not looked at, nor sizes that pictures were found to have."""
        told = [column for column in self.columns if column.name != "datalink_url"]
        row = sql.SQL("({}) IS NOT DISTINCT FROM ({})").format(
            sql.SQL(", ").join(self.stage.cast(column, "s") for column in told), listed((c.name for c in told), "e")
        )
        own = [name for name in LINKS.names if name != "content_length"]
        links = sql.SQL(
            "NOT EXISTS (SELECT FROM (SELECT * FROM stage_links WHERE stage_links.path = n.path) AS w"
            " FULL JOIN (SELECT * FROM {links} WHERE id = n.granule_uid AND ord < {first}) AS h USING (ord)"
            " WHERE ({want}) IS DISTINCT FROM ({have})"
            " OR w.content_length IS NOT NULL AND w.content_length IS DISTINCT FROM h.content_length)"
        ).format(links=self._names["links"], first=sql.Literal(FIRST), want=listed(own, "w"), have=listed(own, "h"))
        return row, links

    def _count(self) -> Counts:
        row = self._run(
            "SELECT count(*) FILTER (WHERE s.status = 'row' AND m.path IS NULL AND d.is_new),"
            " count(*) FILTER (WHERE s.status = 'row' AND m.path IS NOT NULL),"
            " count(*) FILTER (WHERE s.status = 'row' AND m.path IS NULL AND NOT d.is_new),"
            " count(*) FILTER (WHERE s.status IN {quarantine} AND (l.status IS NULL OR l.status NOT IN {quarantine}"
            "  OR l.reason IS DISTINCT FROM s.reason)),"
            " count(d.path)"
            " FROM seen s LEFT JOIN known l USING (path) LEFT JOIN differs d USING (path)"
            " LEFT JOIN (SELECT DISTINCT path FROM moved WHERE is_same) AS m USING (path)"
        ).fetchone()
        return Counts(*(row or ()))

    def _write_rows(self) -> None:
        self._run("DELETE FROM {epn_core} WHERE granule_uid IN (SELECT granule_uid FROM released)")
        self._run(
            "DELETE FROM {links} WHERE id IN (SELECT granule_uid FROM released"
            "  UNION SELECT granule_uid FROM seen JOIN differs USING (path)) AND (ord < {first} OR id IN"
            "  (SELECT granule_uid FROM released))",
            first=sql.Literal(FIRST),
        )
        self._run(
            "INSERT INTO {epn_core} ({cells}) SELECT {values} FROM stage JOIN differs USING (path) WHERE row_differs"
            " ON CONFLICT (granule_uid) DO UPDATE SET {assign}",
            values=self.stage.values,
            assign=_assign(column.name for column in self.columns if column.name != "granule_uid"),
        )
        self._run(
            "INSERT INTO {links} ({link_cells}) SELECT {link_cells} FROM stage_links"
            " WHERE path IN (SELECT path FROM differs)"
        )

    def _write_ledger(self) -> None:
        self._run("DELETE FROM {ledger} WHERE path IN (SELECT old_path FROM moved)")
        # A file that was read again, and is bad for the same reason, has been so since it was found first.
        self._run(
            "UPDATE seen AS s SET since = l.since FROM known l"
            " WHERE l.path = s.path AND l.reason = s.reason AND l.status = s.status"
        )
        self._run(
            "INSERT INTO {ledger} AS l ({names}) SELECT {names} FROM seen ON CONFLICT (path) DO UPDATE SET {assign}"
            " WHERE ({old}) IS DISTINCT FROM ({new})",
            names=listed(LEDGER.names),
            old=listed(LEDGER.names, "l"),
            new=listed(LEDGER.names, "excluded"),
            assign=_assign(name for name in LEDGER.names if name != "path"),
        )


_SAME_HASH = sql.SQL("split_part(known_hash, '.', {0}) IS NOT DISTINCT FROM split_part(n.row_hash, '.', {0})")
"""Of a row (1) or of its links (2), as the ledger knows them."""


def _assign(columns: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in columns)
