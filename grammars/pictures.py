"""What a grammar offers to previews: the data of a file as pictures, block by block.

A grammar may have a method ``pictures(header, options)``; one without gives granules without a preview, which is said
and is no error. A `Picture` becomes one panel: values over time and, where there is one, over an axis of frequencies.
Its data come in blocks of records, so that a file larger than the memory can be drawn.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

Scale = Literal["linear", "dB", "log"]

BLOCK_BYTES = 1 << 22
"""About as much data (4 MiB) as one block should hold."""

MAX_COMPONENTS = 16
"""Of more numbers in a record without an axis of frequencies, lines tell nothing."""

_LONGEST_NAME = 120
_USUAL = 0.95


@dataclass(frozen=True, slots=True)
class Block:
    """Some records.

    Attributes
    ----------
    seconds : ndarray, shape (k,), float64
        Start of each record, s after `Picture.origin_jd`; in any order. NaN where a record has no time: it is left out.
    values : ndarray, shape (k, m)
        A spectrum, or the components of a vector, a record; NaN where there is no valid value.
    axis : ndarray, shape (m,), optional
        Instead of `Picture.axis` where the axis changes with the mode of a receiver.
    """

    seconds: NDArray[np.float64]
    values: NDArray[Any]
    axis: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One quantity of a file: one panel of its preview.

    Attributes
    ----------
    name : str
        Of the quantity or the polarisation.
    unit : str
        Of the values; empty where the file tells none.
    scale : {"linear", "dB", "log"}
        ``dB``: values are linear powers, to be drawn as 10 log10. ``log``: on a logarithmic scale, in their own unit.
        Values that are decibels already are ``linear`` with the unit ``dB``.
    origin_jd : float, d
        JD UTC from which the seconds of the blocks count.
    start_s, stop_s : float, s
        From the first record to the end of the last.
    step_s : float, s
        How long a record lasts; a longer way to the next is a gap. See `usual_step`.
    blocks : callable
        Gives all records anew on each call.
    axis : ndarray, shape (m,), optional
        Frequencies in Hz (or another `axis_unit`), in the order of the values and in any direction; NaN and repeats
        are padding. None for a series of numbers or vectors in time.
    axis_name, axis_unit : str
    components : tuple of str
        Names of the m values of a record without an axis.
    above_median : bool
        Whether to take the median of each channel off before drawing: what a receiver does to all times alike hides
        bursts.
    """

    name: str
    unit: str
    scale: Scale
    origin_jd: float
    start_s: float
    stop_s: float
    step_s: float
    blocks: Callable[[], Iterable[Block]]
    axis: NDArray[np.float64] | None = None
    axis_name: str = "Frequency"
    axis_unit: str = "Hz"
    components: tuple[str, ...] = ()
    above_median: bool = False


@dataclass(frozen=True, slots=True)
class NoPicture:
    """A quantity that cannot be drawn, and why."""

    name: str
    reason: str


@runtime_checkable
class Depicts(Protocol):
    """A grammar whose files can be drawn."""

    def pictures(self, header: Any, options: Any) -> Iterable[Picture | NoPicture]:
        """The quantities of a file in the order in which they are drawn, from above.

        Raises
        ------
        FileError
            Where the file cannot be drawn.
        """
        ...


def usual_step(seconds: NDArray[np.float64]) -> float | None:
    """How long a record lasts: the step that 19 of 20 do not exceed.

    In regular data that is the step itself, whatever gaps there are; where a receiver changes its mode it is the
    longest step that is not rare.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Starts of records, s, in any order; NaN is left out.

    Returns
    -------
    float or None, s
        None for fewer than two different times.
    """
    steps = np.diff(np.unique(seconds[np.isfinite(seconds)]))
    return float(np.quantile(steps, _USUAL, method="lower")) if steps.size else None


def positive(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Powers, NaN for zero and less, which no receiver measures: a mean must not hold them."""
    return np.where(powers > 0, powers, np.nan)


def picture_name(granule_uid: str) -> str:
    """The file name, without ``.png`` and ``-thumb.png``, of the pictures of a granule.

    Parameters
    ----------
    granule_uid : str
        Whatever a template made of the names of files.

    Returns
    -------
    str
        The identifier itself where it is a plain file name: letters, digits and ``._-``, up to 120 of them, first
        neither point nor minus, not ending in ``-thumb``. Else its first letters, and 16 hexadecimal digits of the
        whole.
    """
    plain = re.fullmatch(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{_LONGEST_NAME - 1}}}", granule_uid)
    if plain and not granule_uid.endswith("-thumb"):
        return granule_uid
    start = re.sub(r"[^A-Za-z0-9_]+", "-", granule_uid).strip("-")[:60]
    digest = hashlib.blake2b(granule_uid.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return f"{start}-{digest}".lstrip("-")
