"""Times as headers write them, by the format that a config names.

``iso`` is FITS 4.0 section 9.1.1, with the liberties of real files: slashes for hyphens, seconds of 60, an hour of 24.
``jd``, ``mjd`` and ``unix`` are numbers; anything else is a format of strptime that says the same on every machine.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple

import erfa

from epncore.model.row import show
from epncore.model.units import JD_PLAUSIBLE, SECONDS_PER_DAY, day_length_s, jd_utc
from grammars.mapping.numbers import number

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMERIC = {"jd": 0.0, "mjd": 2400000.5, "unix": 2440587.5}
"""Formats that are numbers, and the Julian Day of their zero."""
_KNOWN = f"iso, {', '.join(NUMERIC)}, or a format as %Y/%m/%d %H:%M:%S.%f"

# %p, %Z, %c, %x and %X say something else under another locale or time zone.
_DIRECTIVES = frozenset("YymbBdjHMSfz%")
_ISO = re.compile(
    r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{0,12})?))?)? ?(?:Z|UTC?)?", re.ASCII
)


class Moment(NamedTuple):
    """A UTC date and the second of that day, which may count beyond its end."""

    date: dt.date
    second_of_day: float

    def jd(self, later_s: float = 0.0) -> float:
        """Julian Day UTC, so many seconds later: whole days of them have 86400 s each, as in counts from an epoch.

        Raises
        ------
        ValueError
            Where no EPN-TAP client would believe it.
        """
        days, rest_s = divmod(later_s, SECONDS_PER_DAY)
        try:
            jd = jd_utc(self.date + dt.timedelta(days=days), self.second_of_day + rest_s)
        except OverflowError:
            raise ValueError(f"{later_s:g} s after {self.date} is beyond the calendar") from None
        if not JD_PLAUSIBLE[0] < jd < JD_PLAUSIBLE[1]:
            raise ValueError(f"Julian Day {jd:.1f} is not in the years 999 to 3000")
        return jd


def check_format(text: str) -> str:
    """Hand back the name of a format.

    Raises
    ------
    ValueError
        Where it is none, or does not tell the day.
    """
    if text == "iso" or text in NUMERIC:
        return text
    directives = re.findall(r"%(.?)", text)
    strange = [letter for letter in directives if letter not in _DIRECTIVES or not letter]
    if not directives or strange:
        of = f"%{strange[0]} is not read here; " if strange else ""
        raise ValueError(f"{text!r} is no format of a time: {of}known are {_KNOWN}")
    letters = set(directives)
    if not (letters & set("Yy") and ("j" in letters or (letters & set("mbB") and "d" in letters))):
        raise ValueError(f"{text!r} does not tell the day: it needs %Y with %m and %d, or %Y with %j")
    return text


def moment(parts: Sequence[object], form: str, *, day_is_enough: bool = False) -> Moment:
    """Read a time.

    Parameters
    ----------
    parts : sequence
        Of values in the file: the time; or the date and the time of day; or, for numbers, days (s for ``unix``) and
        then seconds to add (PSRFITS: STT_IMJD, STT_SMJD, STT_OFFS).
    form : str
        As `check_format` takes it.
    day_is_enough : bool
        Whether a date without a time is midnight.

    Raises
    ------
    ValueError
        With what was found and what is wanted; a second argument is a hint.
    """
    if form in NUMERIC:
        first, *seconds = (number(part) for part in parts)
        return from_number(first, form, sum(seconds))
    text = " ".join(str(part).strip() for part in parts)
    return _iso(text, day_is_enough=day_is_enough) if form == "iso" else _by_strptime(text, form)


def from_number(value: float, form: str, later_s: float = 0.0) -> Moment:
    """The time of a number in one of the `NUMERIC` formats.

    Raises
    ------
    ValueError
        Where it is in no year that EPN-TAP clients believe.
    """
    days = value / SECONDS_PER_DAY if form == "unix" else value
    if not JD_PLAUSIBLE[0] < days + NUMERIC[form] < JD_PLAUSIBLE[1]:
        raise ValueError(f"{value:.15g} is no time in the format {form}", f"The formats are {_KNOWN}")
    if form == "unix":  # whole days apart, so that the fraction keeps its digits
        day, second = divmod(value, SECONDS_PER_DAY)
        date = dt.date(1970, 1, 1) + dt.timedelta(days=int(day))
        return Moment(date, second + later_s)
    year, month, day_of_month, fraction = erfa.jd2cal(NUMERIC[form], value)
    date = dt.date(int(year), int(month), int(day_of_month))
    return Moment(date, float(fraction) * day_length_s(date) + later_s)


def _iso(text: str, *, day_is_enough: bool) -> Moment:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"{show(text)} is no time as 2024-01-31T12:00:00", f"The formats are {_KNOWN}")
    year, month, day = (int(match[group]) for group in (1, 3, 4))
    if match[5] is None and not day_is_enough:
        raise ValueError(
            f"{show(text)} is a day without a time",
            'Name the time as well, as in key = ["DATE-OBS", "TIME-OBS"], or say format = "%Y-%m-%d" for midnight',
        )
    hour, minute, second = int(match[5] or 0), int(match[6] or 0), float(match[7] or 0)
    if hour > 24 or minute > 59 or second >= 61:
        raise ValueError(f"{show(text)} is no time of a day")
    try:
        date = dt.date(year, month, day) + dt.timedelta(days=hour // 24)
    except (ValueError, OverflowError):
        raise ValueError(f"{show(text)} is no day of the calendar") from None
    return Moment(date, hour % 24 * 3600.0 + minute * 60.0 + second)


def _by_strptime(text: str, form: str) -> Moment:
    try:
        found = dt.datetime.strptime(text, form)  # noqa: DTZ007  # naive is UTC, as everywhere here
        if found.tzinfo is not None:
            found = found.astimezone(dt.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError(f"{show(text)} is no time in the format {form}", f"The formats are {_KNOWN}") from None
    midnight = dt.datetime.combine(found.date(), dt.time())
    return Moment(found.date(), (found - midnight).total_seconds())
