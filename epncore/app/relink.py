"""Links made anew from the rows that are in the table, without a look at any file: URLs change, data do not."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from datalink.links import link_rows, links_hash
from epncore.app import schema
from epncore.app.diff import Differences
from epncore.app.kept_rows import AT_ONCE
from epncore.app.outcome import Outcome
from epncore.app.relations import derivations
from epncore.app.scan import Seen, ledger_prefix
from epncore.app.session import alone, database_errors
from epncore.app.sources import source_file
from epncore.app.stamps import stamps
from epncore.app.states import listed, names
from epncore.app.store import Store
from epncore.model import collection as config
from epncore.model.bookkeeping import LEDGER, Stamp
from grammars.common import accessed
from grammars.plan import compile_plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from epncore.app.database import Database
    from epncore.model.collection import Collection
    from epncore.model.row import Cell

# What links are made of, beside the config.
_CELLS = ("obs_id", "time_min", "time_max", "access_url", "access_format", "thumbnail_url", "bib_reference")


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
        Where the database is down or refuses, or an ingest is running. What earlier batches committed stays.
    """
    started = time.monotonic()
    collection = config.load(folder)
    plans = compile_plans(collection, str(folder / config.FILE_NAME))
    linking = stamps(collection, plans)[0].linking
    done = Relinked()
    with database_errors(), database.connect() as conn, alone(conn, collection.schema_name):
        tables = schema.prepare(conn, collection.schema_name, plans[0].columns)
        Differences(conn, tables.schema)
        store = Store(conn, tables, plans[0].columns, derivations(collection), by_content=True)
        conn.commit()
        lines = _lines(conn, tables)
        while batch := list(islice(lines, AT_ONCE)):
            outcomes = [_outcome(line, folder, collection, linking) for line in batch if _is_of(line, collection)]
            counts = store.write(outcomes)
            conn.commit()
            done.granules += len(outcomes)
            done.left += len(batch) - len(outcomes)
            done.changed += counts.written
            done.relations += counts.relations
    done.seconds = time.monotonic() - started
    return done


def _lines(conn: psycopg.Connection, tables: schema.Tables) -> Iterator[dict[str, Cell]]:
    """The granules with what the ledger knows of their files, in the order of paths."""
    there = [name for name in _CELLS if name in tables.types]
    statement = sql.SQL(
        "SELECT {book}, {cells} FROM {ledger} b JOIN {epn_core} e USING (granule_uid) WHERE b.status = 'row'"
        ' ORDER BY b.path COLLATE "C"'
    ).format(book=listed(LEDGER.names, "b"), cells=listed(there, "e"), **names(tables.schema))
    with conn.cursor(name="granules", withhold=True) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(statement)
        for row in cursor:
            yield dict(zip((*LEDGER.names, *there), row, strict=True))


def _is_of(line: dict[str, Cell], collection: Collection) -> bool:
    """Whether the config still has the product of a file, with the root of then."""
    number = line["product"]
    if not isinstance(number, int) or number >= len(collection.product):
        return False
    return str(line["path"]).startswith(ledger_prefix(collection.product[number].root))


def _outcome(line: dict[str, Cell], folder: Path, collection: Collection, linking: str) -> Outcome:
    """The line of the ledger with new links; the row stays as it is in the table."""
    book: dict[str, Any] = dict(line)
    seen = Seen(*(book[name] for name in Seen._fields))
    file = source_file(folder, collection, seen)
    _, size_bytes = accessed(file, line.get("access_url"))
    product, is_held = collection.product[seen.product], line["release_date"] is not None
    links = tuple(link_rows(line, collection, product, file.relative, size_bytes, embargoed=is_held))
    own = {"seen", "row", "links", "row_hash", "stamp"}
    rest = {name: book[name] for name in Outcome._fields if name not in own}
    stamp = Stamp(*(book[name] for name in Stamp._fields))._replace(linking=linking)
    row_hash = f"{str(line['row_hash']).partition('.')[0]}.{links_hash(links)}"
    return Outcome(seen=seen, links=links, row_hash=row_hash, stamp=stamp, **rest)
