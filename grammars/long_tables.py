"""Columns of long FITS tables by some of their rows, so that a row costs the same whatever the size of its file.

A table of 57,600 spectra has its times 13 kB apart: to read them all is to touch every page of 768 MB. Its first and
last rows tell when it starts and ends, and runs of neighbours in between tell the cadence (docs/adr/0032).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grammars.readers.fits import FitsHeader

WHOLE_ROWS = 512
"""Tables with no more rows are read whole."""
RUNS = 16
RUN_ROWS = 8
"""Of longer ones, so many runs of so many neighbours, the first at the start and the last at the end."""


def chosen_rows(count: int) -> NDArray[np.int64] | None:
    """Which rows of a table are read.

    Parameters
    ----------
    count : int
        How many it has.

    Returns
    -------
    ndarray of int or None
        From 0, in rising order; None for all. Runs are more than ten rows apart, so that the way from one to the next
        is a gap and no sampling step (`grammars.axes.GAP_FACTOR`).
    """
    if count <= WHOLE_ROWS:
        return None
    starts = np.linspace(0, count - RUN_ROWS, RUNS).astype(np.int64)
    return (starts[:, np.newaxis] + np.arange(RUN_ROWS)).ravel()


class ColumnRead(NamedTuple):
    """What was read of a column.

    Attributes
    ----------
    values : ndarray, shape (rows, ...)
    hdu : int
        Where it stands.
    note : str
        Which rows they are, for people; empty for all.
    """

    values: NDArray[Any]
    hdu: int
    note: str


def read_column(header: FitsHeader, name: str, within: int | None = None, *, whole: bool = False) -> ColumnRead | None:
    """Read a column of a table, by `chosen_rows` where it is long.

    Parameters
    ----------
    header : FitsHeader
    name : str
    within : int, optional
        As `FitsHeader.column` takes them.
    whole : bool
        Whether all rows are wanted, however many.

    Returns
    -------
    ColumnRead or None
        None where no table has it.

    Raises
    ------
    UnreadableError
        Where cfitsio cannot make sense of the table.
    """
    found = header.find_column(name, within)
    if found is None:
        return None
    count = header.get("NAXIS2", found[0])
    rows = None if whole or not isinstance(count, int) else chosen_rows(count)
    values = header.column(name, found[0], rows)
    if values is None:
        return None
    return ColumnRead(values, found[0], "" if rows is None else f", {rows.size} of {count} rows")
