"""The axes of das2 streams: when records are from, and what the tags within them are.

Format: das2 Interface Control Document 2.2.2, sections 2.2 (x, y and yscan) and 2.4 (units of times).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.units import duration_factor_s, frequency_factor_hz
from grammars.axes import Steps, row_steps
from grammars.calendar_times import date_and_second
from grammars.pictures import usual_step
from grammars.record_times import cadence, reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grammars.readers.das2 import Records
    from grammars.readers.das2_packets import Kind, Plane

ZERO = dt.date(2000, 1, 1)
"""The day from which seconds are counted here, in days of 86400 s."""

# Origin and seconds a count of the units of binary times; none of them has leap seconds.
_UNITS = {
    "us2000": (ZERO, 1e-6), "t2000": (ZERO, 1.0), "t1970": (dt.date(1970, 1, 1), 1.0),
    "us1980": (dt.date(1980, 1, 1), 1e-6), "mj1958": (dt.date(1958, 1, 1), 86400.0),
    "mjd": (dt.date(1858, 11, 17), 86400.0),
}  # fmt: skip

_BELIEVED_S = 1000 * 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Clock:
    """The times of records of one kind.

    Attributes
    ----------
    first_s, last_s, end_s : float, s
        Starts of the first and the last record, and the end of that, from `ZERO`.
    steps : Steps or None, s
    usual_s : float, s
        How long a record lasts in a picture; 0 for a single one.
    """

    first_s: float
    last_s: float
    end_s: float
    steps: Steps | None
    usual_s: float

    @classmethod
    def of(cls, records: Records) -> Clock:
        """Look at the times of records.

        Raises
        ------
        HeaderError
            Where most of them are none, or in a unit that das2 does not have.
        """
        seconds = _believed([seconds_of(span, records.kind) for span in records.spans], records.kind)
        steps = cadence(seconds)
        within = [_length_s(plane) for plane in records.kind.planes]
        length_s = max(within, default=0.0) or (steps.median if steps else 0.0)
        first_s, last_s = reach(seconds)
        return cls(first_s, last_s, last_s + length_s, steps, usual_step(np.concatenate(seconds)) or 0.0)


def seconds_of(values: list[bytes], kind: Kind) -> NDArray[np.float64]:
    """Times of records, s from `ZERO`; NaN where one is none, or a fill value.

    A thousand years around 2000 are believed. The other byte order makes numbers of all sizes: what is neither zero nor
    a microsecond was never meant.

    Raises
    ------
    HeaderError
        Where they are in a unit that das2 does not have.
    """
    if kind.x.dtype is None:
        found = [date_and_second(value.decode("latin-1")) for value in values]
        seconds = np.array([(one[0] - ZERO).days * 86400 + one[1] if one else np.nan for one in found])
    elif kind.x_unit in _UNITS:
        origin, scale = _UNITS[kind.x_unit]
        counts = np.frombuffer(b"".join(values), kind.x.dtype).astype(np.float64)
        seconds = counts * scale + (origin - ZERO).days * 86400.0
    else:
        known = ", ".join(_UNITS)
        raise HeaderError(
            f"times in {kind.x_unit!r:.60}", place=f"x of {kind.tag.decode()}", hint=f"Read here: {known}"
        )
    size = np.abs(seconds)
    return np.where((size < _BELIEVED_S) & ((size == 0) | (size > 1e-7)), seconds, np.nan)


def _believed(spans: list[NDArray[np.float64]], kind: Kind) -> list[NDArray[np.float64]]:
    """Without fill values; most records have none."""
    found = [seconds[np.isfinite(seconds)] for seconds in spans]
    records, valid = sum(one.size for one in spans), sum(one.size for one in found)
    if 2 * valid < records or not valid:
        raise HeaderError(
            f"{records - valid} of {records} records have no time that can be right", place=f"x of {kind.tag.decode()}"
        )
    return [one for one in found if one.size]


def hertz(plane: Plane) -> NDArray[np.float64] | None:
    """Frequencies of the values of a plane, NaN where a tag is none; None where its tags are no frequencies."""
    factor = frequency_factor_hz(plane.y_unit) if plane.y_unit else None
    if factor is None or plane.y_tags is None:
        return None
    return np.where(plane.y_tags > 0, plane.y_tags * factor, np.nan)


def offsets_s(plane: Plane) -> NDArray[np.float64] | None:
    """Times of the values of a plane within a record: those of a waveform; None where its tags are no times."""
    factor = duration_factor_s(plane.y_unit) if plane.y_unit else None
    return None if factor is None or plane.y_tags is None else plane.y_tags * factor


def _length_s(plane: Plane) -> float:
    offsets = offsets_s(plane)
    steps = None if offsets is None else row_steps(offsets)
    return 0.0 if offsets is None or steps is None else float(offsets.max()) + steps.median
