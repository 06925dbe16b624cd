"""Packed, truncated and damaged CDF files: all ends in a header or a reason, within bounded time and memory."""

from __future__ import annotations

import contextlib
import gzip
import random
import struct
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epncore.model.errors import FileError, UnreadableError
from grammars.readers import cdf as cdf_module
from grammars.readers.cdf import CdfReader
from grammars.readers.cdf_data import inflate

from .conftest import Var, Write, look, plan_for, series, source, write_cdf

GDR_AT = 320
ENCODING_AT = 36


def everything(path: Path) -> None:
    """Read all that a header can tell, and all values."""
    with CdfReader().open(path) as header:
        for name in header.global_names:
            header.entries(name)
        for variable in header.variables.values():
            header.attributes(variable)
            header.read(variable)


def test_a_file_packed_as_a_whole_is_read(write: Write) -> None:
    everything(write(series(), Compressed=6))


def test_gzip_around_a_file_is_undone(write: Write) -> None:
    path = write(series())
    path.write_bytes(gzip.compress(path.read_bytes()))
    everything(path)


def test_unpacking_is_bounded_and_leaves_nothing_behind(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(series(), Compressed=6)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(cdf_module, "IN_MEMORY_BYTES", 1)
    everything(path)
    monkeypatch.setattr(cdf_module, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(UnreadableError, match="more than 1000"):
        CdfReader().open(path)
    path.write_bytes(gzip.compress(bytes(10_000)))
    with pytest.raises(UnreadableError, match="more than 1000"):
        CdfReader().open(path)
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_lie_on_the_unpacked_size_is_found_out(write: Write) -> None:
    path = write(series(), Compressed=6)
    data = bytearray(path.read_bytes())
    (said,) = struct.unpack(">q", data[28:36])
    for lie in (said - 1, said + 1, 1 << 30):
        data[28:36] = struct.pack(">q", lie)
        path.write_bytes(data)
        with pytest.raises(UnreadableError):
            CdfReader().open(path)


@pytest.mark.parametrize("compression", [1, 5])
def test_packed_blocks_unpack_to_their_size_or_not_at_all(compression: int) -> None:
    packed = gzip.compress(b"a\0\0\0b") if compression == 5 else b"a\0\x02b"
    assert inflate(packed, compression, 5) == b"a\0\0\0b"
    for wrong in (4, 6):
        with pytest.raises(ValueError, match="unpacks to"):
            inflate(packed, compression, wrong)
    with pytest.raises(ValueError, match="Huffman"):
        inflate(packed, 2, 5)


def test_run_lengths_of_a_bomb_stop_at_the_size() -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match="unpacks to"):
        inflate(b"\0\xff" * 1_000_000, 1, 1000)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_truncated_file_says_so_before_anything_is_read(write: Write) -> None:
    for packed in (0, 6):
        path = write(series(), Compressed=packed)
        whole = path.read_bytes()
        for cut in range(98, len(whole), 97):  # behind packed content stands a record that nobody needs
            path.write_bytes(whole[:-cut])
            with pytest.raises(UnreadableError) as caught:
                everything(path)
            assert caught.value.place
    path = write(series())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UnreadableError, match="truncated: the CDF should have"):
        CdfReader().open(path)


def test_bytes_after_the_end_do_no_harm(write: Write) -> None:
    path = write(series())
    path.write_bytes(path.read_bytes() + b"trailer")
    everything(path)


def test_a_list_that_bites_its_tail_ends(write: Write) -> None:
    path = write(series())
    data = bytearray(path.read_bytes())
    adr = struct.unpack(">q", data[GDR_AT + 28 : GDR_AT + 36])[0]
    data[adr + 12 : adr + 20] = struct.pack(">q", adr)
    data[GDR_AT + 48 : GDR_AT + 52] = struct.pack(">i", 2**31 - 1)
    path.write_bytes(data)
    started = time.monotonic()
    with CdfReader().open(path) as header, pytest.raises(UnreadableError, match="loops"):
        header.texts("TITLE")
    assert time.monotonic() - started < 1


