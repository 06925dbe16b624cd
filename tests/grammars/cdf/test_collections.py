"""Space missions and arrays whose CDF files configuration alone reads: values by hand, masters, damage."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import runpy
import struct
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from epncore.app.scan import matcher
from epncore.model.collection import load
from epncore.model.errors import FileError
from grammars.plan import Plan, compile_plans

from .conftest import SAMPLES, Var, jd, look, source

NAMES = (
    "arase_pwe", "bepi_sorbet", "expres", "juice_rpwi", "juno_waves_lesia", "lwa1_waterfall", "nda_newroutine_cdf",
    "psp_rfs", "radiojove", "solar_orbiter_rpw", "stereo_waves", "utr2_dspz", "wind_waves",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    return {name: make(name, tmp_path_factory.mktemp(name)) for name in NAMES}


def make(name: str, folder: Path) -> list[Path]:
    files: list[Path] = runpy.run_path(str(SAMPLES / name / "make.py"))["make"](folder)
    return files


def plan_of(name: str, path: Path) -> Plan:
    collection = load(SAMPLES / name)
    (number,) = (n for n, product in enumerate(collection.product) if matcher(product.sources)(path.name))
    return compile_plans(collection)[number]


# By hand, from what the documents of each about.toml say of the products: no value is from a run.
BY_HAND: list[tuple[str, str, dict[str, Any]]] = [
    ("solar_orbiter_rpw", "solo_L2_rpw-hfr-surv_", {  # one frequency a record, 5.4 s a sweep
        "spectral_range_min": 425e3, "spectral_range_max": 16325e3, "spectral_sampling_step_min": 50e3,
        "time_sampling_step_min": 5.4, "target_name": "Sun", "measurement_type": "phys.electField;em.radio"}),
    ("solar_orbiter_rpw", "solo_L2_rpw-tnr-surv_", {  # one band of 32 channels a record
        "spectral_range_min": 3992.0, "spectral_range_max": 978572.0, "time_sampling_step_max": 7.2,
        "processing_level": 3}),
    ("solar_orbiter_rpw", "solo_L2_rpw-lfr-surv-bp1_20240323", {  # bands with times and frequencies of their own
        "spectral_range_min": 10.5, "spectral_range_max": 9840.0, "time_sampling_step_min": 1.0,
        "time_sampling_step_max": 4.0}),
    ("solar_orbiter_rpw", "solo_L2_rpw-lfr-surv-bp1_20240324", {  # burst mode alone: the bands of the other are empty
        "spectral_range_min": 120.0, "spectral_range_max": 9840.0, "time_sampling_step_max": 1.0,
        "time_min": pytest.approx(jd("2024-03-24T14:01:10.063"), abs=5e-10)}),
    ("solar_orbiter_rpw", "solo_L2_rpw-lfr-sbm1-bp2_", {
        "spectral_range_min": 1776.0, "spectral_range_max": 9840.0, "spectral_sampling_step_max": 384.0,
        "time_sampling_step_max": 1.0, "measurement_unit": None}),
    ("solar_orbiter_rpw", "solo_L2_rpw-lfr-surv-swf-e_", {  # 2,048 samples at 24,576, 4,096 or 256 Hz, here the last
        "time_max": pytest.approx(jd("2024-03-23T14:05:11.063") + 2047.5 / 256 / 86400, abs=5e-10),
        "time_sampling_step_min": 1 / 24576, "time_sampling_step_max": 1 / 256, "measurement_unit": "V",
        "dataproduct_type": "ts", "spectral_range_min": None, "measurement_type": "phys.voltage"}),
    ("psp_rfs", "psp_fld_l3_rfs_lfr_", {  # 0.15 au are 22.44 million km; in the file solar radii
        "target_distance_max": pytest.approx(22.44e6, rel=1e-3), "spectral_range_min": 10546.9,
        "time_min": pytest.approx(jd("2024-03-29T12:00:03.470"), abs=5e-10), "time_sampling_step_max": 6.99}),
    ("psp_rfs", "psp_fld_l3_rfs_hfr_", {  # flux and circular polarisation: two units, and the column is no list
        "spectral_range_max": 19162.5e3, "spectral_range_min": 1.275e6, "target_distance_min": None,
        "measurement_type": "phot.flux.density;em.radio#phys.polarization.circular;em.radio",
        "instrument_name": "FIELDS#RFS#Radio Frequency Spectrometer#HFR#High Frequency Receiver"}),
    ("stereo_waves", "sta_l3_wav_hfr_", {
        "spectral_range_min": 125e3, "spectral_range_max": 16.025e6, "spectral_sampling_step_max": 50e3,
        "instrument_name": "WAVES#STEREO/WAVES#HFR#High Frequency Receiver",
        "instrument_host_name": "STEREO-A#STEREO Ahead", "time_refposition": "STEREO-A"}),
    ("stereo_waves", "stb_l3_wav_lfr_", {"instrument_name": "WAVES#STEREO/WAVES#LFR#Low Frequency Receiver"}),
    ("wind_waves", "wi_wa_rad1_l3-akr_", {
        "spectral_range_min": 20e3, "spectral_range_max": 1.04e6, "time_sampling_step_min": 183.262,
        "target_name": "Earth", "target_class": "planet"}),
    ("wind_waves", "wi_wa_rad1_l3_df_", {  # 64 steps of 32 different frequencies a sweep
        "spectral_range_min": 20e3, "spectral_range_max": 1.04e6, "spectral_sampling_step_min": 4e3,
        "spectral_sampling_step_max": 124e3, "time_sampling_step_min": 183.3}),
    ("arase_pwe", "erg_pwe_hfa_l3_1min_", {
        "dataproduct_type": "ts", "time_sampling_step_min": 60.0, "spectral_range_min": None,
        "target_name": "Earth", "instrument_host_name": "ERG#Arase"}),
    ("juno_waves_lesia", "jno_wav_cdr_lesia_", {  # version 2: all channels of Waves
        "spectral_range_min": 48.83, "spectral_range_max": 40.5e6, "spectral_sampling_step_max": 1e6,
        "time_sampling_step_max": 1.0,
        "bib_reference": "10.1029/2021JA029435", "measurement_type": "phys.electField;em.radio"}),
    ("bepi_sorbet", "mmo_pwi_sorbet_l1_ex_specdB-tnr-qtn_2022", {
        "target_name": "Solar wind", "target_class": "interplanetary_medium"}),
    ("bepi_sorbet", "mmo_pwi_sorbet_l1_ex_specdB-tnr-qtn_2021", {
        "target_name": "Mercury#Solar wind",
        "spectral_range_min": 2554.743, "spectral_range_max": pytest.approx(626286.125, rel=1e-6),
        "time_min": pytest.approx(jd("2021-10-01T02:31:16.118866"), abs=5e-10)}),
    ("juice_rpwi", "JUICE_L1a_RPWI-HF-SID3_2024", {"target_name": "Earth#Moon", "target_class": "planet#satellite"}),
    ("juice_rpwi", "JUICE_L1a_RPWI-HF-SID3_2000", {  # the last of 256 frequencies is fill
        "spectral_range_min": 84625.0, "spectral_range_max": 44.591e6, "time_sampling_step_min": 34.0,
        "target_name": "Sun", "target_class": "star"}),
    ("nda_newroutine_cdf", "srn_nda_newroutine_", {
        "receiver_name": "NewRoutine#New Routine", "time_sampling_step_min": 0.5, "time_refposition": "TOPOCENTER",
        "feature_name": "decametric radio emissions (DAM)", "bib_reference": "2000GMS...119..321L"}),
    ("utr2_dspz", "utr2_dspz_edr_", {  # CDF_EPOCH with bounds that all say year 0
        "time_min": pytest.approx(jd("2015-11-20T02:00:00"), abs=5e-10), "time_sampling_step_min": 0.1,
        "spectral_range_min": 8e6, "spectral_range_max": 32e6, "feature_name": "DAM radio emissions"}),
    ("lwa1_waterfall", "lwa1_waterfall_low_edr_", {
        "time_min": pytest.approx(jd("2016-03-07T08:30:00"), abs=5e-10), "spectral_range_min": 12e6,
        "target_region": "aurora#magnetosphere", "observer_lat": 34.07}),
    ("radiojove", "radiojove_edr_sp2_300_", {  # CDF_EPOCH16; the observer's place is in the file
        "time_min": pytest.approx(jd("2014-12-18T07:20:00"), abs=5e-10), "observer_lon": -82.6, "observer_lat": 29.8,
        "time_sampling_step_min": 0.125, "target_region": "magnetosphere"}),
    ("expres", "expres_earth_jupiter_io_", {  # System III counts to the west: 30 degrees are 330 to the east
        "subobserver_longitude_max": pytest.approx(330.0), "subobserver_latitude_min": pytest.approx(-0.2),
        "spectral_range_max": 40e6, "target_name": "Jupiter#Io", "target_class": "planet#satellite",
        "time_refposition": "Earth"}),
    ("expres", "expres_juno_jupiter_ganymede_", {"time_refposition": "Juno", "target_name": "Jupiter#Ganymede"}),
    ("expres", "expres_juno_jupiter_io_10.25935", {"target_name": "Jupiter#Io", "target_class": "planet#satellite"}),
    ("expres", "expres_galileo_jupiter_0d-30r_", {  # a source on the oval: no satellite, and no body "main oval ..."
        "target_name": "Jupiter", "target_class": "planet", "feature_name": "Decametric radio emissions (DAM)"}),
    ("expres", "expres_cassini_saturn_0d-74r_", {
        "target_name": "Saturn", "target_class": "planet", "feature_name": "Saturn Kilometric Radiation (SKR)",
        "spectral_range_max": 1e6}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "prefix", "values"), BY_HAND, ids=[prefix for _, prefix, _ in BY_HAND])
def test_rows_hold_what_the_products_are_known_for(
    made: dict[str, list[Path]], name: str, prefix: str, values: dict[str, Any]
) -> None:
    (path,) = (path for path in made[name] if path.name.startswith(prefix))
    found = look(path, plan_of(name, path))
    assert {column: found[column] for column in values} == values


@pytest.mark.parametrize(
    ("name", "file", "days"),
    [("bepi_sorbet", "mmo_pwi_sorbet_l1_ex_specdB-tnr-qtn_{}_v00.cdf", range(2018, 2026)),
     ("juice_rpwi", "JUICE_L1a_RPWI-HF-SID3_{0}T000046-{0}T000518_V01.cdf", range(2023, 2031))],
)  # fmt: skip
def test_each_day_of_a_cruise_has_one_product(name: str, file: str, days: range) -> None:
    of_flybys = []
    for number in range((dt.date(days.stop, 1, 1) - dt.date(days.start, 1, 1)).days):
        day = f"{dt.date(days.start, 1, 1) + dt.timedelta(days=number):%Y%m%d}"
        (product,) = (one for one in load(SAMPLES / name).product if matcher(one.sources)(file.format(day)))
        of_flybys += [day] if product.constants else []
    assert of_flybys == (["20211001"] if name == "bepi_sorbet" else ["20240819", "20240820"])


def test_what_is_simulated_says_so_and_has_its_configuration_beside_it(made: dict[str, list[Path]]) -> None:
    for path in made["expres"]:
        found = look(path, plan_of("expres", path))
        types = str(found["measurement_type"]).split("#")
        assert types
        assert all(text.endswith(";meta.modelled") for text in types)
        for column in ("instrument_host_name", "instrument_name"):
            assert str(found[column]).split("#")[:2] == ["simulation", "ExPRES"]
        asked = json.loads(path.with_suffix(".json").read_text())
        assert asked["OBSERVER"]["SC"] == found["time_refposition"]
        assert found["instrument_host_name"] == "simulation#ExPRES"  # no name proves the version of the code
        assert "target_distance_min" not in found.row  # nor does the file tell the unit of ObsDistance
    assert [product.companions for product in load(SAMPLES / "expres").product] == [["{stem}.json"]] * 2


@pytest.mark.parametrize("name", NAMES)
def test_masters_without_records_are_refused_with_a_reason(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker: Any = sys.modules["cdf_maker"]
    write = maker.write_cdf

    def emptied(folder: Path, variables: list[Var], *rest: Any, **spec: Any) -> Path:
        kept = [replace(var, data=var.data[:0]) if var.varies else var for var in variables]
        path: Path = write(folder, kept, *rest, **spec)
        return path

    monkeypatch.setattr(maker, "write_cdf", emptied)
    for path in make(name, tmp_path):
        with pytest.raises(FileError, match="record"):
            plan_of(name, path).read(source(path))


@pytest.mark.parametrize("name", NAMES)
def test_damage_gives_a_row_or_a_reason_in_time(made: dict[str, list[Path]], name: str, tmp_path: Path) -> None:
    path = made[name][0]
    plan, sound, rng = plan_of(name, path), path.read_bytes(), random.Random(name)
    damaged = tmp_path / path.name
    for content in (b"", sound[:100], sound[: len(sound) // 2], sound[:-1], bytes(len(sound)), sound[::-1]):
        damaged.write_bytes(content)
        with pytest.raises(FileError) as caught:
            plan.read(source(damaged))
        assert str(caught.value)
    for _ in range(25):
        content = bytearray(sound)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(sound) - 4)
            content[at : at + 4] = struct.pack(">i", rng.choice([0, -1, 2**31 - 1, rng.randrange(len(sound))]))
        damaged.write_bytes(content)
        started = time.monotonic()
        with contextlib.suppress(FileError):
            plan.read(source(damaged))
        assert time.monotonic() - started < 2
