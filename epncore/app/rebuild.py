"""Rebuilds a table with other columns: a new one is made and filled beside it, and takes its place and all it had.

PostgreSQL adds columns at the end only, and DaCHS knows columns by their place. Readers go on with the old table until
the transaction commits; writers wait.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from epncore.app.rights import copy_rights
from epncore.model.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

SWAP_TRIES, SWAP_SECONDS = 60, 2
"""How often, and how long each time, the swap waits for readers; between two tries others get their turn."""

DATALINK_TRIGGER = "fill_datalink_url"
"""Trigger and function that rd_templates/datalink_url.rd.j2 gives epn_core; without the column they are an error."""


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column as it is to be.

    Attributes
    ----------
    name, type : str
        The type as the server writes it.
    kept : bool
        Whether it takes the values that the column of this name has; else it is NULL.
    description : str
    """

    name: str
    type: str
    kept: bool
    description: str


class Rebuild:
    """A table that is to have other columns; `build` in any order, then `swap`, all in one transaction.

    Parameters
    ----------
    conn : psycopg.Connection
    schema, table : str
    columns : sequence of NewColumn
        In their order.
    """

    def __init__(self, conn: psycopg.Connection, schema: str, table: str, columns: Sequence[NewColumn]) -> None:
        self.conn, self.schema, self.table, self.columns = conn, schema, table, columns
        self.old = sql.Identifier(schema, table)
        self.new = sql.Identifier(schema, f"{table}_migrated")
        self.renamed: list[tuple[str, str]] = []
        self.triggers: list[str] = []

    def build(self) -> None:
        """Make the new table with rows, indices, constraints, comments and grants of the old one.

        Raises
        ------
        DatabaseError
            Where the table belongs to another role, or is of a kind that cannot be rebuilt.
        """
        self._check()
        self._run("LOCK TABLE {old} IN SHARE MODE")
        self._create()
        kept = sql.SQL(", ").join(sql.Identifier(c.name) for c in self.columns if c.kept)
        casts = sql.SQL(", ").join(
            sql.SQL("{}::{}").format(sql.Identifier(c.name), sql.SQL(_of_server(c.type)))
            for c in self.columns
            if c.kept
        )
        self._run("INSERT INTO {new} ({kept}) SELECT {casts} FROM {old}", kept=kept, casts=casts)
        self._constrain()
        self._index()
        copy_rights(self.conn, self.old, self.new)
        self._comment()
        self._run("ANALYZE {new}")
        self.triggers = self._triggers()

    def swap(self) -> None:
        """Put the new table in the place of the old one; readers see it when the caller commits.

        Raises
        ------
        DatabaseError
            Where a reader holds the old table for minutes, or a view needs it.
        """
        self._take()
        self._hand_over_sequences()
        try:
            self._run("DROP TABLE {old}")
        except psycopg.errors.DependentObjectsStillExist as error:
            raise DatabaseError(
                f"another object needs {self.schema}.{self.table}: {str(error).splitlines()[1]}",
                hint="Drop it, migrate, and make it again. Nothing was changed",
            ) from error
        self._run("ALTER TABLE {new} RENAME TO {name}", name=sql.Identifier(self.table))
        for made, name in self.renamed:
            self._run("ALTER INDEX {made} RENAME TO {name}", made=self._name(made), name=sql.Identifier(name))
        for statement in self.triggers:
            self.conn.execute(sql.SQL(_of_server(statement)))
        if self.table == "epn_core" and "datalink_url" not in {c.name for c in self.columns}:
            self._run("DROP FUNCTION IF EXISTS {function}()", function=self._name(DATALINK_TRIGGER))

    def dropped_indices(self) -> list[str]:
        """Names of indices that go with a column."""
        rows = self._ask(
            "SELECT relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
            " WHERE indrelid = {oid} AND {goes} ORDER BY relname",
            goes=self._goes("pg_class", "indexrelid"),
        )
        return [name for (name,) in rows]

    def _check(self) -> None:
        ((owner, mine, kind, secured),) = self._ask(
            "SELECT pg_get_userbyid(relowner), pg_has_role(current_user, relowner, 'USAGE'), relkind = 'r',"
            " relrowsecurity FROM pg_class WHERE oid = {oid}"
        )
        if not mine:
            raise DatabaseError(
                f"table {self.schema}.{self.table} belongs to {owner}, who alone can rebuild it",
                hint=f"Connect as {owner}: --dsn 'dbname=... user={owner}'",
            )
        if not kind or secured:
            raise DatabaseError(
                f"table {self.schema}.{self.table} has partitions or row security, which migrate does not know",
                hint="Rebuild it by hand",
            )

    def _create(self) -> None:
        there = {
            name: (not_null, default)
            for name, not_null, default in self._ask(
                "SELECT attname, attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute"
                " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
                " WHERE attrelid = {oid} AND attnum > 0 AND NOT attisdropped"
            )
        }
        body = []
        for column in self.columns:
            not_null, default = there.get(column.name, (False, None)) if column.kept else (False, None)
            text = f" {column.type}{f' DEFAULT {default}' if default else ''}{' NOT NULL' if not_null else ''}"
            body.append(sql.Identifier(column.name) + sql.SQL(_of_server(text)))
        self._run("CREATE TABLE {new} ({body})", body=sql.SQL(", ").join(body))
        ((options,),) = self._ask("SELECT reloptions FROM pg_class WHERE oid = {oid}")
        for option in options or ():
            self._run("ALTER TABLE {new} SET ({option})", option=sql.SQL(_of_server(option)))

    def _constrain(self) -> None:
        """Constraints with an index get another name for the time being: names of indices are unique in a schema."""
        rows = self._ask(
            "SELECT conname, contype IN ('p', 'u', 'x'), pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = {oid} AND contype IN ('p', 'u', 'x', 'c', 'f') AND NOT {goes}"
            " ORDER BY contype = 'f', conname",
            goes=self._goes("pg_constraint", "pg_constraint.oid"),
        )
        for name, has_index, definition in rows:
            made = self._for_now(name) if has_index else name
            self._run(
                "ALTER TABLE {new} ADD CONSTRAINT {made} {definition}",
                made=sql.Identifier(made),
                definition=sql.SQL(_of_server(definition)),
            )

    def _index(self) -> None:
        """Indices, by what the server says of them behind the name of the table."""
        rows = self._ask(
            "SELECT relname, format('CREATE %sINDEX %I ON %I.%I USING ', CASE WHEN indisunique THEN 'UNIQUE ' END,"
            " relname, {schema}::text, {table}::text), indisunique, pg_get_indexdef(indexrelid) FROM pg_index"
            " JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = {oid} AND NOT {goes}"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)"
            " ORDER BY relname",
            goes=self._goes("pg_class", "indexrelid"),
        )
        for name, begin, unique, definition in rows:
            if not definition.startswith(begin):
                raise DatabaseError(f"index {name} is of a kind that migrate does not know", hint="Drop it before")
            self._run(
                "CREATE {unique} INDEX {made} ON {new} USING {definition}",
                unique=sql.SQL("UNIQUE" if unique else ""),
                made=sql.Identifier(self._for_now(name)),
                definition=sql.SQL(_of_server(definition[len(begin) :])),
            )

    def _comment(self) -> None:
        rows = self._ask("SELECT attname, col_description({oid}, attnum) FROM pg_attribute WHERE attrelid = {oid}")
        there = dict(rows)
        for column in self.columns:
            comment = there.get(column.name, column.description)
            if comment:
                self._run(
                    "COMMENT ON COLUMN {new}.{column} IS {comment}",
                    column=sql.Identifier(column.name),
                    comment=sql.Literal(comment),
                )
        ((comment,),) = self._ask("SELECT obj_description({oid}, 'pg_class')")
        if comment:
            self._run("COMMENT ON TABLE {new} IS {comment}", comment=sql.Literal(comment))

    def _triggers(self) -> list[str]:
        """Statements that make them again, for a table of the old name."""
        rows = self._ask(
            "SELECT tgname, pg_get_triggerdef(oid), CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN"
            " 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' END FROM pg_trigger"
            " WHERE tgrelid = {oid} AND NOT tgisinternal AND NOT {goes} ORDER BY tgname",
            goes=self._goes("pg_trigger", "pg_trigger.oid"),
        )
        serves = "datalink_url" in {column.name for column in self.columns}
        statements = []
        for name, definition, state in rows:
            if serves or name != DATALINK_TRIGGER:
                statements.append(definition)
                if state:
                    alter = sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
                        self.old, sql.SQL(_of_server(state)), sql.Identifier(name)
                    )
                    statements.append(alter.as_string(self.conn))
        return statements

    def _take(self) -> None:
        """Wait for readers, a little at a time: whoever waits behind a lock that waits would wait as long."""
        for _ in range(SWAP_TRIES):
            try:
                with self.conn.transaction():
                    self._run("SET LOCAL lock_timeout = {time}", time=sql.Literal(f"{SWAP_SECONDS}s"))
                    self._run("LOCK TABLE {old} IN ACCESS EXCLUSIVE MODE")
                    self._run("SET LOCAL lock_timeout = 0")
            except psycopg.errors.LockNotAvailable:
                time.sleep(1)
            else:
                return
        raise DatabaseError(
            f"somebody has been reading {self.schema}.{self.table} for minutes, so it cannot be swapped",
            hint="Nothing was changed. Look at pg_stat_activity, or try again at a quieter time",
        )

    def _hand_over_sequences(self) -> None:
        """Those that defaults of the new table ask would go with the old one, which owns them."""
        rows = self._ask(
            "SELECT c.relname, a.attname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'"
            " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
            " WHERE d.classid = 'pg_class'::regclass AND d.refobjid = {oid} AND d.deptype = 'a' ORDER BY c.relname"
        )
        kept = {column.name for column in self.columns if column.kept}
        for sequence, column in rows:
            if column in kept:
                self._run(
                    "ALTER SEQUENCE {sequence} OWNED BY {new}.{column}",
                    sequence=self._name(sequence),
                    column=sql.Identifier(column),
                )

    def _goes(self, catalogue: LiteralString, column: LiteralString) -> sql.Composable:
        """Whether an object of this catalogue needs a column that is not kept."""
        return sql.SQL(
            "EXISTS (SELECT FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid"
            f" AND a.attnum = d.refobjsubid WHERE d.classid = '{catalogue}'::regclass AND d.objid = {column}"
            " AND d.refclassid = 'pg_class'::regclass AND d.refobjid = {oid} AND a.attname <> ALL ({stays}))"
        ).format(oid=self._oid(), stays=sql.Literal([column.name for column in self.columns]))

    def _for_now(self, name: str) -> str:
        made = f"epncore_migrated_{self.table}_{len(self.renamed)}"
        self.renamed.append((made, name))
        return made

    def _name(self, name: str) -> sql.Identifier:
        return sql.Identifier(self.schema, name)

    def _oid(self) -> sql.Composable:
        return sql.SQL("{}::regclass").format(sql.Literal(self.old.as_string(self.conn)))

    def _ask(self, statement: LiteralString, **more: sql.Composable) -> list[tuple]:  # type: ignore[type-arg]
        return self._run(statement, **more).fetchall()

    def _run(self, statement: LiteralString, **more: sql.Composable) -> psycopg.Cursor:
        names = {"schema": sql.Literal(self.schema), "table": sql.Literal(self.table), "oid": self._oid()}
        return self.conn.execute(sql.SQL(statement).format(old=self.old, new=self.new, **names, **more))


def _of_server(text: str) -> LiteralString:
    """What the server's catalogue says of types, expressions and definitions is SQL already, well quoted."""
    return text
