"""Hourly files of the Kronos database: their rows, and damaged ones."""

from __future__ import annotations

import contextlib
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epncore.app.scan import matcher
from epncore.model.collection import load
from epncore.model.errors import FileError, HeaderError, UnreadableError
from epncore.model.row import Cell
from grammars.cassini_kronos import GRAMMAR
from grammars.pictures import NoPicture, Picture
from grammars.plan import compile_plans
from grammars.protocol import SourceFile
from grammars.readers import kronos
from grammars.readers.kronos import LEVELS, level_of
from grammars.registry import reader_for

SAMPLE = Path(__file__).resolve().parents[3] / "sample_data" / "cassini_kronos"
PLAN = compile_plans(load(SAMPLE))[0]
JD_TOLERANCE = 5e-10
NOON = 2453185.0  # 2004-06-28T12:00, by astropy's Time
Row: TypeAlias = dict[str, Cell]
RowOf: TypeAlias = Callable[[bytes], Row]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    paths = runpy.run_path(str(SAMPLE / "make.py"))["make"](tmp_path_factory.mktemp("kronos"))
    return {path.name[: 3 if path.name.startswith("N") else 2]: path.read_bytes() for path in paths}


@pytest.fixture
def row_of(tmp_path: Path) -> RowOf:
    def row(content: bytes) -> Row:
        path = tmp_path / "P2004180.12"
        path.write_bytes(content)
        cells = PLAN.read(SourceFile(path, path.name, len(content), 0))
        return dict(zip((column.name for column in PLAN.columns), cells, strict=True))

    return row


def refused(row_of: RowOf, content: bytes) -> FileError:
    with pytest.raises(FileError) as caught:
        row_of(content)
    return caught.value


def test_an_n2_file_tells_times_frequencies_exposures_and_bandwidths(made: dict[str, bytes], row_of: RowOf) -> None:
    row = row_of(made["P2"])
    assert row["time_min"] == pytest.approx(NOON + 2.5 / 86400, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(NOON + (2.5 + 52 * 32) / 86400, abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (32.0, 32.0)  # not the gap
    assert (row["time_exp_min"], row["time_exp_max"]) == (0.02, 0.125)
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (3773.2, 15_875_000.0)
    assert row["spectral_resolution_max"] == pytest.approx(635.0)
    assert (row["processing_level"], row["measurement_unit"]) == (3, "V**2.Hz**-1")


def test_the_codes_of_n1_mean_what_its_sibling_n2_says(made: dict[str, bytes], row_of: RowOf) -> None:
    coded, plain = row_of(made["R2"]), row_of(made["P2"])
    for name in ("time_min", "time_max", "time_sampling_step_min", "spectral_range_min", "spectral_range_max"):
        assert coded[name] == pytest.approx(plain[name], abs=JD_TOLERANCE, rel=0), name
    assert (coded["processing_level"], coded["measurement_unit"], coded["time_exp_min"]) == (2, None, None)


# Of the public tests of a reader on the real file R2012180.20, and of its table of channels.
@pytest.mark.parametrize(
    ("code", "hertz"),
    [(3200, 3685.6), (20003231, 320430.3), (20000807, 298616.8), (10001600, 16979.6), (36410100, 16_025_000.0)],
)
def test_codes_of_frequencies_are_those_of_real_files(row_of: RowOf, code: int, hertz: float) -> None:
    record = np.zeros(1, LEVELS["N1"])
    record["ydh"], record["ti"], record["fi"], record["c"] = 201218020, 16_180_72001, code, 32
    row = row_of(record.tobytes())
    assert row["time_min"] == pytest.approx(2456107.333348611, abs=JD_TOLERANCE)  # 2012-06-28T20:00:01.320, by astropy
    assert row["spectral_range_min"] == hertz


@pytest.mark.parametrize(
    ("field", "value"),
    [("ti", 0), ("ti", 2**32 - 1), ("ti", 16_000_72001), ("ti", 16_180_86400), ("c", 100), ("fi", 0), ("fi", 3232),
     ("fi", 2**32 - 1), ("fi", 40000000)],
)  # fmt: skip
def test_codes_of_no_time_or_frequency_are_told(made: dict[str, bytes], row_of: RowOf, field: str, value: int) -> None:
    records = np.frombuffer(made["R2"], LEVELS["N1"]).copy()
    records[field][7] = value
    assert refused(row_of, records.tobytes()).place == "record 8"


@pytest.mark.parametrize("level", ["N3b", "N3c", "N3d or N3e"])
def test_other_levels_tell_the_hour(row_of: RowOf, level: str) -> None:
    records = np.zeros(5, LEVELS[level])
    records["ydh"] = 200418012
    row = row_of(records.tobytes())
    assert (row["time_min"], row["time_max"]) == pytest.approx((NOON, NOON + 1 / 24), abs=JD_TOLERANCE)
    assert row["processing_level"] == 5
    # The unit is that of a field (docs/adr/0040).
    assert (row["measurement_unit"], row["measurement_type"]) == (
        "V**2.m**-2.Hz**-1", "phys.electField;em.radio#phys.polarization.stokes",
    )  # fmt: skip
    assert row["time_sampling_step_min"] is row["time_exp_min"] is None


def test_lengths_of_records_are_those_of_the_descriptions() -> None:
    lengths = {level: record.itemsize for level, record in LEVELS.items()}
    assert lengths == {"N1": 28, "N2": 45, "N3b": 72, "N3c": 68, "N3d or N3e": 40}


def test_files_are_known_by_content(made: dict[str, bytes], tmp_path: Path) -> None:
    for number, content in enumerate(made.values()):
        path = tmp_path / str(number)
        path.write_bytes(content)
        assert reader_for(path).format == "kronos"
        path.write_bytes(content[: LEVELS[level_of(content[:512]) or ""].itemsize])  # one record only
        assert reader_for(path).format == "kronos"


@pytest.mark.parametrize("cut", [1, 44, 46, 90, 500])
def test_a_cut_file_is_refused(made: dict[str, bytes], row_of: RowOf, cut: int) -> None:
    assert isinstance(refused(row_of, made["P2"][:-cut] if cut % 45 else made["P2"][: 45 * 3 + 7]), UnreadableError)


@pytest.mark.parametrize("hour", [0, 199600112, 201800112, 200400012, 200436712, 200418024, 2**32 - 1])
def test_a_first_number_that_is_no_hour_of_cassini_is_no_such_file(hour: int) -> None:
    assert level_of(hour.to_bytes(4, "little") * 100) is None


def test_the_other_byte_order_is_refused(made: dict[str, bytes], row_of: RowOf) -> None:
    swapped = np.frombuffer(made["P2"], LEVELS["N2"]).byteswap().tobytes()
    assert isinstance(refused(row_of, swapped), UnreadableError)


def test_records_of_another_hour_or_of_no_frequency_are_told(made: dict[str, bytes], row_of: RowOf) -> None:
    records = np.frombuffer(made["P2"], LEVELS["N2"]).copy()
    records["ydh"][100] += 1
    assert refused(row_of, records.tobytes()).place == "record 101"
    for field, value in (("t97", 2737.5), ("t97", np.nan), ("f", 0.0), ("f", np.inf), ("df", 0.0), ("dt", -1.0)):
        records = np.frombuffer(made["P2"], LEVELS["N2"]).copy()
        records[field][7] = value
        error = refused(row_of, records.tobytes())
        assert isinstance(error, HeaderError)
        assert error.place == "record 8"


@pytest.mark.parametrize(
    "name", ["P1999230.03", "R2003365.23", "N3b_dsq2001001.00", "N3d_dsq_2000366.10", "N3e_dsq1998120.05"]
)
def test_files_of_the_cruise_are_not_saturn_s(name: str) -> None:
    assert targets_of(name) == [("Solar System", None)]


@pytest.mark.parametrize(
    "name", ["P2004001.00", "R2017258.11", "N3b_dsq2010001.00", "N3d_dsq_2009366.10", "N3e_dsq2016120.05"]
)
def test_files_since_2004_are_saturn_s(name: str) -> None:
    assert targets_of(name) == [("Saturn", "Saturn Kilometric Radiation (SKR)")]


def targets_of(name: str) -> list[tuple[object, object]]:
    """Of each product that takes a file."""
    products = [product for product in load(SAMPLE).product if matcher(product.sources)(f"2004_181_270/n1/{name}")]
    return [(product.constants["target_name"], product.constants.get("feature_name")) for product in products]


def test_a_file_longer_than_an_hour_is_refused_unread(
    made: dict[str, bytes], row_of: RowOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kronos, "RECORDS_MAX", 10)
    assert "no more than 10" in refused(row_of, made["P2"]).message
    assert isinstance(refused(row_of, b""), UnreadableError)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(LEVELS.values())), st.binary(max_size=400))
