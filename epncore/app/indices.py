"""Keeps the indices of epn_core: those of the descriptor, and a partial one for each target that is in the table.

``ivo_hashlist_has(lower(target_name), 'io') = 1`` reaches PostgreSQL as a comparison with the parts of a text, which
no index on the column can answer; a partial index with that very condition can. Targets come with files, so these
indices are made after a load and no descriptor can hold them (docs/adr/0022).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from epncore.model.errors import DatabaseError
from epncore.model.indices import (
    INDICES,
    MOST_TARGETS,
    TARGET_COLUMNS,
    TARGET_PREFIX,
    TARGET_STATISTICS,
    TARGET_WORDS,
    index_name,
    target_index_name,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

LOCK_TIMEOUT_SECONDS = 5
"""A query that runs for hours must not make all others wait behind a DROP INDEX: that one is left for the next time."""


@dataclass(slots=True)
class Changes:
    """What lacks, and what is there for nothing: names, and the statements that mend it.

    Attributes
    ----------
    owner : str
        Role that the table belongs to: only that one may make indices.
    may : bool
        Whether this connection is that role.
    drop, make : dict of str to Composed
        Statements by the name of the index, to be run in this order.
    """

    owner: str
    may: bool
    drop: dict[str, sql.Composed] = field(default_factory=dict)
    make: dict[str, sql.Composed] = field(default_factory=dict)


@dataclass(slots=True)
class Renewed:
    """What `renew` did: names of indices made, dropped, and left because others use the table."""

    made: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexUse:
    """One index of a collection, and what it is worth.

    Attributes
    ----------
    table, name : str
    columns : str
        As PostgreSQL writes them, with commas.
    predicate : str or None
        Of a partial index.
    size_bytes : int
    scans : int
        Since the server's statistics were reset last.
    last_use : datetime.datetime or None
        PostgreSQL 16 and newer know it.
    unused : bool
        Never scanned, and not there to hold a key.
    """

    table: str
    name: str
    columns: str
    predicate: str | None
    size_bytes: int
    scans: int
    last_use: dt.datetime | None
    unused: bool


def renew(conn: psycopg.Connection, schema: str, *, analyze: bool) -> Renewed:
    """Make what lacks, drop what is there for nothing; the caller holds the lock of the collection.

    Each index is a transaction. Readers go on meanwhile; of writers there is only the caller.

    Parameters
    ----------
    conn : psycopg.Connection
        Outside of a transaction.
    schema : str
    analyze : bool
        Whether the planner's statistics are renewed even where no index changed.

    Returns
    -------
    Renewed

    Raises
    ------
    DatabaseError
        Where there is no table, or something lacks and it belongs to another role.
    """
    started = time.monotonic()
    found = changes(conn, schema)
    conn.commit()
    if not found.may and (found.make or found.drop):
        raise DatabaseError(
            f"indices of {schema}.epn_core are to be made or dropped, which only its owner {found.owner} may",
            hint="`epncore index COLLECTION_DIR --sql` prints the SQL that the owner runs",
        )
    done = Renewed()
    for names, statements in ((done.dropped, found.drop), (done.made, found.make)):
        for name, statement in statements.items():
            (names if _run(conn, statement) else done.left).append(name)
    if found.may and (analyze or done.made):
        conn.execute(sql.SQL("ANALYZE {}").format(_table(schema)))
        conn.commit()
    done.seconds = time.monotonic() - started
    return done


def after_load(conn: psycopg.Connection, schema: str, new: int, rows: int) -> list[str]:
    """Renew after an ingest that wrote something.

    Parameters
    ----------
    conn, schema
        As for `renew`.
    new, rows : int
        Rows that the ingest added, and that there are now.

    Returns
    -------
    list of str
        What could not be done, for people: the rows are loaded all the same.
    """
    try:
        # The server looks at a table by itself, but only after a while.
        done = renew(conn, schema, analyze=new * 10 > rows)
    except DatabaseError as error:
        return [f"{error.message}. {error.hint}"]
    return [f"index {name} waits for the next run: others hold {schema}.epn_core" for name in done.left]


def _owner(conn: psycopg.Connection, schema: str) -> tuple[str, bool]:
    """Whose the table is, and whether this role may do what its owner may."""
    row = conn.execute(
        "SELECT pg_get_userbyid(relowner), pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(%s)",
        (_table(schema).as_string(conn),),
    ).fetchone()
    if row is None:
        raise DatabaseError(f"there is no table {schema}.epn_core yet", hint="`epncore ingest` fills it")
    return row[0], row[1]


def changes(conn: psycopg.Connection, schema: str) -> Changes:
    """What lacks and what is there for nothing.

    Raises
    ------
    DatabaseError
        Where there is no table.
    """
    found = Changes(*_owner(conn, schema))
    there = _there(conn, schema)
    for columns in INDICES:
        if ("", *columns) not in there.values():
            name = index_name("epn_core", columns)
            if name in there:  # broken, or of other columns
                found.drop[name] = _drop(schema, name)
            found.make[name] = _create(schema, name, columns)
    if not _has_statistics(conn, schema):
        found.make[TARGET_STATISTICS] = sql.SQL("CREATE STATISTICS {} ON ({}) FROM {}").format(
            sql.Identifier(schema, TARGET_STATISTICS), sql.SQL(TARGET_WORDS), _table(schema)
        )
    wanted = {target_index_name(word): word for word in _targets(conn, schema)}
    for name, (kind, *_) in there.items():
        if name.startswith(TARGET_PREFIX) and (name not in wanted or kind == "broken"):
            found.drop[name] = _drop(schema, name)
    for name, word in wanted.items():
        if name not in there or name in found.drop:
            found.make[name] = _create(schema, name, TARGET_COLUMNS, word)
    return found


def report(conn: psycopg.Connection, schema: str) -> list[IndexUse]:
    """Size and use of all indices of a collection, in the order of their tables and names.

    Raises
    ------
    DatabaseError
        Where there is no table.
    """
    _owner(conn, schema)
    # PostgreSQL 15 does not note when an index was used.
    rows = conn.execute(
        "SELECT s.relname, s.indexrelname,"
        " (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ' ORDER BY n)"
        "  FROM generate_series(1, i.indnkeyatts) n),"
        " pg_get_expr(i.indpred, i.indrelid, true), pg_relation_size(s.indexrelid), s.idx_scan,"
        " (to_jsonb(s) ->> 'last_idx_scan')::timestamptz, s.idx_scan = 0 AND NOT i.indisunique"
        " FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid) WHERE s.schemaname = %s"
        ' ORDER BY s.relname, s.indexrelname COLLATE "C"',
        (schema,),
    )
    return [IndexUse(*row) for row in rows]


def as_sql(conn: psycopg.Connection, schema: str) -> str:
    """The statements of `renew`, for the owner of the table to read and to run with psql."""
    found = changes(conn, schema)
    statements = [*found.drop.values(), *found.make.values(), sql.SQL("ANALYZE {}").format(_table(schema))]
    lines = [
        f"-- Indices of {schema}.epn_core. Read it, then run it as {found.owner}:",
        "-- psql -v ON_ERROR_STOP=1 -f this-file",
        f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s';",
        *(f"{statement.as_string(conn)};" for statement in statements),
    ]
    return "\n".join(lines)


def _run(conn: psycopg.Connection, statement: sql.Composed) -> bool:
    """Run one statement; False where others hold the table for too long."""
    try:
        with conn.transaction():
            conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_SECONDS}s")))
            conn.execute(statement)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _there(conn: psycopg.Connection, schema: str) -> dict[str, tuple[str, ...]]:
    """Indices of epn_core by name: what is special, and their columns. Special are partial ones and broken ones."""
    rows = conn.execute(
        "SELECT c.relname, CASE WHEN NOT i.indisvalid THEN 'broken' WHEN i.indpred IS NOT NULL THEN 'partial'"
        "  ELSE '' END,"
        " array(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) n ORDER BY n)"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(%s)",
        (_table(schema).as_string(conn),),
    )
    return {name: (kind, *columns) for name, kind, columns in rows}


def _has_statistics(conn: psycopg.Connection, schema: str) -> bool:
    """Whether there are statistics of the words of targets; before PostgreSQL 14 there can be none."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM pg_statistic_ext WHERE stxrelid = to_regclass(%s) AND stxname = %s)",
        (_table(schema).as_string(conn), TARGET_STATISTICS),
    ).fetchone()
    return conn.info.server_version < 140000 or (row is not None and bool(row[0]))


