"""The axes of an e-CALLISTO image, which stand in its binary table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.units import duration_factor_s, frequency_factor_hz, positive_steps
from grammars.axes import Recent, Steps, sampling

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import NDArray

    from grammars.readers.fits import FitsHeader

    _Axis: TypeAlias = tuple[str, str, Callable[[str], float | None], float]


class Sampled(NamedTuple):
    """What an axis tells: its ends and steps in s or Hz; the steps are None for fewer than two values."""

    first: float
    last: float
    steps: Steps | None


def times(header: FitsHeader) -> Sampled | None:
    """The TIME axis, in seconds after the start; None where there is none. Long steps are gaps."""
    return _sampled(header, ("TIME", "NAXIS1", duration_factor_s, 1.0), _of_times, _KNOWN_TIMES)


def frequencies(header: FitsHeader) -> Sampled | None:
    """The FREQUENCY axis, in Hz, of the channels that have one.

    All steps count: a wide one leaves out a band of broadcasters, by choice.
    """
    return _sampled(header, ("FREQUENCY", "NAXIS2", frequency_factor_hz, 1e6), _of_frequencies, _KNOWN_FREQUENCIES)


_KNOWN_TIMES: Recent[Sampled | None] = Recent()
_KNOWN_FREQUENCIES: Recent[Sampled | None] = Recent()


def _sampled(
    header: FitsHeader,
    axis: _Axis,
    of_values: Callable[[NDArray[np.float64]], Sampled | None],
    known: Recent[Sampled | None],
) -> Sampled | None:
    """What an axis tells, which is known where its bytes and all that gives them a meaning are."""

    def made() -> Sampled | None:
        values = pixels(header, *axis)
        return None if values is None else of_values(values)

    column = header.column_bytes(axis[0])
    if column is None:
        return made()
    return known.answer(column.data, (column.table, column.number, _length(header, axis[1])), made)


def _of_times(values: NDArray[np.float64]) -> Sampled | None:
    finite = values[np.isfinite(values)]
    return Sampled(float(finite.min()), float(finite.max()), sampling(finite)) if finite.size else None


def _of_frequencies(values: NDArray[np.float64]) -> Sampled | None:
    channels = values[np.isfinite(values) & (values > 0)]
    if channels.size == 0:
        return None
    steps = positive_steps(channels)
    found = Steps(float(steps.min()), float(np.median(steps)), float(steps.max())) if steps.size else None
    return Sampled(float(channels.min()), float(channels.max()), found)


def _length(header: FitsHeader, key: str) -> int | None:
    length = header.get(key)
    return length if isinstance(length, int) else None


def pixels(
    header: FitsHeader, name: str, length_key: str, factor_of: Callable[[str], float | None], factor: float
) -> NDArray[np.float64] | None:
    """Values of an axis in s or Hz: as many as the image has pixels, since further ones belong to none."""
    column = header.column(name)
    if column is None:
        return None
    unit = header.column_unit(name)
    given = factor_of(unit) if unit else factor
    if given is None or column.dtype.kind not in "iuf":
        found = f"its unit is {unit!r}" if given is None else f"it holds {column.dtype}, not numbers"
        raise HeaderError(f"{name} is no axis: {found}", place=name)
    length = _length(header, length_key)
    if length is not None and column.size < length:
        raise HeaderError(f"{name} has {column.size} values for {length} pixels", place=f"{name}, {length_key}")
    values = column.ravel()[:length].astype(np.float64)
    return values * given
