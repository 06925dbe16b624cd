"""TT2000: nanoseconds of Terrestrial Time since 2000-01-01T12:00:00, in which leap seconds count.

Format: "CDF User's Guide", section 2.5.5 (CDF_TIME_TT2000), NASA/GSFC. Leap seconds are those of ERFA, as everywhere in
the toolkit; before 1972, when UTC had seconds of its own length, cdflib knows what the CDF library makes of them.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from functools import cache

import erfa
import numpy as np

_J2000 = dt.date(2000, 1, 1)
_NS = 10**9
_DAY_NS = 86400 * _NS
_TT_MINUS_TAI_NS = 32_184_000_000


@cache
def _steps() -> tuple[list[int], list[dt.date]]:
    """Midnights from which a new number of leap seconds counts: as TT2000 and as dates, from 1972 on."""
    found = [
        (dt.date(int(year), int(month), 1), round(float(tai_utc)))
        for year, month, tai_utc in erfa.leap_seconds.get().tolist()
        if year >= 1972
    ]
    dates = [date for date, _ in found]
    return [_midnight_ns(date, leap_seconds) for date, leap_seconds in found], dates


def _midnight_ns(date: dt.date, leap_seconds: int) -> int:
    return (date - _J2000).days * _DAY_NS - _DAY_NS // 2 + _TT_MINUS_TAI_NS + leap_seconds * _NS


def of_tt2000(value: int) -> tuple[dt.date, float]:
    """UTC date of a TT2000, and the second of that day.

    Parameters
    ----------
    value : int, ns

    Returns
    -------
    date : datetime.date
    second_of_day : float, s
        86400 and more within a leap second.

    Raises
    ------
    ValueError
        Where the calendar of datetime does not reach.
    """
    starts, dates = _steps()
    place = bisect_right(starts, value) - 1
    if place < 0:
        return _before_1972(value)
    days, left_ns = divmod(value - starts[place], _DAY_NS)
    date = dates[place] + dt.timedelta(days=days)
    if place + 1 < len(dates) and date == dates[place + 1]:  # the leap second, before the midnight behind it
        return date - dt.timedelta(days=1), (_DAY_NS + left_ns) / _NS
    return date, left_ns / _NS


def _before_1972(value: int) -> tuple[dt.date, float]:
    from cdflib import cdfepoch  # slow to import, and hardly ever needed

    year, month, day, hour, minute, second, *parts = np.ravel(cdfepoch.breakdown_tt2000(value)).tolist()
    fraction = sum(part * 1e-3**power for power, part in enumerate(parts, start=1))
    return dt.date(year, month, day), 3600 * hour + 60 * minute + second + fraction
