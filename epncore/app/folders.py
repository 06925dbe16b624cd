"""Which folders are as the ledger has them, told by a fingerprint of each: their files need not be compared one by one.

While the folders are walked, the server makes the fingerprints of the ledger's folders from its lines. None is stored,
so that none can disagree with the ledger (docs/adr/0039). Folders share `BUCKETS` by their names, so that what is kept
does not grow with their number; a bucket is settled where all its folders are as they were.
"""

from __future__ import annotations

from collections import Counter
from hashlib import md5
from itertools import groupby, islice
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.states import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from epncore.app.scan import Seen

BUCKETS = 1 << 12
FILES_MAX = 10_000
"""A larger folder is never settled: what was seen in a folder is held until its end."""

FOLDER: LiteralString = "left(path, -strpos(reverse(path), '/'))"
"""Of a path in the ledger, without the slash behind it."""

_LINE: LiteralString = (
    "convert_to(concat(path, chr(1), companions, chr(1), family, chr(1), version, chr(1)), 'UTF8') || int4send(product)"
    " || int8send(size_bytes) || int8send(mtime_ns) || int8send(inode) || int8send(ctime_ns)"
)
"""`_line` in the server's words."""

_FOLDERS: LiteralString = (
    "CREATE TEMP TABLE folders AS"
    " SELECT folder, ('x' || left(md5(convert_to(folder, 'UTF8')), 3))::bit(12)::integer AS bucket,"
    "  ('x' || left(md5(string_agg(line, '' ORDER BY path COLLATE \"C\")), 16))::bit(64)::bigint AS content,"
    "  bool_or(is_due) OR count(*) > {most} AS is_due"
    " FROM (SELECT {folder} COLLATE \"C\" AS folder, path, coalesce({line}, '\\x00') AS line,"
    "  ({work}) IS NOT NULL OR right(path, 1) = '/' AS is_due"
    "  FROM {ledger} l LEFT JOIN stamp t USING (product)) AS files GROUP BY folder"
)


class Settled:
    """The buckets whose folders are as the ledger has them.

    Attributes
    ----------
    buckets : frozenset of int
    by_product : Counter of int
        How many files of each product are in them.
    is_all : bool
        Whether nothing is anywhere else, neither in a folder nor in the ledger.
    """

    def __init__(
        self, buckets: frozenset[int] = frozenset(), by_product: Counter[int] | None = None, *, is_all: bool = False
    ) -> None:
        self.buckets, self.by_product, self.is_all = buckets, by_product or Counter(), is_all
        self._folder, self._is_in = "", _bucket("") in buckets

    def __bool__(self) -> bool:
        return bool(self.buckets)

    def __contains__(self, path: object) -> bool:
        """Whether a file is in one of them, by its path in the ledger; those of one folder are asked for in turn."""
        folder = str(path).rpartition("/")[0]
        if folder != self._folder:
            self._folder, self._is_in = folder, _bucket(folder) in self.buckets
        return self._is_in


class Scanned:
    """Fingerprints of what a scan saw, by bucket.

    Parameters
    ----------
    files : iterable of Seen
        One folder after another.

    Attributes
    ----------
    contents : dict of int to int
    by_product : Counter of (int, int)
        How many files of a product are in a bucket.
    large : set of int
        Buckets with a folder of more than `FILES_MAX` files; what is said of their content is not all.
    """

    def __init__(self, files: Iterable[Seen]) -> None:
        self.contents: dict[int, int] = {}
        self.by_product: Counter[tuple[int, int]] = Counter()
        self.large: set[int] = set()
        for folder, here in groupby(files, lambda seen: seen[0].rpartition("/")[0]):
            bucket = _bucket(folder)
            some = list(islice(here, FILES_MAX + 1))
            if len(some) > FILES_MAX:
                self.large.add(bucket)
            lines = b"".join(sorted(map(_line, some)))
            content = int.from_bytes(md5(lines, usedforsecurity=False).digest()[:8], signed=True)
            self.contents[bucket] = self.contents.get(bucket, 0) ^ content
            for product, count in Counter(map(_PRODUCT, some)).items():
                self.by_product[bucket, product] += count


def of_ledger(conn: psycopg.Connection, schema: str, work: sql.Composable) -> dict[int, int | None]:
    """Fingerprints of the ledger's lines, by bucket; fills the temporary table ``folders``.

    Parameters
    ----------
    conn : psycopg.Connection
        With the temporary table ``stamp``.
    schema : str
    work : psycopg.sql.Composable
        What is to be done with a file whose line in the ledger is ``l``, by the stamp ``t``; NULL for nothing.

    Returns
    -------
    dict
        None where something is to be done in a bucket, whether the files are as they were or not.
    """
    conn.execute("SET LOCAL work_mem = '64MB'")
    conn.execute(
        sql.SQL(_FOLDERS).format(
            most=sql.Literal(FILES_MAX), folder=sql.SQL(FOLDER), line=sql.SQL(_LINE), work=work, **names(schema)
        )
    )
    return dict(
        conn.execute(
            "SELECT bucket, CASE WHEN NOT bool_or(is_due) THEN bit_xor(content) END FROM folders GROUP BY bucket"
        ).fetchall()
    )


def settled(conn: psycopg.Connection, scanned: Scanned, known: dict[int, int | None]) -> Settled:
    """Compare; leaves the folders that are not settled in the temporary table ``folders``."""
    same = frozenset(b for b, content in scanned.contents.items() if known.get(b) == content and b not in scanned.large)
    conn.execute("DELETE FROM folders WHERE bucket = ANY(%s)", (sorted(same),))
    by_product: Counter[int] = Counter()
    for (bucket, product), count in scanned.by_product.items():
        if bucket in same:
            by_product[product] += count
    return Settled(same, by_product, is_all=same == scanned.contents.keys() == known.keys())


_PRODUCT = itemgetter(1)
_pack = Struct(">i4q").pack


def _line(seen: Seen) -> bytes:
    texts = b"\1\1\1\1"
    if seen.companions or seen.family or seen.version:
        texts = f"\1{seen.companions or ''}\1{seen.family or ''}\1{seen.version or ''}\1".encode()
    return seen[0].encode() + texts + _pack(*seen[1:6])


def _bucket(folder: str) -> int:
    return int.from_bytes(md5(folder.encode(), usedforsecurity=False).digest()[:2]) >> 4
