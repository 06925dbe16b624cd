"""One tiny CDF file of the HFA on Arase, level 3, laid out as the master ``erg_pwe_hfa_l3_1min_00000000_v01``.

Invented data, real layout: an hour outbound from the plasmasphere, where the electron density falls at the plasmapause.
As in the master: attributes in capitals, VALIDMIN of Epoch as a text, FILLVAL where a frequency was not found.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import Var, tt2000, typed, write

COUNT = 60


def make(folder: Path) -> list[Path]:
    """Write the file."""
    minutes = np.arange(COUNT)
    shell = 3.0 + 0.05 * minutes  # L, outbound
    density_cm3 = np.where(shell < 4.6, 1390.0 * (3.0 / shell) ** 4.83, 124.0 * (3.0 / shell) ** 4.0)
    gyro_khz = 870.0 / shell**3
    uhr_khz = np.hypot(8.98 * np.sqrt(density_cm3), gyro_khz)
    lost = (minutes % 13) == 5
    variables = [
        Var("Epoch", "tt2000", tt2000("2018-01-01T06:00:00", 60.0 * minutes), _EPOCH),
        _series("Fuhr", "UHR frequency", "kHz", np.where(lost, -999.9, uhr_khz)),
        _series("ne_mgf", "density_mgf", "/cc", np.where(lost, -999.9, density_cm3)),
        _flag("quality_flag", "quality flag", "u4", np.where(lost, 1, 0), "data"),
        _flag("inspector1", "Inspector ID #1", "u1", np.ones(COUNT), "support_data"),
    ]
    return [write(folder, "erg_pwe_hfa_l3_1min_20180101_v01_04.cdf", variables, _GLOBALS, "2024-10-24T03:00:00",
                  Majority="Column_major")]  # fmt: skip


_EPOCH = {
    "FIELDNAM": "Epoch", "CATDESC": "Time, beginning of interval", "VALIDMIN": "01-Jan-2015 00:00:00.000.000.000",
    "VALIDMAX": "31-Dec-2100 23:59:59.999.999.999", "UNITS": "ns", "LABLAXIS": "Epoch", "MONOTON": "increase",
    "FORMAT": "I20", "FILLVAL": [-9.22e18, "CDF_DOUBLE"], "VAR_TYPE": "data", "DISPLAY_TYPE": "time_series",
}  # fmt: skip
_GLOBALS = {
    "PROJECT": "ERG>Exploration of Energization and Radiation in Geospace", "SOURCE_NAME": "Arase (ERG)",
    "DISCIPLINE": "Space Physics>Magnetospheric Science", "DATA_TYPE": "l3_pwe>level 3 plasma wave experiment data",
    "DESCRIPTOR": "PWE>Plasma Wave Experiment", "GENERATION_DATE": "20241023", "LOGICAL_SOURCE": "erg_pwe_hfa_l3",
    "TITLE": "Level 3 electron density data obtained by the Plasma Wave Experiment (PWE) instrument",
    "MISSION_GROUP": "ERG", "INSTRUMENT_TYPE": "Radio and Plasma Waves (space)", "TIME_RESOLUTION": "1 min",
    "DOI": "10.34515/DATA.ERG-10001", "TEXT": "Invented data in the layout of the master", "DATA_VERSION": "v01_04",
}  # fmt: skip


def _series(name: str, description: str, unit: str, values: np.ndarray) -> Var:
    return Var(
        name, "f4", values.astype(np.float32),
        {
            "FIELDNAM": description, "CATDESC": description, "VALIDMIN": typed("f4", -99999.999), "UNITS": unit,
            "VALIDMAX": typed("f4", 99999.999), "DEPEND_0": "Epoch", "LABLAXIS": description, "MONOTON": "FALSE",
            "FORMAT": "F10.3", "VAR_TYPE": "data", "DISPLAY_TYPE": "time_series", "SCALETYP": "log",
        },
    )  # fmt: skip


def _flag(name: str, description: str, kind: str, values: np.ndarray, var_type: str) -> Var:
    return Var(
        name, kind, values.astype(np.dtype(kind)),
        {
            "FIELDNAM": description, "CATDESC": description, "DEPEND_0": "Epoch", "MONOTON": "FALSE", "FORMAT": "I1",
            "VAR_TYPE": var_type, "DISPLAY_TYPE": "time_series", "SCALETYP": "linear",
        },
    )  # fmt: skip


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
