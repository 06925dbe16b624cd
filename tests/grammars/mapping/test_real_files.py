"""Real files by mapping alone; the numbers were read by hand from cards and tables with another reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import look, mapped

ECALLISTO = """
target_name = { key = "OBJECT" }
[product.mapping.time_axis]
column = "TIME"
unit = "s"
origin = { key = ["DATE-OBS", "TIME-OBS"] }
[product.mapping.spectral_axis]
column = "FREQUENCY"
unit = "MHz"
"""


def test_statistics_of_nenufar(real_data: Path) -> None:
    found = look(
        real_data / "nenufar" / "XST.fits",
        mapped("""
        target_name = { column = "object", hdu = "SETUP_BEAM", values = { '"TAU_A_TRACKING"' = "Tau A" } }
        instrument_name = { key = "INSTRUME" }
        instrument_host_name = { key = "ORIGINE" }
        time_min = { key = ["DATE-OBS", "TIME-OBS"] }
        time_max = { key = ["DATE-END", "TIME-END"] }
        time_exp_min = { key = "DT", unit = "s" }
        creation_date = { key = "DATE-CRE" }
        c1min = { column = "angle1", hdu = "SETUP_BEAM", unit = "deg" }
        spectral_sampling_step_min = { key = "BANDWIDT" }
        [product.mapping.spectral_axis]
        key = "FRQRANGE"
        """),
    )
    # 2020-02-19T18:00:03 and 18:14:59
    assert found["time_min"] == pytest.approx(2458899.250034722, abs=5e-10)
    assert found["time_max"] == pytest.approx(2458899.260405093, abs=5e-10)
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (0.0, 100e6)
    assert (found["time_exp_min"], found["spectral_sampling_step_min"], found["c1min"]) == (1.0, 195312.5, 83.633083)
    assert (found["target_name"], found["instrument_name"]) == ("Tau A", "NenuFar")
    assert found["instrument_host_name"] == "NANCAY OBSERVATORY FRANCE"
    assert str(found["creation_date"]) == "2020-02-19 00:00:00"
    assert found.sources["spectral_range_max"] == "card FRQRANGE of HDU 0 [MHz]"


def test_tables_of_nenufar(real_data: Path) -> None:
    """512 channels of 100/512 MHz, the first at half of one; one spectrum, so that its length is not known."""
    found = look(
        real_data / "nenufar" / "XST.fits",
        mapped('time_axis = { column = "jd", format = "jd" }\nspectral_axis = { column = "frq" }'),
    )
    assert found["time_min"] == found["time_max"] == pytest.approx(2458899.250034722, abs=5e-10)
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (97656.25, 99902343.75)
    assert (found["spectral_sampling_step_min"], found["spectral_sampling_step_max"]) == (195312.5, 195312.5)
    assert found.sources["time_max"] == "column jd of HDU 7 (jd): the one sample's length is unknown"


def test_a_station_of_ecallisto_agrees_with_its_own_grammar(real_data: Path) -> None:
    found = look(real_data / "ecallisto" / "BIR_20110607_062400_10.fit", mapped(ECALLISTO))
    assert found["target_name"] == "Sun"
    assert found["time_min"] == pytest.approx(2455719.766669132, abs=5e-10)
    assert found["time_max"] == pytest.approx(2455719.777085799, abs=5e-10)
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == (0.25, 0.25)
    assert found["spectral_range_min"] == 20e6
    assert found["spectral_range_max"] == pytest.approx(91813003.54003906, rel=1e-10)


def test_a_cdf_without_any_attribute_of_istp(real_data: Path) -> None:
    found = look(
        real_data / "cdf" / "a_cdf.cdf",
        mapped(
            """
            target_name = { attribute = "attr" }
            instrument_name = { variable = "var_string" }
            measurement_unit = { attribute = "attr1", variable = "bytes" }
            time_axis = { variable = "tt2000" }
            spectral_axis = { variable = "var2d_counter", unit = "kHz" }
            """,
            "mapped_cdf",
        ),
    )
    # 101 times, 180 d apart from 1970-01-01, and one step more
    assert (found["time_min"], found["time_max"]) == (2440587.5, 2440587.5 + 101 * 180)
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (1e3, 99e3)
    assert (found["target_name"], found["instrument_name"]) == ("a cdf text attribute", "This is a string")
    assert found["measurement_unit"] == "attr1_value"
