"""From when to when records were taken and how often, by the times of some spans of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from grammars.axes import row_steps
from grammars.cdf_times import union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from grammars.axes import Steps


def reach(spans: Iterable[NDArray[np.float64]]) -> tuple[float, float]:
    """Earliest and latest of times in spans, all finite."""
    found = list(spans)
    return min(float(seconds.min()) for seconds in found), max(float(seconds.max()) for seconds in found)


def cadence(spans: Iterable[NDArray[np.float64]]) -> Steps | None:
    """Sampling steps, s, of times in spans (`grammars.readers.spans`), all finite.

    Gaps within a span are no steps, and what lies between two spans was not looked at.
    """
    return union(row_steps(_from_first(seconds), gaps=True) for seconds in spans if seconds.size)


def _from_first(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the epoch, and without the last digits of a double that counts from it."""
    resolution = 10.0 * np.spacing(max(float(np.abs(seconds).max()), 1.0))
    since: NDArray[np.float64] = np.round(seconds - seconds[0], int(-np.log10(resolution)))
    return since
