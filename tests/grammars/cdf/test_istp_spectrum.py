"""Frequencies of ISTP files, and what must never become one."""

from __future__ import annotations

import numpy as np
import pytest

from grammars.axes import as_written

from .conftest import Write, look, spectra


@pytest.mark.parametrize(("unit", "factor"), [("MHz", 1e6), ("kHz", 1e3), ("Hz", 1.0), ("kilohertz", 1e3)])
def test_frequencies_are_hz_and_single_precision_leaves_no_noise(write: Write, unit: str, factor: float) -> None:
    table = (10.0 + 0.075 * np.arange(400)).astype(np.float32)
    found = look(write(spectra(unit, table)))
    assert found["spectral_range_min"] == 10.0 * factor
    assert found["spectral_range_max"] == pytest.approx(39.925 * factor, rel=1e-15)
    assert found["spectral_sampling_step_min"] == pytest.approx(0.075 * factor, rel=1e-9)
    assert found["spectral_sampling_step_min"] == found["spectral_sampling_step_max"]
    assert found["dataproduct_type"] == "ds"
    assert found.sources["spectral_range_min"] == f"variable axis [{unit}]"


@pytest.mark.parametrize("kind", ["metadata", "support_data", ""])
def test_a_frequency_axis_may_be_of_any_var_type(write: Write, kind: str) -> None:
    assert look(write(spectra("Hz", [1.0, 2.0], {"VAR_TYPE": kind})))["spectral_range_max"] == 2.0


@pytest.mark.parametrize("unit", ["MeV", "keV", "eV", "km/s", "cm", "", "s"])
def test_what_is_no_frequency_never_becomes_one(write: Write, unit: str) -> None:
    path = write(spectra(unit, [1.0, 2.0, 4.0], {"SI_CONVERSION": "1.602e-13>J"}, DISPLAY_TYPE="spectrogram"))
    found = look(path)
    for column in ("spectral_range_min", "spectral_range_max", "spectral_sampling_step_min"):
        assert found[column] is None
    # A spectrogram over energies is a dynamic spectrum, one over numbers is a series.
    assert found["dataproduct_type"] == ("ds" if "eV" in unit else "ts")


def test_si_conversion_helps_where_units_cannot_be_read(write: Write) -> None:
    found = look(write(spectra("kilo-cycles", [1.0, 2.0], {"SI_CONVERSION": "1.0e3>Hz"})))
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (1000.0, 2000.0)


def test_padding_fill_and_bounds_are_left_out_of_frequencies(write: Write) -> None:
    table = np.array([-1e31, 0.0, -5.0, 3.0, 1.0, 2.0, 2.0, 9e9, np.nan], np.float32)
    attrs = {"FILLVAL": [-1e31, "CDF_REAL4"], "VALIDMIN": [0.5, "CDF_REAL4"], "VALIDMAX": [100.0, "CDF_REAL4"]}
    found = look(write(spectra("kHz", table, attrs)))
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (1000.0, 3000.0)
    assert (found["spectral_sampling_step_min"], found["spectral_sampling_step_max"]) == (1000.0, 1000.0)


def test_frequency_tables_that_change_give_the_range_of_all_and_steps_of_each(write: Write) -> None:
    tables = np.array([[10.0, 20.0, 30.0], [11.0, 13.0, 15.0], [10.0, 20.0, 30.0]])
    for majority in ("Row_major", "Column_major"):
        found = look(write(spectra("Hz", tables, varies=True, kind="f8"), Majority=majority))
        assert (found["spectral_range_min"], found["spectral_range_max"]) == (10.0, 30.0)
        assert (found["spectral_sampling_step_min"], found["spectral_sampling_step_max"]) == (2.0, 10.0)


def test_a_table_that_each_record_repeats_costs_as_much_as_one(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr("grammars.istp_data.as_written", lambda raw: sizes.append(raw.size) or as_written(raw))
    bands = np.array([[10.1, 20.2, 30.3], [40.4, 50.5, 60.6]], np.float32)
    found = look(write(spectra("Hz", np.tile(bands, (1000, 1)), varies=True)))
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (10.1, 60.6)
    assert sum(sizes) == bands.size


def test_of_a_long_table_the_first_records_are_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grammars.istp_data.MAX_TABLE_BYTES", 48)
    tables = np.array([[10.0, 20.0, 30.0], [10.0, 20.0, 30.0], [10.0, 20.0, 99.0]])
    found = look(write(spectra("Hz", tables, varies=True, kind="f8")))
    assert found["spectral_range_max"] == 30.0
    assert found.sources["spectral_range_max"] == "variable axis [Hz], the first 2 of 3 records"


def test_the_long_steps_of_a_logarithmic_axis_are_no_gaps(write: Write) -> None:
    table = 10.0 * 2.0 ** np.arange(12)
    found = look(write(spectra("kHz", table, kind="f8")))
    assert (found["spectral_sampling_step_min"], found["spectral_sampling_step_max"]) == (1e4, 1.024e7)
