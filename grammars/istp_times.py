"""From when to when the data of an ISTP CDF reach, and how often they were taken.

The times of a variable are those of its DEPEND_0, whatever that is called. They end with the end of the last sample,
which is known, in this order, by offsets within a record (waveforms), by DELTA_PLUS_VAR, by an exposure, by the step.

Format: ISTP/IACG guidelines (DEPEND_0, DELTA_PLUS_VAR, DELTA_MINUS_VAR, Bin_location); THEMIS adds DEPEND_TIME, in
seconds from DEPEND_EPOCH0, where DEPEND_0 has no records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError
from epncore.model.units import duration_factor_s
from grammars.axes import Steps, equal_step, row_steps
from grammars.cdf_times import CHUNK_ROWS, UNIX_EPOCH_JD, Axis, axis, in_seconds, is_time, jd, jds, later, scan, union
from grammars.istp_data import axes, named, table
from grammars.readers.cdf_data import EPOCH, TIME_TYPES

if TYPE_CHECKING:
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable


@dataclass(frozen=True, slots=True)
class Times:
    """Of one time variable, or of all that the data depend on.

    Attributes
    ----------
    start, stop : float, d
        JD UTC: start of the first sample, end of the last.
    start_source, stop_source, steps_source : str
    steps : Steps or None
        Sampling steps, s.
    clock : Variable
        The (first) time variable.
    """

    start: float
    stop: float
    start_source: str
    stop_source: str
    steps: Steps | None
    steps_source: str
    clock: Variable


def times(header: CdfHeader, data: list[Variable], chosen: str | None, exposure_s: float | None) -> Times:
    """The times of all data variables together.

    Parameters
    ----------
    header : CdfHeader
    data : list of Variable
        With records.
    chosen : str or None
        The time variable, where a config names it.
    exposure_s : float or None
        Of one sample, where the file tells it.

    Raises
    ------
    HeaderError
        Where the time variable is not there, is no time, or holds none that can be right.
    NotGranuleError
        Where it has no records.
    """
    clocks: dict[str, tuple[Variable, list[Variable]]] = {}
    for variable in data:
        name = chosen or header.text(variable, "DEPEND_0")
        place = "option time_variable" if chosen else f"DEPEND_0 of {variable.name}"
        clock = _clock(header, name, place)
        clocks.setdefault(clock.name, (clock, []))[1].append(variable)
    found = [_of_clock(header, clock, variables, exposure_s) for clock, variables in clocks.values()]
    known = [one for one in found if one is not None]
    if not known:
        names = ", ".join(clocks)
        empty = all(clock.records == 0 for clock, _ in clocks.values())
        raise (NotGranuleError if empty else HeaderError)(
            "no records" if empty else "not one record is a time that can be right", path=header.path, place=names
        )
    return known[0] if len(known) == 1 else _together(known)


def _clock(header: CdfHeader, name: str, place: str) -> Variable:
    if not name:
        raise HeaderError("no time variable", path=header.path, place=place, hint="Name it by the option time_variable")
    clock = named(header, name, place)
    if not is_time(clock):
        kinds = ", ".join(TIME_TYPES.values())
        raise HeaderError(f"variable {clock.name} is no time: none of {kinds}", path=header.path, place=place)
    return clock


def _together(known: list[Times]) -> Times:
    first, last = min(known, key=lambda one: one.start), max(known, key=lambda one: one.stop)
    sources = "; ".join(one.steps_source for one in known if one.steps)
    return Times(
        first.start, last.stop, first.start_source, last.stop_source,
        union(one.steps for one in known), sources or known[0].steps_source, known[0].clock,
    )  # fmt: skip


def _of_clock(header: CdfHeader, clock: Variable, data: list[Variable], exposure_s: float | None) -> Times | None:
    label, kind, found = f"variable {clock.name}", clock.data_type, axis(header, clock) if clock.records else None
    if found is None:
        label, kind, found = _of_seconds(header, clock, data)
    if found is None or (found.records == 1 and jd(found.first, kind) == UNIX_EPOCH_JD):
        return None  # one record of 1970 is the origin of a count, not a time of the data
    steps, steps_source = found.steps, f"steps of {label}"
    before = _delta(header, clock, "DELTA_MINUS_VAR", found.first_record)
    after = _delta(header, clock, "DELTA_PLUS_VAR", found.last_record)
    offsets = _offsets(header, data, found)
    if offsets is not None:
        steps, steps_source = offsets.steps, f"spacing of variable {offsets.name} within a record"
        after = f"the largest offset of variable {offsets.name} and its step", offsets.reach_s
    elif after is None and exposure_s:
        after = f"the exposure of {exposure_s:g} s", exposure_s
    elif after is None and steps is not None:
        share_before, after = _by_step(header, clock, steps.median)
        before = before or share_before
    note = f" ({found.note})" if found.note else ""
    try:
        first = later(found.first, -before[1], kind) if before else found.first
        start, stop = jds([first, later(found.last, after[1], kind) if after else found.last], kind)
    except (OverflowError, ValueError):
        raise HeaderError("a sample lasts beyond the calendar", path=header.path, place=label) from None
    return Times(
        start, stop,
        f"{label}, earliest record{f' - {before[0]}' if before else ''}{note}",
        f"{label}, latest record{f' + {after[0]}' if after else ', its length unknown'}{note}",
        steps, steps_source if steps else f"{label} holds one time only", clock,
    )  # fmt: skip


def _of_seconds(header: CdfHeader, clock: Variable, data: list[Variable]) -> tuple[str, int, Axis | None]:
    """THEMIS: DEPEND_TIME counts seconds from the one record of DEPEND_EPOCH0."""
    for variable in data:
        names = header.text(variable, "DEPEND_TIME"), header.text(variable, "DEPEND_EPOCH0")
        seconds, origin = (header.variable(name) if name else None for name in names)
        if seconds is None or origin is None or not seconds.records or not origin.records:
            continue
        if origin.data_type == EPOCH and not is_time(seconds) and not seconds.dims:
            zero = float(header.read(origin, 0, 0).ravel()[0])
            chunks = (zero + chunk.astype(np.float64) * 1e3 for chunk in header.chunks(seconds, CHUNK_ROWS))
            return f"variable {seconds.name} [s from {origin.name}]", EPOCH, scan(chunks, EPOCH)
    return f"variable {clock.name}", clock.data_type, None


_Reach: TypeAlias = tuple[str, float]
"""What a sample reaches by, for people, and how far, s."""


def _by_step(header: CdfHeader, clock: Variable, step_s: float) -> tuple[_Reach | None, _Reach]:
    """Where nothing tells a sample's length: one step, around its time as Bin_location says, else after it."""
    share, text = bin_location(header, clock), f"the median step of {step_s:g} s"
    if not share:
        return None, (text, step_s)
    return (f"{share:g} of {text}", share * step_s), (f"{1 - share:g} of {text}", (1 - share) * step_s)


