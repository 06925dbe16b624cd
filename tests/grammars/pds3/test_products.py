"""Rows of PDS3 products: of real ones, by numbers read by hand, and of the made ones with their labels changed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from epncore.model.errors import HeaderError
from grammars.pds3 import moment
from grammars.readers.pds3 import Pds3Reader, Table
from grammars.readers.spans import SPAN_RECORDS, SPANS_MAX, spans

from .conftest import GRANULES, Product, row_of

Copied = Callable[[str], Product]
JD_TOLERANCE = 5e-10  # a double at these Julian Days resolves 4.7e-10 d
PLACE = {"file_name", "access_url", "access_estsize", "modification_date"}


def test_a_real_day_of_cassini_rpws(real_data: Path) -> None:
    """Numbers from a hex dump: SCET 14542 d, 514714 to 86370146 ms; offsets to 31.75 s, a quarter of a second apart."""
    row = row_of(real_data / "pds3" / "T1997298_MFR0.LBL", "cassini_rpws")
    assert row["time_min"] == pytest.approx(2450746.5 + 514.714 / 86400, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(2450746.5 + (86370.146 + 31.75 + 0.25) / 86400, abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (31.999, 127.999)
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (23.89, 11799.33)
    assert (row["spectral_sampling_step_min"], row["spectral_sampling_step_max"]) == (2.36, 913.03)
    assert row["measurement_type"] == "phys.electField;em.radio#phys.magField;em.radio"
    assert (row["target_name"], row["target_class"]) == ("Solar System", "interplanetary_medium")
    assert row["instrument_host_name"] == "CO#Cassini"
    assert row["instrument_name"] == "RPWS#Radio and Plasma Wave Science#MFR#Medium Frequency Receiver"
    assert (row["processing_level"], row["dataproduct_type"], row["time_refposition"]) == (3, "ds", "Cassini")
    assert str(row["creation_date"]) == "2004-02-26 00:00:00"


def test_a_real_frame_of_voyager_pws(real_data: Path) -> None:
    """Lines 1 to 800 from 12:26:11.956 on; the last one ends 1600 samples after 799 times 60 ms."""
    row = row_of(real_data / "pds3" / "PDSFORMAT.LBL", "voyager_pws_pds3")
    start = 12 * 3600 + 26 * 60 + 11.956
    assert row["time_min"] == pytest.approx(2443933.5 + start / 86400, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(2443933.5 + (start + 47.94 + 1600 / 28800) / 86400, abs=JD_TOLERANCE)
    assert row["time_sampling_step_min"] == row["time_sampling_step_max"] == pytest.approx(3.472222e-5, rel=1e-6)
    assert (row["target_name"], row["target_class"]) == ("Jupiter#Solar System", "planet#interplanetary_medium")
    assert (row["dataproduct_type"], row["measurement_type"]) == ("ts", "phys.electField;em.radio")
    assert (row["instrument_host_name"], row["time_refposition"]) == ("VG1#Voyager 1", "Voyager 1")
    assert (row["processing_level"], str(row["creation_date"])) == (1, "2011-10-31 00:00:00")


@pytest.mark.parametrize("name", sorted(GRANULES.keys() - {"C1065111.LBL"}))  # its pointers count bytes, not records
def test_an_attached_label_gives_the_row_of_a_detached_one(product: Copied, name: str) -> None:
    detached = product(name)
    before = detached.row()
    with Pds3Reader().open(detached.label) as header:
        records = header.label.count("RECORD_BYTES")
    label = detached.label.read_bytes().replace(b'"' + detached.data.name.encode() + b'"', b"@")
    room = -(-(len(label) + 100) // records)  # the label fills whole records, and the data follow
    for spelling in (b"(@, %d)", b"(@,%d)"):
        for number in (1, 2, 3, 4):
            label = label.replace(spelling % number, b"%d" % (number + room))
    label = label.replace(b"= @", b"= %d" % (1 + room))
    assert b"@" not in label.partition(b"OBJECT")[0].replace(b"PRODUCT_ID", b"")
    label = label.replace(b"@", b'"X"')
    attached = detached.label.with_name("attached.img")
    attached.write_bytes(label.ljust(room * records) + detached.data.read_bytes())
    detached.data.unlink()
    after = row_of(attached, detached.collection)
    assert {key for key in before if before[key] != after[key]} <= PLACE | {"granule_uid", "obs_id", "thumbnail_url"}


def test_data_whose_name_has_other_letters_are_found(product: Copied) -> None:
    one = product("T790228.LBL")
    before = one.row()
    one.data.rename(one.data.with_name("t790228.dat"))
    assert one.row() == before


def test_links_within_a_folder_are_followed(product: Copied, tmp_path: Path) -> None:
    one = product("T790228.LBL")
    (tmp_path / "linked").mkdir()
    link = tmp_path / "linked" / one.label.name
    link.symlink_to(one.label)
    link.with_name(one.data.name).symlink_to(one.data)
    assert row_of(link, one.collection)["time_min"] == one.row()["time_min"]


def test_a_sweep_of_pra_without_status_is_not_data(product: Copied) -> None:
    """The first three sweeps of the sample are empty, of three more that is made here."""
    one = product("PRA_I.LBL")
    before = one.row()["time_min"]
    assert before == pytest.approx(2443988.5 + (4 + 3 * 6 + 3.9) / 86400, abs=JD_TOLERANCE)
    for sweep in (3, 4, 5):
        one.holds(12 + 284 * sweep, b"   0")
    assert one.row()["time_min"] == pytest.approx(2443988.5 + (4 + 6 * 6 + 3.9) / 86400, abs=JD_TOLERANCE)


def test_averages_of_pra_start_at_their_times(product: Copied) -> None:
    """21:10:12 on the 65th day, 190 averages of 48 s of which 13 are lost; CODMAC level 4 is written 5."""
    row = product("T790306.LBL").row()
    start = 2443938.5 + (21 * 3600 + 10 * 60 + 12) / 86400
    assert row["time_min"] == pytest.approx(start, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(start + 190 * 48 / 86400, abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"], row["time_exp_min"]) == (48.0, 48.0, None)
    assert (row["processing_level"], row["instrument_host_name"]) == (5, "VG1#Voyager 1")


def test_a_gap_of_the_spectrum_analyser_is_no_sampling_step(product: Copied) -> None:
    row = product("T790228.LBL").row()
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (4.0, 4.0)


def test_sensors_tell_what_was_measured(product: Copied) -> None:
    one = product("T2000366_HFR0.LBL")
    assert one.row()["measurement_type"] == "phys.electField;em.radio"
    assert one.row()["measurement_unit"] == "V**2.m**-2.Hz**-1"
    row_bytes = one.data.stat().st_size // (75 + 3)
    for record in range(3, 78):
        one.holds(record * row_bytes + 15, b"\4")
    assert one.row()["measurement_type"] == "phys.magField;em.radio"
    assert one.row()["measurement_unit"] == "nT**2.Hz**-1"


def test_regions_are_those_that_the_investigation_names(product: Copied) -> None:
    label = product("T2000366_HFR0.LBL")
    before = label.label.read_text()
    for target, region in (("SATURN, TITAN", "magnetosphere#ionosphere"), ("TITAN", "ionosphere"), ("VENUS", None)):
        label.label.write_text(re.sub(r"(TARGET_NAME *= ).*?(\r?\n)", rf"\1{{{target}}}\2", before))
        assert label.row()["target_region"] == region


def test_targets_without_a_class_leave_it_to_the_config(product: Copied) -> None:
    row = product("PRA_I.LBL").says('TARGET_NAME                   = "JUPITER"', 'TARGET_NAME = "PLANET X"').row()
    assert (row["target_name"], row["target_class"]) == ("Planet X", None)


def test_the_same_row_whether_few_or_many_records_are_looked_at(
    product: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100,000 records: no more than 4096 are read, and the last one is among them."""
    one, records = product("T790228.LBL"), 100_000
    seconds = 4 * np.arange(records)
    rows = np.zeros((records, 24), "<i2")
    rows[:, 0], rows[:, 1], rows[:, 2] = 79, 24 + seconds // 3600, seconds % 3600
    one.data.write_bytes(rows.tobytes())
    one.says("= 300\r\n", f"= {records}\r\n", times=2)
    one.says("1979-02-28T00", "1979-01-01T00").says("1979-03-01T00", "1979-01-05T15")
    read, seen = Table.read, []
    monkeypatch.setattr(
        Table, "read", lambda self, first, last: (seen.append(last - first), read(self, first, last))[1]
    )
    row = one.row()
    assert sum(seen) <= SPANS_MAX * SPAN_RECORDS
    assert row["time_max"] == pytest.approx(2443874.5 + 4 * records / 86400, abs=JD_TOLERANCE)  # from 1979-01-01
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (4.0, 4.0)


