"""Brings records of any number into a grid of pixels, block by block: nothing but the grid stays in memory.

`Spectrogram` averages (time x axis) into columns and rows; `Envelope` keeps extremes and means of series by column.
A pixel without a valid value is NaN: time without records, records without a valid value, parts of the axis that no
channel reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grammars.pictures import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from grammars.pictures import Picture

GAP_FACTOR = 10.0
"""A channel reaches half way to its neighbours, but at most half of so many usual steps of the axis."""
HELD_STEPS = 1.5
"""So many steps after its start, a record without a successor is over."""
WIDE = 30.0
"""An axis with even steps in the logarithm is drawn so where its last value is so many times its first."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of equal lengths of time, rows of equal lengths of the axis.

    Attributes
    ----------
    start_s, stop_s : float, s
    columns, rows : int
    low, high : float
        Ends of the rows, in the unit of the axis.
    is_log : bool
        Whether rows are equal in the logarithm.
    """

    start_s: float
    stop_s: float
    columns: int
    rows: int = 1
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False

    def column_of(self, seconds: NDArray[np.float64]) -> NDArray[np.intp]:
        """The column of each time, shape (k,); -1 for none."""
        with np.errstate(invalid="ignore"):
            share = (seconds - self.start_s) / (self.stop_s - self.start_s)
            inside = (share >= 0) & (share <= 1)
        # A start on the edge of a column belongs to it, whatever its last digits say: a Julian day has steps of 40 us.
        whole = np.floor(np.where(inside, share, 0.0) * self.columns + 1e-3).astype(np.intp)
        return np.asarray(np.where(inside, np.minimum(whole, self.columns - 1), -1), np.intp)

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the axis in rows, counted from the lowest edge, shape as given."""
        scale = np.log10 if self.is_log else np.asarray
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = scale(self.low), scale(self.high)
            return np.asarray((scale(values) - low) / (high - low) * self.rows)


def grid_of(picture: Picture, columns: int, rows: int) -> Grid:
    """The grid that a picture needs, of at most `columns` and `rows`."""
    span = max(picture.stop_s - picture.start_s, 1e-9)
    steps = span / picture.step_s if picture.step_s > 0 else 1.0
    wanted = int(np.clip(round(steps), 1, columns))
    if picture.axis is None:
        return Grid(picture.start_s, picture.start_s + span, wanted)
    known = np.unique(picture.axis[np.isfinite(picture.axis)])
    is_log = _is_logarithmic(known)
    drawn = np.log10(known) if is_log else known
    steps_of_axis = np.diff(drawn)
    if not steps_of_axis.size:
        centre = float(known[0]) if known.size else 1.0
        return Grid(picture.start_s, picture.start_s + span, wanted, 1, centre - 0.5, centre + 0.5)
    low, high = drawn[0] - steps_of_axis[0] / 2, drawn[-1] + steps_of_axis[-1] / 2
    count = int(np.clip(round((high - low) / steps_of_axis.min()), 1, rows))
    ends = (10.0**low, 10.0**high) if is_log else (low, high)
    return Grid(picture.start_s, picture.start_s + span, wanted, count, float(ends[0]), float(ends[1]), is_log)


def _is_logarithmic(known: NDArray[np.float64]) -> bool:
    """Whether an axis (ascending) is wide, and its steps are more even in the logarithm."""
    if known.size < 3 or known[0] <= 0 or known[-1] / known[0] < WIDE:
        return False
    linear, logarithmic = np.diff(known), np.diff(np.log10(known))
    return bool(logarithmic.std() / logarithmic.mean() < linear.std() / linear.mean())


