"""What the states of a file in the ledger mean, as SQL, and the names of the tables of a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from epncore.model.bookkeeping import LEDGER, LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable

ROWS: LiteralString = "('row', 'unavailable')"
"""States of a file that may have a row: one that cannot be opened now keeps the row it had."""

CLAIMS: LiteralString = "('row', 'unavailable', 'withheld')"
"""States of a file that hold its granule_uid against others."""

IN_QUARANTINE = ("quarantined", "duplicate", "unavailable")
"""States of a file that something is wrong with."""

QUARANTINE: LiteralString = "('" + "', '".join(IN_QUARANTINE) + "')"
"""The same as SQL."""


def names(schema: str) -> dict[str, sql.Composable]:
    """What the statements of the loader name in braces."""
    return {
        "epn_core": sql.Identifier(schema, "epn_core"),
        "ledger": sql.Identifier(schema, LEDGER.name),
        "links": sql.Identifier(schema, LINKS.name),
        "rows": sql.SQL(ROWS),
        "claims": sql.SQL(CLAIMS),
        "quarantine": sql.SQL(QUARANTINE),
        "moment": sql.SQL("now() AT TIME ZONE 'UTC'"),
    }


def listed(columns: Iterable[str], table: str | None = None) -> sql.Composable:
    """Names of columns with commas between, each after the name of a table where that is given."""
    prefix = [table] if table else []
    return sql.SQL(", ").join(sql.Identifier(*prefix, name) for name in columns)
