"""Pictures: what stands where, and that nothing in a file can spoil one."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from datalink import panels, previews
from datalink.previews import Drawing, Heading, draw, source_of, write
from epncore.model.errors import NotGranuleError, UsageError
from grammars.pictures import Block, NoPicture, Picture, picture_name, usual_step

HEADING = Heading("Jupiter", "NDA, Nancay", "one")
GREY = tuple(bytes.fromhex(panels.GAP_COLOUR[1:]))


def picture(values: Any, axis: Any = None, times: Any = None, **keys: Any) -> Picture:
    values = np.atleast_2d(np.asarray(values, float))
    seconds = np.arange(float(len(values))) if times is None else np.asarray(times, float)
    given: dict[str, Any] = {"name": "RR", "unit": "dB", "scale": "linear"} | keys
    return Picture(
        origin_jd=2458900.5, start_s=0.0, stop_s=float(seconds.max()) + 1.0, step_s=1.0,
        blocks=lambda: [Block(seconds, values)], axis=None if axis is None else np.asarray(axis, float), **given,
    )  # fmt: skip


def pixels(drawing: Drawing) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(drawing.preview)).convert("RGB"))


def inside(drawing: Drawing) -> np.ndarray[Any, Any]:
    """The one panel, as pixels."""
    return pixels(drawing)[92 + 2 : 92 + 560 - 2, 95 + 2 : 95 + 1200 - 2]


def level(pixel: Any) -> float:
    """Where in the colour map a pixel is, from 0 to 1."""
    colours = colormaps["inferno"](np.linspace(0, 1, 256))[:, :3] * 255
    return float(np.argmin(((colours - np.asarray(pixel, float)) ** 2).sum(axis=1))) / 255


GRADIENT = np.add.outer(np.zeros(20), np.arange(10.0))


@pytest.mark.parametrize("is_reversed", [False, True])
def test_frequency_grows_upwards_whatever_the_order_in_the_file(is_reversed: bool) -> None:
    axis = np.linspace(10e6, 40e6, 10)
    values, axis = (GRADIENT[:, ::-1], axis[::-1]) if is_reversed else (GRADIENT, axis)
    panel = inside(draw([picture(values, axis)], HEADING, "s"))
    assert level(panel[10, 600]) > 0.95
    assert level(panel[-10, 600]) < 0.05


def test_time_grows_to_the_right() -> None:
    panel = inside(draw([picture(np.add.outer(np.arange(20.0), np.zeros(4)), [1e6, 2e6, 3e6, 4e6])], HEADING, "s"))
    assert level(panel[300, 5]) < 0.05
    assert level(panel[300, -5]) > 0.95


def test_gaps_and_invalid_values_have_a_colour_of_their_own() -> None:
    values = GRADIENT.copy()
    values[:, 0] = np.nan
    times = np.where(np.arange(20) < 10, np.arange(20), np.arange(20) + 20)
    panel = inside(draw([picture(values, np.linspace(10e6, 40e6, 10), times)], HEADING, "s"))
    assert tuple(panel[100, 600]) == GREY, "time without records"
    assert tuple(panel[-10, 20]) == GREY, "a channel without values"
    assert tuple(panel[100, 20]) != GREY
    assert tuple(panel[100, -20]) != GREY


def test_no_colour_of_the_map_is_that_of_gaps() -> None:
    colours = colormaps["inferno"](np.linspace(0, 1, 256))[:, :3] * 255
    assert np.abs(colours - np.array(GREY)).max(axis=1).min() > 30


def test_linear_powers_are_drawn_in_decibels() -> None:
    powers = 10.0 ** np.add.outer(np.zeros(20), np.arange(10.0))
    axis = np.linspace(10e6, 40e6, 10)
    decibel = inside(draw([picture(powers, axis, unit="W", scale="dB")], HEADING, "s"))
    same = inside(draw([picture(10 * np.log10(powers), axis, unit="dB")], HEADING, "s"))
    assert np.array_equal(decibel, same)


def test_powers_that_are_not_positive_are_gaps_in_decibels() -> None:
    values = np.ones((20, 10))
    values[:, 4] = [0.0, -1.0] * 10
    panel = inside(draw([picture(values, np.arange(10.0) + 1, scale="dB")], HEADING, "s"))
    assert tuple(panel[300, 600]) == GREY


def test_the_median_of_each_channel_is_taken_off_where_that_is_asked() -> None:
    values = GRADIENT * 100
    values[10] += 50
    panel = inside(draw([picture(values, np.arange(10.0) + 1, above_median=True)], HEADING, "s"))
    assert level(panel[20, 630]) > 0.95
    assert level(panel[-20, 630]) > 0.95
    assert level(panel[20, 10]) < 0.05


def test_a_file_without_valid_values_says_so() -> None:
    drawing = draw([picture(np.full((5, 4), np.nan), [1.0, 2.0, 3.0, 4.0])], HEADING, "s")
    panel = inside(drawing)
    assert (panel[:50] == GREY).all()
    assert (panel < 60).any(), "no valid data is written"
    lines = draw([picture(np.full((5, 3), np.nan), components=("x", "y", "z"))], HEADING, "s")
    assert (inside(lines)[:50] == GREY).all()


def test_one_record_is_a_line_over_frequency() -> None:
    seen: list[str] = []
    drawing = _labels(lambda: draw([picture(GRADIENT[:1], np.linspace(10e6, 40e6, 10)[::-1])], HEADING, "s"), seen)
    assert "Frequency [MHz]" in seen
    assert (inside(drawing) == 255).mean() > 0.9


def test_a_series_breaks_at_gaps() -> None:
    times = np.where(np.arange(400) < 200, np.arange(400), np.arange(400) + 400)
    panel = inside(draw([picture(np.zeros((400, 1)), times=times)], HEADING, "s"))
    blue = (panel[..., 2] > panel[..., 0].astype(int) + 50).any(axis=0)
    assert blue[:280].mean() > 0.9
    assert not blue[400:780].any()
    assert blue[-280:].mean() > 0.9


def test_one_value_at_one_time_can_be_drawn() -> None:
    assert len(draw([picture([[3.0]])], HEADING, "s").preview) > 1000


def _labels(make: Callable[[], Drawing], seen: list[str]) -> Drawing:
    """Draw, and note all texts of the figure."""
    kept = previews.FigureCanvasAgg

    class Canvas(kept):  # type: ignore[misc, valid-type]
        def draw(self) -> None:
            super().draw()
            seen.extend(text.get_text() for text in self.figure.findobj(mpl.text.Text))

    previews.FigureCanvasAgg = Canvas  # type: ignore[misc]
    try:
        return make()
    finally:
        previews.FigureCanvasAgg = kept  # type: ignore[misc]


def test_what_a_reader_looks_for_is_written() -> None:
    seen: list[str] = []
    axis = np.linspace(10e6, 40e6, 10)
    both = [picture(GRADIENT, axis, name="RR"), picture(GRADIENT, axis, name="LL")]
    _labels(lambda: draw(both, HEADING, "s"), seen)
    assert {"RR", "LL", "Frequency [MHz]", "dB", "UTC, 2020-02-21", "00:00\n02-21", "00:00:10"} & set(seen) >= {
        "RR", "LL", "Frequency [MHz]", "dB", "UTC, 2020-02-21", "00:00:10",
    }  # fmt: skip
    assert "Jupiter  ·  NDA, Nancay" in seen
    assert "2020-02-21 00:00:00 to 2020-02-21 00:00:20 UTC" in seen
    assert "15" in seen
    assert "20" in seen


def test_a_logarithmic_scale_of_less_than_a_decade_has_numbers_and_no_formulas() -> None:
    seen: list[str] = []
    values = 10.0 ** (-19.0 + np.linspace(-0.4, 0.2, 20))[:, None] * np.ones((20, 10))
    _labels(lambda: draw([picture(values, np.arange(10.0) + 1, scale="log")], HEADING, "s"), seen)
    assert "6e\N{MINUS SIGN}20" in seen
    assert not [text for text in seen if "math" in text]


HOSTILE = [
    "$\\frac{1}{0$",
    "$x^2$",
    "a\x00b\x1b[31m\n\n\tc",
    "\\",
    "{}%s",
    "<script>",
    "\u202eevil",
    "\ud800",
    "木星",
    "x" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_only_a_text(text: str) -> None:
    seen: list[str] = []
    shown = [
        picture(GRADIENT, np.arange(10.0) + 1, name=text, unit=text, axis_name=text, axis_unit=text),
        picture(np.zeros((5, 2)), components=(text, text), unit=text, name=text),
    ]
    drawing = _labels(lambda: draw(shown, Heading(text, text, text), "s"), seen)
    assert all(len(each) < 240 and "\x00" not in each and "\x1b" not in each for each in seen)
    assert pixels(drawing).shape[1] == 1420


def test_the_same_data_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    script = (
        "import sys; from datalink.previews import *; sys.path.insert(0, sys.argv[1]);"
        "from test_previews import picture, GRADIENT, HEADING;"
        "import hashlib; d = draw([picture(GRADIENT, range(1, 11))], HEADING, 's');"
        "print(hashlib.sha256(d.preview + d.thumbnail).hexdigest())"
    )
    (tmp_path / "matplotlibrc").write_text("figure.facecolor: red\nfont.size: 30\ntext.usetex: True\n")
    command = [sys.executable, "-c", script, str(Path(__file__).parent)]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True, cwd=place, timeout=120).stdout
        for place in (Path(__file__).parent, tmp_path)
    ]
    assert runs[0] == runs[1]
    drawing = draw([picture(GRADIENT, range(1, 11))], HEADING, "s")
    assert set(Image.open(io.BytesIO(drawing.preview)).info) == {previews.SOURCE_KEY}
    assert b"matplotlib" not in drawing.preview.lower()


def test_the_settings_of_the_process_stay_as_they_are() -> None:
    before = dict(mpl.rcParams)
    draw([picture(GRADIENT, range(1, 11))], HEADING, "s")
    assert dict(mpl.rcParams) == before


def test_a_thumbnail_shows_the_data_without_axes() -> None:
    image = Image.open(io.BytesIO(draw([picture(GRADIENT, range(1, 11))], HEADING, "s").thumbnail)).convert("RGB")
    assert image.size == (200, 150)
    assert level(image.getpixel((100, 2))) > 0.95
    assert level(image.getpixel((100, 147))) < 0.05


def test_of_many_quantities_the_first_six_are_drawn() -> None:
    seen: list[str] = []
    many = [picture(GRADIENT, range(1, 11), name=f"Q{number}") for number in range(9)]
    _labels(lambda: draw([*many, NoPicture("Z", "too odd")], HEADING, "s"), seen)
    assert "Q5" in seen
    assert "Q6" not in seen
    assert "6 of 10 quantities" in seen


@pytest.mark.parametrize("given", [[], [NoPicture("B", "12 dimensions")]])
def test_nothing_to_draw_is_said_with_its_reason(given: Iterable[NoPicture]) -> None:
    with pytest.raises(NotGranuleError, match=r"12 dimensions|no data"):
        draw(given, HEADING, "s")


def test_a_picture_remembers_its_source(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert source_of(path) is None
    write(path, draw([picture(GRADIENT, range(1, 11))], HEADING, "the source").preview)
    assert source_of(path) == "the source"
    for content in (b"", b"\x89PNG\r\n\x1a\n", path.read_bytes()[:60], b"GIF89a"):
        (tmp_path / "bad.png").write_bytes(content)
        assert source_of(tmp_path / "bad.png") is None


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    (tmp_path / "a.png").symlink_to(outside)
    assert source_of(tmp_path / "a.png") is None
    write(tmp_path / "a.png", b"new")
    assert outside.read_text() == "precious"
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert not (tmp_path / "a.png").is_symlink()
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "nowhere" / "a.png", b"new")


@pytest.mark.parametrize(
    "uid", ["../../etc/passwd", "a/b", "..", ".hidden", "", "-rf", "x" * 4000, "a b", "é", "a\x00b", "one-thumb", "a+b"]
)
def test_an_odd_identifier_becomes_a_safe_name(uid: str) -> None:
    name = picture_name(uid)
    assert len(name) <= 120
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert name[0] not in ".-"
    assert not name.endswith("-thumb")
    assert name != uid


def test_identifiers_that_look_alike_have_names_apart() -> None:
    uids = ["a/b", "a_b", "a b", "a-b", "a.b", "a", "a-thumb"]
    assert len({picture_name(uid) for uid in uids}) == len(uids)
    assert picture_name("edr_2020.02-15") == "edr_2020.02-15"


def test_the_usual_step_is_that_of_most_records() -> None:
    regular = np.concatenate([np.arange(100.0), np.arange(100.0) + 500])
    assert usual_step(regular) == 1.0
    modes = np.cumsum(np.concatenate([np.full(50, 16.0), np.full(50, 60.0)]))
    assert usual_step(modes) == 60.0
    assert usual_step(np.array([5.0, np.nan])) is None