class Spectrogram:
    """Means of (time x axis) by pixel.

    Parameters
    ----------
    grid : Grid
    axis : ndarray, shape (m,)
        Of blocks that bring none.
    step_s : float, s
        How long a record lasts.

    Attributes
    ----------
    records : int
        How many have come.
    only : Block or None
        The one record, where there is one only.
    """

    def __init__(self, grid: Grid, axis: NDArray[np.float64], step_s: float) -> None:
        self.grid, self.axis, self.step_s = grid, axis, step_s
        self.records = 0
        self.only: Block | None = None
        self._sums = np.zeros((grid.columns, grid.rows))
        self._counts = np.zeros((grid.columns, grid.rows))
        self._last_s = np.full((grid.columns, grid.rows), -np.inf)
        self._channels: dict[bytes, _Channels] = {}

    def add(self, block: Block) -> None:
        """Take records in; values of any number type, NaN is no value."""
        axis = self.axis if block.axis is None else block.axis
        channels = self._channels_of(np.asarray(axis, np.float64))
        columns = self.grid.column_of(block.seconds)
        self.records += int(np.count_nonzero(columns >= 0))
        here = np.flatnonzero(columns >= 0)
        if here.size:
            self.only = None if self.records > 1 else Block(block.seconds[here], np.asarray(block.values)[here], axis)
        for column, start, stop in runs(columns):
            sums, counts = sum_of(block.values[start:stop])
            self._sums[column] += channels.rows_of(sums)
            self._counts[column] += channels.rows_of(counts)
            last_s = np.where(channels.reached, np.max(block.seconds[start:stop]), -np.inf)
            self._last_s[column] = np.maximum(self._last_s[column], last_s)

    def image(self) -> NDArray[np.float64]:
        """Means, shape (rows, columns), the lowest frequency first.

        Where no record of a column reaches a row, it shows the column before for as long as that one's last record
        lasts. By rows, since the bands of a receiver may take turns.
        """
        with np.errstate(invalid="ignore"):
            means = np.where(self._counts > 0, self._sums / np.maximum(self._counts, 1), np.nan)
        return np.take_along_axis(means, held(self._last_s, self.grid, self.step_s), axis=0).T

    def _channels_of(self, axis: NDArray[np.float64]) -> _Channels:
        key = axis.tobytes()
        if key not in self._channels:
            if len(self._channels) > 100:  # of a receiver that never repeats itself, keep none
                self._channels.clear()
            self._channels[key] = _Channels(axis, self.grid)
        return self._channels[key]


