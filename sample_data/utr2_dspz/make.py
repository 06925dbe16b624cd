"""A tiny CDF file of the DSP-Z receiver of UTR-2, by its master V00: Jovian decametric arcs.

Invented data, real layout but for the count of channels (6143 in the master). Of the Epoch the master sets no bounds:
FILLVAL, VALIDMIN and VALIDMAX all say year 0; numbers of VESPA are left at zero.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import arcs, clock, fixed, noise, typed, varying, vespa, write

HERTZ = np.linspace(8e6, 32e6, 257)


def make(folder: Path) -> list[Path]:
    """Write the file."""
    seconds = 0.1 * np.arange(50)
    sky = 1e6 * arcs(seconds, HERTZ, [(1.0, 19e6), (3.0, 22e6)])
    ucd = {"UCD": "phys.flux.density;em.radio", "DISPLAY_TYPE": "time_series", "DEPEND_1": "Frequency"}
    year_0 = typed("epoch", 0.0)
    variables = [
        clock("Epoch", "2015-11-20T02:00:00", seconds, "epoch", TIME_SCALE="UTC", REFERENCE_POSITION="Earth",
              FILLVAL=year_0, VALIDMIN=year_0, VALIDMAX=year_0),
        varying("JD_TIME", "s", 2457346.583333333 + seconds / 86400.0, kind="f8", VAR_TYPE="support_data"),
        varying("FLUX_A", " ", sky * noise(65, sky.shape), CATDESC="Linear polar flux density on channel A", **ucd),
        varying("FLUX_B", " ", sky * noise(66, sky.shape), CATDESC="Linear polar flux density on channel B", **ucd),
        fixed("Frequency", "Hz", HERTZ, VAR_TYPE="metadata"),
    ]  # fmt: skip
    stem, telescope = "utr2_dspz_edr_201511200200_201511200201_V00", "UTR2>Ukrainian T-Shaped Radiotelescope Mark 2"
    attributes = {
        "Project": telescope, "Discipline": "Planetary Physics>Waves", "Data_type": "EDR>Experiment Data Record",
        "Descriptor": "dspz", "Data_version": "01", "Instrument_type": "Radio Telescope", "Logical_file_id": stem,
        "Logical_source": "utr2", "Logical_source_description": "UTR2 DSP-Z spectrograms", "Mission_group": "URAN",
        "Source_name": telescope, "PDS_Observation_start_time": "2015-11-20T02:00:00.000000Z",
        "PDS_Observation_target": "Jupiter", "PDS_Observation_type": "Radio",
        "UTR2_place": "Invented", "UTR2_FFT_Size": [typed("i4", 16384)],
        **vespa(
            dataproduct_type="DS>Dynamic Spectra", target_class="planet", target_region=["aurora", "magnetosphere"],
            target_element="DAM radio emissions", instrument_host_name=telescope, instrument_name="DSP-Z",
            measurement_type="phys.flux.density;em.radio", access_format="cdf",
        ),
    }  # fmt: skip
    return [write(folder, f"{stem}.cdf", variables, attributes, "2015-11-21T12:00:00", Majority="Column_major")]


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
