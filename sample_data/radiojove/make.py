"""A tiny CDF file of a spectrograph of RadioJOVE, by its master sp2_300 V10: two channels, Jovian arcs.

Invented data, real layout: times of CDF_EPOCH16, 300 frequencies, the observatory's place in attributes of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import arcs, clock, fixed, noise, typed, varying, vespa, write

HERTZ = np.linspace(15e6, 30e6, 300)


def make(folder: Path) -> list[Path]:
    """Write the file."""
    seconds = 0.125 * np.arange(44)
    sky = 800.0 * arcs(seconds, HERTZ, [(1.0, 21e6), (3.0, 23e6)])
    data = {"DEPEND_1": "FREQUENCY", "DISPLAY_TYPE": "spectrogram", "UCD": "phys.flux;em.radio"}
    variables = [
        clock("Epoch", "2014-12-18T07:20:00", seconds, "epoch16", TIME_SCALE="UTC", REFERENCE_POSITION="Earth"),
        varying("DATA_1", " ", sky * noise(69, sky.shape), LABLAXIS="Power Spectral Density on Channel 1", **data),
        varying("DATA_2", " ", sky * noise(70, sky.shape), LABLAXIS="Power Spectral Density on Channel 2", **data),
        fixed("FREQUENCY", "Hz", HERTZ, DISPLAY_TYPE="time_series", UCD="em.freq", SCALETYP="log"),
    ]
    stem = "radiojove_edr_sp2_300_201412180720_201412180721_V10"
    attributes = {
        "Project": "RadioJOVE", "Discipline": "Space Physics>Magnetospheric Science", "Data_type": "EDR",
        "Descriptor": "sp2_300", "Data_version": "10", "Instrument_type": "Spectrogram Receiver",
        "Logical_file_id": stem, "Logical_source": "radiojove_edr_sp2_300", "Mission_group": "RadioJOVE",
        "Logical_source_description": "RadioJOVE Dual Channel Spectrograph", "Source_name": "RadioJOVE",
        "Generated_by": ["SkyPipe", "RadioJOVE", "VOPDC"], "Skeleton_version": "0.8", "TEXT": "Invented data",
        "PDS_Observation_target": "Jupiter", "PDS_Observation_type": "Waves",
        "RadioJOVE_observer_name": "A. N. Observer", "RadioJOVE_observatory_location": "Exampleville",
        "RadioJOVE_observatory_latitude": [typed("f8", 29.8)], "RadioJOVE_n_channel": [typed("i1", 2)],
        "RadioJOVE_observatory_longitude": [typed("f8", -82.6)],
        **vespa(
            dataproduct_type="DS>Dynamic Spectra", target_class="planet", target_region=" ", target_element=" ",
            instrument_host_name=" ", instrument_name=" ", measurement_type="phys.flux;em.radio", access_format="cdf",
        ),
    }  # fmt: skip
    return [write(folder, f"{stem}.cdf", variables, attributes, "2014-12-19T20:00:00", Majority="Column_major")]


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
