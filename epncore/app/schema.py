"""The tables of a collection, as PostgreSQL makes them where no DaCHS does; and a look at those that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from epncore.model.bookkeeping import HIDDEN_TABLES, RUNS, BookTable
from epncore.model.errors import DatabaseError
from epncore.model.indices import INDICES, index_name

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
    hidden : dict of str to dict of str to str
        The same of the hidden tables, by their names.
    """

    schema: str
    types: dict[str, str]
    hidden: dict[str, dict[str, str]]

    def is_plain(self, column: Column) -> bool:
        """Whether the server keeps a column of epn_core in the type that the toolkit would give it."""
        return self.types[column.name] == _as_told(column.type)

    def are_plain(self, table: BookTable) -> bool:
        """The same of all columns of a hidden table."""
        there = self.hidden[table.name]
        return all(there.get(column.name) == _as_told(column.type) for column in table.columns)


def _as_told(kind: str) -> str:
    """A column type as the server names it."""
    return sql_type(kind).lower()


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
        Where some of the tables are there and others not, a column is missing, or this role may not write.
    """
    names = ("epn_core", *(table.name for table in HIDDEN_TABLES))
    found = columns_there(conn, schema)
    there = [name for name in names if name in found]
    missing = [name for name in names if name not in found]
    if missing and there and not make_missing:
        raise not_whole(schema, there, missing)
    if missing:
        _check_no_dachs(conn, schema)
        _create(conn, schema, columns, missing)
        found = columns_there(conn, schema)
    _check_privileges(conn, schema, names)
    for table in HIDDEN_TABLES:
        needed = [column.name for column in table.columns if not column.later]
        _check_columns(schema, table.name, needed, found[table.name])
    _check_columns(schema, "epn_core", [column.name for column in columns], found["epn_core"])
    return Tables(schema, found["epn_core"], {table.name: found[table.name] for table in HIDDEN_TABLES})


def not_whole(schema: str, there: Sequence[str], missing: Sequence[str]) -> DatabaseError:
    """What is to be said of a schema that lacks some of the tables of a collection."""
    return DatabaseError(
        f"schema {schema} has {', '.join(there)} but not {', '.join(missing)}", hint=_way_to_whole_schema(missing)
    )


def _way_to_whole_schema(missing: Sequence[str]) -> str:
    if set(missing) <= {RUNS.name}:
        return "`epncore migrate COLLECTION_DIR` makes what an older version of the toolkit did not have"
    return (
        "Under DaCHS: import the generated descriptor with `dachs imp`, which makes all of them. Then, or elsewhere at "
        "once: `epncore ingest COLLECTION_DIR --rebuild-ledger` reads all files again"
    )


def is_of_dachs(conn: psycopg.Connection) -> bool:
    """Whether this is the database that a DaCHS server serves."""
    row = conn.execute("SELECT to_regclass('dc.tablemeta') IS NOT NULL").fetchone()
    return bool(row and row[0])


def _check_no_dachs(conn: psycopg.Connection, schema: str) -> None:
    """In DaCHS's database, tables that DaCHS did not make would never be served, and nothing would say so."""
    if is_of_dachs(conn):
        raise DatabaseError(
            f"this is the database of a DaCHS server, and it has no table {schema}.epn_core yet",
            hint=f"DaCHS makes it: `epncore rd COLLECTION_DIR -o INPUTS`, then `dachs imp {schema}/q`, then ingest",
        )


def columns_there(conn: psycopg.Connection, schema: str) -> dict[str, dict[str, str]]:
    """The SQL type of each column of each table, columns in their order."""
    rows = conn.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY a.attnum",
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
            hint="The config, or this version of the toolkit, asks for other columns than the table has: "
            "`epncore migrate COLLECTION_DIR` rebuilds it and keeps the rows. Under DaCHS, write the descriptor anew "
            f"with `epncore rd` before that, and run `dachs imp -m {schema}/q` after it",
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
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    if conn.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is None:
        _check_may_create(conn, schema)
        _run(conn, sa.schema.CreateSchema(schema).compile(dialect=dialect))
    if epn_core.name in missing:
        _run(conn, CreateTable(epn_core).compile(dialect=dialect))
        for names in INDICES:
            _index(conn, epn_core, names)
    for table in HIDDEN_TABLES:
        if table.name in missing:
            create_hidden(conn, schema, table)


def create_hidden(conn: psycopg.Connection, schema: str, table: BookTable) -> None:
    """Make one of the hidden tables, empty."""
    made = _book(sa.MetaData(schema=schema), table)
    _run(conn, CreateTable(made).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    for names in table.indexes:
        _index(conn, made, names)


def _index(conn: psycopg.Connection, table: sa.Table, names: Sequence[str]) -> None:
    index = sa.Index(index_name(table.name, names), *(table.c[name] for name in names))
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
            sa.Column(
                c.name,
                _TYPES[c.type],
                nullable=not c.not_null,
                primary_key=c.name in table.key,
                autoincrement=False,
            )
            for c in table.columns
        ),
    )


def _run(conn: psycopg.Connection, statement: Any) -> None:
    conn.execute(str(statement).encode())  # bytes: SQLAlchemy's text holds no parameters for psycopg
