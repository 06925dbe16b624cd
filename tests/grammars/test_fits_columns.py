"""Columns that are read straight from their bytes are those that cfitsio reads, and nothing else is tried."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from epncore.model.errors import FileError
from grammars.readers.fits import FitsReader
from grammars.readers.fits_columns import TABLE_MAX_BYTES, place_of

NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
TEXTS = {"A": "S3"}


@st.composite
def tables(draw: st.DrawFn) -> list[fits.Column]:
    rows = draw(st.integers(0, 4))
    columns = []
    for number in range(draw(st.integers(1, 4))):
        letter = draw(st.sampled_from([*NUMBERS, *TEXTS, "L", "X", "C"]))
        count = draw(st.integers(1, 9))
        random = np.random.default_rng(draw(st.integers(0, 99)))
        if letter in NUMBERS:
            values = random.integers(0, 200, (rows, count)).astype(NUMBERS[letter])
        elif letter == "L" or letter == "X":
            values = random.integers(0, 2, (rows, count)).astype(bool)
        elif letter == "C":
            values = random.normal(size=(rows, count)).astype(">c8")
        else:
            values, count = np.full(rows, b"abc", "S3"), 3
        columns.append(
            fits.Column(
                f"C{number}", f"{count}{letter}", array=values if count > 1 or letter == "X" else values.ravel()
            )
        )
    return columns


@settings(max_examples=80, deadline=None)
@given(tables())
def test_plain_columns_are_as_cfitsio_reads_them(tmp_path_factory, columns):
    path = tmp_path_factory.mktemp("t") / "t.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(path)
    with FitsReader().open(path) as header:
        for number, column in enumerate(columns, 1):
            place = place_of(header.hdus[1], number)
            assert (place is not None) == (column.format[-1] in NUMBERS), column.format
            if place is None:
                continue
            ours = header.column(column.name)
            theirs = header._read(1, "", lambda hdu, number=number: hdu.read_column(number - 1))
            assert ours.dtype == theirs.dtype
            assert ours.shape == theirs.shape
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("key", "value"), [("TSCAL1", 2.0), ("TZERO1", 5.0), ("TNULL1", 3), ("TDIM1", "(2,2)")])
def test_what_is_more_than_bytes_is_left_to_cfitsio(tmp_path, key, value):
    table = fits.BinTableHDU.from_columns([fits.Column("A", "4J", array=np.arange(8).reshape(2, 4))])
    table.header[key] = value
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "t.fits", output_verify="ignore")
    with FitsReader().open(tmp_path / "t.fits") as header:
        assert place_of(header.hdus[1], 1) is None


def test_neutral_scaling_is_no_scaling_and_large_tables_go_to_cfitsio(tmp_path):
    small = fits.BinTableHDU.from_columns([fits.Column("A", "2D", array=[[1.0, 2.0]])])
    small.header["TSCAL1"], small.header["TZERO1"] = 1.0, 0.0
    rows = TABLE_MAX_BYTES // 8 + 1
    large = fits.BinTableHDU.from_columns([fits.Column("A", "D", array=np.zeros(rows))])
    fits.HDUList([fits.PrimaryHDU(), small, large]).writeto(tmp_path / "t.fits")
    with FitsReader().open(tmp_path / "t.fits") as header:
        assert place_of(header.hdus[1], 1) is not None
        assert header.column("A", 1).tolist() == [[1.0, 2.0]]
        assert place_of(header.hdus[2], 1) is None
        assert header.column("A", 2).shape == (rows,)


def test_a_row_length_that_does_not_fit_the_columns_is_refused(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("A", "2D", array=[[1.0, 2.0]])])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "t.fits")
    content = (tmp_path / "t.fits").read_bytes().replace(b"'2D      '", b"'7D      '")
    (tmp_path / "t.fits").write_bytes(content)
    with FitsReader().open(tmp_path / "t.fits") as header:
        assert place_of(header.hdus[1], 1) is None
        with pytest.raises(FileError):
            header.column("A")


def test_a_file_that_shrinks_meanwhile_is_refused(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("A", "500D", array=np.zeros((3, 500)))])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "t.fits")
    with FitsReader().open(tmp_path / "t.fits") as header:
        with (tmp_path / "t.fits").open("r+b") as file:
            file.truncate(header.hdus[1].data_offset_bytes + 100)
        with pytest.raises(FileError, match="cut"):
            header.column("A")
