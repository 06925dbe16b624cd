"""Brings the tables of a collection to the columns that its config and this version of the toolkit ask for."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from psycopg import sql

from epncore.app import schema
from epncore.app.rebuild import NewColumn, Rebuild
from epncore.app.rights import copy_rights
from epncore.app.session import alone, database_errors
from epncore.model import collection as config
from epncore.model.bookkeeping import HIDDEN_TABLES
from epncore.model.errors import DatabaseError
from grammars.plan import compile_plans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import psycopg

    from epncore.app.database import Database
    from epncore.model.bookkeeping import BookColumn, BookTable
    from epncore.model.columns import Column

_DACHS_TYPES = {"region": "spoly", "moc": "smoc"}
"""Types of pgsphere, which only DaCHS's database has; elsewhere regions are text."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a column, a table or an index.

    Attributes
    ----------
    table : str
    what : {"added", "dropped", "retyped", "moved", "table made", "index dropped"}
    name : str
        Of the column or the index; empty for a table.
    before, after : str or None
        SQL types.
    values_lost : int
        Values that go.
    """

    table: str
    what: Literal["added", "dropped", "retyped", "moved", "table made", "index dropped"]
    name: str = ""
    before: str | None = None
    after: str | None = None
    values_lost: int = 0


@dataclass(slots=True)
class Migration:
    """What was done, or would be.

    Attributes
    ----------
    schema : str
    changes : list of Change
        None where the tables are as they should be.
    rows : int
        Of epn_core; all of them stay.
    under_dachs : bool
        Whether a DaCHS server must be told.
    seconds : float
    """

    schema: str
    changes: list[Change] = field(default_factory=list)
    rows: int = 0
    under_dachs: bool = False
    seconds: float = 0.0


def migrate(folder: Path, database: Database, *, dry_run: bool = False) -> Migration:
    """Rebuild the tables whose columns are not those of the config, and make those that are missing.

    Rows, indices, grants, comments and triggers stay. New columns are NULL until the next ingest, which reads all
    files again, since the plan of their rows is another.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    database : Database
    dry_run : bool
        Only say what would be done.

    Returns
    -------
    Migration

    Raises
    ------
    ConfigError
        Where the config is wrong.
    DatabaseError
        Where there is no table yet, an ingest is running, this role does not own the tables, or the database refuses.
        Nothing is changed then.
    """
    started = time.monotonic()
    collection = config.load(folder)
    columns = compile_plans(collection, str(folder / config.FILE_NAME))[0].columns
    name = collection.schema_name
    with database_errors(), database.connect() as conn, nullcontext() if dry_run else alone(conn, name):
        there = schema.columns_there(conn, name)
        if "epn_core" not in there:
            raise DatabaseError(
                f"there is no table {name}.epn_core yet", hint="`epncore ingest` makes it, or `dachs imp`"
            )
        done = Migration(name, rows=_count(conn, name, "epn_core"), under_dachs=schema.is_of_dachs(conn))
        wanted: list[tuple[str, Sequence[Column | BookColumn]]] = [("epn_core", _in_order(columns, there["epn_core"]))]
        wanted += [(table.name, table.columns) for table in HIDDEN_TABLES if table.name in there]
        rebuilds = []
        for table, asked in wanted:
            types = _types(conn, asked, under_dachs=done.under_dachs)
            changes = _compare(conn, name, table, there[table], types)
            if changes:
                rebuild = Rebuild(conn, name, table, _new_columns(conn, asked, types, there[table]))
                changes += [Change(table, "index dropped", index) for index in rebuild.dropped_indices()]
                rebuilds.append(rebuild)
            done.changes += changes
        missing = [book for book in HIDDEN_TABLES if book.name not in there]
        done.changes += [Change(book.name, "table made") for book in missing]
        if not dry_run:
            for book in missing:
                _make(conn, name, book, there)
            for rebuild in rebuilds:
                rebuild.build()
            for rebuild in rebuilds:  # last, and in the order in which queries name the tables
                rebuild.swap()
            conn.commit()
    done.seconds = time.monotonic() - started
    return done


def _in_order(columns: Sequence[Column], there: Mapping[str, str]) -> list[Column]:
    """Mandatory columns as they stand, since DaCHS's mixin has its own order; the others as in the descriptor."""
    places = {name: place for place, name in enumerate(there)}
    mandatory = [column for column in columns if column.level == "mandatory"]
    mandatory.sort(key=lambda column: places.get(column.name, len(places)))
    return mandatory + [column for column in columns if column.level != "mandatory"]


def _types(conn: psycopg.Connection, columns: Sequence[Column | BookColumn], *, under_dachs: bool) -> dict[str, str]:
    """The SQL type of each column, as the server writes it."""
    special = _DACHS_TYPES if under_dachs else {}
    types = [special.get(column.type) or schema.sql_type(column.type) for column in columns]
    rows = conn.execute(
        "SELECT format_type(t::regtype, NULL) FROM unnest(%s::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n", (types,)
    )
    return {column.name: str(kind) for column, (kind,) in zip(columns, rows, strict=True)}


def _compare(
    conn: psycopg.Connection, name: str, table: str, there: Mapping[str, str], wanted: Mapping[str, str]
) -> list[Change]:
    changes = [Change(table, "added", column, None, kind) for column, kind in wanted.items() if column not in there]
    for column, before in there.items():
        after = wanted.get(column)
        if after is None:
            changes.append(Change(table, "dropped", column, before, None, _count(conn, name, table, column)))
        elif before != after:
            lost = 0 if _is_lossless(conn, before, after) else _count(conn, name, table, column)
            changes.append(Change(table, "retyped", column, before, after, lost))
    old = [column for column in there if column in wanted]
    new = [column for column in wanted if column in there]
    for what, first, last, _, _ in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what in ("delete", "replace"):
            changes += [Change(table, "moved", column, there[column], wanted[column]) for column in old[first:last]]
    return changes


def _new_columns(
    conn: psycopg.Connection, asked: Sequence[Column | BookColumn], types: Mapping[str, str], there: Mapping[str, str]
) -> list[NewColumn]:
    columns = []
    for column in asked:
        before, after = there.get(column.name), types[column.name]
        kept = before is not None and (before == after or _is_lossless(conn, before, after))
        columns.append(NewColumn(column.name, after, kept, column.description))
    return columns


def _make(conn: psycopg.Connection, name: str, book: BookTable, there: Mapping[str, object]) -> None:
    """A hidden table that older versions did not have, for those who may use the others (not for all of TAP)."""
    schema.create_hidden(conn, name, book)
    for other in HIDDEN_TABLES:
        if other.name in there:
            copy_rights(conn, sql.Identifier(name, other.name), sql.Identifier(name, book.name))
            return


def _is_lossless(conn: psycopg.Connection, before: str, after: str) -> bool:
    """Whether each value of one type is one of the other: smallint as integer, anything as text."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM pg_cast WHERE castsource = %s::regtype AND casttarget = %s::regtype"
        " AND castcontext = 'i')",
        (before, after),
    ).fetchone()
    return after == "text" or bool(row and row[0])


def _count(conn: psycopg.Connection, name: str, table: str, column: str | None = None) -> int:
    """Rows, or values in a column."""
    what = sql.Identifier(column) if column else sql.SQL("*")
    row = conn.execute(sql.SQL("SELECT count({}) FROM {}").format(what, sql.Identifier(name, table))).fetchone()
    return int(row[0]) if row else 0
