"""The FITS reader: sound files read right whatever they are called, damaged ones refused with their place."""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from epncore.model.errors import FileError, UnavailableError, UnreadableError
from grammars.readers import fits
from grammars.readers.fits import FitsReader
from grammars.registry import reader_for

HOSTILE_NAMES = (
    "x[1]+2(3)!.fit",
    "!name.fit",
    "a b.fit",
    'it\'s "quoted".fit',
    "new\nline.fit",
    "http:x.fit",
    "-",
    "x.fit[1][col TIME]",
    "été.fit",
    "@list",
)


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def card(text: str) -> bytes:
    return text.ljust(80).encode("latin-1")


def block(*cards: str) -> bytes:
    content = b"".join(card(c) for c in (*cards, "END"))
    return content + b" " * (-len(content) % 2880)


def data(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 2880)


def primary(*cards: str) -> bytes:
    return block(
        "SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0", *cards
    )


def image(pixels: bytes, *cards: str) -> bytes:
    head = ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", f"NAXIS1  = {len(pixels)}")
    return block(*head, *cards) + data(pixels)


def table(values: list[float], *cards: str, name: str = "TIME") -> bytes:
    content = np.array(values, ">f8").tobytes()
    head = (
        "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", f"NAXIS1  = {len(content)}", "NAXIS2  = 1", "PCOUNT  = 0",
        "GCOUNT  = 1", "TFIELDS = 1", f"TTYPE1  = '{name}'", f"TFORM1  = '{len(values)}D8.3'",
    )  # fmt: skip
    return block(*head, *cards) + data(content)


def write(folder: Path, content: bytes, name: str = "a.fit") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refused(path: Path, reader: FitsReader | None = None, kind: type[FileError] = UnreadableError) -> FileError:
    descriptors = open_descriptors()
    with pytest.raises(kind) as caught:
        (reader or FitsReader()).open(path)
    assert caught.value.path == str(path)
    assert open_descriptors() == descriptors, "a refused file must leave no descriptor open"
    return caught.value


def test_values_are_typed_and_texts_stripped(tmp_path: Path) -> None:
    cards = (
        "TEXT    = ' O''Brien / x  '   / comment", "WHOLE   = -12 / comment", "REAL    = 1.5D3", "POINT   = 200.",
        "YES     = T", "NO      = F", "NONE    =   / nothing", "ODD     = 0.25s", "EMPTY   = ''", "HISTORY = 'x'",
        "COMMENT = 'y'", "DOUBLE  = 1", "DOUBLE  = 2", "HIERARCH ESO DET NAME = 'long key'",
    )  # fmt: skip
    with FitsReader().open(write(tmp_path, primary(*cards))) as header:
        found = {key: header.get(key) for key in header.keys()[3:]}
    assert found == {
        "TEXT": "O'Brien / x", "WHOLE": -12, "REAL": 1500.0, "POINT": 200.0, "YES": True, "NO": False, "NONE": None,
        "ODD": "0.25s", "EMPTY": "", "DOUBLE": 1, "ESO DET NAME": "long key",
    }  # fmt: skip
    assert type(found["WHOLE"]) is int
    assert type(found["POINT"]) is float


def test_a_long_text_goes_on_in_continue_cards(tmp_path: Path) -> None:
    cards = ("LONG    = 'one &'", "CONTINUE  'two &' / comment", "CONTINUE  'three'", "NEXT    = 'a&'", "OTHER   = 1")
    with FitsReader().open(write(tmp_path, primary(*cards))) as header:
        assert header.get("LONG") == "one two three"
        assert header.get("NEXT") == "a&"


def test_the_word_end_in_a_comment_ends_no_header(tmp_path: Path) -> None:
    cards = ("COMMENT   this is not the END", "", *(f"COMMENT {number}" for number in range(30)), "NEXT    = 1")
    with FitsReader().open(write(tmp_path, primary() + table([1.0, 2.0], *cards))) as header:
        assert header.get("NEXT", 1) == 1


