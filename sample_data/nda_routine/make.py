"""Three tiny CDF files as the Routine receiver of the Nançay Decameter Array writes them, master V13.

Invented data, real layout: Jovian decametric arcs as Io-B gives them (right-hand, vertex early) after a calibration;
solar type III bursts; an hour's worth of trouble (fill records, a gap, no emission). Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
from cdflib import cdfepoch, cdfwrite

CHANNELS = 400
FREQUENCY = (10.0 + 0.075 * np.arange(CHANNELS)).astype(np.float32)  # MHz
POWER_STEP = 0.3  # dB per count
SWEEP_S = 0.5
FILL_EPOCH, FILL_COUNT = -(2**63), 255
# Broadcast bands and steady carriers that every observer at Nançay knows, MHz.
INTERFERENCE = (10.15, 11.75, 11.9, 12.05, 13.65, 13.8, 15.25, 15.4, 17.65, 21.6, 25.8, 27.1)


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a day after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _jupiter_arcs(folder),
        _solar_bursts(folder),
        _jupiter_with_gap(folder),
    ]


def _jupiter_arcs(folder: Path) -> Path:
    start = dt.datetime(2020, 2, 15, 6, 30, tzinfo=dt.UTC)
    rng = np.random.default_rng(20200215)
    seconds = np.arange(100.0)
    right, left = _sky(rng, seconds), _sky(rng, seconds)
    for vertex_s, vertex_mhz in ((18.0, 24.0), (34.0, 25.5), (52.0, 26.0), (73.0, 27.5)):
        # Vertex early: an arc starts at mid frequency and opens to both sides, some 20 s for 8 MHz.
        arrival = vertex_s + 0.3 * (FREQUENCY - vertex_mhz) ** 2
        shape = np.exp(-0.5 * ((seconds[:, None] - arrival) / 1.6) ** 2)
        shape *= np.exp(-0.5 * ((FREQUENCY - vertex_mhz) / 5.0) ** 2)
        right += 18.0 * shape
        left += 6.0 * shape
    status = np.zeros((len(seconds), 2), np.int8)
    for step, level in enumerate((0.0, 10.0, 20.0)):  # a noise source replaces the sky, 4 s a step
        rows = slice(4 * step, 4 * step + 4)
        right[rows] = left[rows] = 12.0 + level + rng.normal(0, 0.3, (4, CHANNELS))
        status[rows, 0] = step + 1
    return _write(folder, "jup", start, seconds, right, left, status)


def _solar_bursts(folder: Path) -> Path:
    # In 2023: after the VALIDMAX of Epoch that master V13 still carries.
    start = dt.datetime(2023, 5, 4, 12, 8, tzinfo=dt.UTC)
    rng = np.random.default_rng(20230504)
    seconds = np.arange(90.0)
    right, left = _sky(rng, seconds), _sky(rng, seconds)
    for burst_s, strength in ((12.0, 22.0), (31.0, 14.0), (38.0, 26.0), (66.0, 18.0)):
        # Electron beam through the corona: df/dt = -0.01 f**1.84 (MHz, s); it rises fast and decays in 60/f s.
        arrival = burst_s + (FREQUENCY**-0.84 - 40.0**-0.84) / (0.84 * 0.01)
        age = seconds[:, None] - arrival
        shape = np.where(age < 0, np.exp(-0.5 * (age / 0.8) ** 2), np.exp(-np.maximum(age, 0) * FREQUENCY / 60.0))
        right += strength * shape
        left += 0.95 * strength * shape
    return _write(folder, "sun", start, seconds, right, left, np.zeros((len(seconds), 2), np.int8))


def _jupiter_with_gap(folder: Path) -> Path:
    start = dt.datetime(2020, 11, 20, 1, 5, tzinfo=dt.UTC)
    rng = np.random.default_rng(20201120)
    seconds = np.concatenate([np.arange(40.0), np.arange(100.0, 140.0)])
    right, left = _sky(rng, seconds), _sky(rng, seconds)
    return _write(folder, "jup", start, seconds, right, left, np.zeros((80, 2), np.int8), lost=(0, 1, 55))


def _sky(rng: np.random.Generator, seconds: np.ndarray) -> np.ndarray:
    """Galactic background (colder to high frequencies), receiver noise, interference; dB."""
    background = 24.0 - 25.0 * np.log10(FREQUENCY / 10.0)
    power = background + rng.normal(0.0, 0.7, (len(seconds), CHANNELS))
    for line in INTERFERENCE:
        channel = round((line - 10.0) / 0.075)
        fading = 4.0 * np.sin(2 * np.pi * seconds / rng.uniform(20, 60) + rng.uniform(0, 6))
        power[:, channel] += rng.uniform(10, 22) + fading
    return power


def _write(
    folder: Path, target: str, start: dt.datetime, seconds: np.ndarray, right: np.ndarray, left: np.ndarray,
    status: np.ndarray, lost: tuple[int, ...] = (),
) -> Path:  # fmt: skip
    origin = int(cdfepoch.compute_tt2000([start.year, start.month, start.day, start.hour, start.minute, 0, 0, 0, 0]))
    epoch = origin + (seconds * 1e9).astype(np.int64)
    stop = start + dt.timedelta(seconds=seconds[-1] + 1)
    rows = {"RR": _counts(right), "LL": _counts(left)}
    for record in lost:
        epoch[record] = FILL_EPOCH
        rows["RR"][record] = rows["LL"][record] = FILL_COUNT
    name = f"srn_nda_routine_{target}_edr_{start:%Y%m%d%H%M}_{stop:%Y%m%d%H%M}_V13.cdf"
    path = folder / name
    path.unlink(missing_ok=True)
    cdf = cdfwrite.CDF(path, cdf_spec={"Majority": "Column_major", "Encoding": 6, "Checksum": False})
    cdf.write_globalattrs({key: dict(enumerate(value)) for key, value in _globals(name, target, start, stop).items()})
    for variable, kind, sizes, varies, attributes, data in _variables(epoch, rows, status):
        spec = {"Variable": variable, "Data_Type": kind, "Num_Elements": 1, "Rec_Vary": varies, "Dim_Sizes": sizes}
        spec["Compress"] = 0  # as the master has it; packed blocks would carry the time of writing
        cdf.write_var(spec, var_attrs=attributes, var_data=data)
    cdf.close()
    modified = (stop + dt.timedelta(days=1)).timestamp()
    os.utime(path, (modified, modified))
    return path


def _counts(power: np.ndarray) -> np.ndarray:
    return np.clip(np.round(power / POWER_STEP + 40.0), 0, 254).astype(np.uint8)


def _globals(name: str, target: str, start: dt.datetime, stop: dt.datetime) -> dict[str, list[object]]:
    is_sun = target == "sun"
    title = "Sun" if is_sun else "Jupiter"
    real4, tt2000 = "CDF_REAL4", "CDF_TIME_TT2000"
    at_start = cdfepoch.compute_tt2000([start.year, start.month, start.day, start.hour, 0, 0, 0, 0, 0])
    return {
        "TITLE": [f"SRN NDA Routine {title} EDR Dataset"],
        "Project": [
            "SRN>Station de Radioastronomie Nancay", "OBSPM>Observatoire de Paris",
            "PADC>Paris Astronomical Data Center", "JGROS>JUNO-Ground-Radio Observation Support",
        ],
        "Discipline": ["Planetary Physics>Waves"],
        "Data_type": ["EDR>Experiment Data Record"],
        "Descriptor": [f"routine_{target}>Routine receiver with {title} pointing"],
        "Data_version": ["13"],
        "Instrument_type": ["Radio Telescope"],
        "Logical_file_id": [name.removesuffix(".cdf")],
        "Logical_source": [f"srn_nda_routine_{target}_edr"],
        "Logical_source_description": [f"{title} Observations from the Routine receiver of the Nancay Decameter Array"],
        "File_naming_convention": ["source_descriptor_type_yyyymmddhhmm_yyyymmddhhmm_ver"],
        "Mission_group": ["SRN>Station de Radioastronomie de Nancay"],
        "PI_name": ["L. Lamy"],
        "PI_affiliation": ["LESIA>LESIA, Observatoire de Paris", "SRN>Station de Radioastronomie de Nancay"],
        "Source_name": ["SRN_NDA>Nancay Decametric Array"],
        "TEXT": ["Invented data in the layout of the Routine receiver"],
        "Generated_by": ["epncore sample_data"],
        "Generation_date": [f"{stop + dt.timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"],
        "LINK_TEXT": ["The NDA Routine data are available at "],
        "LINK_TITLE": ["Station de Radioastronomie de Nancay"],
        "HTTP_LINK": ["http://www.obs-nancay.fr/"],
        "Parents": [" "],
        "Skeleton_version": ["13"],
        "Software_version": ["13"],
        "Software_language": ["python"],
        "Time_resolution": ["1 second"],
        "Rules_of_use": ["Invented data, in the public domain"],
        "Acknowledgement": [" "],
        "PDS_Observation_start_time": [f"{start:%Y-%m-%dT%H:%M:%S.%fZ}"],
        "PDS_Observation_stop_time": [f"{stop:%Y-%m-%dT%H:%M:%S.%fZ}"],
        "PDS_Observation_target": [title],
        "PDS_Observation_type": ["Radio"],
        "VESPA_dataproduct_type": ["DS>Dynamic Spectra"],
        "VESPA_target_class": ["star" if is_sun else "planet"],
        "VESPA_target_region": ["Corona"] if is_sun else ["Aurora", "Magnetosphere"],
        "VESPA_feature_name": ["solar radio bursts" if is_sun else "decametric radio emissions (DAM)"],
        "VESPA_time_sampling_step": [[1.0, real4]],
        "VESPA_time_exp": [[0.0, real4]],
        "VESPA_spectral_range_min": [[0.0, "CDF_REAL8"]],
        "VESPA_spectral_range_max": [[0.0, "CDF_REAL8"]],
        "VESPA_spectral_sampling_step": [[0.0, real4]],
        "VESPA_spectral_resolution": [[0.0, real4]],
        "VESPA_instrument_host_name": ["SRN>Station de Radioastronomie de Nancay"],
        "VESPA_instrument_name": ["NDA>Nancay Decameter Array"],
        "VESPA_receiver_name": ["RoutineSun>Routine Sun" if is_sun else "RoutineJup>Routine Jupiter"],
        "VESPA_measurement_type": ["phys.flux.density;em.radio;phys.polarization"],
        "VESPA_access_format": ["application/x-cdf"],
        "VESPA_bib_reference": ["2000GMS...119..321L"],
        "NDA_rf_filter_selected": [[1, "CDF_BYTE"]],
        "NDA_rf_filter_time_change": [[int(at_start), tt2000]],
        "NDA_power_resolution": [[POWER_STEP, real4]],
        "NDA_reference_level": [[-12.0, real4]],
        "NDA_meridian_time": [[int(at_start), tt2000]],
        "NDA_sweep_duration": [[SWEEP_S, real4]],
        "NDA_header_version": [[6, "CDF_BYTE"]],
    }  # fmt: skip


def _variables(epoch: np.ndarray, rows: dict[str, np.ndarray], status: np.ndarray) -> list[tuple]:
    tt2000, time, u1, real4, i1 = 33, "CDF_TIME_TT2000", "CDF_UINT1", "CDF_REAL4", "CDF_BYTE"
    offsets = (SWEEP_S / CHANNELS * np.arange(CHANNELS)).astype(np.float32)
    clock = {
        "CATDESC": "UTC time of each spectra", "FIELDNAM": "Epoch", "FILLVAL": [FILL_EPOCH, time], "LABLAXIS": "Epoch",
        "UNITS": "ns", "VALIDMIN": [_tt2000(1990, 9, 18), time], "VALIDMAX": [_tt2000(2020, 12, 22), time],
        "VAR_TYPE": "support_data", "SCALETYP": "linear", "MONOTON": "INCREASE", "TIME_BASE": "J2000",
        "TIME_SCALE": "UTC", "REFERENCE_POSITION": "Earth", "UCD": "time.epoch",
    }  # fmt: skip
    found: list[tuple] = [("Epoch", tt2000, [], True, clock, epoch)]
    for name, sense in (("RR", "RH"), ("LL", "LH")):
        attributes = {
            "CATDESC": f"Flux density spectrogram measured on the {sense} polarized array.", "DEPEND_0": "Epoch",
            "DEPEND_1": "Frequency", "DICT_KEY": "electric_field>power", "DISPLAY_TYPE": "time_series",
            "FIELDNAM": name, "FILLVAL": [FILL_COUNT, u1], "LABLAXIS": f"{sense} flux density", "UNITS": "dB",
            "VALIDMIN": [0, u1], "VALIDMAX": [255, u1], "VAR_TYPE": "data", "SCALETYP": "lin", "SCALEMIN": [0, u1],
            "SCALEMAX": [255, u1], "UCD": f"phys.flux.density;em.radio;phys.polarization.{name.lower()}",
        }  # fmt: skip
        found.append((name, 11, [CHANNELS], True, attributes, rows[name]))
    found.append(
        ("STATUS", 41, [2], True, {
            "CATDESC": "Sweep Status code", "DEPEND_0": "Epoch", "DICT_KEY": "STATUS", "DISPLAY_TYPE": "time_series",
            "FIELDNAM": "STATUS", "FILLVAL": [-128, i1], "FORMAT": "I4", "LABLAXIS": "Status Code", "UNITS": "-",
            "VALIDMIN": [0, i1], "VALIDMAX": [99, i1], "VAR_TYPE": "support_data", "UCD": "meta.code",
        }, status)
    )  # fmt: skip
    relative = {
        "DICT_KEY": "time>relative", "DISPLAY_TYPE": "time_series", "FILLVAL": [-1e31, real4], "FORMAT": "E12.2",
        "UNITS": "s", "VALIDMIN": [0.0, real4], "VALIDMAX": [1.0, real4], "VAR_TYPE": "support_data",
        "UCD": "time.interval",
    }  # fmt: skip
    ramp = {"CATDESC": "Time Offset to be added to the sweep start time", "DEPEND_1": "Frequency", **relative}
    sweep = {"CATDESC": "Time Offset to be added to the Epoch: start of the RH sweep", "DEPEND_0": "Epoch", **relative}
    channels = {
        "CATDESC": "Central frequency of each step of the spectral sweep.", "FIELDNAM": "Frequency", "UNITS": "MHz",
        "FORMAT": "E12.4", "LABLAXIS": "Frequency", "VAR_TYPE": "metadata", "FILLVAL": [-1e31, real4],
        "SCALETYP": "lin", "SCALEMIN": [10.0, real4], "SCALEMAX": [41.0, real4], "UCD": "em.freq",
    }  # fmt: skip
    found.append(("SWEEP_TIME_OFFSET_RAMP", 21, [CHANNELS], False, ramp, offsets[None, :]))
    found.append(("RR_SWEEP_TIME_OFFSET", 21, [], True, sweep, np.zeros(len(epoch), np.float32)))
    found.append(("Frequency", 21, [CHANNELS], False, channels, FREQUENCY[None, :]))
    return found


def _tt2000(year: int, month: int, day: int) -> int:
    return int(cdfepoch.compute_tt2000([year, month, day, 0, 0, 0, 0, 0, 0]))


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
