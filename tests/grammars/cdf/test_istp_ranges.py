"""Ranges of variables in pairs of columns, sweeps that records are parts of, and lists that MASER's files write."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from epncore.model.errors import ConfigError, HeaderError

from .conftest import GLOBALS, Var, Write, data, look, plan_for, series, tt2000


def measured(values: Any, unit: str = "km", **attrs: Any) -> list[Var]:
    """A series with a support variable of one value a record."""
    support = {"VAR_TYPE": "support_data", "DEPEND_0": "Epoch", "UNITS": unit, "FILLVAL": [-1e31, "CDF_DOUBLE"]}
    return [*series(len(values)), Var("V", "f8", np.asarray(values, np.float64), {**support, **attrs})]


def test_a_pair_of_columns_holds_the_range_of_a_variable_without_fill_values(write: Write) -> None:
    path = write(measured([2e6, -1e31, 1.5e6, 1.75e6]))
    found = look(path, ranges={"target_distance": {"variable": "v"}})
    assert (found["target_distance_min"], found["target_distance_max"]) == (1.5e6, 2e6)
    assert found.sources["target_distance_min"] == "variable V [km]"


@pytest.mark.parametrize(
    ("unit", "said", "expected_km"), [("Mm", None, 3000.0), ("Rj", "71492 km", 214476.0), (" ", "AU", 3 * 149597870.7)]
)
def test_units_are_converted_and_a_config_may_say_what_they_are(
    write: Write, unit: str, said: str | None, expected_km: float
) -> None:
    chosen = {"variable": "V", **({"unit": said} if said else {})}
    found = look(write(measured([3.0, 3.0], unit)), ranges={"target_distance": chosen})
    assert found["target_distance_min"] == pytest.approx(expected_km)


def test_a_unit_of_another_kind_is_an_error_with_its_place(write: Write) -> None:
    plan = plan_for(ranges={"target_distance": {"variable": "V"}})
    with pytest.raises(HeaderError, match="is in 'Rj', and the column in km") as caught:
        look(write(measured([3.0, 3.0], "Rj")), plan)
    assert caught.value.place == "option ranges.target_distance"
    with pytest.raises(HeaderError, match="no variable 'V'"):
        look(write(series()), plan)


@pytest.mark.parametrize(
    ("longitudes", "westward", "expected"),
    [([10.0, 40.0, 70.0], False, (10.0, 70.0)), ([350.0, 10.0, 30.0], False, (350.0, 30.0)),
     ([350.0, 10.0, 30.0], True, (330.0, 10.0)), ([0.0, 120.0, 240.0, 359.0, 100.0], False, (0.0, 360.0))],
)  # fmt: skip
def test_longitudes_go_from_the_first_eastward_and_a_turn_is_all(
    write: Write, longitudes: list[float], westward: bool, expected: tuple[float, float]
) -> None:
    chosen = {"variable": "V", "westward": westward}
    found = look(write(measured(longitudes, "deg")), ranges={"subobserver_longitude": chosen})
    assert (found["subobserver_longitude_min"], found["subobserver_longitude_max"]) == expected


def test_a_variable_of_fills_or_without_records_leaves_the_pair_empty(write: Write) -> None:
    plan = plan_for(ranges={"target_distance": {"variable": "V"}})
    found = look(write(measured([-1e31, -1e31])), plan)
    assert (found["target_distance_min"], found["target_distance_max"]) == (None, None)
    assert "fill values only" in found.sources["target_distance_max"]
    empty = [*series(), Var("V", "f8", np.zeros(0), {"UNITS": "km"})]
    assert "no records" in look(write(empty), plan).sources["target_distance_min"]


@pytest.mark.parametrize(
    ("ranges", "message"),
    [({"distance": {"variable": "V"}}, "no columns distance_min and distance_max"),
     ({"target_distance": {"variable": "V", "unit": "Rj"}}, "'Rj' is no unit"),
     ({"target_distance": {"variable": "V", "unit": "kHz"}}, "in km, which 'kHz' is no unit of"),
     ({"target_distance": {"name": "V"}}, "variable")],
)  # fmt: skip
def test_wrong_ranges_are_found_before_any_file_is_read(ranges: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_for(ranges=ranges)


def swept(step_s: float = 0.05, channels: int = 4, sweeps: int = 3, period_s: float = 5.0) -> list[Var]:
    """Records of one frequency each, in sweeps; the file begins within one."""
    numbers = np.repeat(np.arange(7, 7 + sweeps), channels)[1:]
    seconds = (np.arange(sweeps)[:, None] * period_s + np.arange(channels) * step_s).ravel()[1:]
    epoch = tt2000(2020, 1, 1) + np.round(seconds * 1e9).astype(np.int64)
    frequency = np.tile(400.0 + 50.0 * np.arange(channels), sweeps)[1:].astype(np.float32)
    support = {"VAR_TYPE": "support_data", "DEPEND_0": "Epoch"}
    return [
        Var("Epoch", "tt2000", epoch, {"VAR_TYPE": "support_data"}),
        Var("SWEEP", "u4", numbers.astype(np.uint32), support),
        Var("FREQUENCY", "f4", frequency, {**support, "UNITS": "kHz"}),
        data("AGC", values=np.ones(len(numbers), np.float32), UNITS="V^2/Hz"),
    ]


def test_sweeps_tell_the_cadence_and_frequencies_of_records_are_one_axis(write: Write) -> None:
    found = look(write(swept()), sweep_variable="SWEEP", spectral_variable="FREQUENCY")
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == (5.0, 5.0)
    assert found.sources["time_sampling_step_min"] == "starts of the sweeps of SWEEP"
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (4e5, 5.5e5)
    assert (found["spectral_sampling_step_min"], found["spectral_sampling_step_max"]) == (5e4, 5e4)
    assert found["dataproduct_type"] == "ds"


def test_a_file_of_one_sweep_has_no_cadence(write: Write) -> None:
    assert look(write(swept(sweeps=1)), sweep_variable="SWEEP")["time_sampling_step_min"] is None
    with pytest.raises(HeaderError, match="no variable 'NUM'"):
        look(write(swept()), sweep_variable="NUM")


def test_lists_of_vespa_attributes_stand_in_one_entry_too(write: Write) -> None:
    attributes = {
        **GLOBALS, "VESPA_target_name": "Jupiter#Io", "VESPA_target_class": "Planet#Satellite",
        "VESPA_target_region": "Magnetosphere#Aurora", "VESPA_feature_name": "AKR>Auroral Kilometric Radiation",
    }  # fmt: skip
    found = look(write(series(), attributes))
    assert (found["target_name"], found["target_class"]) == ("Jupiter#Io", "planet#satellite")
    assert found["target_region"] == "magnetosphere#aurora"
    assert found["feature_name"] == "AKR#Auroral Kilometric Radiation"
