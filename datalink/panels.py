"""Draws one panel: a spectrogram, a single spectrum, or lines; with axes that a radio astronomer reads at a glance.

Time runs in UTC to the right and frequency upwards, whatever the order in the file. Gaps and invalid values have a
colour that the map does not hold.
"""

from __future__ import annotations

import math
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.dates import MINUTELY, SECONDLY, AutoDateLocator, num2date
from matplotlib.ticker import FixedLocator, Formatter, FuncFormatter, LogFormatter, MaxNLocator, NullLocator

from datalink.binning import HELD_STEPS, Envelope, Grid, Spectrogram
from epncore.model.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from grammars.pictures import Picture

GAP_COLOUR = "#b8b8b8"
"""Of time without records and of values that are not valid; no colour of the map is grey."""
LINE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d31")
"""Told apart by colour-blind people too (Okabe and Ito 2008)."""
QUANTILES = (0.01, 0.995)
"""Of the finite pixels, between which the colours run: bursts are few, and so is interference."""
LINE_QUANTILES = (0.001, 0.999)

_UNIX_EPOCH_JD = 2440587.5
_PIXEL_PT = 0.72  # at 100 dots per inch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_LONGEST = 110
_PREFIXES = ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"), (1.0, "Hz"))


def clean(text: str) -> str:
    """A text from a file as a picture shows it: one line, no control characters, not too long."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def date_number(picture: Picture, seconds: Any) -> Any:
    """Times of a picture as matplotlib counts: days since 1970."""
    return picture.origin_jd - _UNIX_EPOCH_JD + np.asarray(seconds) / SECONDS_PER_DAY


def written(picture: Picture, seconds: float) -> str:
    """A time of a picture for people, to the second."""
    return (
        f"{num2date(round(float(date_number(picture, seconds)) * SECONDS_PER_DAY) / SECONDS_PER_DAY):%Y-%m-%d %H:%M:%S}"
    )


def value_range(values: NDArray[np.float64], quantiles: tuple[float, float] = QUANTILES) -> tuple[float, float] | None:
    """The range to draw: two quantiles of the finite values; None where there is none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    low, high = (float(value) for value in np.quantile(finite, quantiles))
    if low == high:
        low, high = float(finite.min()), float(finite.max())
    margin = 0.0 if high > low else max(abs(low) * 1e-3, 1e-12)
    return low - margin, high + margin


def spectrogram(axes: Axes, bar: Axes, picture: Picture, binned: Spectrogram, colours: Colormap) -> None:
    """Draw a dynamic spectrum and its colour bar."""
    grid, image = binned.grid, binned.image()
    if picture.scale == "dB":
        with np.errstate(divide="ignore", invalid="ignore"):
            image = np.where(image > 0, 10.0 * np.log10(image), np.nan)
    elif picture.scale == "log":
        image = np.where(image > 0, image, np.nan)
    if picture.above_median:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a row without values has no median
            image = image - np.nanmedian(image, axis=1, keepdims=True)
    limits = value_range(image)
    if limits is None:
        nothing(axes, bar)
    else:
        norm = LogNorm(*limits) if picture.scale == "log" else Normalize(*limits)
        ends = np.log10([grid.low, grid.high]) if grid.is_log else (grid.low, grid.high)
        start, stop = date_number(picture, [grid.start_s, grid.stop_s])
        shown = axes.imshow(
            np.ma.masked_invalid(image), cmap=colours, norm=norm, extent=(start, stop, ends[0], ends[1]),
            origin="lower", aspect="auto", interpolation="nearest",
        )  # fmt: skip
        assert axes.figure is not None  # noqa: S101  # it was made for a figure
        colour_bar = axes.figure.colorbar(shown, cax=bar, extend="both")
        colour_bar.set_label("")
        _label(bar, scale_label(picture))
        if picture.scale == "log":
            bar.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            bar.yaxis.set_minor_formatter(LogFormatter())  # of less than a decade; that of colour bars writes formulas
    _frequency_axis(axes, picture, grid)


