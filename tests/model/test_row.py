"""Values become cells: ASCII text, finite numbers, plain dates, or a CellError."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epncore.model.columns import COLUMNS, Column
from epncore.model.row import CellError, RowHash, clean_text, clean_word, is_empty, show, to_cell

TEXT, LIST, PRACTICE = COLUMNS["publisher"], COLUMNS["target_name"], COLUMNS["bib_reference"]
OWN = Column("juno_mode", "own", "text")
INTEGER, DOUBLE = COLUMNS["processing_level"], COLUMNS["time_min"]
DATE, REGION, MOC = COLUMNS["creation_date"], COLUMNS["s_region"], COLUMNS["coverage"]
KINDS = [TEXT, INTEGER, DOUBLE, DATE, REGION, MOC]
CET = dt.timezone(dt.timedelta(hours=1))
TRIANGLE = "0.0 0.0 10.0 0.0 10.0 20.5"
DEEP = [[]]
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("column", "value", "cell"),
    [
        (TEXT, "Nançay", "Nancay"),
        (TEXT, "  a\n\tb\x00c\x7f ", "a b c"),
        (TEXT, "\ud800half", "_half"),
        (TEXT, "日", "_"),
        (TEXT, "a b＃", "a b#"),
        (TEXT, 12, "12"),
        (TEXT, 1.5, "1.5"),
        (TEXT, "Planète#'quoted'", "Planete#'quoted'"),
        (LIST, ("Io", "", " Io ", "Europa"), "Io#Europa"),
        (LIST, ["a#b", "it's", '"q"', "`", "＃"], "a_b#it_s#_q_#_"),
        (LIST, ("Mars", 4), "Mars#4"),
        (PRACTICE, ("10.5072/a", "10.5072/b"), "10.5072/a#10.5072/b"),
        (OWN, ("a", "b"), "a#b"),
        (TEXT, ("it's #1",), "it's #1"),
        (TEXT, ("a", "", "b ", "a"), "a, b"),
        (INTEGER, 3, 3),
        (INTEGER, 3.0, 3),
        (INTEGER, -0.0, 0),
        (INTEGER, 2**31 - 1, 2147483647),
        (INTEGER, -(2**31) + 1, -2147483647),
        (DOUBLE, 3, 3.0),
        (DOUBLE, 5e-324, 5e-324),
        (DATE, "2024-07-16T13:04:42.123999", dt.datetime(2024, 7, 16, 13, 4, 42, 123000)),
        (DATE, " 2024-07-16 ", dt.datetime(2024, 7, 16)),
        (DATE, "2024-07-16T01:00:00+02:00", dt.datetime(2024, 7, 15, 23)),
        (DATE, dt.datetime(2024, 7, 16, 0, 30, tzinfo=CET), dt.datetime(2024, 7, 15, 23, 30)),
        (DATE, dt.date(2024, 7, 16), dt.datetime(2024, 7, 16)),
        (REGION, (0, 0, 10, 0, 10, 20.5), TRIANGLE),
        (REGION, "0 0 10 -0.0 10 20.5", TRIANGLE),
        (MOC, " 0/1-3 t61/ ", "0/1-3 t61/"),
    ],
)
def test_values_are_brought_into_the_form_of_their_column(column, value, cell):
    found = to_cell(column, value)
    assert (found, type(found)) == (cell, type(cell))


@pytest.mark.parametrize("column", KINDS, ids=lambda column: column.type)
@pytest.mark.parametrize("value", [None, "", " \t\x00 ", (), [], ("", " "), math.nan, math.inf, -math.inf])
def test_what_says_nothing_is_null(column, value):
    assert is_empty(value)
    assert to_cell(column, value) is None


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "-", (0.0,), ("a", ""), dt.date(2024, 1, 1)])
def test_zero_and_false_are_no_empty_values(value):
    assert not is_empty(value)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (TEXT, True, "publisher is a text, not True"),
        (TEXT, b"bytes", "not b'bytes'"),
        (TEXT, dt.date(2024, 1, 1), "is a text"),
        (TEXT, {"a": 1}, "is a text"),
        pytest.param(TEXT, 10**5000, "not this int", id="text-huge"),
        (LIST, ("Io", None), "target_name is a text, not None"),
        (LIST, (b"Io",), "not b'Io'"),
        (LIST, (True,), "not True"),
        (MOC, ("0/1", "0/2"), "coverage is a text"),
        (INTEGER, 2.7, "whole number, not 2.7"),
        (INTEGER, "3", "whole number, not '3'"),
        (INTEGER, True, "whole number"),
        (INTEGER, 2**31, "32 bits, which 2147483648 exceeds"),
        (INTEGER, -(2**31), "32 bits"),
        (INTEGER, 1e300, "32 bits"),
        pytest.param(INTEGER, 10**5000, "32 bits, which this int exceeds", id="integer-huge"),
        (DOUBLE, "3.5", "is a number, not '3.5'"),
        (DOUBLE, False, "is a number"),
        (DOUBLE, 10**400, "is a double, which 1000"),
        pytest.param(DOUBLE, 10**5000, "which this int exceeds", id="double-huge"),
        (DATE, "yesterday", "is a date as 2024-07-16T13:04:42, not 'yesterday'"),
        (DATE, "2024-02-30", "is a date as"),
        (DATE, 20240716, "is a date, not 20240716"),
        (DATE, dt.time(1, 2), "is a date, not"),
        (DATE, dt.datetime.min.replace(tzinfo=CET), "beyond the calendar"),
        (DATE, "9999-12-31T23:59:59-01:00", "beyond the calendar"),
        (REGION, "POLYGON ICRS 1 2 3 4 5 6", "polygon as [lon, lat"),
        (REGION, (0, 0, 10, 0), "at least three corners"),
        (REGION, (0, 0, 10, 0, 5, 5, 7), "polygon"),
        (REGION, (0, 0, 10, 91, 5, 5), "polygon"),
        (REGION, (0, 0, math.nan, 0, 5, 5), "polygon"),
        (REGION, (0, 0, 10**400, 0, 5, 5), "polygon"),
        (REGION, 7, "polygon"),
        (REGION, (None,) * 6, "polygon"),
        (TEXT, {"deep": DEEP}, "not this dict"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_in_words(column, value, words):
    with pytest.raises(CellError) as caught:
        to_cell(column, value)
    assert words in str(caught.value)


def test_minus_zero_is_zero():
    assert math.copysign(1.0, to_cell(DOUBLE, -0.0)) == 1.0


def test_messages_show_at_most_sixty_characters():
    assert show("x" * 100) == "'" + "x" * 56 + "..."
    assert show("x") == "'x'"


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary()
    | st.dates() | st.datetimes(timezones=st.none() | st.timezones()) | st.times()
)  # fmt: skip
_values = _scalars | st.lists(_scalars) | st.lists(_scalars).map(tuple) | st.dictionaries(st.text(), st.integers())


@given(st.sampled_from(KINDS), _values)
def test_whatever_comes_there_is_a_plain_cell_or_a_cell_error(column, value):
    try:
        cell = to_cell(column, value)
    except CellError:
        return
    if isinstance(cell, str):
        assert cell.isascii()
        assert cell.isprintable()
        assert cell == cell.strip() != ""
    elif isinstance(cell, float):
        assert math.isfinite(cell)
    elif isinstance(cell, int):
        assert abs(cell) < 2**31
    elif cell is not None:
        assert cell.tzinfo is None
        assert cell.microsecond % 1000 == 0


@given(st.sampled_from(KINDS), _values)
def test_a_cell_is_its_own_cell(column, value):
    try:
        cell = to_cell(column, value)
    except CellError:
        return
    assert to_cell(column, cell) == cell


@given(st.text())
def test_words_of_lists_hold_nothing_that_joins_or_quotes(text):
    assert not set(clean_word(text)) & set("#\"'`")
    assert clean_word(clean_text(text)) == clean_word(text)


COLUMNS_OF_A_ROW = (COLUMNS["granule_uid"], COLUMNS["time_min"], COLUMNS["creation_date"], COLUMNS["processing_level"])
ROW = ("a_1", 2457754.5, dt.datetime(2024, 7, 16), 3)
HASH = "8cdeaa9710539c3006d51e49f680becc"


def test_the_hash_of_a_row_is_the_same_on_any_machine():
    assert RowHash(COLUMNS_OF_A_ROW)(ROW) == HASH


def test_the_hash_heeds_neither_order_nor_null_columns():
    more = (*COLUMNS_OF_A_ROW[::-1], Column("later", "own", "text"))
    assert RowHash(more)((*ROW[::-1], None)) == HASH


@pytest.mark.parametrize("position", range(4))
def test_the_hash_changes_with_any_value(position):
    changed = list(ROW)
    changed[position] = None
    assert RowHash(COLUMNS_OF_A_ROW)(tuple(changed)) != HASH


def test_a_value_moved_to_another_column_changes_the_hash():
    two = (COLUMNS["granule_uid"], COLUMNS["obs_id"])
    assert RowHash(two)(("x", None)) != RowHash(two)((None, "x"))


def test_a_hash_wants_a_cell_a_column():
    with pytest.raises(ValueError, match="cells for"):
        RowHash(COLUMNS_OF_A_ROW)(ROW[:-1])