def test_noise_after_the_hour_ends_in_a_row_or_a_reason(row_of: RowOf, record: np.dtype, noise: bytes) -> None:
    hour = (200418012).to_bytes(4, "little")
    count = len(noise) // (record.itemsize - 4)
    parts = [hour + noise[n * (record.itemsize - 4) : (n + 1) * (record.itemsize - 4)] for n in range(count)]
    with contextlib.suppress(FileError):
        row_of(b"".join(parts) or noise)


def test_each_sweep_is_drawn_at_its_frequencies(made: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "P2004180.12"
    path.write_bytes(made["P2"])
    with kronos.KronosReader().open(path) as header:
        records = header.records()
        x, z = (one for one in GRAMMAR.pictures(header, GRAMMAR.options()) if isinstance(one, Picture))
        blocks = list(x.blocks())
    assert (x.name, z.name, x.unit, x.scale, x.step_s) == (
        "Power, antenna X", "Power, antenna Z", "V**2.Hz**-1", "dB", pytest.approx(32.0),
    )  # fmt: skip
    assert np.concatenate([block.seconds for block in blocks]) == pytest.approx(
        32.0 * np.concatenate([np.arange(12), np.arange(40, 52)]), abs=1e-3
    )
    np.testing.assert_allclose(np.concatenate([block.values[0] for block in blocks]), records["autoX"])
    assert blocks[5].axis == pytest.approx(records["f"][:78] * 1e3)


def test_of_other_levels_nothing_is_drawn(made: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "N3e_dsq2004180.12"
    path.write_bytes(made["N3e"])
    with kronos.KronosReader().open(path) as header:
        (none,) = GRAMMAR.pictures(header, GRAMMAR.options())
    assert isinstance(none, NoPicture)
    assert "N2 file of the same hour" in none.reason
