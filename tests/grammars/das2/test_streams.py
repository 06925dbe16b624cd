"""Rows of das2 streams: of real ones, by numbers read by hand, and of small ones that say things in other ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from epncore.model.errors import UnreadableError
from grammars.readers import das2
from grammars.readers.das2 import Das2Reader
from grammars.readers.spans import SPAN_RECORDS, SPANS_MAX

from .conftest import PACKET, STREAM, RowOf, header, record, stream

JD_TOLERANCE = 5e-10
J2000_DAY = 2451544.5  # 2000-01-01


def day(seconds: float) -> float:
    return J2000_DAY + seconds / 86400


# time_min, time_max, time steps, spectral range, spectral steps: the first and the last record as they stand there,
# and the difference of successive tags.
REAL = {
    "galileo_pws_sample.d2t": (
        2450575.5 + (15 * 3600 + 16.207) / 86400, 2450575.5 + (15 * 3600 + 594.874 + 18.667) / 86400,
        (18.666, 18.667), (5.62, 5.77e6), (3.25, 5.39e5), "ds", "phys.electField;em.radio", "V**2.m**-2.Hz**-1",
    ),
    "juno_waves_sample.d2t": (
        2457754.5 + 0.2 / 86400, 2457754.5 + 300.7 / 86400,
        (0.9, 1.1), (48.83, 4.05e7), (48.8, 1e6), "ds", "phys.electField;em.radio", "V**2.m**-2.Hz**-1",
    ),
    "cassini_rpws_wfrm_sample.d2s": (
        J2000_DAY + 271674450.007565 / 86400, J2000_DAY + (271674450.75756 + 2048 * 3.6e-5) / 86400,
        (3.6e-5, 3.6e-5), (None, None), (None, None), "ts",
        "phys.electField;em.radio", "V.m**-1",
    ),
    "das2_bin_avgsec_input2.d2s": (
        2456755.5 + 900.046 / 86400, 2456755.5 + (1199.984 + 0.063) / 86400,
        (0.062, 0.063), (None, None), (None, None), "ts", "phys.magField", "nT",
    ),
    "das2_bin_avgsec_output2.d2t": (
        2456755.5 + 905.046 / 86400, 2456755.5 + (1195.046 + 10.0) / 86400,
        (10.0, 10.0), (None, None), (None, None), "ts", "phys.magField", "nT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_rows_of_real_streams_hold_what_was_read_by_hand(real_data: Path, row_of: RowOf, name: str) -> None:
    row = row_of(real_data / "das2" / name)
    start, end, times, hertz, steps, kind, measured, unit = REAL[name]
    assert row["time_min"] == pytest.approx(start, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(end, abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == times
    assert (row["spectral_range_min"], row["spectral_range_max"]) == hertz
    assert (row["spectral_sampling_step_min"], row["spectral_sampling_step_max"]) == steps
    assert (row["dataproduct_type"], row["measurement_type"], row["measurement_unit"]) == (kind, measured, unit)


def test_text_and_binary_give_the_same_times(made: dict[str, Path], row_of: RowOf) -> None:
    """The samples start 16.207 s after the hour; the record after the gap is no sampling step."""
    text, binary = row_of(made["gll_pws_lrs_19970507T15.d2t"]), row_of(made["gll_pws_lrs_19960627T06.d2s"])
    assert text["time_min"] == pytest.approx(2450576.125 + 16.207 / 86400, abs=JD_TOLERANCE)
    assert binary["time_min"] == pytest.approx(2450261.75 + 16.207 / 86400, abs=JD_TOLERANCE)
    assert text["time_sampling_step_max"] == binary["time_sampling_step_max"] == 18.667


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        ("t2000", 86400.0 * 366), ("us2000", 86400e6 * 366), ("t1970", 978307200.0), ("mj1958", 15706.0),
        ("mjd", 51910.0), ("us1980", 662774400e6),
    ],
)  # fmt: skip
def test_binary_times_count_from_several_epochs(row_of: RowOf, unit: str, count: float) -> None:
    """Each is 2001-01-01."""
    row = row_of(stream(count, packet=PACKET.replace(b"t2000", unit.encode())))
    assert row["time_min"] == pytest.approx(2451910.5, abs=JD_TOLERANCE)


def test_text_times_by_the_day_of_the_year(row_of: RowOf) -> None:
    packet = PACKET.replace(b"sun_real8", b"time21").replace(b"sun_real4", b"ascii4")
    row = row_of(header("00", STREAM) + header("01", packet) + b":01:2001-001T00:00:01.50   1   2   3\n")
    assert row["time_min"] == row["time_max"] == pytest.approx(2451910.5 + 1.5 / 86400, abs=JD_TOLERANCE)


@pytest.mark.parametrize(
    ("unit", "measured"),
    [
        (b"V m**-1", "phys.electField;em.radio"), (b"nT**2 Hz**-1", "phys.magField;em.radio"), (b"nT", "phys.magField"),
        (b"W m**-2 Hz**-1", "phot.flux.density;em.radio"), (b"furlong", None), (b"", None),
    ],
)  # fmt: skip
def test_units_tell_what_was_measured(row_of: RowOf, unit: bytes, measured: str | None) -> None:
    assert row_of(stream(1.0, packet=PACKET.replace(b"V m**-1", unit)))["measurement_type"] == measured


def test_frequencies_come_in_their_unit(row_of: RowOf) -> None:
    row = row_of(stream(0.0, 1.0))
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (10e3, 40e3)
    assert (row["spectral_sampling_step_min"], row["spectral_sampling_step_max"]) == (10e3, 20e3)
    assert row["time_max"] == pytest.approx(day(2.0), abs=JD_TOLERANCE)


def test_tags_of_equal_steps(row_of: RowOf) -> None:
    row = row_of(stream(0.0, packet=PACKET.replace(b'yTags="10, 20, 40"', b'yTagMin="5" yTagInterval="2.5"')))
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (5e3, 10e3)


def test_a_tag_that_is_defined_anew_has_its_new_length(row_of: RowOf) -> None:
    longer = PACKET.replace(b'"3"', b'"4"').replace(b"40", b"40, 80")
    extra = record(3.0) + bytes(4) + record(5.0) + bytes(4)
    row = row_of(stream(1.0, 2.0) + header("01", longer) + extra)
    assert row["spectral_range_max"] == 80e3
    assert row["time_max"] == pytest.approx(day(5.0 + 2.0), abs=JD_TOLERANCE)


def test_keys_are_the_properties_without_their_types(made: dict[str, Path]) -> None:
    with Das2Reader().open(made["gll_pws_lrs_19970507T15.d2t"]) as opened:
        assert opened.keys()[:3] == ("title", "xTagWidth", "xCacheRange")
        assert opened.properties["title"] == "Galileo PWS - LRS Electric"


def test_comments_are_passed_over(row_of: RowOf) -> None:
    comment = header("xx", b'<comment type="taskProgress" value="1"/>')
    assert row_of(stream(1.0) + comment + record(2.0) + comment)["time_max"] == pytest.approx(day(3), abs=JD_TOLERANCE)


def test_a_long_stream_of_one_kind_costs_no_more(row_of: RowOf, tmp_path: Path) -> None:
    path = tmp_path / "long.d2s"
    path.write_bytes(stream(*range(20_000)))
    with Das2Reader().open(path) as opened:
        (records,) = opened.records()
    assert sum(map(len, records.spans)) == SPANS_MAX * SPAN_RECORDS
    row = row_of(path)
    assert (row["time_min"], row["time_max"]) == pytest.approx((day(0), day(20_000)), abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (1.0, 1.0)


def test_what_looks_like_one_kind_by_its_length_alone_is_walked_through(row_of: RowOf) -> None:
    """A comment as long as two records stands in the middle."""
    comment = header("xx", b"<comment/>".ljust(2 * len(record(0.0)) - 10))
    assert len(comment) == 2 * len(record(0.0))
    row = row_of(stream(1.0, 2.0) + comment + record(3.0))
    assert row["time_max"] == pytest.approx(day(4.0), abs=JD_TOLERANCE)


def test_a_mixed_stream_is_walked_through_up_to_a_bound(row_of: RowOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(das2, "PACKETS_MAX", 6)
    comment = header("xx", b"<comment/>")
    assert row_of(stream(1.0, 2.0) + comment + record(3.0))["time_max"] == pytest.approx(day(4), abs=JD_TOLERANCE)
    with pytest.raises(UnreadableError, match="more than 6 packets"):
        row_of(stream(1.0, 2.0) + comment + record(3.0) + record(4.0) + record(5.0))
