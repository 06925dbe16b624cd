"""A tiny CDF file of the NewRoutine receiver of the Nançay Decameter Array, by its master V00.

Invented data, real layout: both polarisations of Jovian decametric arcs and their cross-correlation, a spectrum every
half second in 615 channels.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import arcs, clock, fixed, noise, tt2000, typed, varying, vespa, write

MEGAHERTZ = 10.0 + 0.048828125 * np.arange(615)
START = "2018-04-21T23:10:00"


def make(folder: Path) -> list[Path]:
    """Write the file."""
    seconds = 0.5 * np.arange(10)
    sky = arcs(seconds, MEGAHERTZ * 1e6, [(1.0, 22e6), (3.0, 24e6)]) * noise(64, (10, 615))
    ucd = "phys.flux.density;em.radio"
    polarisations = {
        "RR": (2e11 * sky, "RH flux density", "spectrogram", f"{ucd};phys.polarization.rr"),
        "LL": (5e10 * sky, "LH flux density", "time_series", f"{ucd};phys.polarization.ll"),
        "RL": (1e10 * (sky - 1.0), "RL", "spectrogram", ucd),
        "LR": (-1e10 * (sky - 1.0), "LR", "spectrogram", ucd),
    }
    epoch = clock(
        "Epoch", START, seconds, TIME_SCALE="UTC", REFERENCE_POSITION="Earth", UCD="time.epoch",
        VALIDMIN=typed("tt2000", int(tt2000("1990-09-18T00:00:00"))),
        VALIDMAX=typed("tt2000", int(tt2000("2020-12-22T12:13:15"))),
    )  # fmt: skip
    variables = [
        epoch,
        *(varying(name, "ADU", values, DEPEND_1="Frequency", DISPLAY_TYPE=display, LABLAXIS=label, UCD=said)
          for name, (values, label, display, said) in polarisations.items()),
        fixed("Frequency", "MHz", MEGAHERTZ, VAR_TYPE="metadata", UCD="em.freq"),
    ]  # fmt: skip
    stem = "srn_nda_newroutine_jup_edr_201804212310_201804212311_V00"
    attributes = {
        "TITLE": "SRN NDA NewRoutine Jupiter EDR Dataset",
        "Project": ["SRN>Station de Radioastronomie Nancay", "OBSPM>Observatoire de Paris",
                    "PADC>Paris Astronomical Data Center", "JGROS>JUNO-Ground-Radio Observation Support"],
        "Discipline": "Planetary Physics>Waves", "Data_type": "EDR>Experiment Data Record", "Data_version": "01",
        "Descriptor": "newroutine_jup>NewRoutine receiver with Jupiter pointing", "Logical_file_id": stem,
        "Instrument_type": "Radio Telescope", "Logical_source": "srn_nda_newroutine_jup_edr",
        "Source_name": "SRN_NDA>Nancay Decametric Array", "TEXT": "Invented data in the layout of NewRoutine",
        "Generation_date": "2018-04-22T08:00:00Z", "Time_resolution": "0.5 second",
        "PDS_Observation_start_time": f"{START}.000000Z", "PDS_Observation_target": "Jupiter",
        "PDS_Observation_type": "Radio", "NDA_newroutine_sel_prod": [typed("i4", 15)],
        "NDA_newroutine_acc_fact": [typed("i4", 24)],
        **vespa(
            dataproduct_type="DS>Dynamic Spectra", target_class="planet", target_region=["Aurora", "Magnetosphere"],
            feature_name="decametric radio emissions (DAM)", time_exp=[typed("f4", 0.0)],
            instrument_host_name="SRN>Station de Radioastronomie de Nancay", access_format="application/x-cdf",
            instrument_name="NDA>Nancay Decameter Array", receiver_name="NewRoutine>New Routine",
            measurement_type="phys.flux.density;em.radio;phys.polarization", bib_reference="2000GMS...119..321L",
        ),
    }  # fmt: skip
    return [write(folder, f"{stem}.cdf", variables, attributes, "2018-04-22T08:00:00", Majority="Column_major")]


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
