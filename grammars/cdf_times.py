"""Times in CDF files: EPOCH, EPOCH16 and TT2000, from records to Julian Days UTC.

The three count differently: EPOCH in milliseconds and EPOCH16 in seconds and picoseconds since 0000-01-01, both
without leap seconds; TT2000 in nanoseconds of Terrestrial Time since J2000, with them. So minima, maxima and steps
are taken in the file's own counts, and only single values go through the calendar.

Format: "CDF User's Guide", section 2.5 (data types), NASA/GSFC; ISTP guidelines on FILLVAL, VALIDMIN, VALIDMAX.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from struct import pack, unpack
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from epncore.model.errors import UnreadableError
from epncore.model.units import JD_PLAUSIBLE, SECONDS_PER_DAY, jd_utc
from grammars.axes import Steps, sampling
from grammars.readers.cdf_data import EPOCH, EPOCH16, TIME_TYPES, TT2000
from grammars.tt2000 import of_tt2000

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable

TICKS_PER_S = {EPOCH: 1e3, EPOCH16: 1e9, TT2000: 1e9}
"""Counts per second in which steps are taken; picoseconds of EPOCH16 become fractions."""

UNIX_EPOCH_JD = 2440587.5
CHUNK_ROWS = 1 << 20
"""Records read at a time; steps are taken from the first chunk."""

_JD_OF_YEAR_0 = 1721059.5
_ORDINAL_OF_YEAR_0 = -365  # 0000-01-01, as datetime.date counts
_PLAUSIBLE_S = tuple((jd - _JD_OF_YEAR_0) * SECONDS_PER_DAY for jd in JD_PLAUSIBLE)
_TT2000_FILLS_BELOW = -(2**63) + 10  # the fill, the pad and their neighbours, which CDF calls illegal
_FILLS_BACKWARDS = {
    TT2000: int.from_bytes((-(2**63)).to_bytes(8, "big", signed=True), "little", signed=True),
    EPOCH: unpack("<d", pack(">d", -1e31))[0],
}
"""What ISTP wants as FILLVAL of times, its bytes in reverse."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What the records of one time variable tell.

    Attributes
    ----------
    first, last : Any
        The earliest and the latest valid time, in counts of the file.
    first_record, last_record : int
        Where they stand.
    records, valid : int
        How many there are, and how many of them are times.
    steps : Steps or None
        Between successive times, s; None for fewer than two.
    note : str
        What was left out, and why; empty for nothing.
    """

    first: Any
    last: Any
    first_record: int
    last_record: int
    records: int
    valid: int
    steps: Steps | None
    note: str


def is_time(variable: Variable) -> bool:
    """Whether a variable is of one of the three types of time."""
    return variable.data_type in TIME_TYPES


def axis(header: CdfHeader, variable: Variable) -> Axis | None:
    """Look at all records of a time variable; None where none is a time.

    Fill values and times that nobody believes (years 999 to 3000 are believed) are left out, and times beyond
    VALIDMIN and VALIDMAX too, unless that would leave nothing: some masters carry bounds of years gone by.

    Raises
    ------
    UnreadableError
        Where FILLVAL is that of ISTP backwards. Times backwards may look like times.
    """
    kind, fill = variable.data_type, header.attribute(variable, "FILLVAL")
    if fill is not None and fill == _FILLS_BACKWARDS.get(kind):
        raise UnreadableError(
            "the file says that its numbers are of the other byte order than they are",
            path=header.path,
            place=f"CDR, encoding; FILLVAL of variable {variable.name!r}",
            hint="Write the file anew",
        )
    bounds = _bounds(header, variable)
    found = scan(header.chunks(variable, CHUNK_ROWS), kind, fill, bounds)
    if found is None and bounds:
        found = scan(header.chunks(variable, CHUNK_ROWS), kind, fill)
    return found


def scan(
    chunks: Iterable[NDArray[Any]], kind: int, fill: Any = None, bounds: Mapping[str, Any] = MappingProxyType({})
) -> Axis | None:
    """What times in chunks tell; None where none is valid."""
    start, valid, steps = 0, 0, None
    least: tuple[Any, int] | None = None
    most: tuple[Any, int] | None = None
    for chunk in chunks:
        values = chunk.reshape(len(chunk), -1)[:, 0] if chunk.size else chunk.reshape(-1)
        kept = np.flatnonzero(is_valid(values, kind, fill, bounds))
        if kept.size:
            times = values[kept]
            order = ticks(times, times[0], kind)
            low, high = int(np.argmin(order)), int(np.argmax(order))
            if least is None or ticks(times[low], least[0], kind) < 0:
                least = times[low], start + int(kept[low])
            if most is None or ticks(times[high], most[0], kind) > 0:
                most = times[high], start + int(kept[high])
            steps = steps or sampling(order)
        start, valid = start + len(values), valid + kept.size
    if least is None or most is None:
        return None
    left_out = f"{start - valid} of {start} records are no valid times" if valid < start else ""
    return Axis(
        least[0], most[0], least[1], most[1], start, valid,
        in_seconds(steps, TICKS_PER_S[kind]) if steps else None, left_out,
    )  # fmt: skip


def in_seconds(steps: Steps, per_second: float) -> Steps:
    """Steps in counts become steps in seconds."""
    return Steps(steps.smallest / per_second, steps.median / per_second, steps.largest / per_second)


def _bounds(header: CdfHeader, variable: Variable) -> dict[str, Any]:
    """VALIDMIN and VALIDMAX where they are numbers of the variable's own type, in order."""
    kinds: tuple[type, ...] = {TT2000: (int,), EPOCH: (float,), EPOCH16: (complex,)}[variable.data_type]
    found = {name: header.attribute(variable, name) for name in ("VALIDMIN", "VALIDMAX")}
    bounds = {name: value for name, value in found.items() if isinstance(value, kinds) and value == value}
    if len(bounds) == 2 and ticks(bounds["VALIDMAX"], bounds["VALIDMIN"], variable.data_type) <= 0:
        return {}
    return bounds


