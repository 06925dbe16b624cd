"""Row rules mean the same in Python and in SQL, unknown values included."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from epncore.model.columns import COLUMNS, Column
from epncore.model.expressions import CELL, columns_of, to_adql, to_postgresql, to_python
from epncore.model.rules import ROW_RULES

A, B = CELL["time_min"], CELL["time_max"]
T = CELL["target_name"]
POSITIONS = {"time_min": 0, "time_max": 1, "target_name": 0}
YES, NO = A < B, A > B  # of (1, 2); both unknown of (None, 2)


@pytest.mark.parametrize(
    ("condition", "row", "answer"),
    [
        (A < B, (1, 2), True), (A < B, (2, 2), False), (A < B, (None, 2), None), (A < B, (1, None), None),
        (A <= B, (2, 2), True), (A > B, (1, 2), False), (A >= B, (2, 2), True), (A == B, (2, 2), True),
        (A != B, (2, 2), False), (A == B, (None, None), None), (A != B, (None, None), None),
        (A.is_(None), (None, 1), True), (A.is_(None), (1, 1), False),
        (A.is_not(None), (None, 1), False), (A.is_not(None), (1, 1), True),
        (A.in_([1, 2]), (1, 0), True), (A.in_([1, 2]), (3, 0), False), (A.in_([1, 2]), (None, 0), None),
        (B - A > 0.5, (1, 2), True), ((B + A) * 2 == 6, (1, 2), True), (B - A > 0, (None, 2), None),
        (T.like("%a_"), ("xab", 0), True), (T.like("%a_"), ("xa", 0), False), (T.like("a.c"), ("abc", 0), False),
        (T.like("%"), ("a\nb", 0), True), (T.not_like("%#%"), ("a", 0), True), (T.not_like("%#%"), ("a#", 0), False),
        (T.like("A%"), ("ab", 0), False), (T.like("%"), (None, 0), None), (T.not_like("%"), (None, 0), None),
        (A.not_in([1, 2]), (1, 0), False), (A.not_in([1, 2]), (3, 0), True), (A.not_in([1, 2]), (None, 0), None),
        # True, False and unknown under AND, OR and NOT.
        (sa.and_(A < B, A.is_not(None)), (1, 2), True),
        (sa.and_(A < B, A.is_(None)), (1, 2), False),
        (sa.and_(A < B, A.is_(None)), (None, 2), None),
        (sa.and_(A < B, A.is_not(None)), (None, 2), False),
        (sa.and_(A < B, A > B), (None, 2), None),
        (sa.or_(A < B, A.is_(None)), (1, 2), True),
        (sa.or_(A > B, A.is_(None)), (1, 2), False),
        (sa.or_(A < B, A.is_(None)), (None, 2), True),
        (sa.or_(A < B, A.is_not(None)), (None, 2), None),
        (sa.or_(A < B, A > B), (None, 2), None),
        (sa.not_(sa.and_(A < B, A.is_not(None))), (1, 2), False),
        (sa.not_(sa.and_(A > B, A.is_not(None))), (1, 2), True),
        (sa.not_(sa.or_(A < B, A > B)), (None, 2), None),
    ],
)  # fmt: skip
def test_python_follows_the_three_valued_logic_of_sql(condition, row, answer):
    assert to_python(condition, POSITIONS)(row) is answer
    cells = [("time_min", row[0]), ("time_max", row[1]), ("target_name", row[0])]
    assert _by_sqlite(condition, cells) is answer


@pytest.mark.parametrize(
    "pattern", ["", "%", "%%", "ab", "ab%", "%ab", "%ab%", "a%b", "%a%b", "a%%", "_", "a_%", "%_b%"]
)
@pytest.mark.parametrize("text", ["", "a", "ab", "abab", "xab", "abx", "xabx", "axb", "AB", "a\nb", "%", "a_b"])
def test_patterns_match_what_they_match_in_sql(pattern, text):
    for condition in (T.like(pattern), T.not_like(pattern)):
        assert to_python(condition, POSITIONS)((text, 0)) is _by_sqlite(condition, [("target_name", text)])


def _by_sqlite(condition, cells):
    """The answer of another SQL engine, from the text that ADQL gets."""
    names = ", ".join(f'? AS "{name}"' for name, _ in cells)
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA case_sensitive_like = ON")
        query = f"SELECT {to_adql(condition)} FROM (SELECT {names})"
        (answer,) = connection.execute(query, [value for _, value in cells]).fetchone()
    connection.close()
    return None if answer is None else bool(answer)


def _cells(column: Column) -> st.SearchStrategy:
    edges = {
        "double": [0.0, -1.0, 1.0, 24.0, 90.0, 90.5, -90.5, 180.0, 360.5, 2086000.0, 2817000.0, 2817000.5, 1e30, 1e31],
        "integer": [0, -1, 1, 2, 3, 4, 5, 6, 7, 2**31 - 1],
        "timestamp": [dt.datetime(2024, 7, 16), dt.datetime(2024, 7, 15, 23, 59, 59), dt.datetime(1900, 1, 1)],
    }.get(column.type, ["", "a", "planet", "none", " a", "a ", "a#b", "a##b", "#", "it's", "http://x/", "HTTP://x/"])
    free = st.floats(allow_nan=False, allow_infinity=False) if column.type == "double" else st.nothing()
    return st.none() | st.sampled_from(edges) | free


def rows(names: tuple[str, ...]) -> st.SearchStrategy:
    """Rows of some columns, with many values at the edges of the rules."""
    return st.tuples(*(_cells(COLUMNS[name]) for name in names))


@pytest.mark.parametrize("rule", ROW_RULES, ids=lambda rule: rule.id)
def test_every_row_rule_means_the_same_to_python_and_to_an_sql_engine(rule):
    names = rule.columns
    broken = to_python(rule.broken, {name: position for position, name in enumerate(names)})
    listed = ", ".join(f'? AS "{name}"' for name in names)
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")  # as SQL has it, and ADQL, and PostgreSQL
    query = f"SELECT {to_adql(rule.broken)} FROM (SELECT {listed})"

    @given(rows(names))
    def agree(row):
        cells = [str(cell) if isinstance(cell, dt.datetime) else cell for cell in row]
        (answer,) = connection.execute(query, cells).fetchone()
        assert broken(row) == (None if answer is None else bool(answer))

    try:
        agree()
    finally:
        connection.close()


@pytest.mark.parametrize("rule", ROW_RULES, ids=lambda rule: rule.id)
def test_the_texts_hold_their_values_and_name_their_columns(rule):
    for text in (to_adql(rule.broken), to_postgresql(rule.broken)):
        assert not re.search(r"%\(|\?|:[a-z_]|[][]", text)
        assert all(name in text for name in rule.columns)


def test_the_text_for_adql_is_plain_sql():
    condition = sa.or_(CELL["processing_level"].not_in((1, 2)), CELL["target_name"] == "O'Neill")
    text = " ".join(to_adql(condition).split())
    assert text == "(processing_level NOT IN (1, 2)) OR target_name = 'O''Neill'"


def test_columns_are_found_in_the_order_of_the_standard():
    assert columns_of(sa.and_(B > 1, sa.or_(A.is_(None), A < B))) == ("time_min", "time_max")


@pytest.mark.parametrize("condition", [A / B > 1, T.ilike("J%"), sa.true(), (A < B).is_(sa.true())])
def test_what_no_rule_needed_so_far_has_no_python_form(condition):
    with pytest.raises(NotImplementedError, match="no Python form of"):
        to_python(condition, {**POSITIONS, "target_name": 2})
