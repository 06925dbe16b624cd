"""Damaged PDS3 products: a reasoned error, in bounded time and memory."""

from __future__ import annotations

import contextlib
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from epncore.model.errors import FileError, HeaderError, NotGranuleError, UnknownFormatError, UnreadableError
from grammars.readers.pds3 import Pds3Reader
from grammars.registry import grammar_for, reader_for

from .conftest import GRANULES, Product

Copied = Callable[[str], Product]
ROWS = {"PRA_I.LBL": 24, "T790306.LBL": 177, "C1626953.LBL": 60, "T790228.LBL": 300, "T1997298_MFR0.LBL": 100}


@pytest.mark.parametrize("name", ROWS)
def test_cut_data_are_refused_with_what_is_missing(product: Copied, name: str) -> None:
    one = product(name)
    one.data.write_bytes(one.data.read_bytes()[:-1])
    error = one.refused()
    assert isinstance(error, UnreadableError)
    assert f"{ROWS[name]} rows" in error.message
    one.data.write_bytes(b"")
    assert isinstance(one.refused(), UnreadableError)


@pytest.mark.parametrize("name", ROWS)
def test_no_records_are_no_granule(product: Copied, name: str) -> None:
    one = product(name)
    series = {
        "C1626953.LBL": "TIME_SERIES",
        "T790306.LBL": "TIME_SERIES",
        "T1997298_MFR0.LBL": "SPECTRAL_DENSITY_TABLE",
    }
    table = series.get(name, "TABLE")
    text = one.label.read_bytes().decode()
    head, _, body = text.partition(f"= {table}\r\n")
    start = body.index("ROWS")
    end = body.index("\r\n", start)
    one.label.write_bytes(f"{head}= {table}\r\n{body[:start]}ROWS = 0{body[end:]}".encode())
    assert isinstance(one.refused(), NotGranuleError)


@pytest.mark.parametrize("count", ["999999999999", "9" * 40, "-5", "1.5", "N/A", '"many"'])
@pytest.mark.parametrize("name", ["PRA_I.LBL", "T790228.LBL"])
def test_an_absurd_count_is_refused_and_nothing_is_allocated(product: Copied, name: str, count: str) -> None:
    one = product(name)
    one.label.write_bytes(one.label.read_bytes().replace(b"= %d\r\n" % ROWS[name], f"= {count}\r\n".encode()))
    assert isinstance(one.refused(), (HeaderError, UnreadableError))


@pytest.mark.parametrize("row_bytes", ["0", "1", "2287", "999999999999"])
def test_rows_of_another_length_are_refused(product: Copied, row_bytes: str) -> None:
    error = product("PRA_I.LBL").says("ROW_BYTES                     = 2286", f"ROW_BYTES = {row_bytes}").refused()
    assert "ROW_BYTES" in (error.place or "") or "need" in error.message


@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        ('"../secret.TAB"', "leads out"),
        ('"/etc/passwd"', "leads out"),
        ('"..\\\\secret.TAB"', "leads out"),
        ('".."', "leads out"),
        ('"NOWHERE.TAB"', "not there"),
        ('"."', "leads out"),
        (f'"{"x" * 300}"', "leads out"),
        ('("PRA_I.TAB", 0)', "is wanted"),
        ('("PRA_I.TAB", -3)', "is wanted"),
        ('("A.TAB", "B.TAB", 1)', "is wanted"),
        ('("PRA_I.TAB", 99999999999999999999)', "need"),
        ('("PRA_I.TAB", 99999999999999999999 <BYTES>)', "need"),
        ("5", "need"),
    ],
)
def test_pointers_that_lead_nowhere_good_are_refused(product: Copied, pointer: str, message: str) -> None:
    one = product("PRA_I.LBL")
    (one.label.parent.parent / "secret.TAB").write_bytes(one.data.read_bytes())
    error = one.says('^TABLE                        = "PRA_I.TAB"', f"^TABLE = {pointer}").refused()
    assert message in str(error)


def test_a_label_without_a_pointer_or_an_object_is_refused(product: Copied) -> None:
    assert (
        "^TABLE" in product("PRA_I.LBL").says('^TABLE                        = "PRA_I.TAB"', "X = 1").refused().message
    )
    one = product("T790228.LBL").says("= TABLE\r\n", "= TABEL\r\n", times=2)
    assert "OBJECT = TABLE" in one.refused().message


def test_data_behind_a_link_out_of_the_folder_or_in_a_pipe_are_refused(product: Copied, tmp_path: Path) -> None:
    one = product("PRA_I.LBL")
    outside = tmp_path / "outside.TAB"
    one.data.rename(outside)
    one.data.symlink_to(outside)
    assert "is a link" in one.refused().message
    one.data.unlink()
    one.data.symlink_to(one.data)  # a circle
    assert "not there" in one.refused().message
    one.data.unlink()
    os.mkfifo(one.data)  # to open it would wait for a writer
    assert "not there" in one.refused().message


def test_the_other_byte_order_is_found(product: Copied) -> None:
    """Cassini and Voyager waveforms are big-endian, spectra of Voyager little-endian."""
    cassini = product("T1997298_MFR0.LBL")
    swapped = bytearray(cassini.data.read_bytes())
    swapped[8:12] = swapped[8:12][::-1]
    cassini.data.write_bytes(swapped)
    assert "bytes 9 to 12" in (cassini.refused().place or "")
    for name in ("C1626953.LBL", "T790228.LBL", "T790306.LBL"):
        one = product(name)
        data = bytearray(one.data.read_bytes())
        data[::2], data[1::2] = data[1::2], data[::2]
        one.data.write_bytes(data)
        assert isinstance(one.refused(), HeaderError)


