"""Draws the preview of a granule and its thumbnail from the pictures that its grammar gives.

Knows no file format and no database. The same pictures give the same bytes with the same versions of the libraries:
no date, no name of a program, no settings of a user go into them. What was drawn, from what, stands in the PNG.
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from datalink import panels
from datalink.binning import Envelope, Spectrogram, grid_of
from epncore.model.errors import NotGranuleError, UsageError
from grammars.pictures import NoPicture, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

DRAWING_VERSION = 2
"""Goes up when the same file would be drawn otherwise; then all pictures are drawn again."""

SOURCE_KEY = "epncore-source"
"""Text chunk of the PNG that says from what it was drawn."""

MAX_PANELS = 6
"""Quantities that are drawn; of more, the first."""

THUMBNAIL_PX = (200, 150)

_DPI = 100
_WIDTH_PX = 1200  # of the axes: a column of the grid is a pixel
_HEIGHTS_PX = {1: 560, 2: 320, 3: 240, 4: 200}
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX, _BETWEEN_PX = 95, 125, 92, 62, 34
_COLOURS = "inferno"


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above and below the panels: words of the row, whatever a file put into them.

    Attributes
    ----------
    target, instrument : str
    name : str
        Of the granule.
    """

    target: str
    instrument: str
    name: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A preview and its thumbnail, as PNG files."""

    preview: bytes
    thumbnail: bytes


def draw(pictures: Iterable[Picture | NoPicture], heading: Heading, source: str) -> Drawing:
    """Draw a preview and a thumbnail.

    Parameters
    ----------
    pictures : iterable of Picture or NoPicture
        The quantities of a file.
    heading : Heading
    source : str
        From what it is drawn, for `source_of`.

    Returns
    -------
    Drawing
        A panel without valid values says so.

    Raises
    ------
    NotGranuleError
        Where nothing can be drawn; with the reason for each quantity.
    """
    given = list(pictures)
    drawn = [one for one in given if isinstance(one, Picture)]
    if not drawn:
        reasons = "; ".join(f"{one.name}: {one.reason}" for one in given if isinstance(one, NoPicture))
        raise NotGranuleError(f"nothing to draw ({reasons or 'no data'})", place="preview")
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a letter that the font lacks is drawn as a box
        mpl.rcdefaults()  # a user's settings would show
        mpl.rcParams["text.parse_math"] = False  # a $ in a title is a $
        figure, axes = _figure(drawn[:MAX_PANELS])
        _head(figure, heading, drawn, len(given))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    return Drawing(_png(image, source), _png(_thumbnail(image, axes), source))


def _figure(pictures: Sequence[Picture]) -> tuple[Figure, list[Axes]]:
    """Panels of whole pixels, one below the other, on one axis of time."""
    count, height = len(pictures), _HEIGHTS_PX.get(len(pictures), 160)
    total = _LEFT_PX + _WIDTH_PX + _RIGHT_PX, _TOP_PX + count * height + (count - 1) * _BETWEEN_PX + _BOTTOM_PX
    figure = Figure(figsize=(total[0] / _DPI, total[1] / _DPI), dpi=_DPI, facecolor="white")
    start = min(float(panels.date_number(one, one.start_s)) for one in pictures)
    stop = max(float(panels.date_number(one, one.stop_s)) for one in pictures)
    found = []
    for number, picture in enumerate(pictures):
        bottom = total[1] - _TOP_PX - height - number * (height + _BETWEEN_PX)
        axes, bar = (
            figure.add_axes((left / total[0], bottom / total[1], width / total[0], height / total[1]))
            for left, width in ((_LEFT_PX, _WIDTH_PX), (_LEFT_PX + _WIDTH_PX + 16, 18))
        )
        axes.tick_params(direction="out")
        if _panel(axes, bar, picture, height):
            panels.time_axis(axes, start, stop, is_labelled=number == count - 1)
        top = (bottom + height + 6) / total[1]
        figure.text(_LEFT_PX / total[0], top, panels.clean(picture.name), fontsize=11, fontweight="bold", va="bottom")
        _names(figure, picture, top, total[0])
        found.append(axes)
    return figure, found


def _panel(axes: Axes, bar: Axes, picture: Picture, height: int) -> bool:
    """Bin and draw one quantity; whether its horizontal axis is time."""
    grid = grid_of(picture, _WIDTH_PX, height)
    if picture.axis is None:
        envelope = Envelope(grid, max(len(picture.components), 1))
        for block in picture.blocks():
            envelope.add(block)
        panels.lines(axes, bar, picture, envelope)
        return True
    spectrogram = Spectrogram(grid, picture.axis, picture.step_s)
    for block in picture.blocks():
        spectrogram.add(block)
    if spectrogram.records == 1:
        panels.spectrum(axes, bar, picture, spectrogram)
        return False
    panels.spectrogram(axes, bar, picture, spectrogram, colormaps[_COLOURS].with_extremes(bad=panels.GAP_COLOUR))
    return True


def _head(figure: Figure, heading: Heading, drawn: Sequence[Picture], given: int) -> None:
    width, height = figure.get_size_inches() * _DPI
    left = _LEFT_PX / width
    words = [panels.clean(word) for word in (heading.target, heading.instrument)]
    title = "  ·  ".join(word for word in words if word)
    figure.text(left, 1 - 20 / height, title, fontsize=min(17.0, 17.0 * 85 / max(len(title), 1)), va="top")
    first, last = (
        min(drawn, key=lambda one: one.origin_jd),
        max(drawn, key=lambda one: one.origin_jd + one.stop_s / 86400),
    )
    span = f"{panels.written(first, first.start_s)} to {panels.written(last, last.stop_s)} UTC"
    figure.text(left, 1 - 48 / height, span, fontsize=11, va="top", color="#444444")
    right = (_LEFT_PX + _WIDTH_PX) / width
    figure.text(right, 1 - 48 / height, panels.clean(heading.name), fontsize=9, va="top", ha="right", color="#777777")
    if len(drawn) > MAX_PANELS or given > len(drawn):
        shown = min(len(drawn), MAX_PANELS)
        figure.text(
            right, 1 - 30 / height, f"{shown} of {given} quantities", fontsize=9, va="top", ha="right", color="#777777"
        )


def _names(figure: Figure, picture: Picture, top: float, width: int) -> None:
    """Names of the components in their colours, at the right above the panel."""
    count = len(picture.components)
    if not count:
        return
    # "flux_He 3.4-4.7" on a panel named flux_He is 3.4-4.7.
    names = [panels.clean(name.removeprefix(picture.name)) for name in picture.components]
    room = min(14 + 8 * max(len(name) for name in names), 800 // count)
    for number, name in enumerate(names):
        at = (_LEFT_PX + _WIDTH_PX - (count - 1 - number) * room) / width
        colour = panels.LINE_COLOURS[number % len(panels.LINE_COLOURS)]
        figure.text(at, top, name[: max(room // 8, 2)], color=colour, fontsize=10, va="bottom", ha="right")


def _thumbnail(image: Image.Image, axes: Sequence[Axes]) -> Image.Image:
    """The insides of the panels, without what is written beside them."""
    pieces = []
    for each in axes[:3]:
        box = each.get_window_extent()
        inside = (
            round(box.x0) + 2,
            round(image.height - box.y1) + 2,
            round(box.x1) - 2,
            round(image.height - box.y0) - 2,
        )
        pieces.append(image.crop(inside))
    thumbnail = Image.new("RGB", THUMBNAIL_PX, "white")
    height = (THUMBNAIL_PX[1] - 2 * (len(pieces) - 1)) // len(pieces)
    for number, piece in enumerate(pieces):
        thumbnail.paste(piece.resize((THUMBNAIL_PX[0], height), Image.Resampling.BOX), (0, number * (height + 2)))
    return thumbnail.quantize(128, Image.Quantize.FASTOCTREE)  # a list of granules shows many: a third of the bytes


def _png(image: Image.Image, source: str) -> bytes:
    about = PngImagePlugin.PngInfo()
    about.add_text(SOURCE_KEY, source)
    content = io.BytesIO()
    image.save(content, "PNG", pnginfo=about, optimize=False, compress_level=6)
    return content.getvalue()


def source_of(path: Path) -> str | None:
    """From what a picture was drawn; None where there is none, or one that was not drawn here."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with Image.open(path, formats=["PNG"]) as image:
            found = image.info.get(SOURCE_KEY)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return found if isinstance(found, str) else None


def write(path: Path, content: bytes) -> None:
    """Put a file in its place as a whole; a link that stands there is replaced, not followed.

    Raises
    ------
    UsageError
        Where it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "wb") as stream:
            stream.write(content)
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", path=str(path)) from None
