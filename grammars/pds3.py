"""What the labels of PDS3 products tell, whatever the instrument: shared by the grammars of such products.

Format: Planetary Data System Standards Reference 3.8, chapters 7 (dates and times) and 6 (DATA_SET_ID, whose number is
the CODMAC level of the data), and the Planetary Science Data Dictionary for the keywords.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from epncore.model.errors import HeaderError
from epncore.model.mending import mend
from epncore.model.row import Found, Missing
from epncore.model.vocabularies import SOLAR_SYSTEM_CLASSES
from grammars.calendar_times import date_and_second
from grammars.protocol import Step, constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grammars.protocol import Answer, Granule
    from grammars.readers.pds3 import Pds3Header

_LEVEL = re.compile(r"-([1-6])-")

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
