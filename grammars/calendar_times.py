"""Times as records and labels have them: by month and day or by day of the year, or in seconds from some day on."""

from __future__ import annotations

import datetime as dt
import re

from epncore.model.errors import HeaderError
from epncore.model.units import SECONDS_PER_DAY, jd_utc

_TIME = re.compile(
    r"(\d{4})-(?:(\d{3})|(\d{2})-(\d{2}))(?:[T ](\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d{1,12})?))?)?)?Z?"
)  # 1997-298T00:00:00.000Z, 1979-03-01T12:26:11.956


def date_and_second(text: str) -> tuple[dt.date, float] | None:
    """Date and second of the day of a time, UTC, in the years 1 to 9998; None where the text is none.

    Seconds of 60 and hours of 24 are left as they stand: `epncore.model.units.jd_utc` knows what they mean.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    year, day_of_year, month, day, *clock = match.groups()
    hour, minute, second = (float(part or 0) for part in clock)
    if year == "9999" or hour > 24 or minute >= 60 or second >= 61:
        return None
    try:
        if day_of_year:
            date = dt.date(int(year), 1, 1) + dt.timedelta(days=int(day_of_year) - 1)
            if date.year != int(year):
                return None
        else:
            date = dt.date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        return None
    return date, 3600 * hour + 60 * minute + second


def jd(date: dt.date, second_of_day: float) -> float:
    """Julian Day UTC of a time that a file gives.

    Raises
    ------
    HeaderError
        Where the calendar does not reach.
    """
    try:
        return jd_utc(date, second_of_day)
    except (ValueError, OverflowError):
        raise HeaderError(f"{second_of_day:g} s after {date} is beyond the calendar", place="times") from None


def jd_after(origin: dt.date, seconds: float) -> float:
    """Julian Day UTC of a count of seconds in days of 86400 s, as formats have them that know no leap seconds.

    Raises
    ------
    HeaderError
        Where the calendar does not reach, or the seconds are no number.
    """
    try:
        days, second_of_day = divmod(seconds, SECONDS_PER_DAY)
        date = origin + dt.timedelta(days=days)
    except (ValueError, OverflowError):
        raise HeaderError(f"{seconds:g} s after {origin} is beyond the calendar", place="times") from None
    return jd(date, second_of_day)
