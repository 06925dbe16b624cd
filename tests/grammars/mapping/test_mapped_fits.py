"""Rows of FITS files by mapping alone; the numbers were worked out by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from epncore.model.errors import HeaderError, UnknownFormatError
from grammars.registry import grammar_for, reader_for

from .conftest import look, mapped, write_fits

CARDS = {
    "TELESCOP": "Big dish", "INSTRUME": "Rx#1", "OBJECT": "Jupiter", "MODE": "fast", "LEVEL": "L2",
    "DATE": "2024-02-01",
    "DATE-OBS": "2024-01-31", "TIME-OBS": "23:59:50.5", "FRQMIN": 10, "FRQMAX": 40.25, "EXPOSURE": "250 ms",
    "SPEED": 3.6, "CRVAL2": 20.0, "CDELT2": 0.5, "CRPIX2": 1.0,
    "HIERARCH ESO DET NAME": "a long keyword", "LONGTEXT": "x" * 70 + " " + "y" * 70,
}  # fmt: skip
TABLES = {
    "OTHER": [fits.Column("TIME", "D", array=np.array([99.0]))],
    "SPECTRA": [
        fits.Column("TIME", "D", unit="s", array=np.arange(20) * 0.5),
        fits.Column("FREQ", "E", unit="kHz", array=np.linspace(10075, 20075, 20, dtype="f4")),
        fits.Column("MJD", "D", array=60340.0 + np.arange(20) / 1440),
        fits.Column("UTC", "20A", array=[f"2024-01-31T00:00:{n:02d}Z" for n in range(20)]),
        fits.Column("NAME", "5A", array=["Io", "Sun"] * 10),
    ],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_fits(tmp_path, CARDS, TABLES)


def test_a_whole_row(path: Path) -> None:
    found = look(
        path,
        mapped("""
        target_name = { key = "object", required = true }
        instrument_name = { key = ["TELESCOP", "INSTRUME", "CAMERA"] }
        instrument_host_name = { text = "{TELESCOP}-{MODE}" }
        processing_level = { key = "LEVEL", values = { L1 = 2, L2 = 3 } }
        creation_date = { key = "DATE" }
        spectral_range_min = { key = "FRQMIN", unit = "MHz" }
        spectral_range_max = { key = "FRQMAX", unit = "MHz" }
        time_exp_min = { key = "EXPOSURE" }
        own_speed = { key = "SPEED", unit = "km/h" }
        measurement_unit = { key = "TUNIT2", hdu = "spectra" }
        observer_name = { key = "OBSERVER" }
        feature_name = { key = "ESO DET NAME" }
        publisher = { key = "LONGTEXT" }
        [product.mapping.time_axis]
        column = "time"
        hdu = "SPECTRA"
        origin = { key = ["DATE-OBS", "TIME-OBS"] }
        """),
    )
    row = {name: value for name, value in found.row.items() if value is not None}
    assert row.pop("modification_date")
    assert row == {
        "granule_uid": "g_a", "granule_gid": "g", "obs_id": "a", "service_title": "x", "file_name": "a.fits",
        "spatial_frame_type": "celestial", "processing_level": 3, "target_name": "Jupiter",
        "instrument_name": "Big dish#Rx_1", "instrument_host_name": "Big dish-fast",
        "creation_date": dt.datetime(2024, 2, 1), "release_date": dt.datetime(2024, 2, 1),
        "spectral_range_min": 1e7, "spectral_range_max": 40.25e6, "time_exp_min": 0.25, "own_speed": 0.001,
        "measurement_unit": "kHz", "feature_name": "a long keyword", "publisher": "x" * 70 + " " + "y" * 70,
        # 2024-01-31T23:59:50.5, and 9.5 s and a step of 0.5 s later 2024-02-01T00:00:00.5
        "time_min": pytest.approx(2460341.4998900463, abs=5e-10),
        "time_max": pytest.approx(2460341.500005787, abs=5e-10),
        "time_sampling_step_min": 0.5, "time_sampling_step_max": 0.5,
    }  # fmt: skip
    assert found.sources["target_name"] == "card object of HDU 0"
    assert found.sources["instrument_name"] == "cards TELESCOP, INSTRUME of HDU 0"
    assert found.sources["processing_level"] == "card LEVEL of HDU 0 = 'L2', by values"
    assert found.sources["spectral_range_min"] == "card FRQMIN of HDU 0 [MHz]"
    assert found.sources["observer_name"] == "no card OBSERVER of HDU 0"
    assert found.sources["time_min"] == (
        "column time of HDU 'SPECTRA' [s] from cards DATE-OBS, TIME-OBS of HDU 0, earliest"
    )


@pytest.mark.parametrize(
    ("axis", "times"),
    [
        ('column = "MJD"\nformat = "mjd"', (2460340.5, 2460340.5 + 20 / 1440, 60.0)),
        ('column = "UTC"\nformat = "iso"', (2460340.5, 2460340.5 + 20 / 86400, 1.0)),
        (
            'start = 10\nstep = 0.5\ncount = "NAXIS2"\nunit = "min"\norigin = { moment = 2024-01-31T00:00:00 }',
            (2460340.5 + 10 / 1440, 2460340.5 + 12 / 1440, 30.0),
        ),
        (
            'column = "TIME"\nhdu = 2\nunit = "d"\norigin = { moment = "1970-01-01" }',
            (2440587.5, 2440597.5, 43200.0),
        ),
    ],
)
def test_times_in_other_forms(path: Path, axis: str, times: tuple[float, float, float]) -> None:
    found = look(path, mapped(f"[product.mapping.time_axis]\n{axis}"))
    assert found["time_min"] == pytest.approx(times[0], abs=5e-10)
    assert found["time_max"] == pytest.approx(times[1], abs=5e-10)
    assert found["time_sampling_step_min"] == pytest.approx(times[2], abs=1e-4)


@pytest.mark.parametrize(
    ("axis", "spectrum"),
    [
        ('column = "FREQ"', (10.075e6, 20.075e6, 526315.8)),
        ('column = "FREQ"\nunit = "MHz"', (10.075e9, 20.075e9, 526315800.0)),
        (
            'start = "CRVAL2"\nstep = "CDELT2"\ncount = "NAXIS2"\nreference = "CRPIX2"\nunit = "MHz"',
            (20e6, 21.5e6, 0.5e6),
        ),
        ('start = 80\nstep = -2\ncount = 3\nunit = "MHz"', (76e6, 80e6, 2e6)),
        ('key = ["FRQMAX", "FRQMIN"]\nunit = "MHz"', (10e6, 40.25e6, None)),
        ('key = ["FRQMAX", "FRQMIN"]\nunit = "m"', (299792458 / 40.25, 29979245.8, None)),
        ('start = 1\nstep = 1\ncount = 2\nunit = "m"', (149896229.0, 299792458.0, 149896229.0)),
    ],
)
def test_frequencies_in_other_forms(path: Path, axis: str, spectrum: tuple[float, float, float | None]) -> None:
    found = look(path, mapped(f"[product.mapping.spectral_axis]\n{axis}"))
    assert found["spectral_range_min"] == pytest.approx(spectrum[0], rel=1e-11)
    assert found["spectral_range_max"] == pytest.approx(spectrum[1], rel=1e-11)
    assert found["spectral_sampling_step_min"] == (spectrum[2] and pytest.approx(spectrum[2], rel=1e-3))


@pytest.mark.parametrize(
    ("value", "entry", "jd"),
    [
        ("2024-01-31T12:00:00", "", 2460341.0),
        ("2024/01/31 12:00:00Z", "", 2460341.0),
        ("2016-12-31T23:59:60", "", 2457754.5 - 1 / 86401),
        ("2024-01-30T24:00:00", "", 2460340.5),
        (2460341.0, 'format = "jd"', 2460341.0),
        (60340.5, 'format = "mjd"', 2460341.0),
        (1706702400, 'format = "unix"', 2460341.0),
        ("31/01/2024 12h", 'format = "%d/%m/%Y %Hh"', 2460341.0),
        (2024031, 'format = "%Y%j"', 2460340.5),
        ("2024-01-31 13:00 +0100", 'format = "%Y-%m-%d %H:%M %z"', 2460341.0),
    ],
)
def test_formats_of_a_time(tmp_path: Path, value: Any, entry: str, jd: float) -> None:
    comma = ", " if entry else ""
    found = look(write_fits(tmp_path, {"T": value}), mapped(f'time_min = {{ key = "T"{comma}{entry} }}'))
    assert found["time_min"] == pytest.approx(jd, abs=5e-10)


def test_days_and_seconds_in_cards_of_their_own(tmp_path: Path) -> None:
    path = write_fits(tmp_path, {"STT_IMJD": 60340, "STT_SMJD": 43200, "STT_OFFS": 0.5})
    found = look(path, mapped('time_min = { key = ["STT_IMJD", "STT_SMJD", "STT_OFFS"], format = "mjd" }'))
    assert found["time_min"] == pytest.approx(2460341.0 + 0.5 / 86400, abs=5e-10)


def test_an_entry_goes_before_its_axis_and_the_axis_steps_in(path: Path) -> None:
    axis = '[product.mapping.spectral_axis]\nkey = ["FRQMIN", "FRQMAX"]\nunit = "MHz"'
    both = look(
        path, mapped(f'spectral_range_min = {{ key = "NONE" }}\nspectral_range_max = {{ key = "SPEED" }}\n{axis}')
    )
    assert (both["spectral_range_min"], both["spectral_range_max"]) == (1e7, 3.6)


# Mapping, what is wrong, where.
REFUSED = [
    ('target_name = { key = "NONE", required = true }', "no card NONE of HDU 0", "card NONE of HDU 0"),
    ('target_name = { key = "A", hdu = 9, required = true }', "no card A of HDU 9", "card A of HDU 9"),
    (
        'target_name = { text = "{OBJECT}-{NONE}", required = true }',
        "no card NONE of HDU 0",
        "cards OBJECT, NONE of HDU 0",
    ),
    ('time_exp_min = { key = "OBJECT" }', "'Jupiter' is no number", "card OBJECT of HDU 0"),
    ('time_exp_min = { key = "SIMPLE" }', "True is no number", "card SIMPLE of HDU 0"),
    (
        'spectral_range_min = { key = "EXPOSURE" }',
        "the unit 'ms' does not fit spectral_range_min, which has 'Hz'",
        None,
    ),
    (
        'processing_level = { key = "MODE", values = { L1 = 2 } }',
        "'fast' is not in the table values of processing_level",
        None,
    ),
    ('time_min = { key = "DATE-OBS" }', "'2024-01-31' is a day without a time", "card DATE-OBS of HDU 0"),
    ('time_min = { key = "FRQMIN", format = "jd" }', "10 is no time in the format jd", "card FRQMIN of HDU 0"),
    (
        'time_exp_min = { column = "TIME", hdu = 2 }',
        "20 values, 0.0 first, where one is wanted",
        "column TIME of HDU 2",
    ),
    ('[product.mapping.time_axis]\ncolumn = "MJD"', "nothing tells what its zero is", "column MJD of a table"),
    ('[product.mapping.time_axis]\ncolumn = "NONE"\nrequired = true', "no column NONE of a table", None),
    ('[product.mapping.time_axis]\ncolumn = "UTC"\norigin = { key = "DATE" }', None, "card DATE of HDU 0"),
    (
        '[product.mapping.time_axis]\ncolumn = "MJD"\nformat = "iso"',
        "it holds numbers, and iso is a format of texts",
        None,
    ),
    ('[product.mapping.time_axis]\ncolumn = "MJD"\nformat = "jd"', "60340 is no time in the format jd", None),
    (
        '[product.mapping.spectral_axis]\ncolumn = "TIME"\nhdu = 2',
        "its unit is 's', none of frequencies or wavelengths",
        None,
    ),
    ('[product.mapping.spectral_axis]\ncolumn = "MJD"', "nothing tells its unit", None),
    ('[product.mapping.spectral_axis]\nkey = "FRQMIN"', "nothing tells the unit of 10.0", None),
    ('[product.mapping.spectral_axis]\nkey = "OBJECT"', "'Jupiter' is no number", None),
    ('[product.mapping.spectral_axis]\nstart = 1\nstep = 1\ncount = "SPEED"\nunit = "Hz"', None, "card SPEED of HDU 0"),
]


@pytest.mark.parametrize(("mapping", "message", "place"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_right_is_refused_with_its_place(
    path: Path, mapping: str, message: str | None, place: str | None
) -> None:
    with pytest.raises(HeaderError) as caught:
        look(path, mapped(mapping))
    assert caught.value.path == "a.fits"
    assert message is None or caught.value.message == message
    assert caught.value.place == place if place else caught.value.place


def test_without_a_config_the_mapping_claims_no_file(path: Path) -> None:
    reader = reader_for(path)
    with reader.open(path) as header, pytest.raises(UnknownFormatError, match="mapped_fits reads any by the"):
        grammar_for(header, reader, "a.fits")
