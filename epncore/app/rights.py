"""Gives a new table the owner and the grants of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

if TYPE_CHECKING:
    import psycopg


def copy_rights(conn: psycopg.Connection, old: sql.Identifier, new: sql.Identifier) -> None:
    """Give a table that was made just now the owner and the grants of another one, and no others.

    Parameters
    ----------
    conn : psycopg.Connection
        In a transaction, which the caller ends.
    old, new : psycopg.sql.Identifier
        With their schemas.
    """
    source, target = _regclass(conn, old), _regclass(conn, new)
    row = conn.execute(
        sql.SQL(
            "SELECT pg_get_userbyid(o.relowner), o.relowner = n.relowner FROM pg_class o, pg_class n"
            " WHERE o.oid = {} AND n.oid = {}"
        ).format(source, target)
    ).fetchone()
    if row and not row[1]:
        conn.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(new, sql.Identifier(row[0])))
    for _, role, privilege, _ in conn.execute(_GRANTS.format(table=target)).fetchall():
        conn.execute(_statement("REVOKE", privilege, new, "FROM", role))  # of ALTER DEFAULT PRIVILEGES
    columns = conn.execute(sql.SQL("SELECT attname FROM pg_attribute WHERE attrelid = {}").format(target))
    there = {name for (name,) in columns}
    for column, role, privilege, grantable in conn.execute(_GRANTS.format(table=source)).fetchall():
        if column is None or column in there:
            statement = _statement("GRANT", privilege, new, "TO", role, column)
            conn.execute(statement + sql.SQL(" WITH GRANT OPTION" if grantable else ""))


# Of the table and of single columns; the owner needs none.
_GRANTS = sql.SQL(
    "SELECT attname, CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END, privilege_type, is_grantable"
    " FROM (SELECT NULL AS attname, relacl AS acl, relowner FROM pg_class WHERE oid = {table}"
    "  UNION ALL SELECT attname, attacl, relowner FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
    "   WHERE attrelid = {table} AND attacl IS NOT NULL) AS t, aclexplode(acl) WHERE grantee <> relowner"
)


def _statement(
    verb: LiteralString, privilege: str, table: sql.Identifier, to: LiteralString, role: str | None, column: str = ""
) -> sql.Composed:
    """Names of privileges come from the server's catalogue; a role of None is everybody."""
    word: LiteralString = privilege
    cells = sql.SQL(" ({})").format(sql.Identifier(column)) if column else sql.SQL("")
    who = sql.Identifier(role) if role else sql.SQL("PUBLIC")
    return sql.SQL(" ").join([sql.SQL(verb), sql.SQL(word) + cells, sql.SQL("ON TABLE"), table, sql.SQL(to), who])


def _regclass(conn: psycopg.Connection, table: sql.Identifier) -> sql.Composed:
    return sql.SQL("{}::regclass").format(sql.Literal(table.as_string(conn)))
