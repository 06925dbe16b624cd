"""Two tiny CDF files of SORBET on BepiColombo's Mio, level 1: TNR spectra of quasi-thermal noise at a flyby and before.

Invented data; variables, units, channels and the first time as a public reader and its tests have them of a real file:
so is Logical_source. The other attributes are no real file's, but what the ISTP guidelines want. A scan each 4.69 s.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import clock, fixed, noise, varying, write

HERTZ = np.geomspace(2554.743, 626286.125, 128)


def make(folder: Path) -> list[Path]:
    """Write the files: of the first flyby, and of a day on the cruise."""
    return [_day(folder, "2021-10-01T02:31:16.118866"), _day(folder, "2022-01-15T00:00:02.750000")]


def _day(folder: Path, start: str) -> Path:
    seconds, support = 4.69 * np.arange(20), {"VAR_TYPE": "support_data"}
    peak_hz = 4e4 * (1.0 + 0.3 * np.sin(seconds / 25.0))[:, None]  # the plasma frequency, as the density goes
    spectra = -150.0 + 25.0 * np.exp(-0.5 * (np.log(HERTZ / peak_hz) / 0.15) ** 2) - 6.0 * np.log10(HERTZ / 1e4)
    spectra += np.log(noise(62, spectra.shape, 0.5))
    stem = f"mmo_pwi_sorbet_l1_ex_specdB-tnr-qtn_{start[:10].replace('-', '')}_v00"
    variables = [
        clock("Epoch", start, seconds),
        varying("delta_start_scan", "s", np.zeros(20), **support),
        varying("delta_end_scan", "s", np.full(20, 1.6), **support),
        varying("MDP_TI", "", 1000 + np.arange(20), kind="u4", **support),
        varying("sorbet_WPT_spectra", "dB_ref_V^{2}/Hz", spectra, DEPEND_1="Frequency", DISPLAY_TYPE="spectrogram",
                CATDESC="SORBET Power Spectral Density"),
        fixed("Frequency", "Hz", HERTZ, SCALETYP="log"),
    ]  # fmt: skip
    attributes = {
        "Project": "BC>BepiColombo", "Source_name": "MMO>Mercury Magnetospheric Orbiter", "Discipline": "Space Physics",
        "Mission_group": "BepiColombo/MMO", "Data_type": "l1>Level-1", "Descriptor": "PWI>Plasma Wave Investigation",
        "Instrument_type": "Radio and Plasma Waves (space)", "Data_version": "00", "Logical_file_id": stem,
        "Logical_source": "mmo_pwi_sorbet_l1_ex_specdB-tnr-qtn_", "Generation_date": "2022-02-11",
        "TEXT": "Invented data in the layout of SORBET",
    }  # fmt: skip
    return write(folder, f"{stem}.cdf", variables, attributes, "2022-02-11T15:00:00")


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
