"""Two tiny CDF files of STEREO/WAVES direction finding, level 3, as the data collection's page describes them.

Invented data, real layout: a type III burst with its direction and size, before the loss of STEREO-B and after it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import clock, fixed, noise, type_iii, typed, varying, write

CHANNELS_HZ = {"hfr": 125e3 + 50e3 * np.arange(319), "lfr": np.round(np.geomspace(2610.0, 153e3, 48))}


def make(folder: Path) -> list[Path]:
    """Write the files."""
    return [
        _write(folder, "a", "hfr", "2020-07-11T02:00:18.406", "20200712", 38.05),
        _write(folder, "b", "lfr", "2012-07-23T02:00:05.120", "20230214", 53.7),
    ]


def _write(folder: Path, craft: str, receiver: str, start: str, generated: str, step_s: float) -> Path:
    hertz, count = CHANNELS_HZ[receiver], 12
    seconds = step_s * np.arange(count)
    shape = (count, len(hertz))
    flux = 1e-20 * type_iii(seconds, hertz) * noise(51, shape)
    day = start[:10].replace("-", "")
    stem, name = f"st{craft}_l3_wav_{receiver}_{day}_v01", {"a": "Ahead", "b": "Behind"}[craft]
    axis = {"DEPEND_1": "FREQUENCY", "DISPLAY_TYPE": "spectrogram"}
    variables = [
        clock("Epoch", start, seconds, TIME_SCALE="Terrestrial Time", REFERENCE_POSITION="Rotating Earth Geoid"),
        fixed("FREQUENCY", "Hz", hertz),
        varying("QUALITY_FLAG", "", np.full(count, 3), kind="u1", VAR_TYPE="support_data"),
        varying("PSD_FLUX", "W/m^2/Hz", flux, **axis),
        varying("STOKES_I", "W/m^2/Hz", flux, **axis),
        varying("STOKES_V", "", np.zeros(shape), **axis),
        varying("SOURCE_SIZE", "deg", np.full(shape, 24.0), **axis),
        varying("WAVE_AZIMUTH_RTN", "deg", np.full(shape, 8.5), **axis),
        varying("WAVE_COLATITUDE_RTN", "deg", np.full(shape, 88.0), **axis),
    ]
    attributes = {
        "Project": "STEREO>Solar TErrestrial RElations Observatory", "Source_name": f"ST{craft.upper()}>STEREO-{name}",
        "Discipline": "Space Physics>Interplanetary Studies", "Data_type": "L3>Level 3 Data", "Logical_file_id": stem,
        "Descriptor": f"WAVES/{receiver.upper()}>STEREO/WAVES radio receiver", "Mission_group": "STEREO",
        "Instrument_type": "Radio and Plasma Waves (space)", "Logical_source": f"st{craft}_l3_wav_{receiver}",
        "Generation_date": generated, "Data_version": "01", "TEXT": "Invented data in the layout of STEREO/WAVES",
        "SPECTRAL_SAMPLING_STEP_MIN": typed("f8", float(np.diff(hertz).min())),
        "SPECTRAL_SAMPLING_STEP_MAX": typed("f8", float(np.diff(hertz).max())),
    }  # fmt: skip
    written = f"{generated[:4]}-{generated[4:6]}-{generated[6:]}T09:00:00"
    return write(folder, f"{stem}.cdf", variables, attributes, written)


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
