"""A tiny CDF file of LWA1, by the master of its low waterfall tuning V01: Jovian decametric arcs.

Invented data, real layout but for the count of channels (4096 in the master). Of the Epoch the master sets no bounds:
FILLVAL, VALIDMIN and VALIDMAX all say year 0. SATURATION depends, it says, on the frequency; it has two counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import arcs, clock, fixed, noise, typed, varying, vespa, write

HERTZ = 1.2e7 + 76562.5 * np.arange(256)


def make(folder: Path) -> list[Path]:
    """Write the file."""
    seconds = 0.209 * np.arange(50)
    sky = arcs(seconds, HERTZ, [(2.0, 21e6), (12.0, 23e6)])
    ucd = {"UCD": "phys.flux.density;em.radio", "DISPLAY_TYPE": "time_series", "DEPEND_1": "Frequency"}
    year_0 = typed("epoch", 0.0)
    variables = [
        clock("Epoch", "2016-03-07T08:30:00", seconds, "epoch", TIME_SCALE="UTC", REFERENCE_POSITION="Earth",
              FILLVAL=year_0, VALIDMIN=year_0, VALIDMAX=year_0),
        varying("JD_TIME", "s", 2457454.854166667 + seconds / 86400.0, kind="f8", VAR_TYPE="support_data"),
        varying("FLUX_XX", " ", sky * noise(67, sky.shape), CATDESC="Flux density, XX linear polarization", **ucd),
        varying("FLUX_YY", " ", sky * noise(68, sky.shape), CATDESC="Flux density, YY linear polarization", **ucd),
        varying("SATURATION", "-", np.zeros((50, 2)), "Frequency", "i8", VAR_TYPE="support_data"),
        fixed("Frequency", "Hz", HERTZ, VAR_TYPE="metadata"),
    ]  # fmt: skip
    stem = "lwa1_waterfall_low_edr_201603070830_201603070831_V01"
    attributes = {
        "Project": ["LWA1>Long Wavelength Array Station 1", "PADC>Paris Astronomical Data Center"],
        "Discipline": "Planetary Physics>Waves", "Data_type": "EDR>Experiment Data Record", "Data_version": "01",
        "Descriptor": "waterfall_low", "Instrument_type": "Radio Telescope", "Logical_file_id": stem,
        "Logical_source": "lwa1", "Logical_source_description": "Jupiter Waterfall Observations from LWA1",
        "Mission_group": "Long Wavelength Array", "Source_name": "LWA>Long Wavelength Array",
        "PDS_Observation_start_time": "2016-03-07T08:30:00.000000Z", "PDS_Observation_target": "Jupiter",
        "PDS_Observation_type": "Radio",
        **vespa(
            dataproduct_type="DS>Dynamic Spectra", target_class="planet", target_region=["aurora", "magnetosphere"],
            target_element="DAM radio emissions", instrument_host_name="LWA1>Long Wavelength Array Station 1",
            instrument_name="waterfall_jup>Waterfall Jupiter", measurement_type="phys.flux.density;em.radio",
            access_format="cdf",
        ),
    }  # fmt: skip
    return [write(folder, f"{stem}.cdf", variables, attributes, "2016-03-08T12:00:00", Majority="Column_major")]


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
