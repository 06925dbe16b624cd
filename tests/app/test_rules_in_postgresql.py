"""The SQL form of each row rule says on a real PostgreSQL what the Python form says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from epncore.app.database import Database
from epncore.app.schema import sql_type
from epncore.app.stage import COPY_TYPES
from epncore.model.columns import COLUMNS
from epncore.model.expressions import to_postgresql, to_python
from epncore.model.rules import ROW_RULES

pytestmark = pytest.mark.live

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(["ds", "none", "body", "http://x/", "", "a#b", "a##b", "#a", " a", "it's", 'a"b', "a b"]),
    "integer": st.integers(-2, 8),
    # Bounds of the rules, and around them.
    "double": st.sampled_from([-180.5, -180.0, -90.1, -1e-9, 0.0, 1.0, 24.0, 90.0, 360.0, 2086000.0, 2817000.5, 1e31]),
    "timestamp": st.sampled_from([dt.datetime(1900, 1, 1), dt.datetime(2024, 2, 29, 1, 2, 3, 4000)]),
    "region": st.just("0.0 0.0 1.0 0.0 1.0 1.0"),
    "moc": st.just("0/1"),
}
_NAMES = sorted({name for rule in ROW_RULES for name in rule.columns})
_ROWS = st.lists(st.tuples(*(st.none() | _VALUES[COLUMNS[name].type] for name in _NAMES)), min_size=1, max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS)
def test_each_row_rule_finds_the_same_rows_in_postgresql(database: Database, rows: list[tuple[Any, ...]]) -> None:
    positions = {name: place for place, name in enumerate(_NAMES)}
    columns = [sql.SQL("{} ").format(sql.Identifier(name)) + sql.SQL(sql_type(COLUMNS[name].type)) for name in _NAMES]  # type: ignore[arg-type]
    with database.connect() as conn:
        conn.execute(sql.SQL("CREATE TEMP TABLE made (n int4, {})").format(sql.SQL(", ").join(columns)))
        with conn.cursor() as cursor, cursor.copy("COPY made FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", *(COPY_TYPES[COLUMNS[name].type] for name in _NAMES)])
            for number, row in enumerate(rows):
                copy.write_row((number, *row))
        for rule in ROW_RULES:
            found = conn.execute(f"SELECT n FROM made WHERE {to_postgresql(rule.broken)} ORDER BY n")  # type: ignore[arg-type]
            broken = to_python(rule.broken, positions)
            assert [n for (n,) in found] == [n for n, row in enumerate(rows) if broken(row) is True], rule.id
        conn.rollback()
