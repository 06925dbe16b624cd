"""What counts as agreement of a peer with a row."""

from __future__ import annotations

import pytest
from peers.comparing import differences, findings, judged

ROW = {
    "time_min": 2460000.5, "time_max": 2460000.5 + 60 / 86400, "time_sampling_step_max": 2.0, "time_exp_max": None,
    "spectral_range_min": 1e7, "spectral_range_max": 4e7,
}  # fmt: skip


@pytest.mark.parametrize("last_s", [58.0, 59.0, 60.0])
def test_the_last_sample_may_be_told_by_its_start_or_its_end(last_s: float) -> None:
    told = {"first": 2460000.5, "last": 2460000.5 + last_s / 86400, "low": 1e7 * (1 + 1e-7), "high": 4e7}
    assert differences(ROW, told) == {}


@pytest.mark.parametrize(
    ("told", "column"),
    [
        ({"first": 2460000.5 + 0.01 / 86400}, "time_min"),
        ({"last": 2460000.5 + 57 / 86400}, "time_max"),
        ({"last": 2460000.5 + 61 / 86400}, "time_max"),
        ({"start": 2460000.6}, "time_min"),
        ({"stop": 2460000.4}, "time_max"),
        ({"low": 1.0001e7}, "spectral_range_min"),
        ({"high": 39e6}, "spectral_range_max"),
    ],
)
def test_more_than_that_is_a_disagreement(told: dict[str, float], column: str) -> None:
    assert list(differences(ROW, told)) == [column]


def test_a_range_that_the_row_lacks_is_one_too() -> None:
    assert list(differences({**ROW, "spectral_range_min": None}, {"low": 1.0, "high": 4e7})) == ["spectral_range_min"]


def test_a_nominal_interval_encloses_the_samples() -> None:
    assert differences(ROW, {"start": 2460000.0, "stop": 2460001.0}) == {}


def test_what_a_peer_does_not_tell_disagrees_with_nothing() -> None:
    assert differences(ROW, {}) == {}


def test_a_file_that_is_opened_and_not_read_is_no_agreement() -> None:
    assert findings(ROW, {"kind": "x"}).keys() == {"times", "frequencies"}
    nominal = {"kind": "x", "start": 2460000.0, "stop": 2460001.0, "low": 1e7, "high": 4e7}
    assert findings(ROW, nominal) == {"times": "it tells the nominal interval alone"}
    times = {"first": ROW["time_min"], "last": ROW["time_max"]}
    assert findings({**ROW, "spectral_range_min": None}, {"kind": "x", **times}) == {}
    assert findings(ROW, {"error": "KeyError: 'x'"}) == {"open": "KeyError: 'x'"}


def test_each_finding_is_to_be_explained_and_each_explanation_needed() -> None:
    assert judged({}, {}) == ("agrees", True)
    assert judged({"open": "it failed"}, {}) == ("it failed (NOT EXPLAINED)", False)
    assert judged({"open": "it failed"}, {"open": "by section 3"}) == ("it failed (by section 3)", True)
    assert judged({}, {"open": "by section 3"}) == ("open is explained, and agrees", False)
