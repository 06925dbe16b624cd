"""Traps of the time axis, and of the cards that date it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epncore.model.errors import HeaderError
from epncore.model.row import Found
from epncore.model.units import jd_utc
from grammars.ecallisto_times import creation_date, moment

if TYPE_CHECKING:
    from .conftest import Bir

STEP_S, SAMPLES = 3.75, 240


def jd(date: str, seconds: float) -> float:
    return jd_utc(dt.date.fromisoformat(date), seconds)


def test_the_start_keeps_the_fraction_of_time_obs_and_the_end_is_that_of_the_last_sample(bir: Bir) -> None:
    start_s = 6 * 3600 + 24 * 60 + 0.213
    assert bir.facts().time == (jd("2011-06-07", start_s), jd("2011-06-07", start_s + SAMPLES * STEP_S))


def test_seconds_of_60_are_the_next_minute(bir: Bir) -> None:
    time = bir.card("TIME-OBS", "'06:23:60'").card("TIME-END", "'06:38:60'").facts().time
    assert time[0] == jd("2011-06-07", 6 * 3600 + 24 * 60)


def test_an_hour_of_24_is_the_next_day(bir: Bir) -> None:
    bir.card("TIME-OBS", "'23:45:06.123'").card("TIME-END", "'24:00:06'")
    assert bir.facts().time[1] == pytest.approx(jd("2011-06-08", 6.123), abs=5e-10)
    time = bir.card("TIME-OBS", "'24:00:06'").card("TIME-END", "'00:15:06'").facts().time
    assert time[0] == jd("2011-06-08", 6)


def test_a_date_end_that_stays_behind_at_midnight_moves_nothing(bir: Bir) -> None:
    time = bir.card("TIME-OBS", "'23:50:00.000'").card("TIME-END", "'00:05:00'").facts().time
    assert time == (jd("2011-06-07", 85800), jd("2011-06-08", 300))


def test_a_leap_second_stays_in_its_day(bir: Bir) -> None:
    bir.card("DATE-OBS", "'2016/12/31'").card("DATE-END", "'2016/12/31'")
    time = bir.card("TIME-OBS", "'23:59:60.5'").card("TIME-END", "'00:14:60'").facts().time
    assert time == (
        pytest.approx(2457754.4999942128, abs=5e-10),  # 86400.5 of 86401 s after 2457753.5
        pytest.approx(2457754.5 + 899.5 / 86400, abs=5e-10),
    )


def test_a_day_after_the_last_one_of_the_calendar_is_none() -> None:
    with pytest.raises(HeaderError, match="no day of the calendar"):
        moment("9999/12/31", "24:00:00", "DATE-OBS", "TIME-OBS")


def test_a_two_digit_year_is_ambiguous(bir: Bir) -> None:
    error = bir.card("DATE-OBS", "'07/06/11'").refused()
    assert error.place == "DATE-OBS"
    assert "'07/06/11' does not tell which is the year" in error.message
    assert "2011/06/07" in (error.hint or "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DATE-OBS", None), ("DATE-OBS", "''"), ("DATE-OBS", "'2011/02/30'"), ("DATE-OBS", "20110607"),
        ("DATE-OBS", "'1970/01/01'"), ("DATE-OBS", "'9999/12/31'"), ("DATE-OBS", "'0000/00/00'"), ("TIME-OBS", None),
        ("TIME-OBS", "'25:00:00'"), ("TIME-OBS", "'06:60:00'"), ("TIME-OBS", "'06:24:61'"), ("TIME-OBS", "'noon'"),
    ],
)  # fmt: skip
def test_an_undated_file_is_refused_with_the_card(bir: Bir, key: str, value: str | None) -> None:
    error = bir.card(key, value).refused()
    assert error.place == key


def test_dates_with_dashes_and_with_their_own_time(bir: Bir) -> None:
    expected = bir.facts().time
    assert bir.card("DATE-OBS", "'2011-06-07'").facts().time == expected
    assert bir.card("DATE-OBS", "'2011-06-07T06:24:00.213'").card("TIME-OBS", None).facts().time == expected


def test_a_time_axis_that_runs_backwards(bir: Bir) -> None:
    expected = bir.facts()
    reversed_axis = [STEP_S * i for i in reversed(range(SAMPLES))]
    facts = bir.axis("TIME", reversed_axis).facts()
    assert (facts.time, facts.time_steps) == (expected.time, expected.time_steps)


def test_values_that_are_no_numbers_do_not_count(bir: Bir) -> None:
    facts = bir.axis("TIME", [float("nan"), STEP_S]).facts()
    assert facts.time[0] == jd("2011-06-07", 23040.213 + STEP_S)


@pytest.mark.parametrize("factor", [1000.0, 60.0])
def test_a_time_axis_in_another_unit_shows_in_time_end(bir: Bir, factor: float) -> None:
    error = bir.axis("TIME", [factor * STEP_S * i for i in range(SAMPLES)]).refused()
    assert "TIME-END" in (error.place or "")


def test_a_time_axis_from_another_zero_shows_in_time_end(bir: Bir) -> None:
    assert "TIME-END" in (bir.axis("TIME", [23040 + STEP_S * i for i in range(SAMPLES)]).refused().place or "")


def test_a_unit_of_the_time_axis_is_followed(bir: Bir) -> None:
    expected = bir.facts()
    facts = (
        bir.axis("TIME", [1000 * STEP_S * i for i in range(SAMPLES)]).card("TZERO1", "'ms'", becomes="TUNIT1").facts()
    )
    assert facts.time == pytest.approx(expected.time, abs=5e-10)
    assert facts.time_steps == pytest.approx(expected.time_steps)


def test_what_is_remembered_of_an_axis_is_that_axis_only(bir: Bir) -> None:
    """The same bytes in another unit, of another length, in another column; each met before and again."""
    original, variants = bir.content, []
    for change in (
        lambda: bir,
        lambda: bir.card("TZERO1", "'min'", becomes="TUNIT1").card("TIME-END", "'21:20:00'"),
        lambda: bir.card("TZERO2", "'kHz'", becomes="TUNIT2"),
        lambda: bir.card("NAXIS", "3").card("NAXIS1", "120").card("EXTEND", "2", becomes="NAXIS3"),
        lambda: bir.card("TTYPE1", "'SPARE'"),
        lambda: bir.axis("TIME", [0.5]),
    ):
        bir.content = original
        variants.append((change().content, _seen(bir)))
    assert len({repr(seen) for _, seen in variants}) == len(variants)
    for content, seen in variants[::-1]:
        bir.content = content
        assert _seen(bir) == seen


def _seen(bir: Bir) -> tuple[object, ...]:
    facts = bir.facts()
    return facts.time, facts.time_steps, facts.spectral_range, facts.spectral_steps


@pytest.mark.parametrize("end", ["'06:20:00'", "'06:30:00'", "'07:20:00'", "'nonsense'", None])
def test_a_time_end_that_is_off_by_less_than_an_hour_raises_no_false_alarm(bir: Bir, end: str | None) -> None:
    expected = bir.facts().time
    assert bir.card("TIME-END", end).facts().time == expected


@pytest.mark.parametrize("date", ["'2011/06/06'", "'2011/06/08'", "'07/06/11'", None])
def test_a_wrong_date_end_raises_no_false_alarm(bir: Bir, date: str | None) -> None:
    expected = bir.facts().time
    assert bir.card("DATE-END", date).facts().time == expected


def test_without_a_time_axis_the_nominal_step_counts_and_that_is_said(bir: Bir) -> None:
    expected = bir.facts()
    facts = bir.card("TTYPE1", "'SPARE'").facts()
    assert facts.time[0] == expected.time[0]
    assert isinstance(facts.time[1], Found)
    assert facts.time[1].value == expected.time[1]
    assert "CDELT1" in facts.time[1].source
    assert isinstance(facts.time_steps[0], Found)
    assert facts.time_steps[0].value == STEP_S
    assert bir.card("CDELT1", "0").refused().place == "TIME, CDELT1"


def test_an_axis_shorter_than_the_image_is_refused(bir: Bir) -> None:
    error = bir.card("NAXIS1", "241").card("NAXIS2", "63").refused()
    assert error.place == "TIME, NAXIS1"


@given(
    st.dates(dt.date(1972, 1, 1), dt.date(2998, 12, 31)), st.integers(0, 24), st.integers(0, 59), st.integers(0, 60999)
)
def test_times_carry_over_as_the_calendar_does(date: dt.date, hour: int, minute: int, millisecond: int) -> None:
    text = f"{hour:02d}:{minute:02d}:{millisecond // 1000:02d}.{millisecond % 1000:03d}"
    found = moment(f"{date:%Y/%m/%d}".rjust(10, "0"), text, "DATE-OBS", "TIME-OBS")
    midnight = dt.datetime.combine(date, dt.time())
    expected = midnight + dt.timedelta(hours=hour, minutes=minute, milliseconds=millisecond)
    assert (
        dt.datetime.combine(found.date, dt.time()) + dt.timedelta(milliseconds=round(found.second_of_day * 1000))
        == expected
    )


WILD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.from_regex(r"[0-9/:.T-]{0,24}"))


@given(WILD, WILD)
def test_any_other_date_is_a_header_error_and_never_a_crash(date: object, time: object) -> None:
    creation_date(date)
    try:
        found = moment(date, time, "DATE-OBS", "TIME-OBS")
    except HeaderError as error:
        assert error.place in {"DATE-OBS", "TIME-OBS"}  # noqa: PT017
        return
    assert 2441000 < jd_utc(found.date, found.second_of_day) < 2817000
