"""das2 streams of spectra, series and waveforms over time, by configuration: Galileo PWS, Juno Waves, and the like.

A stream tells times, frequencies and units, and nothing of who observed what: instrument, spacecraft and target are
constants of the collection. The ranges that a stream's properties name (xCacheRange) are those that were asked for, and
are not read.

Format: das2 Interface Control Document 2.2.2, sections 2.2 (x, y and yscan) and 2.4 (units of times).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.row import Found, Missing
from epncore.model.units import duration_factor_s, frequency_factor_hz
from grammars.axes import Steps, row_steps
from grammars.calendar_times import date_and_second, jd_after
from grammars.cdf_times import union
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.record_times import cadence, reach
from grammars.steps import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from epncore.model.columns import Column
    from grammars.protocol import Answer
    from grammars.readers.das2 import Das2Header, Records
    from grammars.readers.das2_packets import Kind, Plane

_ZERO = dt.date(2000, 1, 1)
# Origin and seconds a count of the units of binary times; none of them has leap seconds.
_UNITS = {
    "us2000": (_ZERO, 1e-6), "t2000": (_ZERO, 1.0), "t1970": (dt.date(1970, 1, 1), 1.0),
    "us1980": (dt.date(1980, 1, 1), 1e-6), "mj1958": (dt.date(1958, 1, 1), 86400.0),
    "mjd": (dt.date(1858, 11, 17), 86400.0),
}  # fmt: skip

_BELIEVED_S = 1000 * 366 * 86400.0

# What spectral densities and fields are, by what their unit starts with; the first that does.
_QUANTITIES = (
    ("V**2 m**-2", "phys.electField;em.radio"), ("V m**-1", "phys.electField;em.radio"),
    ("nT**2", "phys.magField;em.radio"), ("nT", "phys.magField"), ("W m**-2", "phot.flux.density;em.radio"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What one stream tells. Times are JD, UTC; steps s; spectral values Hz."""

    product_type: str | Missing
    measurements: Answer
    unit: Answer
    time_min: float
    time_max: float
    time_steps: Steps | None
    spectral_range: tuple[float, float] | None
    spectral_steps: Steps | None


