"""What a data axis tells: the range, steps and exposure of its samples. Shared by the grammars."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from epncore.model.units import positive_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GAP_FACTOR = 10.0
"""A step longer than this many times the median one is a gap in the data, not a sampling step (docs/adr/0003)."""
_SIGNIFICANT_DIGITS = 12
_FEWEST_EQUAL = 3
_MOST_DECIMALS = 24
_ROUNDING_SHARE = 0.01
"""Of a step: numbers that are rounded more coarsely leave open whether steps are equal."""
_CHUNK = 1 << 18
_REMEMBERED_AXES = 32
_REMEMBERED_BYTES = 1 << 16
_Said = TypeVar("_Said")


class Recent(Generic[_Said]):
    """The last few answers by what they were made from: the files of one instrument repeat their axes.

    Answers are shared: they must not be changed.
    """

    def __init__(self) -> None:
        self._known: deque[tuple[tuple[object, ...], _Said]] = deque(maxlen=_REMEMBERED_AXES)

    def answer(self, content: bytes, form: tuple[object, ...], make: Callable[[], _Said]) -> _Said:
        """What was made from the same before, or is made now.

        Parameters
        ----------
        content : bytes
            Of the axis. A long one is not remembered.
        form : tuple
            What else the answer depends on.
        make : callable
            Where it raises, nothing is remembered.
        """
        if len(content) > _REMEMBERED_BYTES:
            return make()
        source = (content, *form)
        for known, answer in tuple(self._known):  # comparing some is quicker than to hash one
            if known == source:
                return answer
        answer = make()
        self._known.appendleft((source, answer))
        return answer


def remembered(of_axis: Callable[[NDArray[np.float64]], _Said]) -> Callable[[NDArray[np.float64]], _Said]:
    """Remember what a function says of small arrays, by their content.

    Parameters
    ----------
    of_axis : callable
        Of an array, and of nothing else. What it gives is shared: it must not be changed.
    """
    recent: Recent[_Said] = Recent()

    @wraps(of_axis)
    def said(values: NDArray[np.float64]) -> _Said:
        if values.dtype != np.float64 or values.nbytes > _REMEMBERED_BYTES:
            return of_axis(values)
        return recent.answer(values.tobytes(), values.shape, lambda: of_axis(values))

    return said


@dataclass(frozen=True, slots=True)
class Steps:
    """Smallest and largest sampling step of an axis, in the axis's own unit."""

    smallest: float
    median: float
    largest: float


@remembered
def sampling(values: NDArray[np.float64]) -> Steps | None:
    """Sampling steps of an axis: repeats are padding and steps beyond `GAP_FACTOR` medians are gaps.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Samples of the axis in any order, fill values removed.

    Returns
    -------
    Steps or None
        None for fewer than two distinct values.
    """
    steps = positive_steps(values)
    if steps.size == 0:
        return None
    ordered = np.sort(steps)
    median = _median(ordered)
    kept = ordered[: np.searchsorted(ordered, GAP_FACTOR * median, side="right")]
    return Steps(float(kept[0]), median, float(kept[-1]))


def _median(ordered: NDArray[np.float64]) -> float:
    """As `numpy.median` has it, of numbers in order and without its checks, which cost more than the rest of a file."""
    middle = ordered.size // 2
    return float(ordered[middle] if ordered.size % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def as_written(values: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers as the writer meant them: single precision by its shortest decimal (10.075, not 10.07499980926).

    Fractions of powers of two need no guess: 99.90234375 is what stands there, and 99.90234 is not.
    """
    if values.dtype != np.float32 or _is_exact(values.ravel()):
        return values.astype(np.float64)
    flat, wide = values.ravel(), np.empty(values.size)
    for start in range(0, flat.size, _CHUNK):  # as texts they are 32 times as large
        wide[start : start + _CHUNK] = flat[start : start + _CHUNK].astype("U32").astype(np.float64)
    return wide.reshape(values.shape)


def _is_exact(values: NDArray[np.float32]) -> bool:
    """Whether numbers are short decimals as they stand, by a sample of some thousand."""
    sample = values[:: values.size // 1000 + 1].astype(np.float64)
    return all(float(f"{value:.{_SIGNIFICANT_DIGITS}g}") == value for value in sample[np.isfinite(sample)].tolist())


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the noise of the last bits, which would show in steps: 12 digits of the largest value."""
    decimals = _decimals(values)
    return values if decimals is None else np.round(values, decimals)


def row_steps(row: NDArray[np.float64], *, gaps: bool = False) -> Steps | None:
    """Steps of an axis, with as many digits as the axis has; see `rounded`.

    Parameters
    ----------
    row : ndarray, shape (n,)
    gaps : bool
        Whether long steps are gaps, as in time (`sampling`). In a table of frequencies they are none: on a logarithmic
        axis the last step is many times the median.
    """
    decimals = _decimals(row)
    if decimals is None:
        return None
    if gaps:
        found = sampling(rounded(row))
        three = (found.smallest, found.median, found.largest) if found else ()
    else:
        steps = positive_steps(rounded(row))
        three = (float(steps.min()), float(np.median(steps)), float(steps.max())) if steps.size else ()
    return Steps(*(round(step, decimals) for step in three)) if three else None


def equal_step(row: NDArray[np.float64]) -> float | None:
    """The one step of an axis whose samples differ from equal spacing by no more than they were rounded when written.

    Numbers of six digits say 34.7222, 104.167, ..., 55520.8: their differences are 34.7 or 34.8, their step is 34.7222.

    Parameters
    ----------
    row : ndarray, shape (n,)

    Returns
    -------
    float or None
        With as many digits as the ends give it. None where steps differ, or the rounding is no small part of them.
    """
    count = row.size
    if count < _FEWEST_EQUAL or not np.isfinite(row).all() or (np.diff(row) <= 0).any():
        return None
    unit = _rounding(row)
    if unit is None:
        return None
    step, share = float(row[-1] - row[0]) / (count - 1), np.arange(count) / (count - 1)
    may_differ = 0.5 * (unit + unit[0] * (1 - share) + unit[-1] * share)  # of each, and of the line between the ends
    differs = np.abs(row - (row[0] + step * np.arange(count))) > 1.01 * may_differ
    largest = float(unit.max())
    if largest > _ROUNDING_SHARE * step or differs.any():
        return None
    return round(step, -int(np.floor(np.log10(largest / (count - 1)))))


def _rounding(row: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The unit of the last digit of each number: of the fewest digits, or decimals, that write all of them.

    None where it takes those of full precision.
    """
    digits, decimals = 1, 0
    for number in row.tolist():
        while float(f"{number:.{digits}g}") != number:
            digits += 1
            if digits > _SIGNIFICANT_DIGITS:
                return None
        while float(f"{number:.{decimals}f}") != number:
            decimals += 1
            if decimals > _MOST_DECIMALS:
                return None
    orders = np.floor(np.log10(np.abs(row), where=row != 0, out=np.full(row.shape, -np.inf)))
    units: NDArray[np.float64] = np.maximum(10.0 ** (orders - digits + 1), 10.0**-decimals)
    return units


def _decimals(values: NDArray[np.float64]) -> int | None:
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    return None if largest == 0.0 else _SIGNIFICANT_DIGITS - 1 - int(np.floor(np.log10(largest)))
