"""Real FITS files of stations, sound and damaged: each ends as a right row or with a reason.

The numbers were read by hand from cards and axes with another reader; Julian Days come from astropy's Time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from epncore.model.collection import load
from epncore.model.errors import FileError, HeaderError, UnreadableError
from epncore.model.row import Cell
from grammars.plan import Plan, compile_plans
from grammars.protocol import SourceFile
from grammars.readers.fits import FitsReader
from grammars.registry import grammar_for, reader_for

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "ecallisto"
JD_TOLERANCE = 5e-10  # a double at today's Julian Days resolves 4.7e-10 d

# time_min, time_max, spectral range (Hz), spectral steps (Hz), longitude, latitude, station, ORIGIN, creation date
EXPECTED = {
    "BIR_20110607_062400_10.fit": (
        2455719.766669132, 2455719.777085799, 20000000.0, 91813003.54003906, 61996.4599609375, 688003.5400390625,
        -7.9201, 53.0941, "BIR#Rosse Observatory", "Birr, Ireland", "2011-06-07T00:00:00",
    ),
    "GAURI_20151104_033000_59.fit": (
        2457330.6458344096, 2457330.6562510766, 45000000.0, 410500000.0, 61996.4599609375, 21750000.0,
        77.5, 13.6000003814697, "GAURI", "Gauribidanur_Radio_Telescope", "2015-11-04T00:00:00",
    ),
    "GAURI_20151104_035959_59.fit": (
        2457330.6666662963, 2457330.677082963, 45000000.0, 410500000.0, 61996.4599609375, 21750000.0,
        77.5, 13.6000003814697, "GAURI", "Gauribidanur_Radio_Telescope", "2015-11-04T00:00:00",
    ),
    "Arecibo-Observatory_20220302_173000_62.fit.gz": (
        2459641.2291751737, 2459641.23959184, 15000000.0, 86625000.0, 61996.4599609375, 688003.5400390625,
        -66.75, 18.3500003814697, "Arecibo-Observatory", "Arecibo", "2022-03-02T00:00:00",
    ),
    "GREENLAND_20240716_130442_62.fit.gz": (
        2460508.044941597, 2460508.0553582637, 10000000.0, 105813003.54003906, 62000.274658203125, 938003.5400390625,
        -50.9500007629395, 66.9700012207031, "GREENLAND", "DK", "2024-07-16T00:00:00",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> Plan:
    return compile_plans(load(SAMPLE))[0]


@pytest.fixture(scope="module")
def row_of(plan: Plan) -> Callable[[Path], dict[str, Cell]]:
    def row(path: Path) -> dict[str, Cell]:
        stat = path.stat()
        cells = plan.read(SourceFile(path, path.name, stat.st_size, stat.st_mtime_ns))
        return dict(zip((column.name for column in plan.columns), cells, strict=True))

    return row


RowOf = Callable[[Path], dict[str, Cell]]


@pytest.mark.parametrize("name", EXPECTED)
def test_rows_of_real_files_hold_what_was_read_by_hand(real_data: Path, row_of: RowOf, name: str) -> None:
    row = row_of(real_data / "ecallisto" / name)
    start, end, low, high, step_min, step_max, longitude, latitude, station, location, created = EXPECTED[name]
    assert row["time_min"] == pytest.approx(start, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(end, abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (0.25, 0.25)
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (low, high)
    assert (row["spectral_sampling_step_min"], row["spectral_sampling_step_max"]) == (step_min, step_max)
    assert (row["observer_lon"], row["observer_lat"]) == (longitude, latitude)
    assert (row["instrument_host_name"], row["observer_location"]) == (station, location)
    assert (row["target_name"], row["target_class"], row["dataproduct_type"]) == ("Sun", "star", "ds")
    assert (row["measurement_unit"], row["processing_level"], row["time_scale"]) == ("adu", 2, "UTC")
    assert str(row["creation_date"]) == created.replace("T", " ")


def test_every_real_file_of_the_network_gives_a_row(real_data: Path, row_of: RowOf) -> None:
    paths = sorted((real_data / "ecallisto").iterdir())
    assert len(paths) >= 8
    for path in paths:
        row = row_of(path)
        assert isinstance(row["time_min"], float)
        assert isinstance(row["time_max"], float)
        assert row["time_max"] - row["time_min"] == pytest.approx(900 / 86400, abs=1e-9)


def test_every_damaged_file_gives_a_row_or_a_reason(real_data: Path, plan: Plan, row_of: RowOf) -> None:
    """A right row for what only looks damaged; for the rest what is wrong and where."""
    ends: dict[str, object] = {}
    for path in sorted((real_data / "damaged").glob("*.fit*")):
        try:
            ends[path.name] = row_of(path)["time_max"]
        except FileError as error:
            assert error.path == path.name  # noqa: PT017
            ends[path.name] = type(error), error.place
    assert ends == {
        "bad_date.fit": (HeaderError, "DATE-OBS"),
        "end_24h.fit": pytest.approx(2455720.500070868, abs=JD_TOLERANCE),
        "end_before_start.fit": pytest.approx(2455720.503472222, abs=JD_TOLERANCE),
        "gz_named.fit": pytest.approx(2460508.0553582637, abs=JD_TOLERANCE),
        "latin1.fit": pytest.approx(2455719.777085799, abs=JD_TOLERANCE),
        "no_end.fit": (UnreadableError, "HDU 0"),
        "trunc.fit.gz": (UnreadableError, "gzip"),
        "trunc_header.fit": (UnreadableError, "HDU 0"),
        "trunc_tiny.fit.gz": (UnreadableError, "gzip"),
    }


def test_a_letter_beyond_ascii_in_a_real_header_is_read_as_latin_1(real_data: Path) -> None:
    with FitsReader().open(real_data / "damaged" / "latin1.fit") as header:
        assert header.get("ORIGIN") == "Birr_Castle_Irl\u00e9nde"


def test_statistics_of_nenufar_are_recognised_by_content(real_data: Path) -> None:
    path = real_data / "nenufar" / "XST.fits"
    reader = reader_for(path)
    assert isinstance(reader, FitsReader)
    with reader.open(path) as header:
        assert len(header.hdus) == 8
        assert header.get("FRQRANGE") == "[0.00 MHz, 100.00 MHz]"
        assert header.column_unit("frq") == "MHz"
        subbands = header.column("XSTSUBBAND")
        assert subbands is not None
        assert subbands.shape == (1, 16)
        assert grammar_for(header, reader, path.name).name == "nenufar"


def test_without_the_station_option_the_wrong_sign_of_bir_is_what_its_header_says(real_data: Path, plan: Plan) -> None:
    bare = dataclasses.replace(plan, options=plan.grammar.options())
    path = real_data / "ecallisto" / "BIR_20110607_062400_10.fit"
    with bare.opened(SourceFile(path, path.name, path.stat().st_size, 0)) as granule:
        assert granule.facts.longitude == 7.92012977600098
