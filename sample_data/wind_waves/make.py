"""Two tiny CDF files of Wind/Waves RAD1, level 3: direction finding of solar bursts, and the flux of Earth's AKR.

Invented data, real layout: in the first a record is one frequency of a sweep, in the second a sweep of 183 s. The
second is as the script of its authors writes it: VESPA attributes as texts, dates of VALIDMIN that end with the day.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import clock, fixed, noise, tt2000, type_iii, typed, varying, write

RAD1_KHZ = np.array(
    [20, 24, 28, 32, 36, 40, 44, 52, 60, 72, 80, 92, 104, 124, 136, 148, 176, 196, 208, 224, 256, 272, 332, 388, 428,
     484, 540, 624, 740, 804, 904, 1040]
)  # fmt: skip
# The 64 steps of a sweep of direction finding: each quarter has the eight high ones, and the lower ones in turn.
DF_KHZ = np.array(
    [[1040, 804, 624, 484, 376, 224, 136, 48, 916, 708, 548, 428, 292, 176, 80, 32],
     [1040, 804, 624, 484, 332, 196, 104, 40, 916, 708, 548, 428, 256, 152, 60, 24],
     [1040, 804, 624, 484, 376, 224, 116, 44, 916, 708, 548, 428, 292, 176, 72, 28],
     [1040, 804, 624, 484, 332, 196, 92, 36, 916, 708, 548, 428, 256, 152, 52, 20]]
).ravel()  # fmt: skip


def make(folder: Path) -> list[Path]:
    """Write the files."""
    return [_direction_finding(folder), _akr(folder)]


def _direction_finding(folder: Path) -> Path:
    sweeps, channels = 4, len(DF_KHZ)
    seconds = np.array([183.3 * sweep + 2.85 * np.arange(channels) for sweep in range(sweeps)])
    khz = np.tile(DF_KHZ, (sweeps, 1))
    flux = np.array([type_iii(row, khz[0] * 1e3).diagonal() for row in seconds])
    count = sweeps * channels
    support, series = {"VAR_TYPE": "support_data"}, {"DISPLAY_TYPE": "time_series"}
    variables = [
        clock("Epoch", "2023-05-23T06:00:12.450", seconds.ravel()),
        varying("SWEEP", "", np.repeat(np.arange(sweeps), channels), kind="u2", **support),
        varying("FREQUENCY", "kHz", khz.ravel(), kind="u2", **support),
        varying("NUM", "", np.arange(count), kind="u2", **support),
        varying("QUALITY_FLAG", "", np.full(count, 4), kind="u1", **support),
        varying("STOKES_I", "W/m^2/Hz", 1e-20 * flux.ravel() * noise(61, (count,)), **series),
        varying("WAVE_COLATITUDE_SRF", "deg", np.full(count, 91.0), **series),
        varying("WAVE_AZIMUTH_SRF", "deg", np.full(count, 12.0), **series),
        varying("SOURCE_SIZE", "deg", np.full(count, 20.0), **series),
        varying("MODULATION_RATE", "", np.full(count, 0.5), **series),
    ]
    stem = "wi_wa_rad1_l3_df_20230523_v02"
    attributes = {
        "Project": ["PADC>Paris Astronomical Data Centre"], "Source_name": "wi_wa_rad1>Wind/Waves RAD1",
        "Discipline": "Space Physics>Interplanetary Studies", "Data_type": "L3>Level3", "Descriptor": "DF",
        "Instrument_type": "Radio and Plasma Waves (space)", "Mission_group": "Wind", "Logical_file_id": stem,
        "Logical_source": "wi_wav_rad1_l3_df", "Generation_date": "2024-01-20T10:00:00", "Data_version": "02",
        "Skeleton_version": "02",
        "TEXT": "Invented data in the layout of the collection",
    }  # fmt: skip
    return write(folder, f"{stem}.cdf", variables, attributes, "2024-01-26T12:00:00")


def _akr(folder: Path) -> Path:
    start, count = "1999-01-01T00:00:52.605", 20
    seconds = 183.262 * np.arange(count)
    band = np.exp(-0.5 * (np.log(RAD1_KHZ / 250.0) / 0.35) ** 2) * (1.0 + np.sin(seconds / 700.0))[:, None]
    flux = np.where(band > 0.2, 1e-19 * band * noise(62, band.shape, 0.3), -1e31)  # other emission is selected away
    axis = {"DEPEND_1": "Frequency", "DISPLAY_TYPE": "spectrogram"}
    within = {
        "VALIDMIN": typed("tt2000", int(tt2000(start))),
        "VALIDMAX": typed("tt2000", int(tt2000(start, seconds[-1]))),
    }
    variables = [
        clock("Epoch", start, seconds, **within, TIME_SCALE="TT", REFERENCE_POSITION="Earth", UCD="time.epoch"),
        fixed("Frequency", "kHz", RAD1_KHZ, VALIDMIN=typed("f4", 20.0), VALIDMAX=typed("f4", 1040.0), UCD="em.freq"),
        varying("FLUX_DENSITY", "Wm2Hz-1", flux, SCALETYP="log", UCD="phys.flux.density;em.radio", **axis),
        varying("SNR", "dB", np.full(flux.shape, 30.0), VAR_TYPE="support_data",
                UCD="stat.snr;phys.flux.density;em.radio", DEPEND_1="Frequency"),
    ]  # fmt: skip
    stem = "wi_wa_rad1_l3-akr_19990101_v01"
    attributes = {
        "TITLE": "Wind/Waves flux density collection calibrated for Auroral Kilometric Radiation",
        "Project": ["PADC>Paris Astronomical Data Centre", "OBSPM>Observatoire de Paris"],
        "Discipline": "Space Physics>Magnetospheric Science", "Data_type": "L3>Level3", "Descriptor": "AKR",
        "Instrument_type": "Radio and Plasma Waves (space)", "Logical_source": "wi_wa_rad1_l3-akr",
        "Logical_file_id": stem, "Mission_group": "Wind", "Source_name": "wi_wa_rad1>Wind/Waves RAD1",
        "TEXT": "Invented data in the layout of the collection", "Generation_date": "2021-09-30T15:04:05Z",
        "DOI": "https://doi.org/10.25935/wxv0-vr90", "Time_resolution": "3 minutes", "Data_version": "01",
        "VESPA_dataproduct_type": "DS>Dynamic Spectrum", "VESPA_target_class": "planet", "VESPA_target_name": "Earth",
        "VESPA_target_region": "magnetosphere", "VESPA_feature_name": "AKR>Auroral Kilometric Radiation",
        "VESPA_instrument_host_name": "Wind", "VESPA_instrument_name": "Waves", "VESPA_receiver_name": "RAD1",
        "VESPA_measurement_type": "phys.flux.density;em.radio", "VESPA_access_format": "application/x-cdf",
        "VESPA_bib_reference": "10.1029/2021JA029425", "VESPA_time_min": "1999-01-01T00:00:00",
        "VESPA_time_max": "1999-01-02T00:00:00", "VESPA_time_origin": "Wind", "VESPA_time_scale": "TT",
        "VESPA_time_sampling_step": "183", "VESPA_time_sampling_step_unit": "s", "VESPA_spectral_range_min": "20",
        "VESPA_spectral_range_max": "1040", "VESPA_spectral_range_unit": "kHz",
    }  # fmt: skip
    return write(folder, f"{stem}.cdf", variables, attributes, "2021-10-04T12:00:00", Majority="Column_major")


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