def test_a_byte_that_is_not_ascii_costs_no_header(tmp_path: Path) -> None:
    with FitsReader().open(write(tmp_path, primary("ORIGIN  = 'Nançay'", "AFTER   = 1"))) as header:
        assert (header.get("ORIGIN"), header.get("AFTER")) == ("Nançay", 1)


def test_columns_come_from_whichever_table_has_them_in_native_bytes(tmp_path: Path) -> None:
    content = primary() + table([1.0, 2.0]) + table([3.0], "TUNIT1  = 'kHz'", name="Frequency")
    with FitsReader().open(write(tmp_path, content)) as header:
        frequency, time = header.column("FREQUENCY"), header.column("time")
        assert frequency is not None
        assert time is not None
        assert (frequency.tolist(), time.tolist()) == ([3.0], [[1.0, 2.0]])
        assert frequency.dtype.isnative
        assert (header.column_unit("FREQUENCY"), header.column_unit("TIME")) == ("kHz", None)
        assert header.column("FLUX") is None
        assert header.find_column("frequency") == (2, 1)
        assert len(header.hdus) == 3


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("packed", [False, True])
def test_a_hostile_name_never_reaches_the_syntax_of_cfitsio(tmp_path: Path, name: str, packed: bool) -> None:
    content = primary("ORIGIN  = 'here'") + table([1.0, 2.0])
    path = write(tmp_path, gzip.compress(content) if packed else content, name)
    before = sorted(tmp_path.iterdir())
    with FitsReader().open(path) as header:
        column = header.column("TIME")
        assert column is not None
        assert (header.get("ORIGIN"), column.tolist()) == ("here", [[1.0, 2.0]])
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["plain.fit.gz", "packed.fit", "no_suffix"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_content_decides_what_is_gzip_not_the_suffix(tmp_path: Path, name: str, packed: bool) -> None:
    content = primary("ORIGIN  = 'here'")
    path = write(tmp_path, gzip.compress(content) if packed else content, name)
    assert reader_for(path).format == "fits"
    with FitsReader().open(path) as header:
        assert header.get("ORIGIN") == "here"


def test_all_descriptors_are_closed(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(primary() + table([1.0])))
    descriptors = open_descriptors()
    with FitsReader().open(path) as header:
        header.column("TIME")
        assert open_descriptors() > descriptors
    assert open_descriptors() == descriptors


def test_a_header_cut_before_end(tmp_path: Path) -> None:
    error = refused(write(tmp_path, primary()[:2000]))
    assert (error.place, error.message) == ("HDU 0", "the header is cut at byte 2000, before its END card")


def test_a_blanked_end_card_before_pixels(tmp_path: Path) -> None:
    error = refused(write(tmp_path, image(bytes(range(256)) * 20).replace(card("END"), card(""))))
    assert "no END card: byte 2880" in error.message


def test_a_blanked_end_card_before_an_extension_does_not_join_two_headers(tmp_path: Path) -> None:
    error = refused(write(tmp_path, primary().replace(card("END"), card("")) + table([1.0])))
    assert "no END card: byte 2880" in error.message


def test_data_shorter_than_declared(tmp_path: Path) -> None:
    error = refused(write(tmp_path, image(b"x" * 5000)[: 2880 + 4999]))
    assert error.place == "HDU 0"
    assert error.message == "cut: the header declares 5000 bytes of data, 4999 are there"


def test_data_of_an_extension_shorter_than_declared(tmp_path: Path) -> None:
    assert refused(write(tmp_path, (primary() + table([1.0] * 500))[: 3 * 2880])).place == "HDU 1"


def test_a_last_block_that_is_not_filled_up_is_no_damage(tmp_path: Path) -> None:
    with FitsReader().open(write(tmp_path, image(b"x" * 5000)[: 2880 + 5000])) as header:
        assert header.hdus[0].data_bytes == 5000


def test_empty_blocks_after_the_last_hdu_are_no_damage(tmp_path: Path) -> None:
    with FitsReader().open(write(tmp_path, primary() + b"\0" * 2880)) as header:
        assert len(header.hdus) == 1


def test_an_extension_that_does_not_start_as_one(tmp_path: Path) -> None:
    damaged = table([1.0]).replace(b"XTENSION", b"XTANSION")
    assert "not with XTENSION" in refused(write(tmp_path, primary() + damaged)).message


@pytest.mark.parametrize("value", ["-1", "1.5", "'many'", "", "T", "9" * 70])
def test_an_axis_that_is_no_size(tmp_path: Path, value: str) -> None:
    content = block("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", f"NAXIS1  = {value}")
    assert refused(write(tmp_path, content)).place in {"HDU 0, NAXIS1", "HDU 0"}


def test_no_bitpix(tmp_path: Path) -> None:
    assert refused(write(tmp_path, block("SIMPLE  = T", "NAXIS   = 0"))).place == "HDU 0, BITPIX"


@pytest.mark.parametrize("kept", [5, 40, -9, -1])
def test_a_gzip_stream_cut_midway_although_its_header_would_read(tmp_path: Path, kept: int) -> None:
    packed = gzip.compress(image(os.urandom(20000)))
    error = refused(write(tmp_path, packed[:kept]))
    assert (error.place, "cut gzip" in error.message) == ("gzip", True)


def test_a_gzip_stream_with_a_wrong_checksum(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(primary()))
    packed[-6] ^= 1
    assert "CRC" in refused(write(tmp_path, bytes(packed))).message


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(image(b"\0" * 5_000_000)))
    assert refused(path, FitsReader(inflated_max_bytes=1_000_000)).message == "inflates to more than 1000000 bytes"


