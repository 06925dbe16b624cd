"""Two tiny files of the high frequency receiver of RPWI on JUICE, level 1a, science mode 3: sweeps of three antennas.

Invented data; names, sizes and units of variables, times of the records, and Logical_source as a public reader and its
tests have them of a real file. The other attributes are no real file's, but what the ISTP guidelines want. Each record
has a table of 256 frequencies of its own, whose last is fill.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import FILL_REAL, arcs, clock, noise, varying, write

KILOHERTZ = np.append(np.linspace(84.625, 44591.0, 255), FILL_REAL)


def make(folder: Path) -> list[Path]:
    """Write a file whose dates count from the start of the onboard clock, as in tests, and one of a flyby."""
    return [
        _sweeps(folder, "2000-01-01T00:00:46.209668", "20000101T000046-20000101T000518"),
        _sweeps(folder, "2024-08-20T21:00:46.209668", "20240820T210046-20240820T210518"),
    ]


def _sweeps(folder: Path, start: str, days: str) -> Path:
    seconds = 34.0 * np.arange(9)
    table = np.tile(KILOHERTZ, (len(seconds), 1))
    power = 50.0 * arcs(seconds, KILOHERTZ[:-1] * 1e3, [(90.0, 20e6), (180.0, 24e6)])
    power = np.column_stack([power * noise(63, power.shape), np.full(len(seconds), FILL_REAL)])
    spectrogram = {"DEPEND_1": "frequency", "DISPLAY_TYPE": "spectrogram"}
    variables = [
        clock("Epoch", start, seconds),
        varying("SCET", "s", 46.209668 + seconds, kind="f8", VAR_TYPE="support_data"),
        varying("frequency", "kHz", table, VAR_TYPE="support_data"),
        *(varying(name, "(raw)", power * gain, **spectrogram) for name, gain in _GAINS.items()),
    ]
    stem = f"JUICE_L1a_RPWI-HF-SID3_{days}_V01"
    attributes = {
        "Project": "JUICE>Jupiter Icy Moons Explorer", "Source_name": "JUICE>Jupiter Icy Moons Explorer",
        "Discipline": "Space Physics>Planetary Physics", "Data_type": "L1a>Level 1a", "Data_version": "01",
        "Descriptor": "RPWI-HF-SID3>RPWI High Frequency receiver", "Logical_file_id": stem,
        "Instrument_type": "Radio and Plasma Waves (space)", "Mission_group": "JUICE",
        "Logical_source": "JUICE_H0_RPWI", "TEXT": "Invented data in the layout of RPWI-HF",
        "Logical_source_description": "JUICE RPWI High Frequency receiver".ljust(40) + "3",  # the mode, in its place
    }  # fmt: skip
    return write(folder, f"{stem}.cdf", variables, attributes, "2023-05-20T10:00:00")


_GAINS = {"EuEu": 1.0, "EvEv": 0.9, "EwEw": 0.7}

if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
