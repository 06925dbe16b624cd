"""Quantities and times inside, plain Hz, s and JD at the edge: the conversions between them, each in one place."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
import unicodedata
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import erfa
import numpy as np
from astropy import units as u

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECONDS_PER_DAY = 86400.0
LIGHT_M_S = 299_792_458.0
"""Speed of light in vacuum, m/s: a wavelength divides it to a frequency."""
JD_PLAUSIBLE = (2086000.0, 2817000.0)
"""Julian Days between which EPN-TAP clients believe a time (STILTS W_PNJD): about the years 999 to 3000."""

# How headers spell units that astropy reads otherwise, or not at all.
_SPELLINGS = {
    "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz", "hertz": "Hz", "kilohertz": "kHz", "megahertz": "MHz",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "milliseconds": "ms", "millisec": "ms",
    "microseconds": "us", "microsec": "us", "usec": "us", "nanoseconds": "ns", "nanosec": "ns", "nsec": "ns",
    "degree": "deg", "degrees": "deg",
    "minutes": "min", "minute": "min", "hours": "h", "hour": "h", "hr": "h", "days": "d", "day": "d",
}  # fmt: skip


@lru_cache(maxsize=1024)  # the files of a collection have the same few
def parse_unit(text: str) -> u.UnitBase | None:
    """Read a unit as headers write it.

    Parameters
    ----------
    text : str
        For example ``MHz``, ``[kHz]``, ``nanoseconds``. Case is forgiven for frequencies: no header means
        millihertz by ``mHz`` spelt ``MHZ``.

    Returns
    -------
    astropy.units.UnitBase or None
        None where it is no unit that astropy knows.
    """
    word = text.strip().strip("[]()").strip()
    word = word if word in {"mHz", "MHz"} else _SPELLINGS.get(word.lower(), word)
    try:
        unit = u.Unit(word, parse_strict="raise")
    except (ValueError, TypeError):
        return None
    return unit if isinstance(unit, u.UnitBase) and word else None


@lru_cache(maxsize=1024)
def frequency_factor_hz(text: str) -> float | None:
    """How many Hz one of this unit is; None where the unit is no frequency (an energy, a length, nothing)."""
    return _factor(text, u.Hz)


@lru_cache(maxsize=1024)
def duration_factor_s(text: str) -> float | None:
    """How many seconds one of this unit is; None where the unit is no duration."""
    return _factor(text, u.s)


@lru_cache(maxsize=1024)
def unit_factor(found: str, wanted: str) -> float | None:
    """How many of the unit `wanted` one of the unit `found` is; None where the two are not of one kind.

    Frequencies, wavelengths and energies are three kinds.
    """
    return _factor(found, parse_unit(wanted))


def _factor(text: str, wanted: u.UnitBase | None) -> float | None:
    unit = parse_unit(text)
    if unit is None or wanted is None or not unit.is_equivalent(wanted):
        return None
    factor = float(unit.to(wanted))
    return factor if 0 < factor < math.inf else None


def jd_utc(date: dt.date, second_of_day: float) -> float:
    """Julian Day of an UTC date and a second of that day.

    Parameters
    ----------
    date : datetime.date
        Calendar day, UTC.
    second_of_day : float
        Seconds since its midnight. Headers count beyond the day's end (``03:44:60``, ``24:00:06``) and that is
        carried over, but a leap second (86400 to 86401 on a day that has one) stays in its day.

    Returns
    -------
    float, d
        Quasi-JD UTC as in SOFA ``dtf2d``: a day with a leap second has 86401 s.

    Raises
    ------
    ValueError
        Where the seconds are no number or more than some thirty years, or the calendar of datetime does not reach.
    """
    if not abs(second_of_day) <= _SECONDS_MAX:
        raise ValueError(f"{second_of_day:g} s is no time of a day")
    try:
        date, second_of_day = _carried(date, second_of_day)
    except OverflowError:
        raise ValueError("the date is beyond the calendar") from None
    # As erfa has it, in this order: the whole days are exact.
    return _MJD_ZERO + (date.toordinal() - _MJD_ORDINAL + second_of_day / day_length_s(date))


_MJD_ZERO, _MJD_ORDINAL = 2400000.5, dt.date(1858, 11, 17).toordinal()
_SECONDS_MAX = 1e9  # days are carried one by one, since each has its own length


def _carried(date: dt.date, second_of_day: float) -> tuple[dt.date, float]:
    while second_of_day >= (length := day_length_s(date)):
        date, second_of_day = date + dt.timedelta(days=1), second_of_day - length
    while second_of_day < 0:
        date -= dt.timedelta(days=1)
        second_of_day += day_length_s(date)
    return date, second_of_day


def day_length_s(date: dt.date) -> float:
    """86401 on the last day before a leap second of UTC, else 86400."""
    if (date.month, date.day) not in {(6, 30), (12, 31)} or not 1972 <= date.year < dt.MAXYEAR:
        return SECONDS_PER_DAY
    following = date + dt.timedelta(days=1)
    with warnings.catch_warnings():
        # A year beyond the table of leap seconds: none is known there.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        step = erfa.dat(following.year, following.month, following.day, 0.0) - erfa.dat(
            date.year, date.month, date.day, 0.0
        )
    return SECONDS_PER_DAY + round(float(step))


@lru_cache(maxsize=16)  # of one granule it is asked for several times
def datetime_of_jd(jd: float) -> dt.datetime:
    """The UTC date and time of a JD, to the millisecond that a double holds.

    Parameters
    ----------
    jd : float, d
        Quasi-JD UTC, in the years 1 to 9999.

    Returns
    -------
    datetime.datetime
        Naive, UTC. A leap second is shown as the last millisecond of its day.

    Raises
    ------
    ValueError
        Where the calendar of datetime does not reach.
    """
    if not math.isfinite(jd):
        raise ValueError(f"{jd} is no Julian Day")
    days, fraction = divmod(jd - _MJD_ZERO, 1.0)
    try:
        date = dt.date.fromordinal(int(days) + _MJD_ORDINAL)
    except OverflowError:
        raise ValueError("the date is beyond the calendar") from None
    length = round(day_length_s(date) * 1000)
    milliseconds = round(fraction * length)
    try:
        if milliseconds >= length:  # rounded up to midnight
            date, milliseconds = date + dt.timedelta(days=1), 0
    except OverflowError:
        raise ValueError("the date is beyond the calendar") from None
    return dt.datetime.combine(date, dt.time()) + dt.timedelta(milliseconds=min(milliseconds, 86_399_999))


def positive_steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences between successive distinct values of an axis, whatever its direction.

    Parameters
    ----------
    values : ndarray, shape (n,)
        An axis, in any order, with repeats (padding) and NaN.

    Returns
    -------
    ndarray, shape (<= n - 1,)
        All positive; empty for fewer than two distinct values.
    """
    steps = np.diff(np.sort(values[np.isfinite(values)]))
    return steps[steps > 0]


