"""Times of ISTP files: a test for each way in which their headers mislead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cdflib import cdfepoch
from numpy.typing import NDArray

from epncore.model.errors import HeaderError, NotGranuleError

from .conftest import GLOBALS, Var, Write, data, jd, look, series, tt2000

FILL = -(2**63)


def test_times_are_utc_and_end_with_the_last_sample(write: Write) -> None:
    found = look(write(series(5, 60.0)))
    assert found["time_min"] == jd("2020-01-01T00:00:00")
    assert found["time_max"] == pytest.approx(jd("2020-01-01T00:05:00"), abs=5e-10)
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == (60.0, 60.0)
    assert found.sources["time_max"] == "variable Epoch, latest record + the median step of 60 s"
    assert found["time_scale"] == "UTC"


@pytest.mark.parametrize("kind", ["epoch", "epoch16", "tt2000"])
def test_all_three_types_of_time_are_read_alike(write: Write, kind: str) -> None:
    parts = [[1998, 7, 6, 5, 4, second, 250] for second in (3, 5, 7)]
    compute = {"epoch": cdfepoch.compute_epoch, "epoch16": cdfepoch.compute_epoch16, "tt2000": cdfepoch.compute_tt2000}
    values = np.array([compute[kind]([*p, *[0] * {"epoch": 0, "epoch16": 3, "tt2000": 2}[kind]]) for p in parts])
    found = look(write([Var("T", kind, values), data(clock="T", count=3)]))
    assert found["time_min"] == pytest.approx(jd("1998-07-06T05:04:03.250"), abs=5e-10)
    assert found["time_max"] == pytest.approx(jd("1998-07-06T05:04:09.250"), abs=5e-10)
    assert found["time_sampling_step_min"] == 2.0


def test_a_leap_second_stays_in_its_day_and_counts_in_steps(write: Write) -> None:
    seconds = [[2016, 12, 31, 23, 59, 59], [2016, 12, 31, 23, 59, 60], [2017, 1, 1, 0, 0, 0]]
    epoch = np.array([tt2000(*parts) for parts in seconds])
    assert np.diff(epoch).tolist() == [10**9, 10**9]
    found = look(write([Var("Epoch", "tt2000", epoch), data(count=3)]))
    assert found["time_sampling_step_max"] == 1.0
    assert found["time_max"] == pytest.approx(jd("2017-01-01T00:00:01"), abs=5e-10)
    last = look(write([Var("Epoch", "tt2000", epoch[1:2]), data(count=1)]))
    assert last["time_min"] == pytest.approx(jd("2016-12-31T23:59:60"), abs=5e-10)
    assert last["time_min"] < jd("2017-01-01T00:00:00")


@pytest.mark.parametrize(
    ("kind", "fill"), [("tt2000", FILL), ("tt2000", FILL + 1), ("epoch", -1e31), ("epoch", 0.0), ("epoch", np.nan)]
)
def test_fill_values_are_no_times(write: Write, kind: str, fill: Any) -> None:
    if kind == "tt2000":
        values = np.array([fill, tt2000(2020, 1, 1), tt2000(2020, 1, 1, 0, 1), fill])
    else:
        values = np.array([fill, *(cdfepoch.compute_epoch([2020, 1, 1, 0, m, 0, 0]) for m in (0, 1)), fill])
    found = look(write([Var("Epoch", kind, values), data(count=4)]))
    assert found["time_min"] == jd("2020-01-01")
    assert found["time_max"] == pytest.approx(jd("2020-01-01T00:02:00"), abs=5e-10)
    assert "2 of 4 records are no valid times" in found.sources["time_min"]


def test_the_complex_fill_of_epoch16_is_no_time(write: Write) -> None:
    sound = [cdfepoch.compute_epoch16([2001, 2, 3, 4, 5, s, 0, 0, 0, 0]) for s in (6, 7)]
    values = np.array([complex(-1e31, -1e31), *sound])
    found = look(write([Var("Epoch", "epoch16", values), data(count=3)]))
    assert found["time_min"] == pytest.approx(jd("2001-02-03T04:05:06"), abs=5e-10)


def test_epochs_that_run_backwards_or_jump_have_a_first_and_a_last(write: Write) -> None:
    minutes = [4, 3, 2, 1, 0, 300, 299]
    epoch = np.array([tt2000(2020, 1, 1, m // 60, m % 60) for m in minutes])
    found = look(write([Var("Epoch", "tt2000", epoch), data(count=7)]))
    assert found["time_min"] == jd("2020-01-01")
    assert found["time_max"] == pytest.approx(jd("2020-01-01T05:01:00"), abs=5e-10)
    assert found["time_sampling_step_max"] == 60.0  # the gap of five hours is no step


def test_the_time_variable_is_the_one_the_data_depend_on_whatever_its_name(write: Write) -> None:
    variables = [
        Var("Epoch", "tt2000", np.array([tt2000(1999, 1, 1)])),
        Var("when", "tt2000", np.array([tt2000(2020, 1, 1), tt2000(2020, 1, 2)])),
        data(clock="when", count=2),
        Var("flag", "u1", np.ones(1, np.uint8), {"VAR_TYPE": "support_data", "DEPEND_0": "Epoch"}),
    ]
    found = look(write(variables))
    assert found["time_min"] == jd("2020-01-01")
    assert found.sources["time_min"] == "variable when, earliest record"


def test_axes_of_several_data_variables_are_joined(write: Write) -> None:
    variables = [
        Var("E1", "tt2000", np.array([tt2000(2020, 1, 1), tt2000(2020, 1, 1, 0, 1)])),
        Var("E2", "tt2000", np.array([tt2000(2020, 1, 1, 0, 0, 30), tt2000(2020, 1, 1, 0, 5, 30)])),
        data("A", "E1", count=2),
        data("B", "E2", count=2),
    ]
    found = look(write(variables))
    assert found["time_min"] == jd("2020-01-01")
    assert found["time_max"] == pytest.approx(jd("2020-01-01T00:10:30"), abs=5e-10)
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == (60.0, 300.0)


def test_seconds_of_themis_count_from_their_one_record_of_1970(write: Write) -> None:
    zero = cdfepoch.compute_epoch([1970, 1, 1, 0, 0, 0, 0])
    attrs = {"DEPEND_TIME": "tha_time", "DEPEND_EPOCH0": "tha_epoch0"}
    variables = [
        Var("tha_epoch0", "epoch", np.array([zero])),
        Var("tha_epoch", "epoch", np.array([])),
        Var("tha_time", "f8", np.array([1.2e9, 1.2e9 + 3, 1.2e9 + 6]), {"UNITS": "sec"}),
        data("tha_b", "tha_epoch", count=3, **attrs),
    ]
    found = look(write(variables))
    assert found["time_min"] == pytest.approx(jd("2008-01-10T21:20:00"), abs=5e-10)
    assert found["time_sampling_step_min"] == 3.0


def test_a_lone_record_of_1970_is_no_time_of_the_data(write: Write) -> None:
    zero = cdfepoch.compute_epoch([1970, 1, 1, 0, 0, 0, 0])
    lone = [Var("e0", "epoch", np.array([zero])), data("C", "e0", count=1)]
    assert look(write([*series(), *lone]))["time_min"] == jd("2020-01-01")
    with pytest.raises(HeaderError, match="not one record is a time"):
        look(write(lone))


def test_a_master_is_no_granule(write: Write) -> None:
    with pytest.raises(NotGranuleError, match="no records"):
        look(write([Var("Epoch", "tt2000", np.array([])), data(values=np.array([], np.float32))]))
    with pytest.raises(NotGranuleError, match="no records"):
        look(write([Var("Epoch", "tt2000", np.array([])), data()]))


def test_bounds_that_are_texts_or_years_gone_by_do_not_count(write: Write) -> None:
    texts = {"FILLVAL": "-9.22E+18", "VALIDMIN": "01-Jan-2015 00:00:00", "VALIDMAX": "31-Dec-2100"}
    assert look(write(series(attrs=texts)))["time_min"] == jd("2020-01-01")
    gone = {"VALIDMAX": [tt2000(2010, 1, 1), "CDF_TIME_TT2000"]}
    assert look(write(series(attrs=gone)))["time_min"] == jd("2020-01-01")
    inside = {"VALIDMIN": [tt2000(2020, 1, 1, 0, 1), "CDF_TIME_TT2000"]}
    assert look(write(series(attrs=inside)))["time_min"] == pytest.approx(jd("2020-01-01T00:01"), abs=5e-10)


def test_times_that_nobody_believes_are_a_reason_not_a_row(write: Write) -> None:
    values = np.array([cdfepoch.compute_epoch([500, 1, 1, 0, 0, 0, 0])])
    with pytest.raises(HeaderError, match="not one record is a time"):
        look(write([Var("Epoch", "epoch", values), data(count=1)]))


def test_one_record_ends_where_it_starts_and_the_source_says_so(write: Write) -> None:
    found = look(write(series(1)))
    assert found["time_max"] == found["time_min"]
    assert found["time_sampling_step_min"] is None
    assert found.sources["time_max"] == "variable Epoch, latest record, its length unknown"
    exposed = look(write(series(1), {**GLOBALS, "VESPA_time_exp": [[30.0, "CDF_REAL4"]]}))
    assert exposed["time_max"] == pytest.approx(jd("2020-01-01T00:00:30"), abs=5e-10)
    assert (exposed["time_exp_min"], exposed["time_exp_max"]) == (30.0, 30.0)


def test_delta_variables_tell_where_samples_start_and_end(write: Write) -> None:
    attrs = {"DELTA_PLUS_VAR": "plus", "DELTA_MINUS_VAR": "minus"}
    deltas = [
        Var("plus", "f4", np.array([1, 2, 3, 4, 500], np.float32), {"UNITS": "ms"}),
        Var("minus", "f4", np.array([0.25], np.float32), {"UNITS": "seconds"}, varies=False),
    ]
    found = look(write([*series(attrs=attrs), *deltas]))
    assert found["time_min"] == pytest.approx(jd("2019-12-31T23:59:59.75"), abs=5e-10)
    assert found["time_max"] == pytest.approx(jd("2020-01-01T00:04:00.5"), abs=5e-10)
    assert found.sources["time_max"].endswith("+ DELTA_PLUS_VAR plus")
    assert found["time_exp_min"] is None  # a range of the time stamp is no exposure
    absent = look(write(series(attrs=attrs)))
    assert absent["time_max"] == pytest.approx(jd("2020-01-01T00:05"), abs=5e-10)


@pytest.mark.parametrize(
    ("row", "end"), [([2, 1e31, 3], "04:03"), ([1e31, -1, 3], "04:03"), ([np.inf, np.nan, -1], "05:00")]
)
def test_fill_values_of_a_delta_variable_are_no_lengths(write: Write, row: list[float], end: str) -> None:
    plus = Var("plus", "f4", np.array([row] * 5, np.float32), {"UNITS": "s", "FILLVAL": [1e31, "CDF_REAL4"]})
    found = look(write([*series(attrs={"DELTA_PLUS_VAR": "plus"}), plus]))
    assert found["time_max"] == pytest.approx(jd(f"2020-01-01T00:{end}"), abs=5e-10)


def test_bin_location_says_which_share_of_the_step_lies_behind(write: Write) -> None:
    found = look(write(series(attrs={"Bin_location": [0.5, "CDF_REAL4"]})))
    assert found["time_min"] == pytest.approx(jd("2019-12-31T23:59:30"), abs=5e-10)
    assert found["time_max"] == pytest.approx(jd("2020-01-01T00:04:30"), abs=5e-10)


def waveform(unit: str, factor: float, **kind: Any) -> list[Var]:
    offsets = np.arange(100) * factor
    stored = offsets[None, :] if kind.get("varies") is False else np.tile(offsets, (3, 1))
    attrs = {"VAR_TYPE": "data", "DEPEND_0": "Epoch", "DEPEND_1": "dt", "DISPLAY_TYPE": "waveform"}
    return [
        series(3, 10.0)[0],
        Var("dt", "f8", stored, {"UNITS": unit, "VAR_TYPE": "support_data", "DEPEND_0": "Epoch"}, **kind),
        Var("W", "i1", np.zeros((3, 100), np.int8), attrs),
    ]


@pytest.mark.parametrize("varies", [True, False])
def test_waveforms_step_by_their_offsets_and_end_with_the_last_one(write: Write, varies: bool) -> None:
    found = look(write(waveform("microseconds", 1e4, varies=varies)))
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == (0.01, 0.01)
    assert found["time_max"] == pytest.approx(jd("2020-01-01T00:00:21"), abs=5e-10)
    assert found["dataproduct_type"] == "ts"
    assert found["spectral_range_min"] is None


@pytest.mark.parametrize(
    ("offsets", "steps"),
    [
        (np.array([float(f"{n / 0.0288:.6g}") for n in range(1600)]), (3.47222e-05, 3.47222e-05)),  # six digits
        (np.round(np.arange(1600) / 0.0288, 1), (3.47222e-05, 3.47222e-05)),  # one decimal
        (np.arange(1600) / 0.0288, (3.4722222e-05, 3.4722222e-05)),  # as they are
        (np.append(np.round(np.arange(1600) / 0.0288, 1), 55555.9), (3.47e-05, 3.51e-05)),  # the last came late
        (np.array([0.0, 1.0, 2.0, 4.0]), (1e-06, 2e-06)),  # nobody says that these were rounded
    ],
)  # fmt: skip
def test_offsets_that_differ_by_their_rounding_alone_have_one_step(
    write: Write, offsets: NDArray[np.float64], steps: tuple[float, float]
) -> None:
    attrs = {"VAR_TYPE": "data", "DEPEND_0": "Epoch", "DEPEND_1": "dt", "DISPLAY_TYPE": "waveform"}
    kept = Var("dt", "f8", offsets[None], {"UNITS": "microseconds", "VAR_TYPE": "support_data"}, varies=False)
    found = look(write([series(3, 10.0)[0], kept, Var("W", "i1", np.zeros((3, len(offsets)), np.int8), attrs)]))
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == pytest.approx(steps, rel=1e-7)


def snapshots(rates: list[float], unit: str = "Hz") -> list[Var]:
    """Records 10 s apart of 100 samples, each at a rate of its own."""
    attrs = {"VAR_TYPE": "data", "DEPEND_0": "Epoch", "DISPLAY_TYPE": "time_series"}
    support = {"UNITS": unit, "VAR_TYPE": "support_data", "DEPEND_0": "Epoch", "FILLVAL": [-1e31, "CDF_REAL4"]}
    return [
        series(len(rates), 10.0)[0],
        Var("RATE", "f4", np.array(rates, np.float32), support),
        Var("W", "f4", np.zeros((len(rates), 100), np.float32), attrs),
    ]


def test_snapshots_step_by_their_rates_and_end_with_the_one_that_ends_last(write: Write) -> None:
    found = look(write(snapshots([100.0, 4.0, 50.0, -1e31])), rate_variable="RATE")
    assert (found["time_sampling_step_min"], found["time_sampling_step_max"]) == (0.01, 0.25)
    assert found["time_max"] == pytest.approx(jd("2020-01-01T00:00:35"), abs=5e-10)  # from 10 s on, 25 s
    assert found.sources["time_sampling_step_max"] == "rates of variable RATE"


@pytest.mark.parametrize(
    ("rates", "unit", "name", "message"),
    [
        ([100.0, 100.0], "V", "RATE", "no rate of samples"),
        ([-1e31, 0.0], "Hz", "RATE", "holds no rate"),
        ([100.0, 100.0], "Hz", "R", "no variable 'R'"),
    ],
)
def test_what_is_no_rate_is_a_reason(write: Write, rates: list[float], unit: str, name: str, message: str) -> None:
    with pytest.raises(HeaderError, match=message):
        look(write(snapshots(rates, unit)), rate_variable=name)


@pytest.mark.parametrize("length", [1e30, 3e12])
def test_a_sample_that_lasts_for_ever_is_a_reason_not_a_row(write: Write, length: float) -> None:
    delta = Var("plus", "f8", np.array([[1.0, length]]), {"UNITS": "s"}, varies=False)
    with pytest.raises(HeaderError, match="beyond the calendar"):
        look(write([*series(attrs={"DELTA_PLUS_VAR": "plus"}), delta]))
    epoch = np.array([cdfepoch.compute_epoch([2020, 1, 1, 0, 0, 0, 0])])
    clock = Var("Epoch", "epoch", epoch, {"DELTA_PLUS_VAR": "plus"})
    with pytest.raises(HeaderError, match="beyond the calendar"):
        look(write([clock, data(count=1), delta]))