@pytest.mark.parametrize("records", [0, 1, 4096, 4097, 10**12])
def test_spans_hold_the_first_and_the_last_record_and_overlap_nowhere(records: int) -> None:
    found = spans(records)
    assert sum(last - first for first, last in found) == min(records, SPANS_MAX * SPAN_RECORDS)
    assert not records or (found[0][0], found[-1][1]) == (0, records)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))


def test_keys_are_those_that_tell_of_the_data(product: Copied) -> None:
    with Pds3Reader().open(product("T790228.LBL").label) as header:
        keys = header.keys()
    assert keys[:3] == ("DATA_SET_ID", "INSTRUMENT_HOST_NAME", "INSTRUMENT_HOST_ID")
    assert keys[-1] == "TABLE"


def test_times_of_labels() -> None:
    for text in ("1997-298T01:00:00.500Z", "1997-10-25T01:00:00.5", "1997-298T01:00:00.500"):
        date, second = moment(text, "START_TIME")
        assert (date.isoformat(), second) == ("1997-10-25", 3600.5)
    assert moment("1979-03-01", "START_TIME")[1] == 0.0
    for text in (
        "1979-366",
        "1979-000",
        "1979-02-30",
        "9999-12-31",
        "0000-001",
        "1979-001T25:00",
        "1979-001T00:00:61",
        "x",
    ):
        with pytest.raises(HeaderError, match="is no time"):
            moment(text, "START_TIME")
