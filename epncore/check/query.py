"""ADQL of the checks: set-based, so that a table of a million rows is looked at where it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy.engine.default import DefaultDialect

from epncore.model.errors import UsageError
from epncore.model.expressions import to_adql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from epncore.model.rules import RowRule, TableRule

PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def table_name(schema: str) -> str:
    """``SCHEMA.epn_core``, for a schema that can be written in ADQL as it is.

    Raises
    ------
    UsageError
        For any other text: it goes into queries.
    """
    if not PLAIN_NAME.fullmatch(schema):
        raise UsageError(f"{schema!r} is no schema name", hint="Letters, digits and _, beginning with a letter")
    return f"{schema}.epn_core"


def text(value: str) -> str:
    """A text as ADQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def names_of(table: str) -> list[str]:
    """How TAP_SCHEMA may spell a table: alone or with its schema, and in upper case where the database does so."""
    schema, _, last = table.rpartition(".")
    return [f"{schema}.{last.lower()}", f"{schema}.{last.upper()}", last.lower(), last.upper()]


def tap_schema(table: str, condition: str) -> str:
    """Lines of a table of TAP_SCHEMA, whole: its columns differ from TAP 1.0 to 1.1."""
    return f"SELECT * FROM tap_schema.{table} WHERE {condition}"


def one_row(table: str) -> str:
    """One row, with all columns."""
    return f"SELECT TOP 1 * FROM {table}"


def all_distinct(table: str, columns: Sequence[str]) -> str:
    """The distinct values of some columns together, NULL included."""
    return f"SELECT DISTINCT {', '.join(columns)} FROM {table}"


def any_of(rules: Iterable[RowRule]) -> str:
    """A condition that is true of rows that break one of these rules."""
    return " OR ".join(f"({to_adql(rule.broken)})" for rule in rules)


def count(table: str, condition: str = "") -> str:
    """How many rows, or how many that fulfil a condition."""
    return f"SELECT COUNT(*) AS n FROM {table}" + (f" WHERE {condition}" if condition else "")


def some_rows(table: str, columns: Sequence[str], condition: str, limit: int) -> str:
    """Some columns of some rows that fulfil a condition."""
    return f"SELECT TOP {limit} {', '.join(columns)} FROM {table} WHERE {condition}"


def examples(table: str, condition: str, limit: int) -> str:
    """granule_uids of the first rows that fulfil a condition."""
    return f"SELECT TOP {limit} granule_uid FROM {table} WHERE {condition} ORDER BY granule_uid"


def whole_rows(table: str, condition: str) -> str:
    """All rows that fulfil a condition, for a person to look at."""
    return f"SELECT * FROM {table} WHERE {condition}"


def filled_row(table: str, columns: Sequence[str]) -> str:
    """A row that has values in all these columns, with its granule_uid."""
    return f"SELECT TOP 1 {', '.join(sorted({'granule_uid', *columns}))} FROM {table} WHERE {_there(columns)}"


def uids_where(table: str, condition: str) -> str:
    """granule_uids of all rows that fulfil a condition."""
    return f"SELECT granule_uid FROM {table} WHERE {condition}"


def grouped(table: str, columns: Sequence[str], limit: int) -> str:
    """The distinct values of some columns together, and how many rows hold each."""
    names = ", ".join(columns)
    there = _there(columns)
    return f"SELECT TOP {limit} {names}, COUNT(*) AS n FROM {table} WHERE {there} GROUP BY {names} ORDER BY {names}"


def distinct(table: str, columns: Sequence[str], limit: int) -> str:
    """The same without the counts, for servers that know no GROUP BY."""
    names = ", ".join(columns)
    return f"SELECT DISTINCT TOP {limit} {names} FROM {table} WHERE {_there(columns)}"


def _there(columns: Sequence[str]) -> str:
    return " AND ".join(f"{name} IS NOT NULL" for name in columns)


def first_values(table: str, columns: Sequence[str], limit: int) -> str:
    """The values of the first rows, of columns that no database can group by."""
    names = ", ".join(columns)
    return f"SELECT TOP {limit} granule_uid, {names} FROM {table} WHERE {_there(columns)} ORDER BY granule_uid"


def linked(table: str, urls: Sequence[str], said: Sequence[str], limit: int) -> str:
    """The first rows that have one of these addresses, with what they say of it."""
    names = ", ".join(("granule_uid", *urls, *said))
    there = " OR ".join(f"{name} IS NOT NULL" for name in urls)
    return f"SELECT TOP {limit} {names} FROM {table} WHERE {there} ORDER BY granule_uid"


def has_values(columns: Sequence[str], found: Iterable[Sequence[str]]) -> str:
    """A condition that is true of rows that hold one of these combinations of values."""
    return " OR ".join(
        "(" + " AND ".join(f"{name} = {text(value)}" for name, value in zip(columns, values, strict=True)) + ")"
        for values in found
    )


def one_of(column: str, values: Iterable[str]) -> str:
    """A condition that is true of rows that hold one of these texts."""
    return f"{column} IN ({', '.join(map(text, values))})"


def offenders(rule: TableRule, schema: str, limit: int) -> str:
    """The query of a table rule, with a limit as ADQL writes it."""
    compiled = rule.offenders(schema).compile(dialect=DefaultDialect(), compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split()).replace("SELECT", f"SELECT TOP {limit}", 1)