def spectrum(axes: Axes, bar: Axes, picture: Picture, binned: Spectrogram) -> None:
    """Draw the one record of a file: values over frequency."""
    bar.set_axis_off()
    only = binned.only
    if only is None:
        nothing(axes, bar)
        return
    frequencies = picture.axis if only.axis is None else only.axis
    assert frequencies is not None  # noqa: S101  # a picture without axis is no spectrum
    order = np.argsort(frequencies)
    values = np.asarray(only.values[0], np.float64)[order]
    if picture.scale == "dB":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, 10.0 * np.log10(values), np.nan)
    factor, unit = prefix(picture, binned.grid)
    axes.plot(frequencies[order] / factor, values, color=LINE_COLOURS[0], linewidth=1.0)
    axes.set_xlabel(clean(f"{picture.axis_name} [{unit}]"))
    _label(axes, scale_label(picture))
    axes.set_xscale("log" if binned.grid.is_log else "linear")
    _value_axis(axes, picture, value_range(values, LINE_QUANTILES))
    if not np.isfinite(values).any():
        nothing(axes, bar)


def lines(axes: Axes, bar: Axes, picture: Picture, binned: Envelope) -> None:
    """Draw a series, a vector or a waveform: means as lines, broken at gaps, and extremes where samples are many."""
    bar.set_axis_off()
    seconds, means = binned.series()
    low, high = binned.extremes()
    if picture.scale == "log":
        means, low, high = (np.where(values > 0, values, np.nan) for values in (means, low, high))
    limits = value_range(np.concatenate([low, high]), LINE_QUANTILES)
    if limits is None:
        nothing(axes, bar)
        return
    times = date_number(picture, seconds)
    width_s = (binned.grid.stop_s - binned.grid.start_s) / binned.grid.columns
    apart = np.flatnonzero(np.diff(seconds) > HELD_STEPS * max(picture.step_s, width_s)) + 1
    is_sparse = len(seconds) < 200 or len(apart) > len(seconds) / 3
    marker = "." if is_sparse and not binned.is_thinned() else None
    for number in range(means.shape[1]):
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        if binned.is_thinned():
            axes.vlines(times, low[:, number], high[:, number], color=colour, linewidth=_PIXEL_PT, alpha=0.6)
        axes.plot(
            np.insert(times, apart, np.nan), np.insert(means[:, number], apart, np.nan), color=colour, linewidth=1.0,
            marker=marker, markersize=3,
        )  # fmt: skip
    _label(axes, picture.unit or "value")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    _value_axis(axes, picture, limits)


def nothing(axes: Axes, bar: Axes) -> None:
    """Say that there is nothing to see, in the colour of gaps."""
    bar.set_axis_off()
    axes.yaxis.set_major_locator(NullLocator())
    axes.set_facecolor(GAP_COLOUR)
    axes.text(0.5, 0.5, "no valid data", transform=axes.transAxes, ha="center", va="center", fontsize=16)


def _label(axes: Axes, text: str) -> None:
    """A label beside an axis, in letters that fit its height."""
    line = clean(text)
    height_px = axes.get_window_extent().height
    axes.set_ylabel(
        line, fontsize=min(10.0, height_px / (0.85 * max(len(line), 1)))
    )  # a letter is 0.85 px a point wide


def scale_label(picture: Picture) -> str:
    """What the numbers of a scale are."""
    if picture.scale == "dB":
        return f"dB (10 log10 of {picture.unit})" if picture.unit else "dB"
    return picture.unit or "value"


def prefix(picture: Picture, grid: Grid) -> tuple[float, str]:
    """The multiple of its unit in which an axis reads best."""
    if picture.axis_unit != "Hz":
        return 1.0, picture.axis_unit
    typical = math.sqrt(grid.low * grid.high) if grid.is_log else grid.high
    return next(((factor, unit) for factor, unit in _PREFIXES if typical >= factor), _PREFIXES[-1])


