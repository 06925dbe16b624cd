"""pgsphere in the laboratory's database, also where PostgreSQL refuses Debian's script for it.

New releases of PostgreSQL (seen with 15.20, not yet with 15.18) link two operators as commutator or negator only where
each names the other. In pgsphere 1.2.0 ``@`` names ``@>`` and ``!<@``, which belong to ``<@``: CREATE EXTENSION fails.
Such declarations only help the planner, so here the script is run without them.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from epncore.testing.lab_machine import DachsError

NAME = "pg_sphere"

_OPERATOR = re.compile(r"CREATE OPERATOR\s+(\S+)\s*\((.*?)\);", re.DOTALL)
_PARTNER = {
    kind: re.compile(rf"\b{kind}\s*=\s*'?([^\s',)]+)'?\s*,?", re.IGNORECASE) for kind in ("COMMUTATOR", "NEGATOR")
}


def create(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the extension in a database, by PostgreSQL's own way where that works.

    Parameters
    ----------
    connection : psycopg.Connection
        Of a superuser, in autocommit.

    Raises
    ------
    DachsError
        Where neither way works.
    """
    try:
        connection.execute(f"CREATE EXTENSION {NAME}")
    except psycopg.ProgrammingError as error:
        _create_mended(connection, error)


def _create_mended(connection: psycopg.Connection[tuple[object, ...]], refused: psycopg.Error) -> None:
    shared = connection.execute("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'").fetchone()
    extensions = Path(str(shared[0]) if shared else "") / "extension"
    control = (extensions / f"{NAME}.control").read_text("utf-8")
    found = re.search(r"default_version\s*=\s*'([0-9.]+)'", control)
    script = extensions / f"{NAME}--{found[1] if found else ''}.sql"
    if found is None or not script.is_file():
        raise DachsError("pgsphere cannot be made", hint=f"PostgreSQL said: {refused}") from refused
    with connection.transaction():
        connection.execute(mended(script.read_text("utf-8")).encode())
        # DaCHS asks the catalogue whether it is there; nobody will ever update or drop it here.
        connection.execute(
            "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)"
            " SELECT (max(oid::bigint) + 1)::oid, %s, 10, 'public'::regnamespace, true, %s FROM pg_extension",
            (NAME, found[1]),
        )


def mended(script: str) -> str:
    """The script of the extension as plain SQL, without partners of operators that do not name each other."""
    script = re.sub(r"(?m)^\\echo.*$", "", script).replace("MODULE_PATHNAME", f"$libdir/{NAME}")
    bodies = {_signature(name, body): body for name, body in _OPERATOR.findall(script)}

    def one(match: re.Match[str]) -> str:
        name, left, right = _signature(match[1], match[2])
        body = match[2]
        for kind, other in (("COMMUTATOR", (right, left)), ("NEGATOR", (left, right))):
            partner = _partner(kind, match[2])
            named_back = _partner(kind, bodies.get((partner or "", *other), ""))
            if partner is not None and named_back not in {None, name}:
                body = _PARTNER[kind].sub("", body).rstrip().rstrip(",")
        return f"CREATE OPERATOR {name} ({body}\n);"

    return _OPERATOR.sub(one, script)


def _signature(name: str, body: str) -> tuple[str, str, str]:
    return name, _argument("LEFTARG", body), _argument("RIGHTARG", body)


def _argument(key: str, body: str) -> str:
    found = re.search(rf"\b{key}\s*=\s*([A-Za-z0-9_ ]+)", body, re.IGNORECASE)
    return found[1].strip().lower() if found else ""


def _partner(kind: str, body: str) -> str | None:
    found = _PARTNER[kind].search(body)
    return found[1] if found else None