class _Channels:
    """To which rows the values of a record go."""

    def __init__(self, axis: NDArray[np.float64], grid: Grid) -> None:
        place = grid.place(axis)
        with np.errstate(invalid="ignore"):
            row = np.where(
                (place >= 0) & (place <= grid.rows), np.floor(np.minimum(place, grid.rows - 1e-9)), grid.rows
            )
        self.rows = grid.rows
        self.row = row.astype(np.intp)  # the row beyond the last takes what lies outside
        hit = np.bincount(self.row, minlength=grid.rows + 1)[: grid.rows]
        cover = _cover(place, grid.rows)
        # A row without a channel shows that of the nearest one, with all that repeats or neighbours it there.
        source = np.where(cover >= 0, self.row[cover], grid.rows)
        self.empty = np.flatnonzero((hit == 0) & (source < grid.rows))
        self.source = source[self.empty]
        self.reached = hit > 0
        self.reached[self.empty] = True

    def rows_of(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.bincount(self.row, weights=sums, minlength=self.rows + 1)[: self.rows]
        if self.empty.size:
            found[self.empty] = found[self.source]
        return np.asarray(found, np.float64)


def _cover(place: NDArray[np.float64], rows: int) -> NDArray[np.intp]:
    """The channel that reaches the centre of each row, -1 for none."""
    known = np.flatnonzero(np.isfinite(place))
    order = known[np.unique(place[known], return_index=True)[1]]  # repeats are padding
    if not order.size:
        return np.full(rows, -1)
    centres = place[order]
    steps = np.diff(centres)
    most = GAP_FACTOR * float(np.median(steps)) if steps.size else float(rows)
    reach = np.minimum(steps, most) / 2
    edge = reach[[0, -1]] if reach.size else np.array([rows, rows], float)
    below, above = np.concatenate([edge[:1], reach]), np.concatenate([reach, edge[1:]])
    row = np.arange(rows) + 0.5
    nearest = np.clip(np.searchsorted(centres, row), 0, centres.size - 1)
    left = np.maximum(nearest - 1, 0)
    nearest = np.where(np.abs(centres[left] - row) <= np.abs(centres[nearest] - row), left, nearest)
    away = row - centres[nearest]
    inside = (away >= -below[nearest] - 1e-6) & (away <= above[nearest] + 1e-6)
    return np.where(inside, order[nearest], -1)


class Envelope:
    """Smallest, largest and mean values of series by column.

    Parameters
    ----------
    grid : Grid
    components : int
        Values of a record.
    """

    def __init__(self, grid: Grid, components: int) -> None:
        shape = grid.columns, components
        self.grid = grid
        self.records = 0
        self.low, self.high = np.full(shape, np.inf), np.full(shape, -np.inf)
        self._sums, self._counts = np.zeros(shape), np.zeros(shape)
        self._times, self._here = np.zeros(grid.columns), np.zeros(grid.columns)

    def add(self, block: Block) -> None:
        """Take records in."""
        columns = self.grid.column_of(block.seconds)
        self.records += int(np.count_nonzero(columns >= 0))
        for column, start, stop in runs(columns):
            values = np.asarray(block.values[start:stop])
            sums, counts = sum_of(values)
            self._sums[column] += sums
            self._counts[column] += counts
            if values.dtype.kind == "f":
                low = np.fmin.reduce(values, axis=0, initial=np.inf)
                high = np.fmax.reduce(values, axis=0, initial=-np.inf)
            else:
                low, high = values.min(axis=0), values.max(axis=0)
            self.low[column] = np.minimum(self.low[column], low)
            self.high[column] = np.maximum(self.high[column], high)
            self._times[column] += float(np.sum(block.seconds[start:stop]))
            self._here[column] += stop - start

    def series(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean times (s) of the columns that have records, shape (n,), and mean values, shape (n, components)."""
        here = self._here > 0
        with np.errstate(invalid="ignore"):
            means = np.where(self._counts > 0, self._sums / np.maximum(self._counts, 1), np.nan)
        return self._times[here] / self._here[here], means[here]

    def extremes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Smallest and largest values of the columns of `series`, shape (n, components); NaN for none."""
        here = self._here > 0
        low, high = self.low[here], self.high[here]
        return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)

    def is_thinned(self) -> bool:
        """Whether columns hold several records, so that means hide something."""
        return bool((self._here > 1).any())


def runs(columns: NDArray[np.intp]) -> Iterator[tuple[int, int, int]]:
    """Successive records of one column: (column, first, last + 1); records of none are left out."""
    if not columns.size:
        return
    starts = np.concatenate([[0], np.flatnonzero(np.diff(columns)) + 1])
    for start, stop in zip(starts, [*starts[1:], columns.size], strict=True):
        if columns[start] >= 0:
            yield int(columns[start]), int(start), int(stop)


def sum_of(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums and numbers of the valid values over records, both of shape (m,), of values of shape (k, m)."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.asarray(values.sum(axis=0), np.float64)
    if np.isfinite(sums).all():
        return sums, np.full(values.shape[1], float(len(values)))
    valid = np.isfinite(values)
    return values.sum(axis=0, where=valid, dtype=np.float64), valid.sum(axis=0, dtype=np.float64)


def held(last_s: NDArray[np.float64], grid: Grid, step_s: float) -> NDArray[np.intp]:
    """Which column to show in each: itself, or the one before whose last record still lasts; shape (columns, rows)."""
    own = np.arange(grid.columns)[:, np.newaxis]
    filled = np.isfinite(last_s)
    before = np.maximum.accumulate(np.where(filled, own, -1), axis=0)
    width = (grid.stop_s - grid.start_s) / grid.columns
    centre = grid.start_s + (own + 0.5) * width
    held_s = np.take_along_axis(last_s, np.maximum(before, 0), axis=0) + HELD_STEPS * step_s
    return np.where((before >= 0) & (centre < held_s) | filled, before, own)
