"""Real CDF files of NASA, ESA and others, sound and damaged: each ends as a right row or with a reason.

The numbers were read by hand with cdflib; Julian Days are computed here by astropy from the printed UTC.
"""

from __future__ import annotations

import time
from pathlib import Path

import cdflib
import numpy as np
import pytest
from astropy.time import Time

from epncore.model.errors import FileError, HeaderError, NotGranuleError, UnreadableError
from grammars.cdf_times import jd as jd_of
from grammars.readers.cdf import CdfReader
from grammars.readers.cdf_data import TT2000
from grammars.readers.sniff import first_bytes

from .conftest import Found, jd, look, plan_for

JD_TOLERANCE = 5e-10  # a double at today's Julian Days resolves 4.7e-10 d

CONSTANTS = {
    "target_name": "Interplanetary medium", "target_class": "interplanetary_medium", "processing_level": 2,
    "measurement_type": "phys.magField",
}  # fmt: skip
VOYAGER = "vg1_pws_wf_2023-10-24T03_v1.0.cdf"
PSP = "psp_fld_l2_mag_rtn_1min_20200104_v02.cdf"
EPD = "solo_L2_epd-ept-north-hcad_20200713_V02.cdf"

ENDS: dict[str, object] = {
    "a_cdf.cdf": (HeaderError, "not what grammar 'istp' reads"),
    "a_compressed_cdf.cdf": (HeaderError, "not what grammar 'istp' reads"),
    "a_rle_compressed_cdf.cdf": (HeaderError, "not what grammar 'istp' reads"),
    "ac_h2_sis_20101105_v06.cdf": ("2010-11-05T00:00:00", "2010-11-06T00:00:00"),
    "de2_ion2s_rpa_19830213_v01.cdf": ("1983-02-13T01:48:52.207", "1983-02-13T18:54:22.063"),
    "erg_pwe_hfa_l3_1min_00000000_v01.cdf": (NotGranuleError, "no records: a master (skeleton) CDF, or an empty one"),
    "not_a_cdf.cdf": (UnreadableError, "of no format that is read here: text that starts with b\"I'm not a cdf fi\""),
    PSP: ("2020-01-04T02:33:30", "2020-01-04T19:34:30"),
    "rvariable.cdf": (HeaderError, "not what grammar 'istp' reads"),
    EPD: ("2020-07-13T00:00:00.248983040", "2020-07-14T00:00:00.395234944"),
    "solo_l2_rpw-lfr-surv-swf-e_00000000_v01.cdf": (
        NotGranuleError, "no records: a master (skeleton) CDF, or an empty one",
    ),
    "testutf8.cdf": (HeaderError, "not what grammar 'istp' reads"),
    VOYAGER: ("2023-10-24T03:51:16.460999", "2023-10-24T03:52:03.0165545"),
    "empty.cdf": (UnreadableError, "an empty file (0 bytes)"),
    "flip.cdf": (UnreadableError, "damaged CDF: a record of kind 0 where ADR should be"),
    "lfs_pointer.cdf": (
        UnreadableError, "it is a Git LFS pointer, not the file itself: fetch it with `git lfs pull`",
    ),
    "trunc_data.cdf": (UnreadableError, "truncated: the CDF should have 318593 bytes and has 200000"),
    "trunc_head.cdf": (UnreadableError, "truncated: the CDF should have 318593 bytes and has 5000"),
    "trunc_z.cdf": (UnreadableError, "truncated: packed content of 6120 bytes in a file of 3000"),
}  # fmt: skip


def paths(real_data: Path) -> list[Path]:
    return sorted([*(real_data / "cdf").glob("*.cdf"), *(real_data / "damaged").glob("*.cdf")])


def test_every_real_file_ends_as_a_row_or_with_its_reason(real_data: Path) -> None:
    plan, ends = plan_for(constants=CONSTANTS), {}
    for path in paths(real_data):
        started = time.monotonic()
        try:
            row = look(path, plan).row
            ends[path.name] = row["time_min"], row["time_max"]
        except FileError as error:
            assert error.path == path.name  # noqa: PT017
            ends[path.name] = type(error), error.message
        assert time.monotonic() - started < 2
    assert set(ends) == set(ENDS)
    for name, end in ENDS.items():
        assert isinstance(end, tuple)
        if isinstance(end[0], str):
            assert ends[name] == pytest.approx((jd(end[0]), jd(end[1])), abs=JD_TOLERANCE), name
        else:
            assert ends[name] == end, name


def test_sniffing_takes_the_sound_ones_and_no_other(real_data: Path) -> None:
    refused = {path.name for path in paths(real_data) if not CdfReader().sniff(first_bytes(path))}
    assert refused == {"not_a_cdf.cdf", "empty.cdf", "lfs_pointer.cdf"}


@pytest.fixture
def voyager(real_data: Path) -> Found:
    constants = {"target_name": "Interstellar medium", "target_class": "sky", "processing_level": 2,
                 "measurement_type": "phys.electField", "time_refposition": "Voyager 1"}  # fmt: skip
    return look(real_data / "cdf" / VOYAGER, plan_for(constants=constants))


