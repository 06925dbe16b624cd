"""The tables of a collection, as PostgreSQL makes them where no DaCHS does; and a look at those that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from epncore.model.bookkeeping import LEDGER, LINKS, BookTable
from epncore.model.errors import DatabaseError
from epncore.model.indices import INDICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from epncore.model.columns import Column

_TYPES: dict[str, Any] = {
    "text": sa.Text(),
    "integer": sa.Integer(),
    "bigint": sa.BigInteger(),
    "smallint": sa.SmallInteger(),
    "double": sa.Double(),
    "timestamp": postgresql.TIMESTAMP(timezone=False),
    "region": sa.Text(),
    "moc": sa.Text(),
}


@dataclass(frozen=True, slots=True)
class Tables:
    """What the loader must know of the tables that are there.

    Attributes
    ----------
    schema : str
    types : dict of str to str
        SQL type of each column of epn_core as the server names it: ``spoly`` for s_region under DaCHS, else ``text``.
    """

    schema: str
    types: dict[str, str]

    def is_plain(self, column: Column) -> bool:
        """Whether the server keeps a column of epn_core in the type that the toolkit would give it."""
        return self.types[column.name] == sql_type(column.type).lower()


def sql_type(kind: str) -> str:
    """The SQL name of a column type."""
    return str(_TYPES[kind].compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def prepare(conn: psycopg.Connection, schema: str, columns: Sequence[Column], *, make_missing: bool = False) -> Tables:
    """Make the tables of a collection where there are none, and check those that are there.

    Parameters
    ----------
    conn : psycopg.Connection
        In a transaction, which the caller ends.
    schema : str
    columns : sequence of Column
        Of epn_core.
    make_missing : bool
        Whether to make what is missing where some of the tables are there.

    Returns
    -------
    Tables

    Raises
    ------
    DatabaseError
        Where some of the three tables are there and others not, a column is missing, or this role may not write.
    """
    names = ("epn_core", LEDGER.name, LINKS.name)
    found = _columns_there(conn, schema)
    there = [name for name in names if name in found]
    missing = [name for name in names if name not in found]
    if missing and there and not make_missing:
        raise DatabaseError(
            f"schema {schema} has {', '.join(there)} but not {', '.join(missing)}",
            hint="Under DaCHS: import the generated descriptor with `dachs imp`, which makes all three. Then, or "
            "elsewhere at once: `epncore ingest COLLECTION_DIR --rebuild-ledger` reads all files again",
        )
    if missing:
        _check_no_dachs(conn, schema)
        _create(conn, schema, columns, missing)
        found = _columns_there(conn, schema)
    _check_privileges(conn, schema, names)
    for table in (LEDGER, LINKS):
        _check_columns(schema, table.name, [column.name for column in table.columns], found[table.name])
    _check_columns(schema, "epn_core", [column.name for column in columns], found["epn_core"])
    return Tables(schema, found["epn_core"])


def _check_no_dachs(conn: psycopg.Connection, schema: str) -> None:
    """In DaCHS's database, tables that DaCHS did not make would never be served, and nothing would say so."""
    row = conn.execute("SELECT to_regclass('dc.tablemeta') IS NOT NULL").fetchone()
    if row and row[0]:
        raise DatabaseError(
            f"this is the database of a DaCHS server, and it has no table {schema}.epn_core yet",
            hint=f"DaCHS makes it: `epncore rd COLLECTION_DIR -o INPUTS`, then `dachs imp {schema}/q`, then ingest",
        )


def _columns_there(conn: psycopg.Connection, schema: str) -> dict[str, dict[str, str]]:
    rows = conn.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
        (schema,),
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        tables.setdefault(table, {})[column] = kind
    return tables


def _check_privileges(conn: psycopg.Connection, schema: str, names: Sequence[str]) -> None:
    for name in names:
        row = conn.execute(
            "SELECT current_user, pg_get_userbyid(relowner),"
            " has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')"
            " AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND relname = %s",
            (schema, name),
        ).fetchone()
        if row is not None and not row[2]:
            raise DatabaseError(
                f"table {schema}.{name} belongs to {row[1]}, and {row[0]} may not write to it",
                hint=f"`epncore db grant {schema} {row[0]}` prints the SQL that {row[1]} can run",
            )


def _check_columns(schema: str, table: str, wanted: list[str], there: dict[str, str]) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DatabaseError(
            f"table {schema}.{table} lacks {', '.join(missing)}",
            hint="The config asks for other columns than the table has. Under DaCHS: write the descriptor anew with "
            f"`epncore rd`, then `dachs imp {schema}/q recreate`, which empties the tables, and ingest again. "
            f"Elsewhere: drop schema {schema} and ingest again",
        )


def _create(conn: psycopg.Connection, schema: str, columns: Sequence[Column], missing: Sequence[str]) -> None:
    metadata = sa.MetaData(schema=schema)
    epn_core = sa.Table(
        "epn_core",
        metadata,
        *(
            sa.Column(
                c.name,
                _TYPES[c.type],
                nullable=not c.not_null,
                primary_key=c.name == "granule_uid",
                comment=c.description,
            )
            for c in columns
        ),
    )
    books = [_book(metadata, table) for table in (LEDGER, LINKS)]
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    if conn.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is None:
        _check_may_create(conn, schema)
        _run(conn, sa.schema.CreateSchema(schema).compile(dialect=dialect))
    indices = (INDICES, LEDGER.indexes, LINKS.indexes)
    for table, of_table in zip((epn_core, *books), indices, strict=True):
        if table.name in missing:
            _run(conn, CreateTable(table).compile(dialect=dialect))
            for names in of_table:
                _index(conn, table, names)


def _index(conn: psycopg.Connection, table: sa.Table, names: Sequence[str]) -> None:
    index = sa.Index(f"{table.name}_{'_'.join(names)}"[:63], *(table.c[name] for name in names))
    _run(conn, CreateIndex(index).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def _check_may_create(conn: psycopg.Connection, schema: str) -> None:
    row = conn.execute("SELECT has_database_privilege(current_database(), 'CREATE'), current_user").fetchone()
    if row and not row[0]:
        raise DatabaseError(
            f"there is no schema {schema}, and {row[1]} may not make one",
            hint=f"Let its owner make it, or import the descriptor with `dachs imp {schema}/q`; then grant with "
            f"`epncore db grant {schema} {row[1]}`",
        )


def _book(metadata: sa.MetaData, table: BookTable) -> sa.Table:
    return sa.Table(
        table.name,
        metadata,
        *(
            sa.Column(c.name, _TYPES[c.type], nullable=not c.not_null, primary_key=c.name in table.key)
            for c in table.columns
        ),
    )


def _run(conn: psycopg.Connection, statement: Any) -> None:
    conn.execute(str(statement).encode())  # bytes: SQLAlchemy's text holds no parameters for psycopg
