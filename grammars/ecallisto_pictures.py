"""The data of an e-CALLISTO file for its preview: the image in strips of time, the axes of the table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from epncore.model.errors import HeaderError
from grammars.pictures import BLOCK_BYTES, Block, NoPicture, Picture, usual_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from grammars.readers.fits import FitsHeader


def pictures(
    header: FitsHeader, start_jd: float, times: NDArray[np.float64] | None, channels: NDArray[np.float64] | None
) -> Iterator[Picture | NoPicture]:
    """The dynamic spectrum, above its background and as it is.

    Parameters
    ----------
    header : FitsHeader
    start_jd : float, d
        DATE-OBS and TIME-OBS.
    times : ndarray, shape (NAXIS1,), s, or None
        After that; None for the nominal ones.
    channels : ndarray, shape (NAXIS2,), Hz, or None
    """
    unit = str(header.get("BUNIT") or "")
    columns, rows = header.get("NAXIS1"), header.get("NAXIS2")
    if header.get("NAXIS") != 2 or not isinstance(columns, int) or not isinstance(rows, int) or columns * rows == 0:
        raise HeaderError("the primary HDU holds no image of times and frequencies", place="NAXIS")
    if channels is None:
        yield NoPicture("flux density", "no FREQUENCY axis: nothing tells what the rows are")
        return
    nominal = header.get("CDELT1")
    nominal_s = float(nominal) if isinstance(nominal, (int, float)) and nominal > 0 else 1.0
    seconds = np.asarray(np.arange(columns) * nominal_s if times is None else times, np.float64)
    known = seconds[np.isfinite(seconds)]
    if not known.size:
        yield NoPicture("flux density", "the TIME axis holds no numbers")
        return
    step_s = usual_step(known) or nominal_s

    def blocks() -> Iterator[Block]:
        strip = max(BLOCK_BYTES // (rows * 4), 1)
        for first in range(0, columns, strip):
            values = header.image_strip(first, first + strip).T
            yield Block(seconds[first : first + strip], _finite(values))

    raw = Picture(
        "Radio flux density", unit, "linear", start_jd, float(known.min()), float(known.max()) + step_s, step_s,
        blocks, channels,
    )  # fmt: skip
    # Each tuner channel has its own gain: bursts are seen above the channel's median, as solar observers look at them.
    yield replace(raw, name="Radio flux density above the median of each channel", above_median=True)
    yield raw


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype.kind in "iu" else np.where(np.isfinite(values), values, np.nan)