def is_valid(
    values: NDArray[Any], kind: int, fill: Any, bounds: Mapping[str, Any] = MappingProxyType({})
) -> NDArray[np.bool_]:
    """Which of some times can be right."""
    if kind == TT2000:
        valid = values > _TT2000_FILLS_BELOW
    else:
        seconds = values.real if kind == EPOCH16 else values / 1e3
        valid = np.isfinite(values) & (seconds > _PLAUSIBLE_S[0]) & (seconds < _PLAUSIBLE_S[1])
    if kind == EPOCH16:
        valid &= (values.imag >= 0) & (values.imag < 1e12)
    if isinstance(fill, (int, float, complex)):
        valid &= values != fill
    if "VALIDMIN" in bounds:
        valid &= ticks(values, bounds["VALIDMIN"], kind) >= 0
    if "VALIDMAX" in bounds:
        valid &= ticks(values, bounds["VALIDMAX"], kind) <= 0
    return np.asarray(valid, bool)


def ticks(values: Any, origin: Any, kind: int) -> Any:
    """Counts from `origin` to `values`, as floats; see `TICKS_PER_S`."""
    if kind == EPOCH16:
        return (np.real(values) - np.real(origin)) * 1e9 + (np.imag(values) - np.imag(origin)) * 1e-3
    if kind == TT2000:
        # Differences of 64-bit counts may need 65 bits: halves first tell where they would wrap.
        half = np.asarray(values, np.int64) // 2 - int(origin) // 2
        wraps = np.abs(half) >= 2**62
        exact = np.subtract(np.asarray(values, np.int64), np.int64(origin), where=~wraps, out=np.zeros_like(half))
        return np.where(wraps, half * 2.0, exact.astype(np.float64))
    return np.asarray(values, np.float64) - float(origin)


def later(value: Any, seconds: float, kind: int) -> Any:
    """A time moved by seconds (negative: earlier), in the file's counts."""
    if kind == TT2000:
        return int(value) + round(seconds * 1e9)
    if kind == EPOCH:
        return float(value) + seconds * 1e3
    whole, part = divmod(value.imag + seconds * 1e12, 1e12)
    return complex(value.real + whole, part)


def jd(value: Any, kind: int) -> float:
    """Julian Day UTC of one time.

    Parameters
    ----------
    value : int, float or complex
        In the file's counts, valid.
    kind : int
        CDF data type.

    Returns
    -------
    float, d
        A leap second (23:59:60) stays in its day.
    """
    return jds([value], kind)[0]


def jds(values: list[Any], kind: int) -> list[float]:
    """Julian Days UTC of some times, see `jd`."""
    if kind == TT2000:
        return [jd_utc(*of_tt2000(int(value))) for value in values]
    return [_jd_without_leap_seconds(value, kind) for value in values]


def _jd_without_leap_seconds(value: Any, kind: int) -> float:
    seconds, picoseconds = (value.real, value.imag) if kind == EPOCH16 else (float(value) / 1e3, 0.0)
    days, second_of_day = divmod(seconds, SECONDS_PER_DAY)
    return jd_utc(dt.date.fromordinal(int(days) + _ORDINAL_OF_YEAR_0), second_of_day + picoseconds * 1e-12)


def union(steps: Iterable[Steps | None]) -> Steps | None:
    """Steps of several axes: the smallest of all, the largest of all."""
    known = [one for one in steps if one is not None]
    if not known:
        return None
    return Steps(min(s.smallest for s in known), min(s.median for s in known), max(s.largest for s in known))
