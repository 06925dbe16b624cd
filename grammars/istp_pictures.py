"""The data variables of an ISTP CDF for its preview: spectra, series, vectors, waveforms; by record ranges.

An axis of offsets in time makes a waveform (`grammars.waveforms`).

Format: ISTP/IACG guidelines (DEPEND_i, LABL_PTR_i, LABLAXIS, UNITS, SCALETYP, FILLVAL, VALIDMIN, VALIDMAX).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from epncore.model.units import duration_factor_s
from grammars import cdf_times
from grammars.istp_data import axes, table
from grammars.istp_spectrum import factor_hz
from grammars.istp_units import picture_scale
from grammars.pictures import BLOCK_BYTES, MAX_COMPONENTS, Block, NoPicture, Picture, usual_step
from grammars.readers.cdf_data import TEXT_TYPES
from grammars.waveforms import Starts, waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from grammars.pictures import Scale
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable

Shown: TypeAlias = Picture | NoPicture

_STEP_RECORDS = 1 << 16
_TURN_RECORDS, _BANDS_MAX = 1 << 12, 100


def pictures(
    header: CdfHeader, data: list[Variable], time_variable: str | None, spectral_variable: str | None
) -> Iterator[Shown]:
    """A picture (or two) of each data variable.

    Parameters
    ----------
    header : CdfHeader
    data : list of Variable
        With records.
    time_variable, spectral_variable : str or None
        Instead of DEPEND_0, and of DEPEND_1.

    Yields
    ------
    Picture or NoPicture
    """
    for variable in data:
        clock = header.variable(time_variable or header.text(variable, "DEPEND_0"))
        if clock is None or not cdf_times.is_time(clock) or variable.data_type in TEXT_TYPES:
            yield NoPicture(variable.name, "no numbers on a time variable")
            continue
        source = _source(header, variable, clock)
        if source is None:
            yield NoPicture(variable.name, f"variable {clock.name} holds no time that can be right")
        else:
            yield from _of_shape(source, spectral_variable)


def _of_shape(source: _Source, spectral_variable: str | None) -> Iterator[Shown]:
    header, variable = source.header, source.variable
    named = [header.variable(spectral_variable)] if spectral_variable else axes(header, variable)
    for axis in named:
        if axis is None or len(variable.dims) != 1 or axis.dims != variable.dims or not axis.records:
            continue
        factor, seconds = factor_hz(header, axis), duration_factor_s(header.text(axis, "UNITS"))
        if factor is not None:
            yield _spectra(source, axis, factor)
            return
        if seconds is not None:
            yield from _waveform(source, table(header, axis)[0][0] * seconds)
            return
    if len(variable.dims) > 1:
        yield NoPicture(source.name, f"{len(variable.dims)} dimensions, none of which is drawn alone")
    elif variable.dims and variable.dims[0] > MAX_COMPONENTS:
        yield NoPicture(source.name, f"{variable.dims[0]} numbers a record, and no axis of frequencies")
    else:
        yield _series(source)


@dataclass(frozen=True, slots=True)
class _Source:
    """A data variable with its clock, read in blocks."""

    header: CdfHeader
    variable: Variable
    clock: Variable
    name: str
    unit: str
    origin: Any
    origin_jd: float
    length_s: float
    step_s: float
    bounds: tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]

    @property
    def scale(self) -> Scale:
        return picture_scale(self.unit, self.header.text(self.variable, "SCALETYP"))

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float64], NDArray[Any]]]:
        """First record, times (s) and valid values, shapes (k,) and (k, ...)."""
        rows = max(BLOCK_BYTES // max(self.variable.record_bytes, 1), 1)
        for first in range(0, min(self.variable.records, self.clock.records), rows):
            last = min(first + rows, self.variable.records, self.clock.records) - 1
            seconds = _seconds(self.header.read(self.clock, first, last), self.origin, self.clock, self.length_s)
            yield first, seconds, self.valid(self.header.read(self.variable, first, last))

    def valid(self, values: NDArray[Any]) -> NDArray[Any]:
        """Fill values, and what lies beyond VALIDMIN and VALIDMAX, become NaN."""
        fill = self.header.attribute(self.variable, "FILLVAL")
        bad = np.zeros(values.shape, bool)
        if isinstance(fill, (int, float)):
            bad |= values == fill
        if values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                bad |= ~(np.abs(values) < 1e30)
        low, high = self.bounds
        with np.errstate(invalid="ignore"):
            if low is not None:
                bad |= values < low
            if high is not None:
                bad |= values > high
        if not bad.any():
            return values
        return np.where(bad, np.nan, values.astype(np.float32 if values.dtype.itemsize < 4 else np.float64))


def _source(header: CdfHeader, variable: Variable, clock: Variable) -> _Source | None:
    found = cdf_times.axis(header, clock) if clock.records else None
    if found is None:
        return None
    kind = clock.data_type
    length_s = float(cdf_times.ticks(found.last, found.first, kind)) / cdf_times.TICKS_PER_S[kind]
    sample = _seconds(header.read(clock, 0, min(clock.records, _STEP_RECORDS) - 1), found.first, clock, length_s)
    label = header.text(variable, "LABLAXIS") or header.text(variable, "FIELDNAM") or variable.name
    source = _Source(
        header, variable, clock, label, header.text(variable, "UNITS"), found.first, cdf_times.jd(found.first, kind),
        length_s, usual_step(sample) or 0.0, _bounds(header, variable),
    )  # fmt: skip
    return source if _leaves_something(source) else replace(source, bounds=(None, None))


def _leaves_something(source: _Source) -> bool:
    """Whether VALIDMIN and VALIDMAX let anything of the first block pass; some masters carry wrong ones."""
    _, _, values = next(source.blocks(), (0, None, np.zeros(0)))
    return bool(np.isfinite(values).any())


def _bounds(header: CdfHeader, variable: Variable) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """VALIDMIN and VALIDMAX, one for all values or one a component, where they are numbers in order."""
    low, high = (_numbers(header.attribute(variable, name), variable) for name in ("VALIDMIN", "VALIDMAX"))
    if low is not None and high is not None and not (low < high).all():
        return None, None
    return low, high


def _numbers(value: Any, variable: Variable) -> NDArray[np.float64] | None:
    every = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(one, (int, float)) for one in every) or len(every) not in {1, *variable.dims[-1:]}:
        return None
    return np.asarray(every, np.float64)


def _seconds(raw: NDArray[Any], origin: Any, clock: Variable, length_s: float) -> NDArray[np.float64]:
    """Times after the origin; NaN for those that `cdf_times.axis` did not believe, which lie outside."""
    kind = clock.data_type
    with np.errstate(invalid="ignore", over="ignore"):
        ticks = np.asarray(cdf_times.ticks(raw.reshape(len(raw), -1)[:, 0], origin, kind), np.float64)
        seconds = ticks / cdf_times.TICKS_PER_S[kind]
        return np.where((seconds >= 0) & (seconds <= length_s), seconds, np.nan)


def _spectra(source: _Source, axis: Variable, factor: float) -> Shown:
    tables, _ = table(source.header, axis)
    tables = np.where(tables > 0, tables * factor, np.nan)
    if not np.isfinite(tables).any():
        return NoPicture(source.name, f"variable {axis.name} holds no frequencies")
    varies = axis.varies and len(tables) > 1

    def blocks() -> Iterator[Block]:
        for first, seconds, values in source.blocks():
            if not varies:
                yield Block(seconds, values)
                continue
            rows = tables[np.minimum(np.arange(first, first + len(values)), len(tables) - 1)]
            changes = np.flatnonzero((np.nan_to_num(rows[1:]) != np.nan_to_num(rows[:-1])).any(axis=1)) + 1
            for start, stop in zip([0, *changes], [*changes, len(values)], strict=True):
                yield Block(seconds[start:stop], values[start:stop], rows[start])

    every = np.unique(tables[np.isfinite(tables)]) if varies else tables[0]
    step_s = _turn_s(source, tables) if varies else source.step_s
    return Picture(
        source.name, source.unit, source.scale, source.origin_jd, 0.0, source.length_s + source.step_s, step_s, blocks,
        every,
    )  # fmt: skip


def _turn_s(source: _Source, tables: NDArray[np.float64]) -> float:
    """How long the spectra of one table last where several take turns, as the bands of a receiver that sweeps."""
    count = min(source.variable.records, source.clock.records, len(tables), _TURN_RECORDS)
    raw = source.header.read(source.clock, 0, count - 1)
    seconds = _seconds(raw, source.origin, source.clock, source.length_s)
    found, band = np.unique(np.nan_to_num(tables[:count]), axis=0, return_inverse=True)
    if len(found) > _BANDS_MAX:
        return source.step_s
    steps = [usual_step(seconds[band.ravel() == number]) or 0.0 for number in range(len(found))]
    # A mode that is rare does not last until it comes again.
    return max(source.step_s, min(max(steps), len(found) * source.step_s))


def _series(source: _Source) -> Picture:
    count = source.variable.dims[0] if source.variable.dims else 1

    def blocks() -> Iterator[Block]:
        for _, seconds, values in source.blocks():
            yield Block(seconds, values.reshape(len(values), count))

    scale: Scale = "log" if source.scale == "log" else "linear"  # the values themselves: dB is for colours
    return Picture(
        source.name, source.unit, scale, source.origin_jd, 0.0, source.length_s + source.step_s, source.step_s, blocks,
        components=_labels(source, count),
    )  # fmt: skip


def _labels(source: _Source, count: int) -> tuple[str, ...]:
    """Names of the components, by LABL_PTR_1; none for a single number."""
    if count < 2:
        return ()
    labels = source.header.variable(source.header.text(source.variable, "LABL_PTR_1"))
    if labels is None or labels.data_type not in TEXT_TYPES or not labels.records:
        return tuple(str(number) for number in range(1, count + 1))
    texts = source.header.read(labels, 0, 0).ravel().tolist()
    names = tuple(text.decode("utf-8", "replace").strip(" \0") for text in texts)
    return names if len(names) == count else tuple(str(number) for number in range(1, count + 1))


def _waveform(source: _Source, offsets_s: NDArray[np.float64]) -> Iterator[Shown]:
    def records() -> Iterator[Block]:
        return (Block(seconds, values) for _, seconds, values in source.blocks())

    starts = Starts(source.origin_jd, source.length_s, source.step_s)
    return waveform(source.name, source.unit, starts, offsets_s, records)
