"""What the texts of an ISTP CDF tell: dates of generation, levels of processing, positions of clocks.

Format: ISTP/IACG guidelines, "Global attributes" (Generation_date, Data_type, Source_name) and REFERENCE_POSITION.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from epncore.model.row import Found, Missing

if TYPE_CHECKING:
    from grammars.protocol import Answer
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable

# English names whatever the locale: strptime's %b would follow it.
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_TIME = r"(?:[T ,]+(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?(?:\.\d*)?)?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}}){_TIME}\s*(?:Z|UTC?|\+00:?00)?",
        rf"(?P<year>\d{{4}})/(?P<month>\d{{2}})/(?P<day>\d{{2}}){_TIME}\s*(?:Z|UTC?)?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<h>\d{2})(?P<m>\d{2})(?P<s>\d{2})Z?)?",
        rf"(?:[A-Z]{{3,9}},?\s+)?(?P<day>\d{{1,2}})[- ](?P<name>[A-Z]{{3}})[A-Z]*[- ](?P<year>\d{{4}}){_TIME}"
        r"\s*(?:Z|UTC?)?",
        r"(?:[A-Z]{3,9}\s+)?(?P<name>[A-Z]{3})[A-Z]*\s+(?P<day>\d{1,2})\s+(?P<h>\d{2}):(?P<m>\d{2}):(?P<s>\d{2})\s+"
        r"(?:UTC?\s+)?(?P<year>\d{4})",
    )
)  # fmt: skip

_CODMAC = {"0": 1, "1": 2, "2": 3, "3": 5, "4": 5}
# Data records of the PDS: experiment, reduced or calibrated, derived.
_RECORDS = {"EDR": (2, "edited"), "RDR": (3, "calibrated"), "CDR": (3, "calibrated"), "DDR": (5, "derived")}
_LEVEL_CODE = re.compile(r"l([0-4])(?![0-9])[a-z]?(?![a-z])", re.IGNORECASE)
_LEVEL_WORDS = re.compile(r"\blevel[ -]?([0-4])(?![0-9])", re.IGNORECASE)

_POSITIONS = {
    "topocenter": "TOPOCENTER", "topocentre": "TOPOCENTER",
    "earth": "GEOCENTER", "earth center": "GEOCENTER", "geocenter": "GEOCENTER",
    "sun": "HELIOCENTER", "sun center": "HELIOCENTER", "heliocenter": "HELIOCENTER",
    "solar system barycenter": "BARYCENTER", "barycenter": "BARYCENTER",
}  # fmt: skip


def parse_date(text: str) -> dt.datetime | None:
    """Read a date as generators of CDF write it: ISO, ``20101116``, ``24-Jun-2021``, ``Thu Jun 24 17:32:12 2021``.

    Returns
    -------
    datetime.datetime or None
        Naive, UTC; None where the text is something else, ``12/11/2020`` say, which may be of November or December.
    """
    for pattern in _DATES:
        match = pattern.fullmatch(text.strip())
        if match is None:
            continue
        part = match.groupdict()
        month = _MONTHS.get(part["name"].lower()) if part.get("name") else int(part["month"])
        hour, minute, second = (int(part.get(key) or 0) for key in ("h", "m", "s"))
        try:
            return dt.datetime(int(part["year"]), month or 0, int(part["day"]), hour, minute, second)  # noqa: DTZ001
        except ValueError:
            return None
    return None


def creation_date(header: CdfHeader) -> Answer:
    """From ``Generation_date``, the last entry that is a date."""
    texts = header.texts("Generation_date")
    for text in reversed(texts):
        moment = parse_date(text)
        if moment is not None:
            return Found(moment, f"global attribute Generation_date = {text!r}")
    return Missing(f"global attribute Generation_date is {texts[-1]!r}, no date" if texts else "no Generation_date")


def processing_level(header: CdfHeader) -> Answer:
    """CODMAC level from ``Data_type`` or ``LEVEL``, where one says ``L2>``, ``EDR>`` or ``Level 2``.

    The levels of heliophysics, L0 (raw), L1 (edited or uncalibrated), L2 (calibrated), L3 and L4 (derived), are taken
    as CODMAC 1, 2, 3, 5 and 5. Missions draw the lines between them each in its own way: an override goes before.
    Key parameters (``K0``) and high resolution (``H0``) say how often, not how far processed: nothing follows.
    """
    for attribute in ("LEVEL", "Data_type", "Processing_level"):
        for text in header.texts(attribute):
            code, _, long = text.partition(">")
            if code.strip().upper() in _RECORDS:
                level, word = _RECORDS[code.strip().upper()]
                return Found(level, f"global attribute {attribute} = {text!r}: such a data record is {word}")
            match = _LEVEL_CODE.match(code.strip()) or _LEVEL_WORDS.search(long)
            if match:
                level = _CODMAC[match[1]]
                source = f"global attribute {attribute} = {text!r}: level {match[1]} of heliophysics, CODMAC {level}"
                return Found(level, source)
    return Missing("neither LEVEL nor Data_type tells a level: give processing_level as a constant")


def reference_position(header: CdfHeader, clock: Variable) -> Answer:
    """Where the clock stood, by ``REFERENCE_POSITION`` of the time variable.

    ``Rotating Earth Geoid`` is where Terrestrial Time is defined, not where a signal was timed: it tells nothing here.
    """
    text = header.text(clock, "REFERENCE_POSITION")
    source = f"REFERENCE_POSITION of variable {clock.name} = {text!r}"
    if text.lower() in _POSITIONS:
        return Found(_POSITIONS[text.lower()], source)
    if text.lower().startswith("spacecraft"):
        name = header.texts("Source_name")
        if name:
            return Found(name[0].rpartition(">")[2].strip(), f"{source}, of global attribute Source_name")
    return Missing(
        f"{source}, which names no place of a clock" if text else "the time variable has no REFERENCE_POSITION"
    )