def _delta(header: CdfHeader, clock: Variable, attribute: str, record: int) -> _Reach | None:
    """How far the sample of a record reaches, by the variable that DELTA_PLUS_VAR or DELTA_MINUS_VAR names."""
    name = header.text(clock, attribute)
    delta = header.variable(name) if name else None
    if delta is None or not delta.records:
        return None
    factor = duration_factor_s(header.text(delta, "UNITS"))
    record = record if delta.varies else 0
    if factor is None or record >= delta.records or delta.data_type in TIME_TYPES or not delta.record_bytes:
        return None
    fill = header.attribute(delta, "FILLVAL")
    values = header.read(delta, record, record).ravel()
    if values.dtype.kind not in "iuf":
        return None
    lengths = values[np.isfinite(values) & (values >= 0) & (values != fill)]
    return (f"{attribute} {delta.name}", float(lengths.max()) * factor) if lengths.size else None


def bin_location(header: CdfHeader, clock: Variable) -> float:
    """Where in its bin a time stands: 0 at the start, 1 at the end; 0 where the file does not tell."""
    value = header.attribute(clock, "Bin_location")
    try:
        share = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return share if 0.0 <= share <= 1.0 else 0.0


@dataclass(frozen=True, slots=True)
class _Offsets:
    """Times of the samples within a record: variable, steps in s, end of the last sample after the record's time."""

    name: str
    steps: Steps
    reach_s: float


def _offsets(header: CdfHeader, data: list[Variable], found: Axis) -> _Offsets | None:
    """A waveform keeps many samples in a record, at offsets from its time that an axis in a unit of duration lists."""
    for variable in data:
        for offsets in axes(header, variable):
            factor = duration_factor_s(header.text(offsets, "UNITS"))
            if factor is None or not offsets.records:
                continue
            last = min(found.last_record, offsets.records - 1) if offsets.varies else 0
            values, _ = table(header, offsets)
            row = values[min(last, len(values) - 1)]
            step = equal_step(row)
            steps = row_steps(row) if step is None else Steps(step, step, step)
            if steps is not None:
                reach_s = (float(np.nanmax(row)) + steps.median) * factor
                return _Offsets(offsets.name, in_seconds(steps, 1 / factor), reach_s)
    return None
