"""A tiny CDF file of the high frequency receiver of RPWI on JUICE, level 1a, science mode 3: sweeps of three antennas.

Invented data; names, sizes and units of variables as seen in public readers and their tests. Each record has a table of
256 frequencies of its own, whose last is fill.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import FILL_REAL, arcs, clock, noise, varying, write

KILOHERTZ = np.append(np.linspace(84.625, 44591.0, 255), FILL_REAL)


def make(folder: Path) -> list[Path]:
    """Write the file; its dates count from the start of the onboard clock, as in tests on the ground."""
    seconds = 16.0 * np.arange(18)
    table = np.tile(KILOHERTZ, (18, 1))
    power = 50.0 * arcs(seconds, KILOHERTZ[:-1] * 1e3, [(90.0, 20e6), (180.0, 24e6)])
    power = np.column_stack([power * noise(63, power.shape), np.full(18, FILL_REAL)])
    spectrogram = {"DEPEND_1": "frequency", "DISPLAY_TYPE": "spectrogram"}
    variables = [
        clock("Epoch", "2000-01-01T00:00:46", seconds),
        varying("SCET", "s", 46.0 + seconds, kind="f8", VAR_TYPE="support_data"),
        varying("frequency", "kHz", table, VAR_TYPE="support_data"),
        *(varying(name, "(raw)", power * gain, **spectrogram) for name, gain in _GAINS.items()),
    ]
    stem = "JUICE_L1a_RPWI-HF-SID3_20000101T000046-20000101T000518_V01"
    attributes = {
        "Project": "JUICE>Jupiter Icy Moons Explorer", "Source_name": "JUICE>Jupiter Icy Moons Explorer",
        "Discipline": "Space Physics>Planetary Physics", "Data_type": "L1a>Level 1a", "Data_version": "01",
        "Descriptor": "RPWI-HF-SID3>RPWI High Frequency receiver", "Logical_file_id": stem,
        "Instrument_type": "Radio and Plasma Waves (space)", "Mission_group": "JUICE",
        "Logical_source": "JUICE_L1a_RPWI-HF-SID3", "TEXT": "Invented data in the layout of RPWI-HF",
    }  # fmt: skip
    return [write(folder, f"{stem}.cdf", variables, attributes, "2023-05-20T10:00:00")]


_GAINS = {"EuEu": 1.0, "EvEv": 0.9, "EwEw": 0.7}

if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
