"""The grammar of e-CALLISTO: frequencies, place and station; times have tests of their own."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from epncore.model.collection import load
from epncore.model.errors import ConfigError
from epncore.model.row import Cell, Found, Missing
from grammars.ecallisto import Options
from grammars.plan import compile_plans

if TYPE_CHECKING:
    from .conftest import Bir

RowOf: TypeAlias = Callable[[Path], dict[str, Cell]]

# Frequencies


def test_frequencies_are_the_extremes_of_the_axis_never_the_first_and_last(bir: Bir) -> None:
    facts = bir.axis("FREQUENCY", [50.0, 95.5, 60.0]).facts()
    assert facts.spectral_range == (20.0e6, 95.5e6)


def test_repeats_at_the_end_are_padding_and_no_step_of_zero(bir: Bir) -> None:
    smallest, largest = bir.facts().spectral_steps
    assert isinstance(smallest, float)
    assert isinstance(largest, float)
    assert 1.0e6 < smallest < largest < 1.5e6


def test_crval2_is_never_taken_for_a_frequency(bir: Bir) -> None:
    facts = bir.card("TTYPE2", "'SPARE'").facts()
    for answer in (*facts.spectral_range, *facts.spectral_steps):
        assert isinstance(answer, Missing)
        assert "CRVAL2" in answer.reason


def test_a_unit_of_the_frequency_axis_is_followed_and_one_of_another_kind_refused(bir: Bir) -> None:
    assert bir.facts().spectral_range == (20.0e6, 91.813e6)
    assert bir.card("TSCAL2", "'kHz'", becomes="TUNIT2").facts().spectral_range == (20.0e3, 91.813e3)
    assert bir.card("TUNIT2", "'s'").refused().place == "FREQUENCY"


# Place, station, the rest


@pytest.mark.parametrize(
    ("letter", "expected"), [("'E'", 7.92012977600098), ("'W'", -7.92012977600098), ("'w '", -7.92012977600098)]
)
def test_the_sign_of_the_longitude_is_in_obs_loc(bir: Bir, letter: str, expected: float) -> None:
    assert bir.card("OBS_LOC", letter).facts().longitude == expected


def test_old_files_call_it_obs_loe(bir: Bir) -> None:
    bir.content = bir.content.replace(b"OBS_LOC = 'E", b"OBS_LOE = 'W")
    assert bir.facts().longitude == -7.92012977600098


def test_the_south_is_negative(bir: Bir) -> None:
    assert bir.card("OBS_LAC", "'S'").facts().latitude == -53.0941390991211


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [("OBS_LOC", None, "no sign"), ("OBS_LON", None, "no OBS_LON"), ("OBS_LON", "'7 W'", "no OBS_LON"),
     ("OBS_LON", "-7.9", "contradict"), ("OBS_LON", "1000.", "beyond")],
)  # fmt: skip
def test_a_longitude_that_is_not_sure_is_not_guessed(bir: Bir, key: str, value: str | None, word: str) -> None:
    longitude = bir.card(key, value).facts().longitude
    assert isinstance(longitude, Missing)
    assert word in longitude.reason


def test_zero_and_zero_are_not_set(bir: Bir) -> None:
    facts = bir.card("OBS_LAT", "0.").card("OBS_LON", "0.").facts()
    assert isinstance(facts.latitude, Missing)
    assert isinstance(facts.longitude, Missing)


def test_a_place_that_is_remembered_tells_equal_values_apart(bir: Bir) -> None:
    original = bir.content
    for value, expected in (("1", 1.0), ("T", None), ("1.", 1.0), ("T", None)):
        bir.content = original
        latitude = bir.card("OBS_LAT", value).facts().latitude
        assert (None if isinstance(latitude, Missing) else latitude) == expected
    reasons = []
    for value in ("100", "100."):
        bir.content = original
        latitude = bir.card("OBS_LAT", value).facts().latitude
        assert isinstance(latitude, Missing)
        reasons.append(latitude.reason)
    assert reasons == ["OBS_LAT is 100, beyond 90 deg", "OBS_LAT is 100.0, beyond 90 deg"]


def test_what_the_config_knows_of_a_station_goes_before_its_headers(bir: Bir) -> None:
    options = Options.model_validate(
        {"stations": {"BIR": {"longitude_deg": -7.92, "host_name": "Rosse Observatory"}, "OTHER": {"latitude_deg": 1}}}
    )
    facts = bir.facts(options)
    assert isinstance(facts.longitude, Found)
    assert facts.longitude.value == -7.92
    assert facts.latitude == 53.0941390991211
    assert facts.station == ("BIR", "Rosse Observatory")


@pytest.mark.parametrize(
    "station", [{"longitude_deg": 200}, {"latitude_deg": -91}, {"longitud_deg": 1}, {"host_name": " "}]
)
def test_a_wrong_station_in_the_config_is_named(sample: Path, station: dict[str, object]) -> None:
    collection = load(sample)
    product = collection.product[0].model_copy(update={"options": {"stations": {"BIR": station}}})
    with pytest.raises(ConfigError) as caught:
        compile_plans(collection.model_copy(update={"product": [product]}))
    assert (caught.value.place or "").startswith("product.0.options.stations.BIR.")


def test_hashes_and_quotes_in_a_station_name_do_not_break_the_list(bir: Bir, row_of: RowOf) -> None:
    bir.card("INSTRUME", "'A#B \"c\"'").facts()
    assert row_of(bir.path)["instrument_host_name"] == "A_B _c_"


def test_letters_beyond_ascii_are_written_plainly(bir: Bir, row_of: RowOf) -> None:
    bir.card("INSTRUME", "'X'").card("ORIGIN", "'Nançay'").facts()
    assert row_of(bir.path)["observer_location"] == "Nancay"


def test_object_is_the_sun_whatever_the_header_says(made: dict[str, Path], row_of: RowOf) -> None:
    row = row_of(made["GAURI_20151104_033000_59.fit.gz"])
    assert (row["target_name"], row["target_class"]) == ("Sun", "star")


def test_without_a_valid_date_card_the_common_creation_date_counts(bir: Bir, row_of: RowOf) -> None:
    bir.card("DATE", "'07/06/11'").facts()
    os.utime(bir.path, (1.5e9, 1.5e9))
    assert row_of(bir.path)["creation_date"] == dt.datetime(2017, 7, 14, 2, 40)


def test_files_of_others_are_not_claimed(bir: Bir) -> None:
    bir.card("CONTENT", "'2011/06/07 Radio flux density'")
    assert bir.recognised(), "its software is known by FRQFILE and both axes"
    assert not bir.card("FRQFILE", None).recognised()
