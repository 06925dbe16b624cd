"""Four tiny CDF files of the Radio Frequency Spectrometer on Parker Solar Probe: levels 2 and 3.

Invented data, real layout: a type III burst at 0.15 au during an encounter (a spectrum every 7 s), with a gap. Names of
variables as the FIELDS team writes them; each quantity has times and a table of 64 frequencies of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import Var, clock, noise, type_iii, varying, write

DISTANCE_AU, SOLAR_RADII_AU = 0.15, 215.03
HFR_HZ = np.round(np.geomspace(1.275e6, 19.1718e6, 64) / 37.5e3) * 37.5e3
LFR_HZ = 10546.9 + 4687.5 * np.round(np.arange(64) + 0.0743 * np.arange(64) ** 2)


def make(folder: Path) -> list[Path]:
    """Write the files; they are a week younger than the observation."""
    seconds = np.concatenate([6.99 * np.arange(24), 400.0 + 6.99 * np.arange(8)])
    return [
        _level_2(folder, "hfr", HFR_HZ, seconds),
        _level_2(folder, "lfr", LFR_HZ, seconds),
        _level_3(folder, "hfr", HFR_HZ, seconds),
        _level_3(folder, "lfr", LFR_HZ, seconds),
    ]


def _level_2(folder: Path, receiver: str, hertz: np.ndarray, seconds: np.ndarray) -> Path:
    flux = type_iii(seconds, hertz, DISTANCE_AU) * noise(41, (len(seconds), len(hertz)))
    found: list[Var] = []
    for number, channel in enumerate(("ch0_V1V2", "ch1_V3V4")):
        found += _spectra(receiver, "l2", f"auto_averages_{channel}", "V^2/Hz", 4e-17 * flux * (1 - 0.1 * number),
                          hertz, seconds)  # fmt: skip
    quality = clock("epoch_quality_flags", "2024-03-29T12:00:00", 60.0 * np.arange(8))
    flags = varying("psp_fld_l2_quality_flags", "", np.zeros(8), "epoch_quality_flags", "u4", VAR_TYPE="support_data")
    return _write(folder, receiver, "l2", [*found, quality, flags])


def _level_3(folder: Path, receiver: str, hertz: np.ndarray, seconds: np.ndarray) -> Path:
    """Flux, circular polarisation, and, of the LFR, every minute where the spacecraft is."""
    flux = type_iii(seconds, hertz, DISTANCE_AU) * noise(42, (len(seconds), len(hertz)))
    minutes = np.arange(8)
    distance = DISTANCE_AU * SOLAR_RADII_AU - 0.01 * minutes
    at = f"epoch_{receiver}_position"
    position = [
        clock(at, "2024-03-29T12:00:00", 60.0 * minutes),
        varying(f"psp_fld_l3_rfs_{receiver}_solar_distance", "Rs", distance, at),
    ]
    return _write(
        folder, receiver, "l3",
        [
            *_spectra(receiver, "l3", "auto_averages_ch0_V1V2", "V^2/Hz", 4e-17 * flux, hertz, seconds),
            *_spectra(receiver, "l3", "PSD_FLUX", "W/m^2/Hz", 1e-19 * flux, hertz, seconds),
            *_spectra(receiver, "l3", "PSD_SFU", "sfu", 1e3 * flux, hertz, seconds),
            *_spectra(receiver, "l3", "STOKES_V", "", 0.02 * np.ones_like(flux), hertz, seconds),
            *(position if receiver == "lfr" else []),
        ],
    )  # fmt: skip


def _spectra(
    receiver: str, level: str, quantity: str, unit: str, values: np.ndarray, hertz: np.ndarray, seconds: np.ndarray
) -> list[Var]:
    time, table = f"epoch_{receiver}_{quantity}", f"frequency_{receiver}_{quantity}"
    return [
        clock(time, "2024-03-29T12:00:03.470", seconds),
        varying(table, "Hz", np.tile(hertz, (len(seconds), 1)), time, VAR_TYPE="support_data"),
        varying(f"psp_fld_{level}_rfs_{receiver}_{quantity}", unit, values, time, DEPEND_1=table,
                DISPLAY_TYPE="spectrogram", SCALETYP="log"),
    ]  # fmt: skip


def _write(folder: Path, receiver: str, level: str, variables: list[Var]) -> Path:
    stem = f"psp_fld_{level}_rfs_{receiver}_20240329_v03"
    attributes = {
        "Project": "PSP", "Source_name": "PSP_FLD>Parker Solar Probe FIELDS",
        "Discipline": "Solar Physics>Heliospheric", "Data_type": f"{level.upper()}>Level {level[1]} Data",
        "Descriptor": f"RFS_{receiver.upper()}>Radio Spectrometer",
        "Instrument_type": "Radio and Plasma Waves (space)", "Mission_group": "PSP", "Logical_file_id": stem,
        "Logical_source": f"psp_fld_{level}_rfs_{receiver}", "Generation_date": "20240405", "Data_version": "03",
        "TEXT": "Invented data in the layout of the FIELDS team",
    }  # fmt: skip
    return write(folder, f"{stem}.cdf", variables, attributes, "2024-04-05T12:00:00", Majority="Column_major")


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
