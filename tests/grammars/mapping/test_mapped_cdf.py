"""Rows of CDF files without any ISTP attribute, by mapping alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cdflib import cdfepoch

from epncore.model.errors import HeaderError

from .conftest import look, mapped, write_cdf

GLOBALS = {
    "PLANET": "J",
    "MISSION": "Probe",
    "CRAFT": 2,
    "RECEIVERS": ["HF", "LF"],
    "DAY": "2024-031",
    "Band": [20.0, 40.0],
}
EPOCH = cdfepoch.compute_epoch([[2024, 1, 31, 12, 0, second, 0] for second in range(4)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_cdf(
        tmp_path,
        GLOBALS,
        {
            "Clock": ("epoch", EPOCH, {}),
            "seconds": ("f8", np.array([0.0, 10.0, 20.0, -1e31]), {"UNITS": "s", "FILLVAL": -1e31}),
            "wavelength": ("f4", np.array([[30.0, 20.0, 10.0]]), {}),
            "freq": ("f4", np.array([10.075, 20.075, 30.075], "f4"), {"UNITS": "kHz"}),
            "flux": ("f4", np.ones((4, 3), "f4"), {"unit": "W m-2"}),
            "mode": ("char", np.array(["survey", "survey"]), {}),
        },
    )


def test_a_whole_row(path: Path) -> None:
    found = look(
        path,
        mapped(
            """
            target_name = { attribute = "planet", values = { J = "Jupiter", S = "Saturn" } }
            instrument_host_name = { text = "{MISSION}-{CRAFT}" }
            instrument_name = { attribute = "RECEIVERS" }
            measurement_unit = { attribute = "unit", variable = "flux" }
            feature_name = { variable = "mode" }
            publisher = { attribute = "NONE" }
            time_scale = { text = "{nothing}", variable = "flux" }
            [product.mapping.time_axis]
            variable = "seconds"
            origin = { attribute = "DAY", format = "%Y-%j" }
            [product.mapping.spectral_axis]
            variable = "wavelength"
            unit = "m"
            """,
            "mapped_cdf",
        ),
    )
    row = {name: value for name, value in found.row.items() if value is not None}
    assert row.pop("modification_date") == row.pop("creation_date") == row.pop("release_date")
    assert row == {
        "granule_uid": "g_a", "granule_gid": "g", "obs_id": "a", "service_title": "x", "file_name": "a.cdf",
        "spatial_frame_type": "celestial", "target_name": "Jupiter", "instrument_host_name": "Probe-2",
        "instrument_name": "HF#LF", "measurement_unit": "W m-2", "feature_name": "survey",
        "time_min": 2460340.5, "time_max": pytest.approx(2460340.5 + 30 / 86400, abs=5e-10),
        "time_sampling_step_min": 10.0, "time_sampling_step_max": 10.0,
        # c / 30 m, c / 20 m, c / 10 m
        "spectral_range_min": pytest.approx(9993081.93333, rel=1e-11), "spectral_range_max": pytest.approx(29979245.8),
        "spectral_sampling_step_min": pytest.approx(4996540.96667),
        "spectral_sampling_step_max": pytest.approx(14989622.9),
    }  # fmt: skip
    assert found.sources["target_name"] == "global attribute planet = 'J', by values"
    assert found.sources["measurement_unit"] == "attribute unit of variable flux"
    assert found.sources["time_scale"] == "no attribute nothing of variable flux"
    assert found.sources["feature_name"] == "variable mode"
    assert found.sources["time_min"] == "variable seconds [s] from global attribute DAY, earliest"
    assert found.sources["publisher"] == "no global attribute NONE"


def test_a_variable_of_times_needs_its_name_alone(path: Path) -> None:
    found = look(
        path, mapped('time_axis = { variable = "clock" }\nspectral_axis = { variable = "freq" }', "mapped_cdf")
    )
    assert found["time_min"] == 2460341.0
    assert found["time_max"] == pytest.approx(2460341.0 + 4 / 86400, abs=5e-10)
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (10075.0, 30075.0)
    assert found["spectral_sampling_step_max"] == 10000.0


def test_ends_of_a_band_in_one_attribute(path: Path) -> None:
    found = look(path, mapped('spectral_axis = { attribute = "band", unit = "kHz" }', "mapped_cdf"))
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (20e3, 40e3)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ('time_axis = { variable = "Clock", unit = "s" }', "it holds times by its type"),
        (
            'time_axis = { variable = "mode", unit = "s", origin = { attribute = "DAY", format = "%Y-%j" } }',
            "it holds texts",
        ),
        ('time_axis = { variable = "seconds", origin = { attribute = "Band" } }', "2 values, 20.0 first"),
        ('time_axis = { variable = "none", required = true }', "no variable none"),
        ('spectral_axis = { variable = "seconds" }', "its unit is 's', none of frequencies"),
        ('time_min = { attribute = "Band", format = "jd" }', "2 values, 20.0 first"),
    ],
)
def test_what_cannot_be_right_is_refused(path: Path, mapping: str, message: str) -> None:
    with pytest.raises(HeaderError) as caught:
        look(path, mapped(mapping, "mapped_cdf"))
    assert caught.value.message.startswith(message)
    assert caught.value.place