def test_the_row_of_voyager_holds_what_was_read_by_hand(voyager: Found) -> None:
    row = voyager.row
    # TT2000 751391545644999000 and 751391592144999000; last offset 55520.8 us, of 1,599 steps: 1 / 28,800 s each. The
    # offsets are written with six digits: as differences they are 34.7 or 34.8 us.
    start = Time(2451545.0, 751391545.644999 / 86400, format="jd", scale="tt").utc.jd
    assert row["time_min"] == pytest.approx(start, abs=JD_TOLERANCE)
    assert row["time_min"] == pytest.approx(2460241.6606071876, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(jd("2023-10-24T03:52:02.960999") + 0.0555555 / 86400, abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (3.47222e-05, 3.47222e-05)
    assert row["dataproduct_type"] == "ts"
    assert row["instrument_host_name"] == "VGR-1#Voyager 1"
    assert row["instrument_name"] == "PWS-WF#Plasma Wave Science - Waveform Receiver"
    assert (row["processing_level"], row["measurement_type"]) == (2, "phys.electField")
    assert (row["time_scale"], row["time_refposition"]) == ("UTC", "Voyager 1")
    assert (row["target_name"], row["target_class"]) == ("Interstellar medium", "sky")
    for column in ("time_exp_min", "spectral_range_min", "spectral_sampling_step_min", "measurement_unit"):
        assert row[column] is None
    assert voyager.sources["time_max"].endswith("the largest offset of variable timeOffsets and its step")


def test_the_row_of_psp_mag_holds_what_was_read_by_hand(real_data: Path) -> None:
    found = look(real_data / "cdf" / PSP, plan_for(constants=CONSTANTS))
    row = found.row
    # 118 records of the magnetometer; the 1440 flags of support data start earlier, at 00:00:30
    assert row["time_min"] == pytest.approx(2458852.6065972224, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(2458853.315625, abs=JD_TOLERANCE)
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (60.0, 60.0)
    assert row["dataproduct_type"] == "ts"
    assert (row["processing_level"], found.sources["processing_level"]) == (
        3, "global attribute Data_type = 'L2>Level 2 Data': level 2 of heliophysics, CODMAC 3",
    )  # fmt: skip
    assert row["instrument_host_name"] == "PSP_FLD#Parker Solar Probe FIELDS"
    assert row["instrument_name"] == "MAG_RTN_1min#Fluxgate Magnetometer data in RTN coordinates"
    assert row["measurement_unit"] == "nT"
    assert row["spectral_range_min"] is None
    assert row["time_refposition"] is None
    assert str(row["creation_date"]) == "2021-06-24 17:32:12"


def test_the_energies_of_epd_are_no_frequencies_and_its_times_are_utc(real_data: Path) -> None:
    options = {"target_name": "TARGET_NAME", "target_class": "TARGET_CLASS", "target_region": "TARGET_REGION"}
    found = look(real_data / "cdf" / EPD, plan_for(constants={"measurement_type": "phys.flux"}, attributes=options))
    row = found.row
    assert row["dataproduct_type"] == "ds"
    for column in ("spectral_range_min", "spectral_range_max", "spectral_sampling_step_min"):
        assert row[column] is None
    # The attributes TIME_MIN = 2459043.500801 and TIME_MAX count in Terrestrial Time, 69.184 s ahead.
    assert row["time_min"] == pytest.approx(jd("2020-07-13T00:00:00.248983040"), abs=JD_TOLERANCE)
    assert 2459043.500801 - row["time_min"] > 68.9 / 86400  # type: ignore[operator]
    assert found.sources["time_max"] == "variable EPOCH, latest record + DELTA_PLUS_VAR DELTA_EPOCH"
    assert (row["target_name"], row["target_class"], row["target_region"]) == (
        "Sun", "interplanetary_medium", "heliosphere",
    )  # fmt: skip
    assert str(row["creation_date"]) == "2020-10-17 11:20:44"


def test_all_values_and_attributes_agree_with_cdflib(real_data: Path) -> None:
    """But for records left out of a sparse variable, which cdflib 1.3 pads with doubles cut into singles."""
    for path in sorted((real_data / "cdf").glob("*.cdf")):
        if path.name == "not_a_cdf.cdf":
            continue
        oracle = cdflib.CDF(path, string_encoding="utf-8")
        with CdfReader().open(path) as header:
            assert list(header.variables) == [*oracle.cdf_info().zVariables, *oracle.cdf_info().rVariables]
            assert header.global_names == list(dict.fromkeys(header.global_names))
            for name, variable in header.variables.items():
                assert header.attributes(variable).keys() == oracle.varattsget(name).keys()
                values, expected = header.read(variable), np.asarray(oracle.varget(name))
                if len(values) and values.dtype.kind == "S":
                    values, expected = np.char.decode(values, "utf-8"), np.char.rstrip(expected, "\0")
                if len(values) and not variable.sparse:
                    same = np.squeeze(values), np.squeeze(expected)
                    assert np.array_equal(*same, equal_nan=values.dtype.kind in "fc"), (path.name, name)


def test_leap_seconds_of_real_times_agree_with_astropy(real_data: Path) -> None:
    with CdfReader().open(real_data / "cdf" / "a_cdf.cdf") as header:
        variable = header.variables["tt2000"]
        assert variable.data_type == TT2000
        for value in header.read(variable):
            text = cdflib.cdfepoch.encode_tt2000(value)
            assert jd_of(value, TT2000) == pytest.approx(jd(text), abs=JD_TOLERANCE)
