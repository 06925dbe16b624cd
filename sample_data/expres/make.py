"""Three tiny CDF files of ExPRES simulations, each with its JSON configuration: from Earth, Juno, by a later version.

Invented data in the layout that ExPRES writes: at which times and frequencies emission along a field line is seen, from
which hemisphere, under which angle; the observer's place. Its spectral range in VESPA attributes is ten times too
large, and they say ``meta.modelled`` where no quantity stands first.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import FILL_REAL, Var, clock, fixed, moment, typed, varying, write

MEGAHERTZ = np.linspace(1.0, 40.0, 79)
SOURCES = ("Io NORTH", "Io SOUTH")
RADIUS_KM, AU_KM = 71492.0, 149597870.7


def make(folder: Path) -> list[Path]:
    """Write the files; the configurations beside them are no granules, and not handed back."""
    earth = _write(folder, "earth", "Io", "2015-04-30T00:00:00", 5.1 * AU_KM / RADIUS_KM, -0.2, longitude_deg=30.0)
    juno = _write(folder, "juno", "Ganymede", "2021-12-18T06:00:00", 22.0, 5.5, longitude_deg=170.0)
    later = _write(
        folder,
        "earth",
        "Europa",
        "2023-11-02T21:00:00",
        3.98 * AU_KM / RADIUS_KM,
        3.6,
        longitude_deg=220.0,
        version="11",
    )
    return [earth, juno, later]


def _write(
    folder: Path,
    observer: str,
    moon: str,
    start: str,
    distance_radii: float,
    latitude_deg: float,
    longitude_deg: float,
    version: str = "01",
) -> Path:
    minutes = np.arange(40.0)
    stem = f"expres_{observer}_jupiter_{moon.lower()}_jrm09_lossc-wid1deg_3kev_{start[:10].replace('-', '')}_v{version}"
    # Rotation of System III, 870.536 degrees a day; west longitude of the observer rises.
    meridian = (longitude_deg + 870.536 / 1440.0 * minutes) % 360.0
    arc = 25.0 - 0.08 * (minutes - 18.0) ** 2
    is_seen = np.abs(MEGAHERTZ - arc[:, None]) < 1.0
    polarisation = np.where(is_seen, -1, 32767)  # from the north: right-hand
    angle = np.where(is_seen, 72.0, FILL_REAL)
    place = {"TIME_SCALE": "Terrestrial Time", "REFERENCE_POSITION": "Rotating Earth Geoid"}
    spectrogram = {"DEPEND_1": "Frequency", "DISPLAY_TYPE": "spectrogram"}
    beaming = np.stack([angle, np.full_like(angle, FILL_REAL)], axis=-1)
    sources = np.array([text.replace("Io", moon) for text in SOURCES])[None]
    variables = [
        clock("Epoch", start, 60.0 * minutes, **place),
        fixed("Frequency", "MHz", MEGAHERTZ, SCALETYP="linear", UCD="em.freq"),
        Var("Src_ID_Label", "char", sources, {"CATDESC": "Source", "VAR_TYPE": "metadata"}, varies=False),
        varying("Polarization", "Degree of polarization", polarisation, kind="i2", FILLVAL=typed("i2", 32767),
                UCD="phys.count", **spectrogram),
        varying("Theta", "Degree", beaming, DEPEND_2="Src_ID_Label", UCD="pos.angDistance", **spectrogram),
        varying("CML", "deg", meridian, DISPLAY_TYPE="time_series"),
        varying("ObsLatitude", "deg", np.full(40, latitude_deg), DISPLAY_TYPE="time_series"),
        varying("ObsDistance", "Rp", distance_radii + 0.001 * minutes, DISPLAY_TYPE="time_series"),
    ]  # fmt: skip
    names = {"earth": "Earth", "juno": "Juno"}
    attributes = {
        "Project": ["PADC", "MASER"],
        "Discipline": "Space Physics>Magnetospheric Science", "Data_type": f"{observer}_jupiter_{moon.lower()}",
        "Descriptor": "jrm09_lossc-wid1deg_3kev", "Mission_group": "MASER",
        "Data_version": version, "Instrument_type": "Model", "Source_name": "ExPRES", "Logical_file_id": stem,
        "Logical_source": f"expres_{observer}_jupiter_{moon.lower()}", "TEXT": "Invented data in the layout of ExPRES",
        "Generation_date": "2022-01-10T12:00:00", "PDS_Observation_target": "Jupiter",
        "SRP_Source_name": list(sources[0]), "VESPA_time_sampling_step": "60",
        "VESPA_dataproduct_type": "DS>Dynamic Spectrum", "VESPA_target_name": f"Jupiter#{moon}",
        "VESPA_target_class": "planet#satellite", "VESPA_target_region": "Magnetosphere#Aurora",
        "VESPA_feature_name": "Decametric radio emissions (DAM)", "VESPA_instrument_host_name": names[observer],
        "VESPA_instrument_name": "ExPRES",
        "VESPA_bib_reference": "AA/2016/28787", "VESPA_measurement_type": "em.radio;meta.modelled",
        "VESPA_spectral_range_min": [typed("f8", 1e7)], "VESPA_spectral_range_max": [typed("f8", 4e8)],
    }  # fmt: skip
    path = write(folder, f"{stem}.cdf", variables, attributes, "2022-01-10T12:00:00")
    _configuration(path.with_suffix(".json"), names[observer], moon, start)
    return path


def _configuration(path: Path, observer: str, moon: str, start: str) -> None:
    """What ExPRES is run by, in short."""
    source = {"ON": True, "PARENT": "Jupiter", "TYPE": "attached to a satellite", "SAT": moon, "WIDTH": 1, "ACCEL": 3}
    said = {
        "SIMU": {"NAME": f"{moon}{start[:10]}", "OUT": path.stem},
        "NUMBER": {"BODY": 2, "DENSITY": 1, "SOURCE": 2},
        "TIME": {"MIN": 0, "MAX": 40, "NBR": 40},
        "FREQUENCY": {"TYPE": "Linear", "MIN": 1.0, "MAX": 40.0, "NBR": 79, "SC": ""},
        "OBSERVER": {"TYPE": "Fixed", "PARENT": "Jupiter", "SC": observer, "SCTIME": start[:16].translate(_DIGITS)},
        "BODY": [{"ON": True, "NAME": "Jupiter", "MAG": "JRM09+Connerney CS"}, {"ON": True, "NAME": moon}],
        "SOURCE": [{**source, "NORTH": True, "SOUTH": False}, {**source, "NORTH": False, "SOUTH": True}],
    }
    path.write_text(json.dumps(said, indent=2) + "\n")
    written = moment("2022-01-10T11:00:00").timestamp()
    os.utime(path, (written, written))


_DIGITS = str.maketrans("", "", "-:T")

if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
