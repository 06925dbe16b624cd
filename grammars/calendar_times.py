"""Times written by month and day, or by day of the year, as PDS3 labels and das2 streams have them."""

from __future__ import annotations

import datetime as dt
import re

_TIME = re.compile(
    r"(\d{4})-(?:(\d{3})|(\d{2})-(\d{2}))(?:[T ](\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d{1,12})?))?)?)?Z?"
)  # 1997-298T00:00:00.000Z, 1979-03-01T12:26:11.956


def date_and_second(text: str) -> tuple[dt.date, float] | None:
    """Date and second of the day of a time, UTC; None where the text is none.

    Seconds of 60 and hours of 24 are left as they stand: `epncore.model.units.jd_utc` knows what they mean.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    year, day_of_year, month, day, hour, minute, second = match.groups()
    try:
        if day_of_year:
            date = dt.date(int(year), 1, 1) + dt.timedelta(days=int(day_of_year) - 1)
            if date.year != int(year):
                return None
        else:
            date = dt.date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        return None
    return date, 3600.0 * int(hour or 0) + 60.0 * int(minute or 0) + float(second or 0)
