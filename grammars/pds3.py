"""What the labels of PDS3 products tell, whatever the instrument: shared by the grammars of such products.

Format: Planetary Data System Standards Reference 3.8, chapters 7 (dates and times) and 6 (DATA_SET_ID, whose number is
the CODMAC level of the data), and the Planetary Science Data Dictionary for the keywords.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.mending import mend
from epncore.model.row import Found, Missing
from epncore.model.units import SECONDS_PER_DAY
from epncore.model.vocabularies import SOLAR_SYSTEM_CLASSES
from grammars.calendar_times import date_and_second
from grammars.protocol import Step, constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from grammars.protocol import Answer, Granule
    from grammars.readers.pds3 import Pds3Header

_LEVEL = re.compile(r"-([1-6])-")
_SLACK_S, _BACK_S = 86400.0, 3600.0

HOSTS = {"VG1": "Voyager 1", "VG2": "Voyager 2", "CO": "Cassini"}
"""Spacecraft by the code that DATA_SET_ID starts with; labels of early volumes have no INSTRUMENT_HOST_NAME."""

# What PDS calls targets that are no bodies.
_BETWEEN = {
    "solar system": "interplanetary_medium", "solar wind": "interplanetary_medium",
    "interplanetary medium": "interplanetary_medium", "interstellar medium": "sky",
}  # fmt: skip


def moment(text: str, place: str) -> tuple[dt.date, float]:
    """Date and second of the day of a time in a label, by month and day or by day of the year.

    Raises
    ------
    HeaderError
        Where it is none.
    """
    found = date_and_second(text)
    if found is None:
        raise HeaderError(
            f"{text!r:.60} is no time", place=f"label, {place}", hint="1997-298T00:00:00.000Z or 1997-10-25T00:00:00Z"
        )
    return found


def time(header: Pds3Header, keyword: str) -> tuple[dt.date, float]:
    """Date and second of the day of a keyword.

    Raises
    ------
    HeaderError
        Where it is not there, or no time.
    """
    text = header.text(keyword)
    if text is None:
        raise HeaderError(f"no {keyword}", place="label")
    return moment(text, keyword)


def check_times(
    header: Pds3Header, zero: dt.date, seconds: NDArray[np.float64], table: str, *, in_order: bool = False
) -> None:
    """Refuse times of records that cannot be right: one wrong bit of a clock would stretch a row by days.

    Parameters
    ----------
    header : Pds3Header
    zero : datetime.date
        From which seconds are counted.
    seconds : array of float
        Of records in their order; NaN where one has no time.
    table : str
        Of the label, for messages.
    in_order : bool
        Whether records never run back.

    Raises
    ------
    HeaderError
        Where a record is more than a day before START_TIME or after STOP_TIME, which may be those of whole days; or, of
        records in order, more than an hour later than one that follows it.
    """
    found = seconds[np.isfinite(seconds)]
    for keyword, sign, end in (("START_TIME", -1, found.min()), ("STOP_TIME", 1, found.max())):
        told = date_and_second(header.text(keyword) or "")
        if told is None:
            continue  # N/A
        beyond = sign * (float(end) - (told[0] - zero).days * SECONDS_PER_DAY - told[1])
        if beyond > _SLACK_S:
            raise HeaderError(
                f"a record is of {_written(zero, float(end))}, but {keyword} is {header.text(keyword)}",
                place=table, hint="A damaged clock, or the label of another file?",
            )  # fmt: skip
    latest = np.maximum.accumulate(found)
    place = int((latest - found).argmax())
    if in_order and latest[place] - found[place] > _BACK_S:
        early, late = (_written(zero, float(values[place])) for values in (found, latest))
        raise HeaderError(
            f"a record of {late} comes before one of {early}",
            place=table, hint="A damaged clock?",
        )  # fmt: skip


def _written(zero: dt.date, seconds: float) -> str:
    days, second_of_day = divmod(seconds, SECONDS_PER_DAY)
    return f"{zero + dt.timedelta(days=days)}T{dt.timedelta(seconds=int(second_of_day))}"


def data_set(header: Pds3Header) -> str:
    """DATA_SET_ID, empty where there is none."""
    return header.text("DATA_SET_ID") or ""


def steps() -> Iterator[Step]:
    """Columns that each label fills in the same way."""
    yield Step("target_name", "label, TARGET_NAME", _target_name)
    yield Step("target_class", "the class of TARGET_NAME", _target_class)
    yield Step("processing_level", "CODMAC level in DATA_SET_ID", _level)
    yield Step("creation_date", "label, PRODUCT_CREATION_TIME", _created)
    yield Step("instrument_host_name", "spacecraft in DATA_SET_ID", _host)
    yield constant("time_scale", "UTC", "spacecraft event times are UTC")
    yield Step("time_refposition", "spacecraft event time: no light time is taken off", lambda g: _spacecraft(g.header))


def _spacecraft(header: Pds3Header) -> Answer:
    code = data_set(header).partition("-")[0]
    return HOSTS.get(code) or Missing(f"the spacecraft {code!r} of DATA_SET_ID is not known")


def _host(granule: Granule) -> Answer:
    name = _spacecraft(granule.header)
    return name if isinstance(name, Missing) else (data_set(granule.header).partition("-")[0], str(name))


def _target_name(granule: Granule) -> Answer:
    names = granule.header.texts("TARGET_NAME")
    return tuple(name.title() for name in names) or Missing("no TARGET_NAME")


def _target_class(granule: Granule) -> Answer:
    names = [name.lower() for name in granule.header.texts("TARGET_NAME")]
    classes = tuple(SOLAR_SYSTEM_CLASSES.get(name) or _BETWEEN.get(name) or "" for name in names)
    unknown = [name for name, known in zip(names, classes, strict=True) if not known]
    if unknown or not names:
        return Missing(f"the class of {', '.join(unknown)} is not known" if unknown else "no TARGET_NAME")
    return Found("#".join(dict.fromkeys(classes)), f"the class of {', '.join(names)}")


def _level(granule: Granule) -> Answer:
    name = data_set(granule.header)
    match = _LEVEL.search(name)
    if match is None:
        return Missing("no level in DATA_SET_ID")
    written, note = mend("processing_level", match.group(1))
    return Found(float(written), f"CODMAC level in DATA_SET_ID {name}{f'; {note}' if note else ''}")


def _created(granule: Granule) -> Answer:
    text = granule.header.text("PRODUCT_CREATION_TIME")
    if text is None:
        return Missing("no PRODUCT_CREATION_TIME")
    date, second_of_day = moment(text, "PRODUCT_CREATION_TIME")
    return dt.datetime.combine(date, dt.time()) + dt.timedelta(seconds=second_of_day)