# Letters that Unicode does not decompose, as librarians write them in ASCII.
_LETTERS = str.maketrans({"ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L",
                          "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"',
                          "”": '"', "µ": "u", "μ": "u", "°": " deg"})  # fmt: skip


def to_ascii(text: str) -> str:
    """Write a text in ASCII: letters lose their marks (Nançay -> Nancay), what has no likeness becomes ``_``.

    DaCHS 2.7 answers ``?`` for any other letter.
    """
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    kept = (c for c in plain if not unicodedata.combining(c))
    return "".join(c if c.isascii() else "_" for c in kept)


_PERIOD = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")


def parse_period(text: str) -> tuple[int, int] | None:
    """Read an ISO 8601 period of years, months, weeks and days.

    Returns
    -------
    (months, days) : tuple of int, or None
        None where the text is no such period (hours and below are none).
    """
    match = _PERIOD.fullmatch(text.strip())
    if match is None:
        return None
    years, months, weeks, days = (int(group or 0) for group in match.groups())
    return 12 * years + months, 7 * weeks + days


def add_period(moment: dt.datetime, period: tuple[int, int]) -> dt.datetime:
    """Move a date by (months, days); the 31st of a shorter month is its last day.

    Raises
    ------
    ValueError
        Where the calendar of datetime does not reach.
    """
    months, days = period
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    try:
        last = calendar.monthrange(year, month + 1)[1]
        return moment.replace(year=year, month=month + 1, day=min(moment.day, last)) + dt.timedelta(days=days)
    except (OverflowError, ValueError) as error:
        raise ValueError("the date is beyond the calendar") from error