def test_absurd_lengths_ask_for_no_memory(write: Write) -> None:
    path = write(series())
    data = bytearray(path.read_bytes())
    vdr = struct.unpack(">q", data[GDR_AT + 20 : GDR_AT + 28])[0]
    data[vdr + 24 : vdr + 28] = struct.pack(">i", 2**31 - 1)
    path.write_bytes(data)
    tracemalloc.start()
    with CdfReader().open(path) as header, pytest.raises(UnreadableError, match="too much to read"):
        header.read(header.variables["Epoch"])
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(("encoding", "words"), [(3, "is none of IEEE 754"), (99, "is none of"), (-1, "is none of")])
def test_an_encoding_of_other_numbers_is_refused(write: Write, encoding: int, words: str) -> None:
    path = write(series())
    sound = path.read_bytes()
    assert sound[ENCODING_AT : ENCODING_AT + 4] == struct.pack(">i", 6)  # little-endian, IEEE 754
    path.write_bytes(sound[:ENCODING_AT] + struct.pack(">i", encoding) + sound[ENCODING_AT + 4 :])
    with pytest.raises(UnreadableError, match=words):
        everything(path)


@pytest.mark.parametrize(
    ("kind", "fill"), [("tt2000", [np.int64(-(2**63)), "CDF_TIME_TT2000"]), ("epoch", [-1e31, "CDF_EPOCH"])]
)
def test_numbers_of_another_byte_order_than_the_header_says_are_refused(
    write: Write, kind: str, fill: list[object]
) -> None:
    clock, values = series()
    times = clock.data if kind == "tt2000" else 63_745_056_000_000.0 + 60_000.0 * np.arange(5)
    path = write([Var("Epoch", kind, times, {"VAR_TYPE": "support_data", "FILLVAL": fill}), values])
    assert look(path)["time_min"] is not None
    sound = path.read_bytes()
    path.write_bytes(sound[:ENCODING_AT] + struct.pack(">i", 1) + sound[ENCODING_AT + 4 :])
    with pytest.raises(UnreadableError, match="of the other byte order"):
        look(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A small CDF with packed and plain variables, and a place to write damaged copies to."""
    frequency = Var("F", "f4", np.array([[1, 2, 3]], np.float32), {"UNITS": "MHz"}, varies=False)
    attributes = {"VAR_TYPE": "data", "DEPEND_0": "Epoch", "DEPEND_1": "F", "UNITS": "dB"}
    spectra = Var("S", "u1", np.ones((5, 3), np.uint8), attributes, compress=6)
    path = write_cdf(tmp_path_factory.mktemp("small"), [*series(), frequency, spectra])
    return path, path.read_bytes()


@settings(max_examples=400, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_random_damage_gives_a_header_or_a_reason(small: tuple[Path, bytes], flips: list[tuple[int, int]]) -> None:
    path, sound = small
    damaged = bytearray(sound)
    for position, value in flips:
        damaged[position % len(damaged)] = value
    path.write_bytes(damaged)
    with contextlib.suppress(UnreadableError):
        everything(path)


def test_damage_to_every_descriptor_gives_a_row_or_a_reason(small: tuple[Path, bytes]) -> None:
    """Words overwritten by what hurts most: zero, ones, large and negative numbers, other offsets of the file."""
    path, sound = small
    rng, plan = random.Random(2000), plan_for()
    words = [0, 1, 8, GDR_AT, 2**31 - 1, -1, -(2**31), 0x7FFFFFFF, 65535]
    for _ in range(1500):
        damaged = bytearray(sound)
        at = rng.randrange(0, len(sound) - 8) // 4 * 4
        word = rng.choice([*words, rng.randrange(len(sound))])
        damaged[at : at + 4] = struct.pack(">i", word)
        path.write_bytes(damaged)
        started = time.monotonic()
        with contextlib.suppress(FileError):
            plan.read(source(path))
        assert time.monotonic() - started < 2


def test_a_sound_file_of_that_kind_gives_a_row(small: tuple[Path, bytes]) -> None:
    path, sound = small
    path.write_bytes(sound)
    assert look(path)["spectral_range_max"] == 3e6
