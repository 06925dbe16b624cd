"""Tables of FITS with a spectrum a row, for previews: read in runs of rows, so that a day of 768 MB takes no more room.

A row of EPN-TAP looks at some of them (`grammars.long_tables`); a picture at all, within the times that the row has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.units import SECONDS_PER_DAY
from grammars.long_tables import read_column
from grammars.pictures import BLOCK_BYTES, Block, Picture, positive, usual_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from grammars.pictures import Scale
    from grammars.readers.fits import FitsHeader


@dataclass(frozen=True, slots=True)
class Spectra:
    """A column of spectra, and when they were taken.

    Attributes
    ----------
    header : FitsHeader
    hdu : int
    column : str
    origin_jd : float, d
        JD UTC of the first.
    seconds : ndarray, shape (rows,), s
        After that; NaN where a row has no time.
    last_s : float, s
        Of the latest one that is believed.
    """

    header: FitsHeader
    hdu: int
    column: str
    origin_jd: float
    seconds: NDArray[np.float64]
    last_s: float

    @classmethod
    def by_jd(cls, header: FitsHeader, hdu: int, column: str) -> Spectra:
        """Those of a table whose column ``jd`` tells their times.

        Raises
        ------
        HeaderError
            Where it does not.
        """
        looked_at, days = read_column(header, "jd", hdu), header.column("jd", hdu)
        if looked_at is None or days is None or days.ndim != 1 or not np.isfinite(looked_at.values).any():
            raise HeaderError("no times", place=f"column jd of HDU {hdu}")
        first, last = (float(end(looked_at.values)) for end in (np.nanmin, np.nanmax))
        return cls(header, hdu, column, first, (days - first) * SECONDS_PER_DAY, (last - first) * SECONDS_PER_DAY)

    def picture(
        self, name: str, unit: str, hertz: NDArray[np.float64], spectra: Callable[[NDArray[Any]], NDArray[Any]], *,
        is_power: bool = True,
    ) -> Picture:  # fmt: skip
        """A picture of spectra.

        Parameters
        ----------
        name, unit : str
        hertz : ndarray, shape (m,)
        spectra : callable
            What cells of the column, one a row, hold of it: shape (k, m).
        is_power : bool
            Whether to draw decibels; products of two antennas have a sign.
        """

        def blocks() -> Iterator[Block]:
            row_bytes = int(str(self.header.get("NAXIS1", self.hdu)))
            step, count = max(BLOCK_BYTES // max(row_bytes, 1), 1), self.seconds.size
            for first in range(0, count, step):
                rows = np.arange(first, min(first + step, count))
                values = self._taken(rows, spectra, hertz.size)
                yield Block(self.seconds[rows], positive(values) if is_power else values)

        scale: Scale = "dB" if is_power else "linear"
        step_s = usual_step(self.seconds) or 0.0
        return Picture(name, unit, scale, self.origin_jd, 0.0, self.last_s + step_s, step_s, blocks, hertz)

    def _taken(
        self, rows: NDArray[np.int64], spectra: Callable[[NDArray[Any]], NDArray[Any]], channels: int
    ) -> NDArray[Any]:
        """Spectra of some rows.

        Raises
        ------
        HeaderError
            Where cells are of another shape than the cards of the file say.
        """
        cells = self.header.column(self.column, self.hdu, rows)
        place = f"column {self.column} of HDU {self.hdu}"
        if cells is None or cells.dtype.kind not in "iuf":
            raise HeaderError("no numbers", place=place)
        try:
            values = spectra(cells)
        except (ValueError, IndexError):  # of reshape and of an index
            values = cells[:, np.newaxis]
        if values.shape != (rows.size, channels):
            raise HeaderError(f"cells of shape {cells.shape[1:]} hold no spectra of {channels} channels", place=place)
        return values