def test_filling_without_end_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "FILLING_MAX_BYTES", 1_000_000)
    noise = os.urandom(3_000_000)
    sound = write(tmp_path, gzip.compress(image(noise) + bytes(900_000)))
    with FitsReader().open(sound) as header:
        assert len(header.hdus) == 1
    for filling in (bytes(50_000_000), bytes(2880) + noise):
        endless = write(tmp_path, gzip.compress(image(noise) + filling))
        assert refused(endless).message == "more than 1000000 bytes follow the last HDU"


def test_what_packs_better_than_data_do_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "FILLING_MAX_BYTES", 1_000_000)
    with FitsReader().open(write(tmp_path, gzip.compress(image(bytes(900_000))))) as header:
        assert header.hdus[0].data_bytes == 900_000
    assert (
        refused(write(tmp_path, gzip.compress(image(bytes(5_000_000))))).message
        == "inflates to more than 1000000 bytes"
    )


@pytest.mark.parametrize("content", [b"", b"S", b"<html>", b"SIMPLE  = T", gzip.compress(b""), gzip.compress(b"text")])
def test_what_is_no_fits(tmp_path: Path, content: bytes) -> None:
    refused(write(tmp_path, content))


def test_a_folder_and_a_file_that_is_gone(tmp_path: Path) -> None:
    refused(tmp_path, kind=UnavailableError)
    refused(tmp_path / "gone.fit", kind=UnavailableError)


@pytest.mark.parametrize("form", ["'1PD(9)'", "'999999999D'", "'1Z'", "''", "'-5D'"])
def test_a_table_that_cfitsio_cannot_make_sense_of(tmp_path: Path, form: str) -> None:
    content = table([1.0, 2.0]).replace(card("TFORM1  = '2D8.3'"), card(f"TFORM1  = {form}"))
    with FitsReader().open(write(tmp_path, primary() + content)) as header, pytest.raises(UnreadableError) as caught:
        header.column("TIME")
    assert caught.value.place == "HDU 1"


def test_pixels_are_never_read(tmp_path: Path) -> None:
    """A file of a declared terabyte, all of it a hole, opens at once."""
    path = write(tmp_path, block("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", f"NAXIS1  = {2**40}"))
    if sys.platform != "linux":
        pytest.skip("holes in files are sure on Linux only")
    os.truncate(path, 2880 + 2**40)
    with FitsReader().open(path) as header:
        assert header.hdus[0].data_bytes == 2**40
