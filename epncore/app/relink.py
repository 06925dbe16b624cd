"""Links made anew from the rows that are in the table, without a look at any file: URLs change, data do not."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql

from datalink.links import VERSION, link_rows, links_hash
from epncore.app import schema
from epncore.app.relations import FIRST, Relations, derivations
from epncore.app.scan import relative_path
from epncore.app.session import alone, database_errors
from epncore.model import collection as config
from epncore.model.bookkeeping import LEDGER
from grammars.plan import compile_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import psycopg

    from datalink.links import LinkRow
    from epncore.app.database import Database
    from epncore.model.collection import Collection
    from epncore.model.row import Cell
    from grammars.plan import Plan

BATCH_ROWS = 2000

# What links are made of, beside the config.
_CELLS = (
    "granule_uid",
    "obs_id",
    "time_min",
    "time_max",
    "access_url",
    "access_format",
    "thumbnail_url",
    "bib_reference",
)


@dataclass(slots=True)
class Relinked:
    """What became of the links of a collection.

    Attributes
    ----------
    granules : int
        Granules whose links were looked at.
    changed : int
        Granules whose own links differed and were written.
    relations : int
        Links between granules that were removed or added.
    left : int
        Granules of products that the config has no longer: the next ingest settles them.
    seconds : float
    """

    granules: int = 0
    changed: int = 0
    relations: int = 0
    left: int = 0
    seconds: float = 0.0


def ledger_plans(collection: Collection, plans: Sequence[Plan]) -> list[str]:
    """What the ledger keeps of each product's plan: a fingerprint of what rows depend on, one of what links do."""
    links = f"{collection.links_fingerprint()}-{VERSION}"
    return [f"{plan.fingerprint}.{links}" for plan in plans]


def relink(folder: Path, database: Database) -> Relinked:
    """Make all links of a collection anew; what is right already is not written.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    database : Database

    Returns
    -------
    Relinked

    Raises
    ------
    ConfigError
        Where the config is wrong.
    DatabaseError
        Where the database is down or refuses, or an ingest is running.
    """
    started = time.monotonic()
    collection = config.load(folder)
    plans = compile_plans(collection, str(folder / config.FILE_NAME))
    with database_errors(), database.connect() as conn, alone(conn, collection.schema_name):
        tables = schema.prepare(conn, collection.schema_name, plans[0].columns)
        relations = Relations(conn, tables.schema, derivations(collection))
        conn.commit()
        done = Relinker(conn, collection, ledger_plans(collection, plans), relations).rebuild(conn.commit)
    done.seconds = time.monotonic() - started
    return done


@dataclass(slots=True)
class _Batch:
    """Links of some granules, and what the ledger is to say of them: (path, digest of the links, of their config)."""

    uids: list[str] = field(default_factory=list)
    links: list[LinkRow] = field(default_factory=list)
    book: list[tuple[str, str, str]] = field(default_factory=list)


class Relinker:
    """Compares links with what config and rows ask for, and writes what differs.

    Parameters
    ----------
    conn : psycopg.Connection
    collection : Collection
    plans : sequence of str
        From `ledger_plans`.
    relations : Relations
    """

    def __init__(
        self, conn: psycopg.Connection, collection: Collection, plans: Sequence[str], relations: Relations
    ) -> None:
        self.conn, self.collection, self.plans, self.relations = conn, collection, plans, relations
        self.schema = collection.schema_name
        self._names = {
            "epn_core": sql.Identifier(self.schema, "epn_core"),
            "ledger": sql.Identifier(self.schema, LEDGER.name),
        }

    def rebuild(self, commit: Callable[[], None]) -> Relinked:
        """Look at all granules."""
        return self._work(sql.SQL("true"), commit)

    def follow(self, commit: Callable[[], None]) -> Relinked:
        """Look at those whose links were made by another config, among the files that an ingest has just scanned."""
        now = sql.Literal(self.plans[0].partition(".")[2])
        which = sql.SQL("split_part(b.plan, '.', 2) IS DISTINCT FROM {} AND b.path IN (SELECT path FROM scanned)")
        return self._work(which.format(now), commit)

    def _work(self, which: sql.Composable, commit: Callable[[], None]) -> Relinked:
        done = Relinked()
        for rows in self._batches(which):
            batch = self._batch(rows)
            done.granules += len(batch.uids)
            done.left += len(rows) - len(batch.uids)
            self.relations.before(batch.uids)
            self.relations.table.want(batch.links)
            done.changed += len(set(self.relations.table.settle(0, FIRST)))
            done.relations += self.relations.settle()
            self._note(batch)
            commit()
        return done

    def _batches(self, which: sql.Composable) -> Iterator[list[dict[str, Cell]]]:
        """The granules with what the ledger knows of their files, in the order of paths."""
        there = self._columns()
        cells = [sql.SQL("e.{}").format(sql.Identifier(name)) if name in there else sql.SQL("NULL") for name in _CELLS]
        statement = sql.SQL(
            "SELECT {cells}, b.path, b.product, b.size_bytes, b.release_date FROM {ledger} b"
            " JOIN {epn_core} e USING (granule_uid) WHERE b.status = 'row' AND {which}"
            ' ORDER BY b.path COLLATE "C"'
        ).format(**self._names, cells=sql.SQL(", ").join(cells), which=which)
        names = (*_CELLS, "path", "product", "size_bytes", "release_date")
        with self.conn.cursor(name="granules", withhold=True) as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(BATCH_ROWS):
                yield [dict(zip(names, row, strict=True)) for row in rows]

    def _columns(self) -> set[str]:
        rows = self.conn.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            (f"{self.schema}.epn_core",),
        )
        return {name for (name,) in rows}

    def _batch(self, rows: Sequence[dict[str, Cell]]) -> _Batch:
        batch = _Batch()
        for row in rows:
            number, path = int(str(row["product"])), str(row["path"])
            if not self._is_of(number, path):
                continue
            batch.uids.append(str(row["granule_uid"]))
            links = tuple(self._links(row, number, path))
            batch.links += links
            batch.book.append((path, links_hash(links), self.plans[number].partition(".")[2]))
        return batch

    def _is_of(self, number: int, path: str) -> bool:
        """Whether the config still has this product with this root."""
        if number >= len(self.collection.product):
            return False
        root = self.collection.product[number].root
        return root == "." or path.startswith(f"{root.rstrip('/')}/")

    def _links(self, row: dict[str, Cell], number: int, path: str) -> Iterator[LinkRow]:
        product = self.collection.product[number]
        size = row["size_bytes"]
        return link_rows(
            row, self.collection, product, relative_path(product.root, path),
            size if isinstance(size, int) else None, embargoed=row["release_date"] is not None,
        )  # fmt: skip

    def _note(self, batch: _Batch) -> None:
        """The ledger's fingerprints follow, so that the next ingest finds nothing to do."""
        paths, digests, configs = zip(*batch.book, strict=True) if batch.book else ((), (), ())
        self.conn.execute(
            sql.SQL(
                "UPDATE {ledger} b SET row_hash = n.row_hash, plan = n.plan FROM ("
                "SELECT path, split_part(b.row_hash, '.', 1) || '.' || digest AS row_hash,"
                " split_part(b.plan, '.', 1) || '.' || config AS plan"
                " FROM unnest(%s::text[], %s::text[], %s::text[]) AS u (path, digest, config)"
                " JOIN {ledger} b USING (path)"
                ") AS n WHERE b.path = n.path AND (b.row_hash, b.plan) IS DISTINCT FROM (n.row_hash, n.plan)"
            ).format(**self._names),
            (list(paths), list(digests), list(configs)),
        )
