"""Times are quasi-JD UTC, frequencies Hz, durations s."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from epncore.model import units

LEAP_DAY = dt.date(2016, 12, 31)
YEARS = st.dates(dt.date(1962, 1, 1), dt.date(2024, 12, 31))


@pytest.mark.parametrize(
    ("date", "second", "jd"),
    [
        (dt.date(2000, 1, 1), 43200.0, 2451545.0),
        (dt.date(1977, 9, 5), 0.0, 2443391.5),
        (dt.date(2024, 2, 29), 0.0, 2460369.5),
        (dt.date(2024, 7, 16), 47082.0, 2460508.0449305557),
        (LEAP_DAY, 86400.0, 2457754.5 - 1 / 86401),
        (LEAP_DAY, 86401.0, 2457754.5),
    ],
)
def test_julian_days_are_those_of_the_almanac(date, second, jd):
    assert units.jd_utc(date, second) == pytest.approx(jd, abs=1e-9, rel=0)


@pytest.mark.parametrize(
    ("date", "second", "same_date", "same_second"),
    [
        (dt.date(2024, 7, 16), 3 * 3600 + 44 * 60 + 60, dt.date(2024, 7, 16), 3 * 3600 + 45 * 60),
        (dt.date(2024, 7, 16), 86406.0, dt.date(2024, 7, 17), 6.0),
        (dt.date(2023, 12, 31), 86400.0, dt.date(2024, 1, 1), 0.0),
        (LEAP_DAY, 86407.0, dt.date(2017, 1, 1), 6.0),
        (dt.date(2017, 1, 1), -0.5, LEAP_DAY, 86400.5),
        (dt.date(2024, 3, 1), -1.0, dt.date(2024, 2, 29), 86399.0),
        (dt.date(2024, 7, 16), 10 * 86400.0 + 1, dt.date(2024, 7, 26), 1.0),
    ],
)
def test_seconds_beyond_the_day_are_carried(date, second, same_date, same_second):
    assert units.jd_utc(date, second) == units.jd_utc(same_date, same_second)


@pytest.mark.parametrize(
    ("date", "second", "words"),
    [
        (dt.date(2024, 1, 1), math.nan, "no time of a day"),
        (dt.date(2024, 1, 1), math.inf, "no time of a day"),
        (dt.date(2024, 1, 1), -1e300, "no time of a day"),
        (dt.date(9999, 12, 31), 86400.0, "beyond the calendar"),
        (dt.date(1, 1, 1), -1.0, "beyond the calendar"),
    ],
)
def test_seconds_that_are_no_time_are_refused_at_once(date, second, words):
    with pytest.raises(ValueError, match=words):
        units.jd_utc(date, second)


@given(st.one_of(YEARS, st.just(LEAP_DAY), st.just(dt.date(2015, 6, 30))), st.floats(0, 86399.999))
def test_julian_days_agree_with_astropy(date, second):
    minutes, rest = divmod(second, 60)
    hours, minutes = divmod(int(minutes), 60)
    time = Time({"year": date.year, "month": date.month, "day": date.day, "hour": hours, "minute": minutes,
                 "second": rest}, format="ymdhms", scale="utc")  # fmt: skip
    # Before 1972 UTC had steps of up to a tenth of a second, which astropy spreads over their day.
    tolerance = 2e-6 if 1960 <= date.year < 1972 else 1e-9
    assert units.jd_utc(date, second) == pytest.approx(time.jd, abs=tolerance, rel=0)


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60.5", "2015-06-30T23:59:60", "2016-12-31T12:00:00"])
def test_days_with_a_leap_second_agree_with_astropy(text):
    hour, minute, second = text[11:].split(":")
    second_of_day = int(hour) * 3600 + int(minute) * 60 + float(second)
    assert units.jd_utc(dt.date.fromisoformat(text[:10]), second_of_day) == pytest.approx(
        Time(text, scale="utc").jd, abs=1e-9, rel=0
    )


@pytest.mark.parametrize(
    ("date", "length"),
    [
        (LEAP_DAY, 86401), (dt.date(1972, 6, 30), 86401), (dt.date(2015, 6, 30), 86401), (dt.date(2017, 12, 31), 86400),
        (dt.date(2016, 12, 30), 86400), (dt.date(1971, 12, 31), 86400), (dt.date(9999, 12, 31), 86400),
        (dt.date(2090, 6, 30), 86400),
    ],
)  # fmt: skip
def test_only_days_with_a_leap_second_are_longer(date, length):
    assert units.day_length_s(date) == length


@given(st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(2999, 1, 1)))
def test_a_julian_day_gives_back_its_date_to_the_millisecond(moment):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    seconds = (moment - dt.datetime.combine(moment.date(), dt.time())).total_seconds()
    assert units.datetime_of_jd(units.jd_utc(moment.date(), seconds)) == moment


@pytest.mark.parametrize("jd", [2460508.5, 2457754.5, 2443391.5])
def test_a_moment_just_below_midnight_is_midnight(jd):
    assert units.datetime_of_jd(np.nextafter(jd, 0)) == units.datetime_of_jd(jd)
    assert units.datetime_of_jd(jd).time() == dt.time()


def test_a_leap_second_is_shown_at_the_end_of_its_day():
    shown = units.datetime_of_jd(units.jd_utc(LEAP_DAY, 86400.5))
    assert shown == dt.datetime(2016, 12, 31, 23, 59, 59, 999000)


@pytest.mark.parametrize("jd", [math.nan, math.inf, -math.inf, 1e20, -1e20, 0.0, 5373484.5, np.nextafter(5373484.5, 0)])
def test_julian_days_beyond_the_calendar_are_refused(jd):
    with pytest.raises(ValueError, match=r".+"):
        units.datetime_of_jd(float(jd))


@pytest.mark.parametrize(
    ("text", "hz"),
    [
        ("Hz", 1.0), ("[kHz]", 1e3), ("MHZ", 1e6), ("Mhz", 1e6), (" MHz ", 1e6), ("mHz", 1e-3), ("GHz", 1e9),
        ("hertz", 1.0), ("kilohertz", 1e3), ("1/s", 1.0), ("s-1", 1.0),
        ("eV", None), ("keV", None), ("nm", None), ("", None), ("[]", None), ("furlong", None), ("s", None),
        ("1e500 Hz", None), ("0 Hz", None), ("MHz" * 2000, None), ("1/0", None), ("\x00", None), ("日", None),
    ],
)  # fmt: skip
def test_only_frequencies_are_frequencies(text, hz):
    factor = units.frequency_factor_hz(text)
    assert factor == (None if hz is None else pytest.approx(hz))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("s", 1.0), ("sec", 1.0), ("Seconds", 1.0), ("ms", 1e-3), ("msec", 1e-3), ("nanoseconds", 1e-9), ("us", 1e-6),
        ("min", 60.0), ("hours", 3600.0), ("days", 86400.0), ("Hz", None), ("m", None), ("", None),
    ],
)  # fmt: skip
def test_only_durations_are_durations(text, seconds):
    factor = units.duration_factor_s(text)
    assert factor == (None if seconds is None else pytest.approx(seconds))


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_units(text):
    factor = units.frequency_factor_hz(text)
    assert factor is None or 0 < factor < math.inf


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ([], []), ([1.0], []), ([1.0, 1.0], []), ([3.0, 1.0, 2.0, 2.0], [1.0, 1.0]), ([math.nan, 1.0, 4.0], [3.0]),
        ([math.inf, 0.0, 5.0], [5.0]),
    ],
)  # fmt: skip
def test_steps_are_between_distinct_values(values, steps):
    assert units.positive_steps(np.array(values, dtype=float)).tolist() == steps


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("Nançay", "Nancay"), ("Ångström", "Angstrom"), ("Tromsø", "Tromso"), ("Straße", "Strasse"), ("Łódź", "Lodz"),
        ("5 µm", "5 um"), ("5 μm", "5 um"), ("45°", "45 deg"), ("“a” – ‘b’", "\"a\" - 'b'"), ("ﬁ", "fi"), ("日", "_"),
        ("plain", "plain"), ("a\xa0b", "a b"), ("\ud800", "_"),
    ],
)  # fmt: skip
def test_letters_lose_their_marks(text, ascii_text):
    assert units.to_ascii(text) == ascii_text


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P1Y", (12, 0)), ("P6M", (6, 0)), ("P90D", (0, 90)), ("P2W", (0, 14)), ("P1Y2M3W4D", (14, 25)),
        (" P1Y ", (12, 0)),
        ("P", None), ("", None), ("1Y", None), ("P1H", None), ("PT1H", None), ("P-1Y", None), ("P1D1Y", None),
        ("P1.5Y", None), ("p1y", None), ("P99999Y", None),
    ],
)  # fmt: skip
def test_periods_are_years_months_weeks_and_days(text, period):
    assert units.parse_period(text) == period


@pytest.mark.parametrize(
    ("moment", "period", "later"),
    [
        (dt.datetime(2024, 2, 29, 5), (12, 0), dt.datetime(2025, 2, 28, 5)),
        (dt.datetime(2024, 2, 29), (48, 0), dt.datetime(2028, 2, 29)),
        (dt.datetime(2024, 1, 31), (1, 0), dt.datetime(2024, 2, 29)),
        (dt.datetime(2024, 10, 31), (1, 0), dt.datetime(2024, 11, 30)),
        (dt.datetime(2024, 12, 31), (2, 1), dt.datetime(2025, 3, 1)),
        (dt.datetime(2024, 1, 1), (0, 0), dt.datetime(2024, 1, 1)),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_last_of_its_month(moment, period, later):
    assert units.add_period(moment, period) == later


@pytest.mark.parametrize("period", [(12 * 9999, 0), (0, 99999 * 40), (12 * 7976, 0)])
def test_a_period_beyond_the_calendar_is_refused(period):
    with pytest.raises(ValueError, match="beyond the calendar"):
        units.add_period(dt.datetime(2024, 1, 1), period)