class Das2Stream:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "das2stream"
    version = 1
    format = "das2"
    generic = True
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: Das2Header) -> bool:  # noqa: ARG002  by format
        """Any stream: it does not say of which instrument it is."""
        return True

    def examine(self, header: Das2Header, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Look at the kinds of records, and at the times of some or of all.

        Raises
        ------
        HeaderError
            Where times are none, or in a unit that das2 does not have.
        """
        found = header.records()
        clocks = [_Clock.of(records) for records in found]
        planes = [plane for records in found for plane in records.kind.planes]
        hertz = [axis for axis in map(_hertz, planes) if axis is not None]
        within = union(map(_within_s, planes))
        units = tuple(dict.fromkeys(plane.unit for plane in planes if plane.unit))
        return Facts(
            product_type="ds" if hertz else "ts",
            measurements=_measurements(units),
            unit=_vounit(units[0]) if len(units) == 1 else Missing("the quantities have several units, or none"),
            time_min=jd_after(_ZERO, min(clock.first_s for clock in clocks)),
            time_max=jd_after(_ZERO, max(clock.end_s for clock in clocks)),
            time_steps=within or union(clock.steps for clock in clocks),
            spectral_range=(min(float(h.min()) for h in hertz), max(float(h.max()) for h in hertz)) if hertz else None,
            spectral_steps=union(row_steps(axis) for axis in hertz),
        )

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        yield fact("dataproduct_type", "product_type", "whether the tags of a yscan are frequencies")
        yield fact("measurement_type", "measurements", "units of the values")
        yield fact("measurement_unit", "unit", "zUnits, or units of y")
        yield fact("time_min", "time_min", "earliest x of the records")
        yield fact("time_max", "time_max", "latest x of the records, and the length of one")
        yield from ends("time_sampling_step", "time_steps", "steps of x, of each kind of record; or yTagInterval")
        yield from ends("spectral_range", "spectral_range", "smallest and largest of the yTags, yUnits")
        yield from ends("spectral_sampling_step", "spectral_steps", "steps of the yTags, yUnits")
        yield constant("time_scale", "UTC", "das2 streams have UTC")


@dataclass(frozen=True, slots=True)
class _Clock:
    """The times of records of one kind, s from 2000-01-01 in days of 86400 s."""

    first_s: float
    end_s: float
    steps: Steps | None

    @classmethod
    def of(cls, records: Records) -> _Clock:
        seconds = _believed([_seconds(span, records.kind) for span in records.spans], records.kind)
        steps = cadence(seconds)
        within = [_length_s(plane) for plane in records.kind.planes]
        length_s = max(within, default=0.0) or (steps.median if steps else 0.0)
        first_s, last_s = reach(seconds)
        return cls(first_s, last_s + length_s, steps)


def _seconds(values: list[bytes], kind: Kind) -> NDArray[np.float64]:
    """Times of records; NaN where one is none."""
    if kind.x.dtype is None:
        found = [date_and_second(value.decode("latin-1")) for value in values]
        return np.array([(one[0] - _ZERO).days * 86400 + one[1] if one else np.nan for one in found])
    if kind.x_unit in _UNITS:
        origin, scale = _UNITS[kind.x_unit]
        counts = np.frombuffer(b"".join(values), kind.x.dtype).astype(np.float64)
        return counts * scale + (origin - _ZERO).days * 86400.0
    known = ", ".join(_UNITS)
    raise HeaderError(f"times in {kind.x_unit!r:.60}", place=f"x of {kind.tag.decode()}", hint=f"Read here: {known}")


def _believed(spans: list[NDArray[np.float64]], kind: Kind) -> list[NDArray[np.float64]]:
    """Without fill values: a thousand years around 2000 are believed, and they are so of most records."""
    found = []
    for seconds in spans:
        # The other byte order makes numbers of all sizes: what is neither zero nor a microsecond was never meant.
        size = np.abs(seconds)
        found.append(seconds[(size < _BELIEVED_S) & ((size == 0) | (size > 1e-7))])
    records, valid = sum(one.size for one in spans), sum(one.size for one in found)
    if 2 * valid < records or not valid:
        raise HeaderError(
            f"{records - valid} of {records} records have no time that can be right", place=f"x of {kind.tag.decode()}"
        )
    return [one for one in found if one.size]


def _hertz(plane: Plane) -> NDArray[np.float64] | None:
    factor = frequency_factor_hz(plane.y_unit) if plane.y_unit else None
    if factor is None or plane.y_tags is None:
        return None
    found = plane.y_tags[plane.y_tags > 0] * factor
    return found if found.size else None


def _within_s(plane: Plane) -> Steps | None:
    """Steps within a record: those of a waveform."""
    factor = duration_factor_s(plane.y_unit) if plane.y_unit else None
    return row_steps(plane.y_tags * factor) if factor is not None and plane.y_tags is not None else None


def _length_s(plane: Plane) -> float:
    steps, factor = _within_s(plane), duration_factor_s(plane.y_unit) if plane.y_unit else None
    if steps is None or factor is None or plane.y_tags is None:
        return 0.0
    return float(plane.y_tags.max()) * factor + steps.median


def _vounit(text: str) -> Answer:
    """VOUnits have a point between factors where das2 has a space."""
    if re.fullmatch(r"[A-Za-z%]+(?:\*\*-?\d)?(?: [A-Za-z]+(?:\*\*-?\d)?)+", text):
        return Found(text.replace(" ", "."), f"units of the values, {text}, as VOUnits write them")
    return text


def _measurements(units: tuple[str, ...]) -> Answer:
    found = {}
    for unit in units:
        ucd = next((ucd for start, ucd in _QUANTITIES if unit.removeprefix("(").startswith(start)), None)
        if ucd is not None:
            found[ucd] = unit
    if not found:
        return Missing(f"what is measured in {', '.join(units) or 'no unit'} is not known")
    return Found(tuple(found), f"units of the values: {', '.join(found.values())}")


GRAMMAR = Das2Stream()
