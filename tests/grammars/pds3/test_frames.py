"""High rate frames of Voyager PRA: their rows by hand, and damaged ones."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from epncore.model.errors import HeaderError, NotGranuleError, UnreadableError

from .conftest import Product

Copied = Callable[[str], Product]
FRAME = "C1065111.LBL"
START = 2447739.7574884258  # 1989-08-01T06:10:47, by astropy
JD_TOLERANCE = 5e-10
LINE_BYTES = 1600


def test_a_frame_tells_its_time_and_frequencies_in_its_header(product: Copied) -> None:
    row = product(FRAME).row()
    assert row["time_min"] == pytest.approx(START, abs=JD_TOLERANCE)
    # 38 lines of 60 ms; the last one ends 4.44 ms before a next one would start.
    assert row["time_max"] == pytest.approx(START + (38 * 0.06 - 0.0044444) / 86400, abs=JD_TOLERANCE)
    assert row["time_sampling_step_max"] == pytest.approx(138.88e-6, rel=1e-3)
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (307_200.0, 921_600.0)
    assert row["spectral_resolution_max"] == pytest.approx(921.6 / 200)
    assert (row["dataproduct_type"], row["processing_level"], row["measurement_unit"]) == ("ts", 2, "0.01dB")


def test_a_pair_of_frequencies_without_data_is_not_told(product: Copied) -> None:
    one = product(FRAME)
    row = one.holds(28 + 20 * LINE_BYTES, bytes(20 * LINE_BYTES)).row()
    assert row["spectral_range_min"] == 614_400.0
    assert row["time_max"] == pytest.approx(START + (20 * 0.06 - 0.0044444) / 86400, abs=JD_TOLERANCE)
    late = one.holds(28, bytes(5 * LINE_BYTES)).row()
    assert late["time_min"] == pytest.approx(START + 5 * 0.06 / 86400, abs=JD_TOLERANCE)
    with pytest.raises(NotGranuleError):
        one.holds(28, bytes(40 * LINE_BYTES)).row()


@pytest.mark.parametrize(
    ("start", "content"),
    [(0, struct.pack("<H", 1989)), (2, struct.pack(">H", 0)), (2, struct.pack(">H", 400)), (4, b"\x18"), (5, b"\x3c"),
     (6, b"\xff"), (11, bytes(4)), (23, b"\xff" * 4)],
)  # fmt: skip
def test_a_header_of_no_time_or_frequency_is_refused(product: Copied, start: int, content: bytes) -> None:
    error = product(FRAME).holds(start, content).refused()
    assert isinstance(error, HeaderError)
    assert error.place == "HEADER_TABLE"


def test_a_frame_that_is_cut_or_has_other_tables_is_refused(product: Copied) -> None:
    one = product(FRAME)
    one.says("ROW_BYTES                     = 28", "ROW_BYTES = 29")
    assert "29 bytes" in one.refused().message
    of_1600 = "ROW_BYTES                     = 1600"
    one.says("ROW_BYTES = 29", "ROW_BYTES = 28").says(of_1600, "ROW_BYTES = 800", times=2)
    assert "rows of 800 bytes" in one.refused().message
    one.says("ROW_BYTES = 800", of_1600, times=2).says(
        "ROWS                          = 20", "ROWS = 999999999", times=2
    )
    assert isinstance(one.refused(), UnreadableError)
    one.says("ROWS = 999999999", "ROWS = 20", times=2)
    one.data.write_bytes(one.data.read_bytes()[:-1])
    assert isinstance(one.refused(), UnreadableError)
    one.data.write_bytes(one.data.read_bytes()[:20])
    assert isinstance(one.refused(), UnreadableError)