def test_other_damage_is_told_by_its_place(product: Copied) -> None:
    one = product("T1997298_MFR0.LBL").holds(0, b"CORPWS00")
    assert one.refused().place == "record 1"
    one = product("T2000366_HFR0.LBL")
    one.holds(2 * (one.data.stat().st_size // 78) + 16, b"\xff" * 8)  # NaN: channels without a frequency
    assert one.row()["spectral_range_min"] > 3680
    one = product("T790228.LBL").holds(48 * 7 + 4, b"\x10\x0f")
    assert one.refused().place == "TABLE, record 8"


@pytest.mark.parametrize(
    ("record", "byte", "bits", "told"),
    [(100, 3, 62, "a record is of 1979-05-07T"), (176, 3, 62, "but STOP_TIME is 1979-03-07"),
     (0, 3, 64, "but START_TIME is 1979-03-06"), (90, 5, 2, "comes before one of 1979-03-06T20")],
)  # fmt: skip
def test_a_wrong_bit_in_the_clock_of_an_average_stretches_no_row(
    product: Copied, record: int, byte: int, bits: int, told: str
) -> None:
    one = product("T790306.LBL")  # bytes 2 to 5 of a record are the day of the year and the hour
    place = 298 * record + byte
    error = one.holds(place, bytes([one.data.read_bytes()[place] ^ bits])).refused()
    assert error.place == "TIME_SERIES"
    assert told in error.message


@pytest.mark.parametrize(
    ("record", "byte", "bit", "told"),
    [(100, 3, 1, "but START_TIME is 1979-02-28"), (100, 2, 32, "comes before one of 1979-02-28"),
     (299, 2, 64, "but STOP_TIME is 1979-03-01")],
)  # fmt: skip
def test_a_wrong_bit_in_the_clock_of_a_spectrum_stretches_no_row(
    product: Copied, record: int, byte: int, bit: int, told: str
) -> None:
    one = product("T790228.LBL")  # bytes 2 and 3 of a record are the hour of the year
    place = 48 * record + byte
    error = one.holds(place, bytes([one.data.read_bytes()[place] ^ bit])).refused()
    assert error.place == "TABLE"
    assert told in error.message


def test_times_that_the_label_does_not_allow_are_refused(product: Copied) -> None:
    late = product("VG2_NEP_PRA_6SEC.LBL").holds(2286 * 5, b"890924").refused()
    assert (late.place, "STOP_TIME" in late.message) == ("TABLE", True)
    one = product("T2000366_HFR0.LBL")
    place = 5 * (one.data.stat().st_size // 78) + 6
    early = one.holds(place, bytes([one.data.read_bytes()[place] ^ 1])).refused()  # 256 days
    assert (early.place, "TIME is 200" in early.message) == ("SPECTRAL_DENSITY_TABLE, SCET", True)


def test_a_label_without_times_bounds_nothing(product: Copied) -> None:
    one = product("PRA_I.LBL")
    for keyword in ("START_TIME", "STOP_TIME"):
        text = one.label.read_text()
        one.label.write_text(re.sub(rf"({keyword} *= )[0-9TZ:.-]+", r'\1"N/A"', text))
    assert one.row()["time_min"]


def test_each_empty_sweep_is_no_granule(product: Copied) -> None:
    one = product("PRA_I.LBL")
    for record in range(24):
        for sweep in range(8):
            one.holds(2286 * record + 12 + 284 * sweep, b"   0")
    assert isinstance(one.refused(), NotGranuleError)


def test_letters_among_the_numbers_of_pra_are_refused(product: Copied) -> None:
    assert product("PRA_I.LBL").holds(2286 * 3, b"79O425").refused().place == "TABLE, record 4, DATE"
    assert "is no date" in product("VG2_NEP_PRA_6SEC.LBL").holds(0, b"891324").refused().message


def test_a_label_of_another_data_set_is_for_another_grammar(product: Copied) -> None:
    one = product("PRA_I.LBL").says("VG2-J-PRA-3-RDR-LOWBAND-6SEC-V1.0", "VG2-J-LECP-4-SUMM-V1.0")
    assert "not what grammar" in one.refused().message
    reader = reader_for(one.label)
    assert isinstance(reader, Pds3Reader)
    with reader.open(one.label) as header, pytest.raises(UnknownFormatError):
        grammar_for(header, reader, one.label.name)


@pytest.mark.parametrize("name", GRANULES)
def test_damage_anywhere_ends_as_a_row_or_a_reason(product: Copied, name: str) -> None:
    """Bytes overwritten at random, in the label and in the first records."""
    one, rng = product(name), random.Random(1977)
    label, data = one.label.read_bytes(), one.data.read_bytes()
    for _ in range(60):
        damaged, records = bytearray(label), bytearray(data)
        for _ in range(rng.choice([1, 3, 20])):
            damaged[rng.randrange(len(damaged))] = rng.choice([*b' "=0(){}9\n', rng.randrange(256)])
            records[rng.randrange(min(len(records), 4000))] = rng.randrange(256)
        one.label.write_bytes(damaged)
        one.data.write_bytes(records)
        with contextlib.suppress(FileError):
            one.row()