def _frequency_axis(axes: Axes, picture: Picture, grid: Grid) -> None:
    factor, unit = prefix(picture, grid)
    _label(axes, f"{picture.axis_name} [{unit}]")
    if grid.is_log:
        decades = range(math.floor(math.log10(grid.low)), math.ceil(math.log10(grid.high)) + 1)
        steps = (1,) if len(decades) > 4 else (1, 2, 5)
        ticks = [math.log10(step) + decade for decade in decades for step in steps]
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{10**value / factor:g}"))
        axes.set_ylim(math.log10(grid.low), math.log10(grid.high))
    else:
        axes.yaxis.set_major_formatter(_Scaled(factor))
        axes.yaxis.set_major_locator(_Multiples(factor))
        axes.set_ylim(grid.low, grid.high)


class _Multiples(MaxNLocator):
    """Round ticks in a multiple of the unit of an axis."""

    def __init__(self, factor: float) -> None:
        super().__init__(8, steps=[1, 2, 2.5, 5, 10])
        self.factor = factor

    def tick_values(self, vmin: float, vmax: float) -> Any:
        return np.asarray(super().tick_values(vmin / self.factor, vmax / self.factor)) * self.factor


class _Scaled(Formatter):
    """Ticks in a multiple of the unit of an axis."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, value: float, pos: int | None = None) -> str:  # noqa: ARG002  matplotlib asks so
        return f"{value / self.factor:.10g}"


def _value_axis(axes: Axes, picture: Picture, limits: tuple[float, float] | None) -> None:
    if limits is None:
        return
    low, high = limits
    if picture.scale == "log" and high > 0:
        axes.set_ylim(max(low, high * 1e-12) / 1.3, high * 1.3)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        return
    margin = 0.08 * (high - low)
    axes.set_ylim(low - margin, high + margin)


def time_axis(axes: Axes, start: float, stop: float, *, is_labelled: bool) -> None:
    """Ticks at round times in UTC; the date stands below, and at ticks that begin a day.

    Parameters
    ----------
    axes : Axes
    start, stop : float, d
        Since 1970.
    is_labelled : bool
        Whether to write the times: only under the lowest panel.
    """
    if stop - start < 1e-3 / SECONDS_PER_DAY:  # one moment needs some room
        start, stop = start - 0.5 / SECONDS_PER_DAY, stop + 0.5 / SECONDS_PER_DAY
    axes.set_xlim(start, stop)
    locator = AutoDateLocator(minticks=5, maxticks=12)
    locator.intervald[MINUTELY] = locator.intervald[SECONDLY] = [1, 2, 5, 10, 15, 20, 30]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_Utc())
    axes.tick_params(axis="x", labelbottom=is_labelled)
    if is_labelled:
        first, last = (f"{num2date(value):%Y-%m-%d}" for value in (start, stop))
        axes.set_xlabel(f"UTC, {first}" if first == last else f"UTC, {first} to {last}")


class _Utc(Formatter):
    """Times with as many digits as their steps need; a date where a day begins."""

    def __call__(self, value: float, pos: int | None = None) -> str:  # noqa: ARG002  matplotlib asks so
        return f"{num2date(value):%H:%M:%S}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        step_s = float(np.min(np.diff(values))) * SECONDS_PER_DAY if len(values) > 1 else 1.0
        return [_written(value, step_s) for value in values]


def _written(value: float, step_s: float) -> str:
    moment = num2date(round(value * SECONDS_PER_DAY * 1e6) / 1e6 / SECONDS_PER_DAY)
    if step_s >= 0.999 * SECONDS_PER_DAY:
        return f"{moment:%Y-%m-%d}"
    if step_s < 0.999:
        digits = min(max(math.ceil(-math.log10(step_s) - 1e-9), 1), 6)
        return f"{moment:%H:%M:%S}.{moment.microsecond:06d}"[: 9 + digits]
    text = f"{moment:%H:%M}" if step_s >= 59.9 else f"{moment:%H:%M:%S}"
    return f"{text}\n{moment:%m-%d}" if moment.hour == moment.minute == moment.second == 0 else text