def _targets(conn: psycopg.Connection, schema: str) -> list[str]:
    """Words of target_name, in lower case; where there are too many, the most frequent."""
    names = _first_names(conn, schema, MOST_TARGETS + 1)
    words = _words(conn, names)
    if len(names) <= MOST_TARGETS >= len(words):
        return words
    rows = conn.execute(
        sql.SQL(
            "SELECT word FROM (SELECT target_name, count(*) AS rows FROM {table} GROUP BY target_name) AS named,"
            " unnest({words}) AS word WHERE word <> '' GROUP BY word"
            ' ORDER BY sum(rows) DESC, word COLLATE "C" LIMIT {most}'
        ).format(table=_table(schema), words=sql.SQL(TARGET_WORDS), most=sql.Literal(MOST_TARGETS))
    )
    return [word for (word,) in rows]


def _first_names(conn: psycopg.Connection, schema: str, most: int) -> list[str]:
    """Distinct values of target_name, hopping along its index: the size of the table does not matter."""
    rows = conn.execute(
        sql.SQL(
            "WITH RECURSIVE hop (name) AS ("
            " (SELECT target_name FROM {table} WHERE target_name IS NOT NULL ORDER BY target_name LIMIT 1)"
            " UNION ALL SELECT (SELECT t.target_name FROM {table} t WHERE t.target_name > hop.name"
            "  ORDER BY t.target_name LIMIT 1) FROM hop WHERE hop.name IS NOT NULL)"
            " SELECT name FROM hop WHERE name IS NOT NULL LIMIT {most}"
        ).format(table=_table(schema), most=sql.Literal(most))
    )
    return [name for (name,) in rows]


def _words(conn: psycopg.Connection, names: Iterable[str]) -> list[str]:
    """Words of names, as the server's own functions make them."""
    rows = conn.execute(
        sql.SQL(
            "SELECT DISTINCT word FROM unnest(%s::text[]) AS target_name, unnest({}) AS word WHERE word <> ''"
            " ORDER BY word"
        ).format(sql.SQL(TARGET_WORDS)),
        (list(names),),
    )
    return [word for (word,) in rows]


def _create(schema: str, name: str, columns: tuple[str, ...], word: str | None = None) -> sql.Composed:
    index = sql.SQL("CREATE INDEX {} ON {} ({})").format(
        sql.Identifier(name), _table(schema), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    if word is None:
        return index
    return index + sql.SQL(" WHERE lower({}) = ANY({})").format(sql.Literal(word), sql.SQL(TARGET_WORDS))


def _drop(schema: str, name: str) -> sql.Composed:
    return sql.SQL("DROP INDEX {}").format(sql.Identifier(schema, name))


def _table(schema: str) -> sql.Identifier:
    return sql.Identifier(schema, "epn_core")
