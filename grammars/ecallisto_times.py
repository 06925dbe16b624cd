"""Dates and times as e-CALLISTO headers write them: ``2015/11/04`` and ``03:44:60``."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from epncore.model.errors import HeaderError
from epncore.model.row import Missing

if TYPE_CHECKING:
    from grammars.readers.fits_cards import CardValue

FIRST_YEAR, LAST_YEAR = 1972, 2999
"""UTC with leap seconds starts in 1972; a year beyond 2999 is a typing error (EPN-TAP clients refuse it as well)."""

_DATE = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[T ](.+))?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d{0,9})?)Z?", re.ASCII)
_SHORT_DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{1,2}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?)?", re.ASCII)


class Moment(NamedTuple):
    """A UTC date and the second of that day, which may count beyond its end (``23:59:60``)."""

    date: dt.date
    second_of_day: float


def moment(date: CardValue, time: CardValue, date_key: str, time_key: str) -> Moment:
    """Read a date and a time.

    Parameters
    ----------
    date, time : CardValue
        Values of two cards. Where `date` is an ISO date with its time, `time` is not looked at.
    date_key, time_key : str
        Names of the cards, for messages.

    Returns
    -------
    Moment
        Seconds of 60 stay as they are for `epncore.model.units.jd_utc` to carry; an hour of 24 is the next day.

    Raises
    ------
    HeaderError
        Where one is missing, none, or ambiguous; with the card, what was found and what would be right.
    """
    year, month, day, own_time = _date_parts(date, date_key)
    carry, second = _second_of_day(own_time or time, date_key if own_time else time_key)
    try:
        parsed = dt.date(year, month, day)
        if carry:
            parsed += dt.timedelta(days=carry)
    except (ValueError, OverflowError):
        raise HeaderError(f"{date!r} is no day of the calendar", place=date_key) from None
    if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise HeaderError(f"{date!r} is not between {FIRST_YEAR} and {LAST_YEAR}", place=date_key)
    return Moment(parsed, second)


def seconds_between(start: Moment, end: Moment) -> float:
    """Seconds from one to the other by the calendar, leap seconds not counted."""
    return (end.date - start.date).days * 86400.0 + end.second_of_day - start.second_of_day


@lru_cache(maxsize=64, typed=True)  # a day has a hundred files of a station
def creation_date(value: CardValue) -> dt.datetime | Missing:
    """The DATE card, when the file was written (FITS 4.0 section 4.4.2.1), where it is an ISO date."""
    text = value.strip() if isinstance(value, str) else ""
    if not _ISO.fullmatch(text):
        return Missing(f"DATE is {value!r}, no ISO date" if value else "no DATE")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return Missing(f"DATE is {value!r}, no day of the calendar")


@lru_cache(maxsize=64)  # a day has a hundred files of a station
def _date_parts(date: CardValue, key: str) -> tuple[int, int, int, str | None]:
    text = date.strip() if isinstance(date, str) else ""
    if not text:
        raise HeaderError("no date", place=key, hint="A date as 2011/06/07 is wanted")
    match = _DATE.fullmatch(text)
    if match:
        return int(match[1]), int(match[2]), int(match[3]), match[4]
    if _SHORT_DATE.fullmatch(text):
        raise HeaderError(
            f"{text!r} does not tell which is the year", place=key, hint="Write the year with four digits: 2011/06/07"
        )
    raise HeaderError(f"{text!r} is no date", place=key, hint="A date as 2011/06/07 is wanted")


@lru_cache(maxsize=256)  # observations begin at the same times of each day
def _second_of_day(time: CardValue, key: str) -> tuple[int, float]:
    """Days carried by an hour of 24, and the second of the day."""
    text = time.strip() if isinstance(time, str) else ""
    match = _TIME.fullmatch(text)
    hour, minute, second = (int(match[1]), int(match[2]), float(match[3])) if match else (99, 99, 99.0)
    if hour > 24 or minute > 59 or second >= 61:
        found = f"{text!r} is no time" if text else "no time"
        raise HeaderError(found, place=key, hint="A time as 06:24:00.213 is wanted")
    days, hour = divmod(hour, 24)
    return days, hour * 3600.0 + minute * 60.0 + second
