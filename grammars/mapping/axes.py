"""What the axes of a mapping tell: from when to when, and from which frequency to which."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from epncore.model.columns import COLUMNS
from epncore.model.errors import HeaderError
from epncore.model.row import Missing, show
from epncore.model.units import LIGHT_M_S, SECONDS_PER_DAY, frequency_factor_hz, unit_factor
from grammars.axes import Steps, row_steps, sampling
from grammars.istp_spectrum import Spectrum, of_tables
from grammars.mapping.moments import NUMERIC, Moment, from_number, moment
from grammars.mapping.numbers import convert, number, quantities, seconds
from grammars.mapping.source import Array, Times, only, refused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grammars.mapping.keys import Axis, Origin, SpectralAxis, TimeAxis
    from grammars.mapping.source import Source

_T = TypeVar("_T")

MOST_SAMPLES = 1 << 24
"""Of a line; beyond it a count is damage."""
_DECIMALS_S = {"jd": 4, "mjd": 6, "unix": 6}
"""Digits of a second that a double holds in each format: steps show no more."""


def time_axis(source: Source, axis: TimeAxis, origin: Origin | None) -> Times | Missing:
    """Times of the first and the last sample, and the steps between.

    Raises
    ------
    HeaderError
        Where the axis is there and cannot be right, or is required and not there.
    """
    place = _place(axis)
    try:
        found = _times(source, axis, origin, place)
    except ValueError as error:
        raise refused(error, place) from None
    return _unless_required(found, axis, place)


def spectral_axis(source: Source, axis: SpectralAxis) -> Spectrum | Missing:
    """The range of frequencies and the steps between.

    Raises
    ------
    HeaderError
        As `time_axis`.
    """
    place = _place(axis)
    try:
        found = _ends(source, axis, place) if axis.names else _frequencies(source, axis, place)
    except ValueError as error:
        raise refused(error, place) from None
    return _unless_required(found, axis, place)


def _place(axis: Axis) -> str:
    if axis.is_line:
        cards = [part for part in (axis.start, axis.step, axis.count, axis.reference) if isinstance(part, str)]
        return axis.shown(*cards) if cards else "numbers of the mapping"
    return axis.shown()


def _unless_required(found: _T | Missing, axis: Axis, place: str) -> _T | Missing:
    if isinstance(found, Missing) and axis.required:
        raise HeaderError(found.reason, place=place, hint="The mapping says that this axis is required")
    return found


def _times(source: Source, axis: TimeAxis, origin: Origin | None, place: str) -> Times | Missing:
    by_type = source.clock(axis)
    if by_type is not None:
        if axis.unit or axis.format or origin:
            raise ValueError("it holds times by its type", "Leave out unit, origin and format of time_axis")
        return by_type
    array = _array(source, axis, place)
    if isinstance(array, Missing):
        return array
    if axis.format is not None:
        return _absolute(array, axis.format)
    if origin is None:
        raise ValueError("nothing tells what its zero is", "Give time_axis an origin, or a format")
    zero = _origin(source, origin)
    if isinstance(zero, Missing):
        return zero
    unit = axis.unit or array.unit
    if array.is_text:
        raise ValueError("it holds texts, not numbers", "Give time_axis the format of these times")
    values = _finite(array.values) * seconds(unit or "")
    if values.size == 0:
        return Missing(f"{array.label} is empty")
    from_zero = origin.shown(*origin.names) if origin.names else str(origin.moment)
    return counted_times(values, zero, f"{array.label} [{unit}] from {from_zero}")


def counted_times(values_s: NDArray[np.float64], zero: Moment, label: str) -> Times:
    """What seconds that count from a moment tell.

    Parameters
    ----------
    values_s : ndarray, shape (n,), s
        All finite; at least one.
    zero : Moment
    label : str
        What they are, for people.

    Raises
    ------
    ValueError
        Where they lead to no time that an EPN-TAP client would believe.
    """
    steps = row_steps(values_s, gaps=True)
    step = steps.median if steps else 0.0
    return _labelled(zero.jd(float(values_s.min())), zero.jd(float(values_s.max()) + step), steps, label)


def _origin(source: Source, origin: Origin) -> Moment | Missing:
    if origin.moment is not None:
        return moment([origin.moment], "iso", day_is_enough=True)
    found = [source.named(name, origin) for name in origin.names]
    absent = [name for name, values in zip(origin.names, found, strict=True) if not values]
    if absent:
        return Missing(f"no {origin.shown(*absent)}, from which the time axis counts")
    try:
        return moment([only(values) for values in found], origin.format)
    except ValueError as error:
        raise refused(error, origin.shown(*origin.names)) from None


def _absolute(array: Array, form: str) -> Times | Missing:
    """Each value is a time by itself."""
    label = f"{array.label} ({form})"
    if array.is_text:
        texts = [text for text in np.unique(array.values).tolist() if text]
        values = np.array([moment([text], form).jd() for text in texts])
        form = "jd"
    elif form in NUMERIC:
        values = _finite(array.values)
    else:
        raise ValueError(f"it holds numbers, and {form} is a format of texts", f"For numbers: {', '.join(NUMERIC)}")
    if values.size == 0:
        return Missing(f"{array.label} is empty")
    first, last = (from_number(float(end), form) for end in (values.min(), values.max()))
    factor = 1.0 if form == "unix" else SECONDS_PER_DAY
    found, decimals = sampling((values - values.min()) * factor), _DECIMALS_S[form]
    steps = Steps(*(round(step, decimals) for step in (found.smallest, found.median, found.largest))) if found else None
    return _labelled(first.jd(), last.jd(steps.median if steps else 0.0), steps, label)


def _labelled(start: float, stop: float, steps: Steps | None, label: str) -> Times:
    """The last sample ends one step after its time, where a step is known."""
    if steps is None:
        return Times(
            start, stop, None, label, f"{label}: the one sample's length is unknown", f"{label} holds one time only"
        )
    last = f"{label}, latest + the median step of {steps.median:g} s"
    return Times(start, stop, steps, f"{label}, earliest", last, f"steps of {label}")


def _array(source: Source, axis: Axis, place: str) -> Array | Missing:
    if not axis.is_line:
        return source.column(axis)
    parts: dict[str, float] = {"start": 0.0, "reference": 1.0}
    for part in ("start", "step", "count", "reference"):
        given = getattr(axis, part)
        if given is None:
            continue
        found = source.named(given, axis) if isinstance(given, str) else (given,)
        if not found:
            return Missing(f"no {axis.shown(given)}")
        parts[part] = number(only(found))
    count, step = parts["count"], parts["step"]
    if not 1 <= count <= MOST_SAMPLES or count != int(count):
        raise ValueError(f"the count is {count:g}, not a whole number from 1 to {MOST_SAMPLES}")
    if step == 0 or not all(map(np.isfinite, parts.values())):
        raise ValueError(f"the step is {step:g}")
    places = np.arange(1, int(count) + 1) - parts["reference"]
    with np.errstate(over="ignore", invalid="ignore"):
        values = parts["start"] + places * step
    if not np.isfinite(values).all():
        raise ValueError(f"{count:g} steps of {step:g} leave the range of numbers")
    return Array(values.reshape(1, -1), "", place)


def _frequencies(source: Source, axis: SpectralAxis, place: str) -> Spectrum | Missing:
    array = _array(source, axis, place)
    if isinstance(array, Missing):
        return array
    if array.is_text:
        raise ValueError("it holds texts, not numbers")
    unit = axis.unit or array.unit
    values = np.where(array.values > 0, array.values, np.nan)
    found = of_tables(in_hz(values, unit), f"{array.label} [{unit}]")
    return Missing(f"{array.label} has no value above 0") if found is None else found


def in_hz(values: NDArray[np.float64], unit: str) -> NDArray[np.float64]:
    """Frequencies as they are, wavelengths turned over; energies are neither.

    Raises
    ------
    ValueError
        Where the unit is of neither; with a hint.
    """
    factor, wavelength_m = frequency_factor_hz(unit), unit_factor(unit, "m")
    if factor is not None:
        return values * factor
    if wavelength_m is not None:
        return LIGHT_M_S / (values * wavelength_m)
    raise ValueError(
        f"its unit is {unit!r}, none of frequencies or wavelengths" if unit else "nothing tells its unit",
        "Give spectral_axis a unit, MHz for example",
    )


def _ends(source: Source, axis: SpectralAxis, place: str) -> Spectrum | Missing:
    """Cards or attributes with the ends of the range, or a list of it: they tell no steps."""
    found = {name: source.named(name, axis) for name in axis.names}
    absent = [name for name, values in found.items() if not values]
    if absent:
        return Missing(f"no {axis.shown(*absent)}")
    low = COLUMNS["spectral_range_min"]
    every = [one for values in found.values() for value in values for one in quantities(value)]
    for one in every:
        if not (one.unit or axis.unit):
            raise ValueError(f"nothing tells the unit of {show(one.value)}", "Give spectral_axis a unit")
    ends = [convert(one, axis.unit, low) for one in every]
    if not ends or not all(0 <= end < np.inf for end in ends):
        raise ValueError(f"{ends[:2]} Hz is no range of frequencies")
    units = ", ".join(dict.fromkeys(one.unit or str(axis.unit) for one in every))
    return Spectrum(min(ends), max(ends), None, f"{place} [{units}]")


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]
