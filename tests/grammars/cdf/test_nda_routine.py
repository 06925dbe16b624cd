"""The Routine receiver of Nançay: samples in the layout of master V13, and what their attributes leave open."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io.votable.ucd import parse_ucd

from epncore.model.collection import load
from grammars.nda_routine import GRAMMAR, RECEIVER_NAME
from grammars.plan import Plan, compile_plans
from grammars.readers.cdf import CdfReader

from .conftest import GLOBALS, SAMPLES, Var, Write, jd, look, plan_for, series

FOLDER = SAMPLES / "nda_routine"
ARCS, BURSTS, GAP = (
    "srn_nda_routine_jup_edr_202002150630_202002150631_V13.cdf",
    "srn_nda_routine_sun_edr_202305041208_202305041209_V13.cdf",
    "srn_nda_routine_jup_edr_202011200105_202011200107_V13.cdf",
)


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """By file name."""
    jupiter, sun = compile_plans(load(FOLDER))
    return {ARCS: jupiter, BURSTS: sun, GAP: jupiter}


@pytest.fixture
def made(samples: dict[str, list[Path]]) -> dict[str, Path]:
    return {path.name: path for path in samples["nda_routine"]}


def test_targets_and_their_classes(made: dict[str, Path], plans: dict[str, Plan]) -> None:
    for name, target, kind in ((ARCS, "Jupiter", "planet"), (BURSTS, "Sun", "star")):
        found = look(made[name], plans[name])
        assert (found["target_name"], found["target_class"]) == (target, kind)
        assert found.sources["target_name"] == "global attribute PDS_Observation_target"


def test_the_class_follows_from_the_name_where_vespa_does_not_tell(write: Write) -> None:
    attributes = {**GLOBALS, "Logical_source": "srn_nda_routine_sun_edr", "PDS_Observation_target": "Sun"}
    found = look(write(series(), attributes), plan_for("nda_routine"))
    assert (found["target_name"], found["target_class"]) == ("Sun", "star")
    other = look(write(series(), {**attributes, "PDS_Observation_target": "Cas A"}), plan_for("nda_routine"))
    assert (other["target_name"], other["target_class"]) == ("Cas A", None)


def test_fill_records_and_a_gap_leave_times_and_steps_right(made: dict[str, Path], plans: dict[str, Plan]) -> None:
    found = look(made[GAP], plans[GAP])
    assert found["time_min"] == pytest.approx(jd("2020-11-20T01:05:02"), abs=5e-10)
    assert found["time_max"] == pytest.approx(jd("2020-11-20T01:07:20"), abs=5e-10)
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == (1.0, 2.0)  # one record lost


def test_observations_after_the_validmax_of_the_master_are_no_fill(
    made: dict[str, Path], plans: dict[str, Plan]
) -> None:
    found = look(made[BURSTS], plans[BURSTS])
    assert found["time_min"] == pytest.approx(jd("2023-05-04T12:08:00"), abs=5e-10)


def test_the_axis_of_400_channels_is_in_hz(made: dict[str, Path], plans: dict[str, Plan]) -> None:
    found = look(made[ARCS], plans[ARCS])
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (10e6, 39.925e6)
    assert (found["spectral_sampling_step_min"], found["spectral_sampling_step_max"]) == (75e3, 75e3)


def test_the_sweep_tells_when_a_channel_is_measured_not_for_how_long(
    made: dict[str, Path], plans: dict[str, Plan], write: Write
) -> None:
    found = look(made[ARCS], plans[ARCS])
    assert found["time_exp_min"] is None
    assert "not for how long" in found.sources["time_exp_min"]
    attributes = {**GLOBALS, "Logical_source": "srn_nda_routine_jup_edr", "VESPA_time_exp": [[0.5, "CDF_REAL4"]]}
    assert look(write(series(), attributes), plan_for("nda_routine"))["time_exp_max"] == 0.5


def test_obsolete_ucds_are_mended_and_the_source_says_so(
    made: dict[str, Path], plans: dict[str, Plan], write: Write
) -> None:
    found = look(made[ARCS], plans[ARCS])
    assert found["measurement_type"] == "phot.flux.density;em.radio;phys.polarization"
    parse_ucd(str(found["measurement_type"]), check_controlled_vocabulary=True)
    assert "phys.flux.density -> phot.flux.density" in found.sources["measurement_type"]


def test_the_times_are_those_of_the_clock_at_the_array(made: dict[str, Path], plans: dict[str, Plan]) -> None:
    found = look(made[ARCS], plans[ARCS])
    assert found["time_refposition"] == "TOPOCENTER"
    assert "REFERENCE_POSITION says Earth" in found.sources["time_refposition"]


def test_the_receiver_has_a_column_of_its_own(made: dict[str, Path], plans: dict[str, Plan]) -> None:
    assert look(made[BURSTS], plans[BURSTS])["receiver_name"] == "RoutineSun#Routine Sun"
    assert RECEIVER_NAME in plans[ARCS].columns
    parse_ucd(RECEIVER_NAME.ucd, check_controlled_vocabulary=True)


def test_where_the_array_stands_comes_from_the_config(made: dict[str, Path], plans: dict[str, Plan]) -> None:
    found = look(made[ARCS], plans[ARCS])
    assert (found["observer_lon"], found["observer_lat"]) == (2.1924, 47.376511)
    assert found.sources["observer_lon"] == "collection.toml, constants.observer_lon"


def test_options_of_istp_are_options_here(write: Write) -> None:
    attributes = {**GLOBALS, "Logical_source": "srn_nda_routine_jup_edr", "Pointing": "Io"}
    plan = plan_for("nda_routine", attributes={"target_name": "Pointing"})
    found = look(write(series(), attributes), plan)
    assert (found["target_name"], found["target_class"]) == ("Io", "satellite")


def test_an_unknown_logical_source_is_not_of_this_receiver(write: Write) -> None:
    with CdfReader().open(write([*series(), Var("x", "f4", [1.0])], GLOBALS)) as header:
        assert not GRAMMAR.recognises(header)
