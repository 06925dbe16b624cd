"""Writes outcomes: rows, links and ledger of a batch in one transaction, and only what differs.

Two files may give one granule_uid: the path that sorts first has the row, whatever the order they were seen in
(docs/adr/0004). So a batch first finds the winner of each uid among itself and the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.relations import Relations
from epncore.app.schema import Tables, sql_type
from epncore.model.bookkeeping import LEDGER, LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from epncore.app.outcome import Outcome
    from epncore.app.relations import Pair
    from epncore.app.scan import Seen
    from epncore.model.columns import Column
    from epncore.model.row import Cell

ROWS: LiteralString = "('row', 'unavailable')"
"""States of a file that may have a row: one that cannot be opened now keeps the row it had."""

CLAIMS: LiteralString = "('row', 'unavailable', 'withheld')"
"""States of a file that hold its granule_uid against others."""

QUARANTINE: LiteralString = "('quarantined', 'duplicate', 'unavailable')"
"""States of a file that something is wrong with."""


@dataclass(slots=True)
class Counts:
    """What a batch brought: rows added, rows rewritten, and files that have no row since now."""

    new: int = 0
    changed: int = 0
    newly_quarantined: int = 0


class Store:
    """The tables of one collection, and the temporary ones of a run.

    Parameters
    ----------
    conn : psycopg.Connection
    tables : Tables
        From `schema.prepare`.
    columns : sequence of Column
        Of the rows that outcomes hold.
    derived : sequence of Pair
        Which kinds of granules derive from which, see `relations.derivations`.
    """

    def __init__(
        self, conn: psycopg.Connection, tables: Tables, columns: Sequence[Column], derived: Sequence[Pair] = ()
    ) -> None:
        self.conn, self.tables, self.columns = conn, tables, tuple(columns)
        self.relations = Relations(conn, tables.schema, derived)
        self._names = {
            "epn_core": sql.Identifier(tables.schema, "epn_core"),
            "ledger": sql.Identifier(tables.schema, LEDGER.name),
            "links": sql.Identifier(tables.schema, LINKS.name),
            "rows": sql.SQL(ROWS),
            "claims": sql.SQL(CLAIMS),
            "quarantine": sql.SQL(QUARANTINE),
        }
        self._make_temporary_tables()

    def _make_temporary_tables(self) -> None:
        """Regions are staged as text: pgsphere's types have no binary input."""
        for name, columns, more in (
            ("stage", self.columns, ", path text, row_hash text"),
            ("seen", LEDGER.columns, ""),
            ("stage_links", LINKS.columns, ", path text"),
        ):
            body = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(_literal(sql_type(c.type)))) for c in columns
            )
            self.conn.execute(
                sql.SQL("CREATE TEMP TABLE {} ({}{}) ON COMMIT DELETE ROWS").format(
                    sql.Identifier(name), body, sql.SQL(more)
                )
            )
        self.conn.execute("CREATE TEMP TABLE winner (granule_uid text, path text) ON COMMIT DELETE ROWS")
        self.conn.execute("CREATE TEMP TABLE released (granule_uid text) ON COMMIT DELETE ROWS")
        self.conn.execute(
            "CREATE TEMP TABLE scanned (path text, product integer, size_bytes bigint, mtime_ns bigint, plan text)"
        )

    def _run(self, statement: LiteralString, **more: sql.Composable) -> psycopg.Cursor:
        return self.conn.execute(sql.SQL(statement).format(**self._names, **more))

    def scanned(self, files: Iterable[Seen], plans: Sequence[str]) -> None:
        """Note what the scan saw; `plans` are the fingerprints of the plans by product."""
        with self.conn.cursor() as cursor, cursor.copy("COPY scanned FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "int4", "int8", "int8", "text"])
            for seen in files:
                copy.write_row((seen.path, seen.product, seen.size_bytes, seen.mtime_ns, plans[seen.product]))
        self.conn.execute("ANALYZE scanned")

    def to_read(self, now: object) -> Iterator[tuple[str, int, int, int]]:
        """Files that are new or differ from the ledger, in the order of paths: (path, product, size, mtime)."""
        statement = sql.SQL(
            "SELECT s.path, s.product, s.size_bytes, s.mtime_ns FROM scanned s LEFT JOIN {ledger} l USING (path)"
            " WHERE l.path IS NULL OR (s.product, s.size_bytes, s.mtime_ns, split_part(s.plan, '.', 1))"
            " IS DISTINCT FROM (l.product, l.size_bytes, l.mtime_ns, split_part(l.plan, '.', 1))"
            " OR l.release_date <= %s"
            ' ORDER BY s.path COLLATE "C"'
        ).format(**self._names)
        with self.conn.cursor(name="to_read", withhold=True) as cursor:
            cursor.itersize = 5000
            cursor.execute(statement, (now,))
            yield from cursor

    def freed(self) -> list[tuple[str, int, int, int]]:
        """Duplicates whose rival is gone: they have the row now, and must be read for it."""
        return self._run(
            "SELECT s.path, s.product, s.size_bytes, s.mtime_ns FROM scanned s JOIN {ledger} d USING (path)"
            " WHERE d.status = 'duplicate' AND NOT EXISTS (SELECT FROM {ledger} w JOIN scanned USING (path)"
            "  WHERE w.granule_uid = d.granule_uid AND w.status IN {claims})"
            ' ORDER BY s.path COLLATE "C"'
        ).fetchall()

    def vanished(self) -> list[str]:
        """Paths in the ledger that the scan did not see."""
        rows = self._run(
            "SELECT path FROM {ledger} l WHERE NOT EXISTS (SELECT FROM scanned s WHERE s.path = l.path)"
            ' ORDER BY path COLLATE "C"'
        )
        return [path for (path,) in rows]

    def forget(self) -> None:
        """Drop what the ledger says of vanished files that have no row: nothing is left to be said of them."""
        self._run(
            "DELETE FROM {ledger} l WHERE (l.status NOT IN {rows} OR l.granule_uid IS NULL)"
            " AND NOT EXISTS (SELECT FROM scanned s WHERE s.path = l.path)"
        )

    def quarantine(self) -> list[tuple[str, str, str]]:
        """All scanned files without a row, old and new: (path, place, reason)."""
        return self._run(
            "SELECT l.path, l.place, l.reason FROM {ledger} l JOIN scanned USING (path)"
            " WHERE status IN {quarantine}"
            ' ORDER BY l.path COLLATE "C"'
        ).fetchall()

    def withheld(self) -> int:
        """Scanned files whose proprietary period is not over."""
        row = self._run("SELECT count(*) FROM {ledger} JOIN scanned USING (path) WHERE status = 'withheld'").fetchone()
        return int(row[0]) if row else 0

    def row_count(self) -> int:
        """Rows of epn_core."""
        row = self._run("SELECT count(*) FROM {epn_core}").fetchone()
        return int(row[0]) if row else 0

    def write(self, outcomes: Sequence[Outcome], plans: Sequence[str]) -> Counts:
        """Write a batch; the caller commits.

        Returns
        -------
        Counts
            Files of earlier runs that now lose their uid are newly quarantined.
        """
        self._copy(outcomes, plans)
        demoted = self._settle_duplicates()
        counts = self._count()
        counts.newly_quarantined += demoted
        uids = [uid for (uid,) in self._run("SELECT granule_uid FROM seen UNION SELECT granule_uid FROM released")]
        self.relations.before(uids)
        self._write_rows()
        self._write_ledger()
        self.relations.settle()
        self.conn.execute("TRUNCATE stage, seen, stage_links, winner, released")
        return counts

    def _copy(self, outcomes: Sequence[Outcome], plans: Sequence[str]) -> None:
        book = [ledger_line(outcome, plans[outcome.product]) for outcome in outcomes]
        rows = [(*o.row, o.path, o.row_hash) for o in outcomes if o.row is not None]
        links = [(*link, o.path) for o in outcomes for link in o.links]
        for name, types, lines in (
            ("seen", [c.type for c in LEDGER.columns], book),
            ("stage", [*(c.type for c in self.columns), "text", "text"], rows),
            ("stage_links", [*(c.type for c in LINKS.columns), "text"], links),
        ):
            statement = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(name))
            with self.conn.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types([COPY_TYPES[kind] for kind in types])
                for line in lines:
                    copy.write_row(line)

    def _settle_duplicates(self) -> int:
        """Of all files that claim a uid, the path that sorts first has it; the others say who has.

        A file that the scan did not see holds no claim against one that it saw: it was moved, or removed.
        """
        self._run(
            "UPDATE seen SET granule_uid = l.granule_uid, row_hash = l.row_hash FROM {ledger} l"
            " WHERE l.path = seen.path AND seen.status = 'unavailable' AND l.status IN {rows}"
        )
        self._run(
            "INSERT INTO winner"
            ' SELECT granule_uid, min(path COLLATE "C") AS path FROM ('
            "  SELECT granule_uid, path FROM seen WHERE status IN {claims} AND granule_uid IS NOT NULL"
            "  UNION ALL SELECT l.granule_uid, l.path FROM {ledger} l JOIN scanned USING (path)"
            "   WHERE l.status IN {claims} AND l.granule_uid IN (SELECT granule_uid FROM seen)"
            "    AND l.path NOT IN (SELECT path FROM seen)) AS claim GROUP BY granule_uid"
        )
        loses = (
            " SET status = 'duplicate', place = 'granule_uid', release_date = NULL,"
            " reason = format('granule_uid %s is already that of %s, which sorts first. Choose a granule_uid template"
            " that tells them apart', t.granule_uid, winner.path)"
            " FROM winner WHERE t.granule_uid = winner.granule_uid AND t.path <> winner.path AND t.status IN {claims}"
        )
        self._run("UPDATE seen AS t" + loses)
        self._run(
            "INSERT INTO released SELECT DISTINCT l.granule_uid FROM {ledger} l"
            " LEFT JOIN seen s USING (path) LEFT JOIN winner w ON w.granule_uid = l.granule_uid"
            " WHERE l.status IN {rows} AND l.granule_uid IS NOT NULL AND (s.path IS NOT NULL OR w.path IS NOT NULL)"
            " AND NOT EXISTS (SELECT FROM seen k WHERE k.granule_uid = l.granule_uid AND k.status IN {rows})"
            " AND (w.path IS NULL OR w.path <> l.path OR s.path IS NOT NULL)"
        )
        self._run(
            "DELETE FROM {ledger} AS t USING winner WHERE t.granule_uid = winner.granule_uid"
            " AND t.path <> winner.path AND NOT EXISTS (SELECT FROM scanned s WHERE s.path = t.path)"
        )
        seen_loses = loses + " AND EXISTS (SELECT FROM scanned s WHERE s.path = t.path)"
        return self._run("UPDATE {ledger} AS t" + seen_loses).rowcount

    def _count(self) -> Counts:
        row = self._run(
            "SELECT count(*) FILTER (WHERE s.status = 'row' AND e.granule_uid IS NULL),"
            " count(*) FILTER (WHERE s.status = 'row' AND e.granule_uid IS NOT NULL AND NOT EXISTS"
            "  (SELECT FROM {ledger} k WHERE k.granule_uid = s.granule_uid AND k.status IN {rows}"
            "   AND k.row_hash = s.row_hash)),"
            " count(*) FILTER (WHERE s.status IN {quarantine} AND (l.status IS NULL OR l.status NOT IN {quarantine}"
            "  OR l.reason IS DISTINCT FROM s.reason))"
            " FROM seen s LEFT JOIN {ledger} l USING (path) LEFT JOIN {epn_core} e ON e.granule_uid = s.granule_uid"
        ).fetchone()
        return Counts(*(row or ()))

    def _write_rows(self) -> None:
        names = sql.SQL(", ").join(sql.Identifier(c.name) for c in self.columns)
        values = sql.SQL(", ").join(self._cast(c) for c in self.columns)
        assign = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c.name))
            for c in self.columns
            if c.name != "granule_uid"
        )
        self._run(
            "DELETE FROM stage USING seen WHERE stage.path = seen.path AND (seen.status <> 'row' OR EXISTS"
            " (SELECT FROM {ledger} l WHERE l.granule_uid = stage.granule_uid AND l.status IN {rows}"
            "  AND l.row_hash = stage.row_hash))"
        )
        self._run("DELETE FROM {epn_core} WHERE granule_uid IN (SELECT granule_uid FROM released)")
        self._run(
            "DELETE FROM {links} WHERE id IN (SELECT granule_uid FROM released UNION SELECT granule_uid FROM stage)"
        )
        self._run(
            "INSERT INTO {epn_core} ({names}) SELECT {values} FROM stage"
            " ON CONFLICT (granule_uid) DO UPDATE SET {assign}",
            names=names, values=values, assign=assign,
        )  # fmt: skip
        self._run(
            "INSERT INTO {links} ({link_names}) SELECT {link_names} FROM stage_links"
            " WHERE path IN (SELECT path FROM stage)",
            link_names=sql.SQL(", ").join(sql.Identifier(c.name) for c in LINKS.columns),
        )

    def _cast(self, column: Column) -> sql.Composable:
        """A staged value in the type of its column; ``spoly`` is written ``{(10d,20d),...}``."""
        name = sql.Identifier(column.name)
        kind = self.tables.types[column.name]
        if column.type == "region" and kind == "spoly":
            return sql.SQL(
                r"('{{(' || regexp_replace(regexp_replace({0}, '(\S+) (\S+)( |$)', '\1d,\2d),(', 'g'), ',\($', '')"
                r" || '}}')::spoly"
            ).format(name)
        if kind == sql_type(column.type):
            return name
        return sql.SQL("{}::{}").format(name, sql.SQL(_literal(kind)))

    def _write_ledger(self) -> None:
        names = [c.name for c in LEDGER.columns]
        self._run(
            "INSERT INTO {ledger} ({names}) SELECT {names} FROM seen ON CONFLICT (path) DO UPDATE SET {assign}",
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            assign=sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names if name != "path"
            ),
        )


COPY_TYPES = {
    "text": "text", "moc": "text", "region": "text", "integer": "int4", "bigint": "int8", "smallint": "int2",
    "double": "float8", "timestamp": "timestamp",
}  # fmt: skip


def ledger_line(outcome: Outcome, plan: str) -> tuple[Cell, ...]:
    """What the ledger keeps of an outcome, in the order of its columns; `plan` is the fingerprint of the plan."""
    known: dict[str, Cell] = {
        "path": outcome.path, "size_bytes": outcome.size_bytes, "mtime_ns": outcome.mtime_ns, "status": outcome.status,
        "place": outcome.place, "reason": outcome.reason, "granule_uid": outcome.granule_uid,
        "row_hash": outcome.row_hash, "release_date": outcome.release_date, "product": outcome.product,
        # Without a plan the next run reads the file again.
        "plan": None if outcome.status == "unavailable" else plan,
    }  # fmt: skip
    return tuple(known[column.name] for column in LEDGER.columns)


def _literal(text: str) -> LiteralString:
    """Names of SQL types come from the server's catalogue or from SQLAlchemy, never from a file or a config."""
    return text
