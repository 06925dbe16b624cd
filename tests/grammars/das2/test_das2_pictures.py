"""Pictures of das2 streams: bands that take turns are one, fill values are no values, long streams come in blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from epncore.model.errors import UnreadableError
from grammars.das2_pictures import pictures
from grammars.pictures import NoPicture, Picture
from grammars.readers import das2
from grammars.readers.das2 import Das2Reader

from .conftest import PACKET, header, record, stream

Values: TypeAlias = tuple[list[float], list[list[float]], list[list[float] | None]]
PicturesOf: TypeAlias = Callable[[bytes | Path], list[tuple[Picture | NoPicture, Values]]]


@pytest.fixture
def pictures_of(tmp_path: Path) -> PicturesOf:
    """The pictures of a stream, each with seconds, values and axes of all its records."""

    def found(content: bytes | Path) -> list[tuple[Picture | NoPicture, Values]]:
        path = content if isinstance(content, Path) else tmp_path / "stream.d2s"
        if isinstance(content, bytes):
            path.write_bytes(content)
        with Das2Reader().open(path) as opened:
            return [(one, _values(one)) for one in pictures(opened)]

    return found


def _values(one: Picture | NoPicture) -> Values:
    blocks = [] if isinstance(one, NoPicture) else list(one.blocks())
    return (
        [second for block in blocks for second in block.seconds.tolist()],
        [row for block in blocks for row in block.values.tolist()],
        [None if block.axis is None else block.axis.tolist() for block in blocks],
    )


def test_spectra_have_the_frequencies_and_the_unit_of_their_plane(pictures_of: PicturesOf) -> None:
    ((one, (seconds, values, axes)),) = pictures_of(stream(10.0, 12.0))
    assert isinstance(one, Picture)
    assert (one.name, one.unit, one.scale, one.stop_s, one.step_s) == ("made", "V m**-1", "linear", 4.0, 2.0)
    assert (seconds, values, axes) == ([0.0, 2.0], [[0.0] * 3] * 2, [[10e3, 20e3, 40e3]])


def test_text_gives_what_binary_gives(made: dict[str, Path], pictures_of: PicturesOf) -> None:
    for name, records in (("gll_pws_lrs_19970507T15.d2t", 32), ("gll_pws_lrs_19960627T06.d2s", 96)):
        ((one, (seconds, values, _)),) = pictures_of(made[name])
        assert isinstance(one, Picture)
        assert (one.name, one.scale, one.unit) == ("Galileo PWS - LRS Electric", "dB", "V**2 m**-2 Hz**-1")
        assert one.step_s == pytest.approx(56 / 3, abs=1e-3)
        assert np.shape(values) == (records, 152)
        assert seconds[0] == 0.0
        assert np.min(values) > 0


def test_bands_that_take_turns_are_one_picture(made: dict[str, Path], pictures_of: PicturesOf) -> None:
    """Of the second sample too, which defines them anew on its way."""
    for name, count in (("jno_wav_survey_e_20170101T00.d2t", 40), ("jno_wav_survey_e_20170202T13.d2s", 150)):
        ((one, (seconds, _, axes)),) = pictures_of(made[name])
        assert isinstance(one, Picture)
        assert one.axis is not None
        assert (one.axis.min(), one.axis.max(), one.step_s) == (48.83, 40.5e6, pytest.approx(1.0))
        assert {len(axis or ()) for axis in axes} == {43, 18, 27, 38}
        assert len(seconds) == 4 * count


def test_fill_values_are_no_values(pictures_of: PicturesOf) -> None:
    """By the plane before the stream, here 0 and 7; -1e31 is never a value."""
    told = PACKET.replace(b'"10, 20, 40"/>', b'"10, 20, 40"><properties double:zFill="0.0"/></yscan>')
    values = [np.array(row, ">f4").tobytes() for row in ([0, 7, -1e31], [1, 2, 3])]
    records = b"".join(record(second)[:-12] + row for second, row in enumerate(values))
    for packet, expected in ((told, [np.nan, 7.0, np.nan]), (PACKET, [0.0, np.nan, np.nan])):
        content = stream(packet=packet).replace(b'title="made"', b'zFill="7.00"') + records
        ((_, (_, found, _)),) = pictures_of(content)
        np.testing.assert_array_equal(found, [expected, [1.0, 2.0, 3.0]])


def test_a_record_without_a_time_is_left_out(pictures_of: PicturesOf) -> None:
    ((_, (seconds, _, _)),) = pictures_of(stream(1.0, 2.0, -1e31, 4.0))
    assert [second for second in seconds if np.isfinite(second)] == [0.0, 1.0, 3.0]
    assert len(seconds) == 4


def test_plain_values_are_drawn_together_by_their_unit(pictures_of: PicturesOf) -> None:
    planes = b"".join(
        b'<y type="sun_real4" name="%s" units="%s"/>' % (name, unit)
        for name, unit in ((b"x", b"nT"), (b"n", b"cm**-3"), (b"y", b"nT"))
    )
    packet = b'<packet><x type="sun_real8" units="t2000"/>' + planes + b"</packet>"
    row = np.array([1, 2, 3], ">f4").tobytes()
    found = pictures_of(stream(packet=packet) + record(0.0)[:-12] + row + record(1.0)[:-12] + row)
    assert [(one.name, one.components, values) for one, (_, values, _) in found if isinstance(one, Picture)] == [
        ("x, y", ("x", "y"), [[1.0, 3.0]] * 2),
        ("n", (), [[2.0]] * 2),
    ]


def test_tags_in_time_make_a_waveform(pictures_of: PicturesOf) -> None:
    tags = ",".join(str(number / 10) for number in range(20)).encode()
    packet = PACKET.replace(b'"kHz"', b'"ms"').replace(
        b'nitems="3" yTags="10, 20, 40"', b'nitems="20" yTags="%s"' % tags
    )
    rows = b"".join(record(second)[:-12] + bytes(80) for second in (0.0, 1.0))
    found = pictures_of(stream(packet=packet) + rows)
    assert [one.name for one, _ in found] == ["made", "made, spectrum"]
    seconds, values, _ = found[0][1]
    assert (len(values), seconds[21]) == (40, pytest.approx(1.0001))


def test_tags_of_another_kind_are_not_drawn(pictures_of: PicturesOf) -> None:
    ((one, _),) = pictures_of(stream(1.0, 2.0, packet=PACKET.replace(b"kHz", b"deg")))
    assert isinstance(one, NoPicture)
    assert one.reason == "tags in deg are neither frequencies nor times"


def test_a_band_without_frequencies_leaves_the_others(pictures_of: PicturesOf) -> None:
    none = PACKET.replace(b"10, 20, 40", b"0, -1, 0")
    ((one, (_, values, axes)),) = pictures_of(stream(1.0) + header("02", none) + record(2.0, b":02:"))
    assert isinstance(one, Picture)
    assert len(values) == len(axes) == 2
    assert sorted(map(str, axes)) == ["[10000.0, 20000.0, 40000.0]", "[nan, nan, nan]"]
    ((alone, _),) = pictures_of(stream(1.0, packet=none))
    assert isinstance(alone, NoPicture)


def test_a_value_that_is_no_number_is_refused(pictures_of: PicturesOf) -> None:
    packet = PACKET.replace(b"sun_real8", b"time21").replace(b"sun_real4", b"ascii4")
    text = header("00", b'<stream version="2.2"/>') + header("01", packet) + b":01:2001-001T00:00:01.50   1 zwo   3\n"
    with pytest.raises(UnreadableError, match="zwo"):
        pictures_of(text)


def test_a_long_stream_comes_in_blocks_up_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the packets that a mixed stream may have; a comment in its midst that the sample missed ends no picture."""
    comment = header("xx", b"<comment/>".ljust(2 * len(record(0.0)) - 10))
    path = tmp_path / "long.d2s"
    path.write_bytes(stream(*range(5000)) + comment + b"".join(record(second) for second in range(5000, 20_000)))
    monkeypatch.setattr(das2, "PACKETS_MAX", 2000)
    with Das2Reader().open(path) as opened:
        sizes = [len(rows) for _, rows in opened.content(1000 * len(record(0.0)))]
    assert (sum(sizes), max(sizes)) == (20_000, 1000)


@pytest.mark.parametrize(
    ("name", "count", "valid"),
    [
        ("galileo_pws_sample.d2t", 1, 0.9), ("juno_waves_sample.d2t", 1, 1.0), ("das2_bin_avgsec_output2.d2t", 1, 1.0),
        ("cassini_rpws_wfrm_sample.d2s", 2, 0.9), ("das2_bin_avgsec_input2.d2s", 1, 1.0),
    ],
)  # fmt: skip
def test_real_streams_give_pictures_with_values(
    real_data: Path, pictures_of: PicturesOf, name: str, count: int, valid: float
) -> None:
    found = pictures_of(real_data / "das2" / name)
    assert len(found) == count
    for one, (seconds, values, _) in found:
        assert isinstance(one, Picture)
        every = np.concatenate([np.ravel(row) for row in values])
        assert np.isfinite(every).mean() >= valid if "spectrum" not in one.name else np.isfinite(every).any()
        assert one.start_s <= min(seconds) <= max(seconds) <= one.stop_s
