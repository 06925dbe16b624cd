"""A tiny CDF file of Juno/Waves as calibrated at LESIA: two minutes of a perijove, a spectrum a second.

Invented data in the layout that the script of its authors writes: Jovian kilometric and decametric emissions. The flux
density has VAR_TYPE "Data", as that script says it; gain, background and sigma are tables by frequency. From version 2
on the script keeps all channels of Waves; version 1 had those above 1 kHz.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import arcs, clock, fixed, noise, tt2000, typed, varying, write

# The 126 channels of Waves, as survey data have them: 43 and 18 of the LFR, 27 and 38 of the HFR. Bands overlap.
KILOHERTZ = 1e-3 * np.array(
    [48.83, 97.66, 146.5, 195.3, 244.1, 293.0, 341.8, 390.6, 439.4, 488.3, 537.1, 585.9, 634.8, 708.0, 805.7, 903.3,
     1001, 1123, 1270, 1416, 1587, 1782, 2002, 2246, 2515, 2832, 3174, 3540, 3980, 4468, 5005, 5615, 6299, 7080, 7959,
     8936, 10010, 11230, 12620, 14160, 15870, 17800, 19970,
     19960, 22340, 25080, 28200, 31680, 35520, 39920, 44860, 50170, 56210, 63170, 70860, 79470, 89170, 100200, 112400,
     126200, 141500,
     140100, 157200, 177700, 198200, 222200, 249500, 280300, 314400, 352000, 396500, 447800, 502400, 564000, 632300,
     707500, 796400, 895500, 1002000, 1121000, 1261000, 1415000, 1586000, 1781000, 2000000, 2242000, 2516000, 2823000,
     *(3.5e6 + 1e6 * np.arange(38))]
)  # fmt: skip


def make(folder: Path) -> list[Path]:
    """Write the file: some years younger than the observation, as the calibration was."""
    seconds = np.arange(120.0)
    hertz = KILOHERTZ * 1e3
    flux = 1e-17 * arcs(seconds, hertz, [(20.0, 18e6), (60.0, 20e6)])
    flux += 1e-14 * np.exp(-0.5 * (np.log(hertz / 3e5) / 0.4) ** 2)  # hectometric to kilometric
    stem, unit = "jno_wav_cdr_lesia_20170329_v02", "V**2 m**-2 Hz**-1"
    epoch = clock(
        "Epoch", "2017-03-29T00:00:00", seconds, TIME_SCALE="UTC", REFERENCE_POSITION="Juno",
        VALIDMIN=typed("tt2000", int(tt2000("2011-08-09T00:00:00"))),
        VALIDMAX=typed("tt2000", int(tt2000("2025-10-01T00:00:00"))),
    )  # fmt: skip
    variables = [
        epoch,
        fixed("Frequency", "kHz", KILOHERTZ, UCD="em.freq", SCALETYP="log"),
        varying("Data", unit, flux * noise(61, flux.shape), VAR_TYPE="Data", DEPEND_1="Frequency", SCALETYP="log",
                DISPLAY_TYPE="spectrogram", UCD="phys.flux.density;em.radio"),
        *(fixed(name, unit, level * np.ones(126), DEPEND_0="Frequency") for name, level in _LEVELS.items()),
    ]  # fmt: skip
    attributes = {
        "TITLE": "LESIA calibrated Juno/Waves data", "Discipline": "Planetary Physics>Waves",
        "Project": ["PADC>Paris Astronomical Data Centre", "MASER>Measuring, Analyzing and Simulating Radio Emissions"],
        "Data_type": "cdr>Calibrated Data Record", "Descriptor": "lesia>LESIA calibration", "Data_version": "02",
        "Instrument_type": "Radio and Plasma Waves (space)", "Logical_file_id": stem, "Mission_group": "Juno",
        "Logical_source": "jno_wav_cdr_lesia", "Source_name": "jno_wav>Juno Waves", "Generation_date": "20210302",
        "TEXT": "Invented data in the layout of the LESIA calibration", "PDS_Observation_target": "Jupiter",
        "VESPA_dataproduct_type": "DS>Dynamic Spectrum", "VESPA_target_class": "Planet",
        "VESPA_target_region": "Magnetosphere", "VESPA_feature_name": "Radio emission",
        "VESPA_instrument_host_name": "Jno>Juno", "VESPA_instrument_name": "Wav>Waves",
        "VESPA_receiver_name": ["LFR>Low Frequency Receiver", "HFR>High Frequency Receiver"],
        "VESPA_measurement_type": "phys.flux.density;em.radio;phys.polarization",
        "VESPA_bib_reference": "10.1029/2021JA029435",
        "VESPA_spectral_range_min": "0.04883", "VESPA_spectral_range_max": "40500.0",
        "VESPA_spectral_range_unit": "kHz", "DOI": "https://doi.org/10.25935/6jg4-mk86",
    }  # fmt: skip
    return [write(folder, f"{stem}.cdf", variables, attributes, "2021-03-03T09:00:00")]


_LEVELS = {"Gain": 2.0, "Background": 1e-17, "Sigma": 1e-18}

if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
