"""Damaged and hostile das2 streams: a reasoned error, in bounded time and memory."""

from __future__ import annotations

import contextlib
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epncore.model.errors import FileError, HeaderError, NotGranuleError, UnreadableError
from grammars.readers.das2 import Das2Reader
from grammars.readers.das2_packets import element

from .conftest import PACKET, STREAM, RowOf, header, record, stream

BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;">]><stream version="2.2"><properties title="&d;"/></stream>'
)


def refused(row_of: RowOf, content: bytes) -> FileError:
    with pytest.raises(FileError) as caught:
        row_of(content)
    assert caught.value.path == "stream.d2s"
    return caught.value


@pytest.mark.parametrize("name", ["gll_pws_lrs_19970507T15.d2t", "jno_wav_survey_e_20170202T13.d2s"])
def test_a_stream_cut_in_a_header_or_in_a_record_is_refused(made: dict[str, Path], row_of: RowOf, name: str) -> None:
    whole = made[name].read_bytes()
    body = whole.index(b":10:")
    for end in (*range(0, body, 211), body + 3, body + 40, len(whole) - 700, len(whole) - 1):
        assert isinstance(refused(row_of, whole[:end]), (UnreadableError, NotGranuleError))


def test_entities_are_never_expanded(row_of: RowOf) -> None:
    tracemalloc.start()
    error = refused(row_of, header("00", b"<stream>".ljust(20) + BOMB))
    assert "XML" in error.message
    with pytest.raises(UnreadableError, match="DOCTYPE"):
        element(BOMB, "byte 0")
    with pytest.raises(UnreadableError, match="DOCTYPE"):
        element(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><stream title="&e;"/>', "byte 0")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_elements_nested_without_end_are_refused(row_of: RowOf) -> None:
    deep = b"<stream>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</stream>"
    assert "deeper" in refused(row_of, header("00", deep)).message


def test_no_records_are_no_granule_and_the_server_is_quoted(row_of: RowOf) -> None:
    assert isinstance(refused(row_of, header("00", STREAM)), NotGranuleError)
    assert isinstance(refused(row_of, stream()), NotGranuleError)
    said = header("xx", b'<exception type="NoDataInInterval" message="no data&#10;in June"/>')
    assert refused(row_of, stream() + said).message == r"no records; NoDataInInterval no data\x0ain June"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"3"', b'"999999999"'), (b'"3"', b'"99999999999999999999"'), (b'"3"', b'"0"'), (b'"3"', b'"-3"'),
        (b'"3"', b'"4"'), (b'"3"', b'""'), (b'nitems="3" ', b""), (b"10, 20", b"10, many"), (b"sun_real4", b"ascii0"),
        (b"sun_real4", b"float"), (b"sun_real8", b"time0"), (b"t2000", b"fortnights"), (b"<x ", b"<w "),
        (b"<x ", b'<x type="sun_real8"/><x '), (b"yscan", b"yset"), (b'yTags="10, 20, 40"', b'yTagInterval="x"'),
    ],
)  # fmt: skip
def test_absurd_packet_headers_are_refused(row_of: RowOf, old: bytes, new: bytes) -> None:
    assert old in PACKET
    assert isinstance(refused(row_of, stream(1.0, packet=PACKET.replace(old, new))), HeaderError)


def test_an_absurd_number_of_items_without_tags_is_refused_before_it_is_allocated(row_of: RowOf) -> None:
    packet = PACKET.replace(b'yTags="10, 20, 40"', b'yTagInterval="1"')
    tracemalloc.start()
    error = refused(row_of, stream(1.0, packet=packet.replace(b'"3"', b'"99999999"')))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert "nitems" in error.message
    assert "cut" in refused(row_of, stream(1.0, packet=packet.replace(b'"3"', b'"100000"'))).message


def test_the_other_byte_order_is_found(row_of: RowOf) -> None:
    error = refused(row_of, stream(6e8, 6e8 + 1, packet=PACKET.replace(b"sun_real8", b"little_endian_real8")))
    assert error.message == "2 of 2 records have no time that can be right"


@pytest.mark.parametrize("step", ["nan", "inf", "1e300", "-1e300", "1e29", "1e12"])
def test_a_waveform_of_absurd_length_is_refused(row_of: RowOf, step: str) -> None:
    packet = PACKET.replace(b'yTags="10, 20, 40"', f'yTagInterval="{step}"'.encode()).replace(b'"kHz"', b'"s"')
    assert isinstance(refused(row_of, stream(1.0, packet=packet)), HeaderError)


@pytest.mark.parametrize("tags", [b"10, 20, 3110000", b"0.0001, 20, 40"])
def test_frequencies_beyond_the_band_of_the_receiver_are_damage(row_of: RowOf, tags: bytes) -> None:
    packet = PACKET.replace(b"10, 20, 40", tags)
    with pytest.raises(HeaderError, match="but the receiver has 40 to 4"):
        row_of(stream(0.0, 1.0, packet=packet))


def test_fill_times_are_left_out(row_of: RowOf) -> None:
    row = row_of(stream(1.0, -1e31, float("nan"), 2.0))
    assert row["time_sampling_step_max"] == 1.0
    assert "3 of 4" in refused(row_of, stream(1.0, -1e31, float("nan"), 1e300)).message


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[00]", b"[00]999999<stream", b"[01]000001<", b"|Sx||100|<stream", b"[00]-00001<stream",
        header("00", b"<stream"), header("00", b"<stream>\xff\xfe</stream>"), header("00", STREAM) + b":07:garbage",
        header("00", STREAM) + b"\n\n", header("00", b'<stream compression="deflate"/>') + b"x\x9c",
        stream(1.0) + b":02:" + bytes(20), stream(1.0) + b"\n", stream(1.0) + header("01", b"<packet/>"),
    ],
)  # fmt: skip
def test_what_is_no_stream_is_refused(row_of: RowOf, content: bytes) -> None:
    assert isinstance(refused(row_of, content), (UnreadableError, HeaderError))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([
    b":01:", record(1.0), header("01", PACKET), header("xx", b"<comment/>"), header("00", STREAM), b"[02]", b"000010",
])), max_size=8))  # fmt: skip
def test_noise_after_the_stream_header_ends_in_a_row_or_a_reason(row_of: RowOf, parts: list[bytes]) -> None:
    with contextlib.suppress(FileError):
        row_of(header("00", STREAM) + b"".join(parts))


@pytest.mark.parametrize("name", ["gll_pws_lrs_19970507T15.d2t", "jno_wav_survey_e_20170202T13.d2s"])
def test_damage_anywhere_ends_as_a_row_or_a_reason(made: dict[str, Path], row_of: RowOf, name: str) -> None:
    rng, sound = random.Random(1997), made[name].read_bytes()
    for _ in range(80):
        damaged = bytearray(sound)
        for _ in range(rng.choice([1, 3, 20])):
            damaged[rng.randrange(3000)] = rng.choice([*b' "=<>/:[]09', rng.randrange(256)])
        with contextlib.suppress(FileError):
            row_of(bytes(damaged))


def test_a_reader_that_refuses_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "stream.d2s"
    path.write_bytes(header("00", b"<stream"))
    with pytest.raises(UnreadableError):  # an open file would be a ResourceWarning, which is an error here
        Das2Reader().open(path)
