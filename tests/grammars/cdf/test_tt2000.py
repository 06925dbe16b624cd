"""TT2000 becomes the UTC that cdflib makes of it, leap seconds included."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from cdflib import cdfepoch
from hypothesis import given
from hypothesis import strategies as st

from grammars.tt2000 import of_tt2000

DAY_NS = 86400 * 10**9
# Where leap seconds may be, from 1973 to 2017: of the first one, of June 1972, cdflib makes no 23:59:60.
LEAPS = [
    int(cdfepoch.compute_tt2000([year, month, 1, 0, 0, 0, 0, 0, 0])) for year in range(1973, 2018) for month in (1, 7)
]


def by_cdflib(value: int) -> tuple[dt.date, int]:
    """Date, and nanoseconds of that day."""
    year, month, day, hour, minute, second, milli, micro, nano = np.ravel(cdfepoch.breakdown_tt2000(value)).tolist()
    seconds = 3600 * hour + 60 * minute + second
    return dt.date(year, month, day), ((seconds * 1000 + milli) * 1000 + micro) * 1000 + nano


def ours(value: int) -> tuple[dt.date, int]:
    date, second = of_tt2000(value)
    return date, round(second * 1e9)


@given(st.integers(LEAPS[0] - 10 * 365 * DAY_NS, 90 * 365 * DAY_NS))
def test_any_time(value):
    # A double holds a second of a day to some hundredths of a nanosecond.
    (date, nanoseconds), (wanted_date, wanted) = ours(value), by_cdflib(value)
    assert date == wanted_date
    assert abs(nanoseconds - wanted) <= 1


@given(st.sampled_from(LEAPS), st.integers(-3 * 10**9, 3 * 10**9))
def test_times_about_leap_seconds(leap, nanoseconds):
    value = leap + nanoseconds
    (date, found), (wanted_date, wanted) = ours(value), by_cdflib(value)
    assert (date, abs(found - wanted) <= 1) == (wanted_date, True)


@pytest.mark.parametrize(
    ("text", "date", "second"),
    [
        ("2016-12-31T23:59:59.000000000", dt.date(2016, 12, 31), 86399.0),
        ("2016-12-31T23:59:60.500000000", dt.date(2016, 12, 31), 86400.5),
        ("2017-01-01T00:00:00.000000000", dt.date(2017, 1, 1), 0.0),
        ("1972-06-30T23:59:59.000000000", dt.date(1972, 6, 30), 86399.0),
        ("1965-05-05T06:00:00.000000000", dt.date(1965, 5, 5), 21600.0),
    ],
)
def test_known_times(text, date, second):
    assert of_tt2000(int(np.ravel(cdfepoch.parse([text]))[0])) == (date, second)
