"""Compares what a scan saw with the ledger: what must be read, what can be made anew without that, what is gone.

Of folders that stay as they are a fingerprint each is compared (`epncore.app.folders`). Files of the others take part
in one COPY and one join, and nothing else: `diff` holds only what differs.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.folders import FOLDER, of_ledger, settled
from epncore.app.scan import Seen, ledger_prefix
from epncore.app.schema import sql_type
from epncore.app.states import listed, names
from epncore.app.summary import Quarantined
from epncore.model.bookkeeping import LEDGER, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from epncore.app.folders import Scanned, Settled

# Of the file {s} as it is now, by its product's stamp t, as `epncore.app.stamps` has it.
_WORK: LiteralString = (
    "CASE WHEN {s}.path IS NULL THEN NULL"
    " WHEN l.path IS NULL OR ({stat}) IS DISTINCT FROM ({ledger_stat})"
    "  OR (t.grammar, t.grammar_version, t.reading) IS DISTINCT FROM (l.grammar, l.grammar_version, l.reading)"
    "  OR l.release_date <= {now} OR (l.status = 'row' AND l.row_hash IS NULL)"
    "  OR (l.status = 'superseded' AND {s}.family IS NULL) THEN 'read'"
    " WHEN (t.config, {s}.product) IS DISTINCT FROM (l.config, l.product)"
    "  THEN CASE l.status WHEN 'row' THEN 'anew' ELSE 'read' END"
    " WHEN l.status = 'row' AND t.linking IS DISTINCT FROM l.linking THEN 'anew'"
    " WHEN {all} THEN 'read' END"
)

_DIFFERENCE: LiteralString = (
    "INSERT INTO diff ({seen}, state, work, same) SELECT {seen}, state, work, same FROM ("
    " SELECT coalesce(s.path, l.path) AS path, {either},"
    "  CASE WHEN l.path IS NULL THEN 'new' WHEN s.path IS NULL THEN 'gone' ELSE 'there' END AS state,"
    "  {work} AS work, ({stat}) IS NOT DISTINCT FROM ({ledger_stat}) AS same"
    " FROM scanned s JOIN stamp t ON t.product = s.product FULL JOIN {lines} l ON l.path = s.path"
    ") AS compared WHERE work IS NOT NULL OR state = 'gone'"
)

_OPEN: LiteralString = "(SELECT * FROM {ledger} WHERE {folder} IN (SELECT folder FROM folders))"
"""Lines of folders that are not settled."""

_GONE: LiteralString = "EXISTS (SELECT FROM diff d WHERE d.path = l.path AND d.state = 'gone')"

_LOST: LiteralString = (
    "d.state = 'gone' AND right(d.path, 1) <> '/' AND NOT EXISTS (SELECT FROM diff m WHERE m.old_path = d.path)"
)
"""Gone, and not renamed. A folder that could not be entered, and can be now, is no loss."""

_RENAMED: LiteralString = (
    "UPDATE diff n SET state = 'renamed', old_path = g.path"
    " FROM (SELECT {key}, min(path) AS path FROM diff WHERE state = 'gone' GROUP BY {key} HAVING count(*) = 1) AS g"
    " JOIN {ledger} l USING (path),"
    " (SELECT {key} FROM diff WHERE state = 'new' GROUP BY {key} HAVING count(*) = 1) AS m"
    " WHERE n.state = 'new' AND ({new_key}) = ({gone_key}) AND ({new_key}) = ({one_key})"
    " AND n.size_bytes >= 0 AND l.status = 'row'"
)

_KEY = ("product", "size_bytes", "mtime_ns", "inode")
"""What a file keeps when it is renamed. It is read all the same: a new file may be given the inode of a removed one."""

_STAT = ("size_bytes", "mtime_ns", "inode", "ctime_ns", "companions")


class Differences:
    """The difference between a scan and the ledger, in temporary tables of a connection.

    Parameters
    ----------
    conn : psycopg.Connection
    schema : str
    """

    def __init__(self, conn: psycopg.Connection, schema: str) -> None:
        self.conn, self.schema = conn, schema
        self._lines: sql.Composable = names(schema)["ledger"]
        self._names = {
            **names(schema), "gone": sql.SQL(_GONE), "lost": sql.SQL(_LOST), "folder": sql.SQL(FOLDER),
        }  # fmt: skip
        types = {column.name: sql_type(column.type) for column in LEDGER.columns}
        columns = ", ".join(f"{name} {types[name]}" for name in Seen._fields)
        made_by = ", ".join(f"{name} {types[name]}" for name in Stamp._fields)
        conn.execute(f"CREATE TEMP TABLE scanned ({columns})")
        conn.execute(f"CREATE TEMP TABLE stamp (product integer, {made_by})")
        conn.execute(f"CREATE TEMP TABLE diff ({columns}, state text, work text, same boolean, old_path text)")

    def _run(self, statement: LiteralString, **more: sql.Composable) -> psycopg.Cursor:
        return self.conn.execute(sql.SQL(statement).format(**self._names, **more))

    def _count(self, statement: LiteralString, **more: sql.Composable) -> int:
        row = self._run(statement, **more).fetchone()
        return int(row[0]) if row else 0

    def scanned(self, files: Iterable[Seen]) -> None:
        """Note what the scan saw, all but what is in settled folders; anew where it is called again."""
        self.conn.execute("TRUNCATE scanned")
        with self.conn.cursor() as cursor, cursor.copy("COPY scanned FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "int4", "int8", "int8", "int8", "int8", "text", "text", "text"])
            write = copy.write_row
            for seen in files:
                write(seen)

    def expect(self, stamps: Sequence[Stamp], now: object, *, read_all: bool) -> None:
        """Say what the lines of the ledger should have been made by; everything else here builds on that.

        Parameters
        ----------
        stamps : sequence of Stamp
            By product.
        now : datetime.datetime
            Rows whose embargo ended before are read again.
        read_all : bool
            Whether to read files that seem unchanged, too.
        """
        with self.conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO stamp VALUES (%s, %s, %s, %s, %s, %s)",
                [(number, *stamp) for number, stamp in enumerate(stamps)],
            )
        self._now, self._read_all = sql.Literal(now), read_all

    def may_be_settled(self) -> bool:
        """Whether there is a point in asking which folders are settled."""
        return not self._read_all and bool(self._count("SELECT count(*) FROM (SELECT FROM {ledger} LIMIT 1) AS one"))

    def fingerprints(self) -> dict[int, int | None]:
        """Of the ledger's folders, see `folders.of_ledger`."""
        return of_ledger(self.conn, self.schema, self._work("l"))

    def settled(self, scanned: Scanned, known: dict[int, int | None]) -> Settled:
        """Which folders are as the ledger has them; only the others are compared by `compare` from now on."""
        self._lines = sql.SQL(_OPEN).format(**self._names)
        return settled(self.conn, scanned, known)

    def _work(self, file: LiteralString) -> sql.Composable:
        return sql.SQL(_WORK).format(
            s=sql.Identifier(file), stat=listed(_STAT, file), ledger_stat=listed(_STAT, "l"), now=self._now,
            all=sql.Literal(self._read_all),
        )  # fmt: skip

    def compare(self) -> None:
        """Find what differs."""
        self.conn.execute("SET LOCAL work_mem = '64MB'")
        others = [name for name in Seen._fields if name != "path"]
        self._run(
            _DIFFERENCE,
            seen=listed(Seen._fields),
            either=sql.SQL(", ").join(
                sql.SQL("coalesce(s.{0}, l.{0}) AS {0}").format(sql.Identifier(name)) for name in others
            ),
            work=self._work("s"),
            stat=listed(_STAT, "s"),
            ledger_stat=listed(_STAT, "l"),
            lines=self._lines,
        )
        self.conn.execute("CREATE INDEX ON diff (path)")
        self.conn.execute("ANALYZE diff")
        self._run(
            "UPDATE diff SET state = 'away' FROM scanned f WHERE diff.state = 'gone' AND right(f.path, 1) = '/'"
            " AND starts_with(diff.path, f.path)"
        )
        self._run(
            _RENAMED,
            key=listed(_KEY), new_key=listed(_KEY, "n"), gone_key=listed(_KEY, "g"),
            one_key=listed(_KEY, "m"),
        )  # fmt: skip
        self.conn.execute("CREATE INDEX ON diff (path) WHERE old_path IS NOT NULL")  # each batch asks
        self.conn.execute("TRUNCATE scanned")

    def emptied(self) -> list[str]:
        """Folders of files that are gone, and not only renamed."""
        return [folder for (folder,) in self._run("SELECT DISTINCT {folder} FROM diff d WHERE {lost} ORDER BY 1")]

    def hide(self, folders: Sequence[str]) -> None:
        """Take files of folders for hidden, which the scan did not see: a disk may be away."""
        self.conn.execute(
            sql.SQL(
                "UPDATE diff d SET state = 'hidden' FROM unnest(%s::text[]) AS f (folder)"
                " WHERE {lost} AND {folder} = f.folder"
            ).format(**self._names),
            (list(folders),),
        )

    def compare_all(self) -> None:
        """Let no folder count as settled."""
        self._lines = self._names["ledger"]

    def to_read(self) -> Iterator[Seen]:
        """Files that must be opened, in the order of paths."""
        return self._stream("SELECT {seen} FROM diff WHERE work = 'read' ORDER BY path COLLATE \"C\"")

    def freed(self) -> Iterator[Seen]:
        """Duplicates whose rival is gone: they have the row now, and must be read for it."""
        return self._stream(
            "SELECT {seen} FROM {ledger} d WHERE status = 'duplicate'"
            " AND NOT EXISTS (SELECT FROM diff g WHERE g.path = d.path AND g.state IN ('gone', 'away', 'hidden'))"
            " AND NOT EXISTS (SELECT FROM {ledger} w WHERE w.granule_uid = d.granule_uid AND w.status IN {claims}"
            "  AND NOT EXISTS (SELECT FROM diff g WHERE g.path = w.path AND g.state = 'gone'))"
            ' ORDER BY path COLLATE "C"'
        )

    def _stream(self, statement: LiteralString) -> Iterator[Seen]:
        with self.conn.cursor(name="files", withhold=True) as cursor:
            cursor.itersize = 5000
            cursor.execute(sql.SQL(statement).format(seen=listed(Seen._fields), **self._names))
            for line in cursor:
                yield Seen(*line)

    def prune(self) -> int:
        """Remove vanished files: their rows, links and lines in the ledger. The caller commits.

        Returns
        -------
        int
            Files that were removed.
        """
        uids = sql.SQL("SELECT granule_uid FROM {ledger} l WHERE l.status IN {rows} AND {gone}").format(**self._names)
        self._run("DELETE FROM {links} WHERE id IN ({uids})", uids=uids)
        self._run("DELETE FROM {epn_core} WHERE granule_uid IN ({uids})", uids=uids)
        return self._run("DELETE FROM {ledger} l WHERE {gone}").rowcount

    def forget(self) -> None:
        """Drop what the ledger says of vanished files that have no row: nothing is left to be said of them."""
        self._run("DELETE FROM {ledger} l WHERE (l.status NOT IN {rows} OR l.granule_uid IS NULL) AND {gone}")

    def vanished(self, limit: int) -> tuple[int, list[str]]:
        """Files of the ledger that the scan did not see: how many, and the first of them.

        A folder that could not be entered then, and can be now, is none of them.
        """
        count = self._count("SELECT count(*) FROM {ledger} l WHERE {gone} AND right(path, 1) <> '/'")
        first = self._run(
            "SELECT path FROM {ledger} l WHERE {gone} AND right(path, 1) <> '/'"
            ' ORDER BY path COLLATE "C" LIMIT {limit}',
            limit=sql.Literal(limit),
        )
        return count, [path for (path,) in first]

    def knows(self, root: str, product: int | None = None) -> bool:
        """Whether the ledger knows files below a root; of one product, where several have it."""
        return bool(
            self._count(
                "SELECT count(*) FROM (SELECT FROM {ledger} WHERE starts_with(path, {prefix})"
                " AND coalesce(product = {product}, true) LIMIT 1) AS one",
                prefix=sql.Literal(ledger_prefix(root)),
                product=sql.SQL("{}::integer").format(sql.Literal(product)),
            )
        )

    def unavailable(self) -> int:
        """Files, and folders, that cannot be opened now."""
        return self._count("SELECT count(*) FROM {ledger} l WHERE l.status = 'unavailable' AND NOT {gone}")

    def count_by_status(self) -> Counter[str]:
        """Scanned files, and folders that cannot be entered, by what the ledger says of them."""
        count: Counter[str] = Counter(
            dict(self._run("SELECT status, count(*) FROM {ledger} GROUP BY status").fetchall())
        )
        # Few files are gone, so that the ledger as a whole is not joined once more.
        count.subtract(
            dict(
                self._run(
                    "SELECT l.status, count(*) FROM diff d JOIN {ledger} l ON l.path = d.path"
                    " WHERE d.state IN ('gone', 'away', 'hidden') GROUP BY l.status"
                ).fetchall()
            )
        )
        return count

    def quarantine(self, limit: int) -> list[Quarantined]:
        """The first of the scanned files that something is wrong with, old and new."""
        rows = self._run(
            "SELECT path, place, reason, status FROM {ledger} l WHERE status IN {quarantine}"
            " AND NOT EXISTS (SELECT FROM diff d WHERE d.path = l.path AND d.state IN ('gone', 'away', 'hidden'))"
            ' ORDER BY path COLLATE "C" LIMIT {limit}',
            limit=sql.Literal(limit),
        )
        return [Quarantined(*row) for row in rows]

    def row_count(self) -> int:
        """Rows of epn_core."""
        return self._count("SELECT count(*) FROM {epn_core}")

    def away(self) -> int:
        """Files of the ledger in folders that cannot be entered, or may be on a disk that is away."""
        return self._count("SELECT count(*) FROM diff WHERE state IN ('away', 'hidden')")
