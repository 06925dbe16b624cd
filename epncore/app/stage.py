"""Rows on their way into epn_core: copied to a temporary table first, in types that have a binary form.

pgsphere's types have none, and PostgreSQL asks for one of *every* column of a table that is copied to (docs/adr/0023).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.app.schema import sql_type
from epncore.app.states import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from epncore.app.outcome import Outcome
    from epncore.app.schema import Tables
    from epncore.model.bookkeeping import BookColumn
    from epncore.model.columns import Column
    from epncore.model.row import Cell

COPY_TYPES = {
    "text": "text", "moc": "text", "region": "text", "integer": "int4", "bigint": "int8", "smallint": "int2",
    "double": "float8", "timestamp": "timestamp",
}  # fmt: skip


def copy(
    conn: psycopg.Connection,
    table: sql.Composable,
    columns: Sequence[Column | BookColumn],
    lines: Iterable[Sequence[Cell]],
    *texts: str,
) -> None:
    """Copy lines to a table of these columns, and of `texts` behind them."""
    names = listed((*(column.name for column in columns), *texts))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(table, names)
    with conn.cursor() as cursor, cursor.copy(statement) as target:
        target.set_types([*(COPY_TYPES[column.type] for column in columns), *("text" for _ in texts)])
        write = target.write_row
        for line in lines:
            write(line)


class Stage:
    """The temporary table ``stage``: rows of epn_core and the path of the file that each is of.

    Parameters
    ----------
    conn : psycopg.Connection
    tables : Tables
    columns : sequence of Column
        Of the rows that outcomes hold.

    Attributes
    ----------
    cells : psycopg.sql.Composable
        Names of the columns.
    values : psycopg.sql.Composable
        What goes into them: staged values in the types of epn_core.
    """

    def __init__(self, conn: psycopg.Connection, tables: Tables, columns: Sequence[Column]) -> None:
        self.conn, self.tables, self.columns = conn, tables, tuple(columns)
        self.cells = listed(column.name for column in self.columns)
        self.values = sql.SQL(", ").join(self.cast(column, "stage") for column in self.columns)
        self.make("stage", self.columns, "path")

    def make(self, name: str, columns: Sequence[Column | BookColumn], *texts: str) -> None:
        """Make a temporary table of these columns, and of `texts` behind them; regions are texts in it."""
        types = [*((c.name, sql_type(c.type)) for c in columns), *((text, sql_type("text")) for text in texts)]
        body = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(_literal(kind))) for column, kind in types
        )
        statement = sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DELETE ROWS").format(sql.Identifier(name), body)
        self.conn.execute(statement)

    def copy(self, outcomes: Iterable[Outcome]) -> None:
        """Stage the rows of outcomes that have one."""
        rows = ((*outcome.row, outcome.seen.path) for outcome in outcomes if outcome.row is not None)
        copy(self.conn, sql.SQL("stage"), self.columns, rows, "path")

    def cast(self, column: Column, table: str) -> sql.Composable:
        """A staged value in the type of its column; ``spoly`` is written ``{(10d,20d),...}``."""
        name = sql.Identifier(table, column.name)
        kind = self.tables.types[column.name]
        if column.type == "region" and kind == "spoly":
            return sql.SQL(
                r"('{{(' || regexp_replace(regexp_replace({0}, '(\S+) (\S+)( |$)', '\1d,\2d),(', 'g'), ',\($', '')"
                r" || '}}')::spoly"
            ).format(name)
        if self.tables.is_plain(column):
            return name
        return sql.SQL("{}::{}").format(name, sql.SQL(_literal(kind)))


def _literal(text: str) -> LiteralString:
    """Names of SQL types come from the server's catalogue or from SQLAlchemy, never from a file or a config."""
    return text
