"""Binning against the naive way: a mean by pixel over everything at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datalink.binning import Envelope, Grid, Spectrogram, grid_of
from grammars.pictures import Block, Picture

Array = NDArray[np.float64]


def picture(axis: Array | None, stop_s: float, step_s: float = 1.0) -> Picture:
    return Picture("S", "", "linear", 2459000.5, 0.0, stop_s, step_s, lambda: (), axis)


def binned(times: Array, values: Array, axis: Array, grid: Grid, step_s: float = 1.0, size: int = 10**6) -> Array:
    found = Spectrogram(grid, axis, step_s)
    for first in range(0, len(times), size):
        found.add(Block(times[first : first + size], values[first : first + size]))
    return found.image()


def naive(times: Array, values: Array, axis: Array, grid: Grid) -> Array:
    width, height = (grid.stop_s - grid.start_s) / grid.columns, (grid.high - grid.low) / grid.rows
    image = np.full((grid.rows, grid.columns), np.nan)
    for row in range(grid.rows):
        for column in range(grid.columns):
            here = np.floor((times - grid.start_s) / width + 1e-6) == column
            there = np.floor((axis - grid.low) / height) == row
            some = values[np.ix_(here, there)]
            if np.isfinite(some).any():
                image[row, column] = some[np.isfinite(some)].mean()
    return image


@given(
    records=st.integers(1, 60),
    channels=st.integers(1, 30),
    columns=st.integers(1, 20),
    size=st.integers(1, 70),
    seed=st.integers(0, 10**6),
)
def test_a_pixel_is_the_mean_of_its_valid_values(
    records: int, channels: int, columns: int, size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    times = rng.permutation(records) * 1.0
    axis = rng.permutation(np.arange(channels) + 0.5)
    values = np.where(rng.random((records, channels)) < 0.2, np.nan, rng.normal(size=(records, channels)))
    # As many rows as channels or fewer, so that each row has channels; no record is held into the next column.
    grid = Grid(0.0, float(records), min(columns, records), max(channels // 3, 1), 0.0, float(channels))
    found = binned(times, values, axis, grid, 1.0, size)
    np.testing.assert_allclose(found, naive(times, values, axis, grid), rtol=1e-9)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_numbers_of_any_type_are_averaged_without_overflow(kind: type) -> None:
    values = np.full((1000, 4), 200, kind)
    image = binned(np.arange(1000.0), values, np.arange(4.0), Grid(0, 1000, 2, 2, -0.5, 3.5))  # type: ignore[arg-type]
    np.testing.assert_array_equal(image, np.full((2, 2), 200.0))


def test_the_last_digits_of_a_time_move_no_record_into_the_column_before() -> None:
    """Times of a Julian day are right to 40 us."""
    times = np.arange(10.0) + np.tile([2e-5, -2e-5], 5)
    image = binned(times, np.arange(10.0)[:, None], np.array([1.0]), Grid(0.0, 10.0, 10, 1, 0.5, 1.5))
    np.testing.assert_array_equal(image[0], np.arange(10.0))


def test_rows_run_upwards_whatever_the_order_of_the_channels() -> None:
    axis = np.array([30.0, 20.0, 10.0])
    image = binned(np.arange(2.0), np.array([[3.0, 2.0, 1.0]] * 2), axis, grid_of(picture(axis, 2.0), 10, 10))
    np.testing.assert_array_equal(image, [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])


def test_a_gap_in_time_stays_empty_and_a_slow_record_lasts_until_the_next() -> None:
    axis = np.array([1.0, 2.0])
    times = np.array([0.0, 2.0, 4.0, 20.0, 22.0])
    image = binned(times, np.ones((5, 2)), axis, Grid(0.0, 24.0, 24, 2, 0.5, 2.5), step_s=2.0)
    assert np.isfinite(image[0]).nonzero()[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 20, 21, 22, 23]


def test_a_band_that_is_left_out_stays_empty_and_repeats_are_padding() -> None:
    axis = np.concatenate([np.arange(10.0), [60.0, 61.0, 61.0, 61.0]])
    grid = grid_of(picture(axis, 2.0), 2, 600)
    values = np.concatenate([np.arange(14.0)[None]] * 2)
    column = binned(np.arange(2.0), values, axis, grid)[:, 0]
    assert grid.rows == 62
    assert np.isnan(column[20:50]).all()
    assert column[5] == 5.0
    assert column[-1] == pytest.approx((11 + 12 + 13) / 3), "channels of one frequency are one"


def test_a_row_without_a_channel_has_what_repeats_the_nearest_one() -> None:
    axis = np.array([1.0, 2.0, 1.0, 2.0])
    column = binned(np.zeros(1), np.array([[np.nan, 5.0, 3.0, np.nan]]), axis, Grid(0.0, 1.0, 1, 8, 0.5, 2.5))[:, 0]
    np.testing.assert_array_equal(column, [3.0] * 4 + [5.0] * 4)


def test_a_wide_axis_is_logarithmic_where_its_steps_are() -> None:
    logarithmic, linear = np.logspace(3, 7, 50), np.linspace(1e3, 1e7, 50)
    assert grid_of(picture(logarithmic, 1.0), 10, 100).is_log
    assert not grid_of(picture(linear, 1.0), 10, 100).is_log
    assert not grid_of(picture(np.append(linear, 0.0), 1.0), 10, 100).is_log


def test_axes_that_change_with_the_mode_go_to_their_own_rows() -> None:
    found = Spectrogram(Grid(0.0, 2.0, 2, 4, 0.0, 4.0), np.array([0.5, 1.5, 2.5, 3.5]), 1.0)
    found.add(Block(np.array([0.0]), np.array([[1.0, 2.0]]), np.array([0.5, 1.5])))
    found.add(Block(np.array([1.0]), np.array([[3.0, 4.0]]), np.array([2.5, 3.5])))
    np.testing.assert_array_equal(found.image()[:, 0], [1.0, 2.0, np.nan, np.nan])
    np.testing.assert_array_equal(found.image()[:, 1], [np.nan, np.nan, 3.0, 4.0])


def test_bands_that_take_turns_leave_no_holes() -> None:
    """Each is held until its own next record, and no longer."""
    found = Spectrogram(Grid(0.0, 4.0, 8, 4, 0.0, 4.0), np.array([0.5, 1.5, 2.5, 3.5]), 1.0)
    found.add(Block(np.array([0.0, 1.0]), np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([0.5, 1.5])))
    found.add(Block(np.array([0.5, 1.5, 2.5]), np.array([[3.0, 4.0]] * 3), np.array([2.5, 3.5])))
    is_filled = np.isfinite(found.image())
    assert [row.nonzero()[0].tolist() for row in is_filled] == [[0, 1, 2, 3, 4]] * 2 + [[1, 2, 3, 4, 5, 6, 7]] * 2


def test_records_without_a_time_are_left_out() -> None:
    found = Spectrogram(Grid(0.0, 2.0, 2, 1, 0.5, 1.5), np.array([1.0]), 1.0)
    found.add(Block(np.array([np.nan, -5.0, 1.0, 99.0]), np.array([[7.0], [7.0], [1.0], [7.0]])))
    assert found.records == 1
    assert found.only is not None
    assert found.image()[0].tolist()[1] == 1.0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6)), min_size=1, max_size=80), st.integers(1, 20))
def test_an_envelope_holds_every_value(points: list[tuple[float, float]], size: int) -> None:
    times, values = (np.array(part) for part in zip(*points, strict=True))
    found = Envelope(Grid(0.0, 100.0, 7), 1)
    for first in range(0, len(times), size):
        found.add(Block(times[first : first + size], values[first : first + size, None]))
    low, high = found.extremes()
    assert (low.min(), high.max()) == (values.min(), values.max())
    seconds, means = found.series()
    assert len(seconds) == len(means) == len(low) <= 7
    assert found.is_thinned() == (len(seconds) < len(points))


def test_a_day_of_a_fast_receiver_needs_memory_for_a_block_and_the_grid_only() -> None:
    records, channels, rows = 57_600, 2048, 256  # 472 MB of float32
    axis = np.linspace(10e6, 88e6, channels)

    def blocks() -> Iterator[Block]:
        for first in range(0, records, rows):
            yield Block(0.5 * np.arange(first, first + rows), np.full((rows, channels), first, np.float32))

    grid = grid_of(picture(axis, records * 0.5, 0.5), 1200, 560)
    tracemalloc.start()
    found = Spectrogram(grid, axis, 0.5)
    for block in blocks():
        found.add(block)
    image = found.image()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert image.shape == (560, 1200)
    assert np.isfinite(image).all()
    assert peak < 60e6
