"""Six tiny CDF files of ExPRES simulations, each with its JSON configuration.

Sources on the field lines of moons, seen from Earth and from Juno, by several versions of the code; of the last of them
one with a DOI in its name. Sources on the main oval, of Jupiter seen from Galileo and of Saturn seen from Cassini.

Invented data in the layout that ExPRES writes: at which times and frequencies emission along a field line is seen, from
which hemisphere, under which angle; the observer's place. Its spectral range in VESPA attributes is ten times too
large, and they say ``meta.modelled`` where no quantity stands first; of a source on the oval they name a description as
target, and the classes of a planet and a satellite.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import FILL_REAL, Var, clock, fixed, moment, typed, varying, write

HIGHEST_MHZ = {"Jupiter": 40.0, "Saturn": 1.0}
AU_RADII = 149597870.7 / 71492.0  # of Jupiter
OBSERVERS = {"earth": "Earth", "juno": "Juno", "galileo": "Galileo", "cassini": "Cassini"}


@dataclass(frozen=True)
class Run:
    """A simulation; `origin` is a moon, or longitude and apex (radii) of a field line: ``0d-30R``."""

    observer: str
    origin: str
    start: str
    distance_radii: float
    latitude_deg: float
    longitude_deg: float
    version: str = "01"
    told: str = "jrm09_lossc-wid1deg_3kev"
    planet: str = "Jupiter"

    @property
    def generated(self) -> str:
        """When it was run."""
        return "2026-02-01T12:00:00" if self.version == "14" else "2022-01-10T12:00:00"

    @property
    def described(self) -> str:
        """The source, as the code describes it."""
        if "d-" not in self.origin:
            return self.origin
        longitude, apex = self.origin.removesuffix("R").split("d-")
        return f"main oval at longitude={longitude} degrees (with L_equateur={apex} R_{self.planet})"


def make(folder: Path) -> list[Path]:
    """Write the files; the configurations beside them are no granules, and not handed back."""
    of_saturn = "spv_lossc-wid1deg_9kev_rx", "Saturn"
    runs = [
        Run("earth", "Io", "2015-04-30T00:00:00", 5.1 * AU_RADII, -0.2, 30.0),
        Run("juno", "Ganymede", "2021-12-18T06:00:00", 22.0, 5.5, 170.0),
        Run("earth", "Europa", "2023-11-02T21:00:00", 3.98 * AU_RADII, 3.6, 220.0, "11"),
        Run("galileo", "0d-30R", "1996-06-27T05:00:00", 12.0, 0.1, 100.0, "11", "jrm09_lossc-wid1deg_5kev"),
        Run("juno", "Io", "2026-01-05T12:00:00", 30.0, -12.0, 300.0, "14", "10.25935-txka-y235"),
        Run("cassini", "0d-74R", "2006-07-02T03:00:00", 33.0, -0.3, 60.0, "14", *of_saturn),
    ]
    return [_write(folder, run) for run in runs]


def _write(folder: Path, run: Run) -> Path:
    minutes = np.arange(40.0)
    logical = f"expres_{run.observer}_{run.planet.lower()}_{run.origin.lower()}"
    stem = f"{logical}_{run.told}_{run.start[:10].replace('-', '')}_v{run.version}"
    # Rotation of System III, 870.536 degrees a day; west longitude of the observer rises.
    meridian = (run.longitude_deg + 870.536 / 1440.0 * minutes) % 360.0
    share = HIGHEST_MHZ[run.planet] / 40.0
    megahertz = share * np.linspace(1.0, 40.0, 79)
    arc = share * (25.0 - 0.08 * (minutes - 18.0) ** 2)
    is_seen = np.abs(megahertz - arc[:, None]) < share
    polarisation = np.where(is_seen, -1, 32767)  # from the north: right-hand
    angle = np.where(is_seen, 72.0, FILL_REAL)
    place = {"TIME_SCALE": "Terrestrial Time", "REFERENCE_POSITION": "Rotating Earth Geoid"}
    spectrogram = {"DEPEND_1": "Frequency", "DISPLAY_TYPE": "spectrogram"}
    beaming = np.stack([angle, np.full_like(angle, FILL_REAL)], axis=-1)
    sources = np.array([f"{run.origin} {hemisphere}" for hemisphere in ("NORTH", "SOUTH")])[None]
    variables = [
        clock("Epoch", run.start, 60.0 * minutes, **place),
        fixed("Frequency", "MHz", megahertz, SCALETYP="linear", UCD="em.freq"),
        Var("Src_ID_Label", "char", sources, {"CATDESC": "Source", "VAR_TYPE": "metadata"}, varies=False),
        varying("Polarization", "Degree of polarization", polarisation, kind="i2", FILLVAL=typed("i2", 32767),
                UCD="phys.count", **spectrogram),
        varying("Theta", "Degree", beaming, DEPEND_2="Src_ID_Label", UCD="pos.angDistance", **spectrogram),
        varying("CML", "deg", meridian, DISPLAY_TYPE="time_series"),
        varying("ObsLatitude", "deg", np.full(40, run.latitude_deg), DISPLAY_TYPE="time_series"),
        varying("ObsDistance", "Rp", run.distance_radii + 0.001 * minutes, DISPLAY_TYPE="time_series"),
    ]  # fmt: skip
    attributes = {
        "Project": ["PADC", "MASER"],
        "Discipline": "Space Physics>Magnetospheric Science", "Data_type": logical.removeprefix("expres_"),
        "Descriptor": run.told, "Mission_group": "MASER",
        "Data_version": run.version, "Instrument_type": "Model", "Source_name": "ExPRES", "Logical_file_id": stem,
        "Logical_source": logical, "TEXT": "Invented data in the layout of ExPRES",
        "Generation_date": run.generated, "PDS_Observation_target": run.planet,
        "SRP_Source_name": list(sources[0]), "VESPA_time_sampling_step": "60",
        "VESPA_dataproduct_type": "DS>Dynamic Spectrum", "VESPA_target_name": f"{run.planet}#{run.described}",
        "VESPA_target_class": "planet#satellite", "VESPA_target_region": "Magnetosphere#Aurora",
        "VESPA_feature_name": "Decametric radio emissions (DAM)", "VESPA_instrument_host_name": OBSERVERS[run.observer],
        "VESPA_instrument_name": "ExPRES",
        "VESPA_bib_reference": "AA/2016/28787", "VESPA_measurement_type": "em.radio;meta.modelled",
        "VESPA_spectral_range_min": [typed("f8", 1e7 * megahertz[0])],
        "VESPA_spectral_range_max": [typed("f8", 1e7 * megahertz[-1])],
    }  # fmt: skip
    path = write(folder, f"{stem}.cdf", variables, attributes, run.generated)
    _configuration(path.with_suffix(".json"), run)
    return path


def _configuration(path: Path, run: Run) -> None:
    """What ExPRES is run by, in short. All lengths are in radii of the planet, whose own is 1."""
    on_oval = run.described != run.origin
    place = {"TYPE": "L-shell", "LG_MIN": 0} if on_oval else {"TYPE": "attached to a satellite", "SAT": run.origin}
    source = {"ON": True, "PARENT": run.planet, **place, "WIDTH": 1, "ACCEL": 3}
    moons = [] if on_oval else [{"ON": True, "NAME": run.origin}]
    said = {
        "SIMU": {"NAME": f"{run.origin}{run.start[:10]}", "OUT": path.stem},
        "NUMBER": {"BODY": 1 + len(moons), "DENSITY": 1, "SOURCE": 2},
        "TIME": {"MIN": 0, "MAX": 40, "NBR": 40},
        "FREQUENCY": {"TYPE": "Linear", "MAX": HIGHEST_MHZ[run.planet], "NBR": 79, "SC": ""},
        "OBSERVER": {"TYPE": "Fixed", "PARENT": run.planet, "SC": OBSERVERS[run.observer],
                     "SCTIME": run.start[:16].translate(_DIGITS)},
        "BODY": [{"ON": True, "NAME": run.planet, "RADIUS": 1, "PARENT": ""}, *moons],
        "SOURCE": [{**source, "NORTH": True, "SOUTH": False}, {**source, "NORTH": False, "SOUTH": True}],
    }  # fmt: skip
    path.write_text(json.dumps(said, indent=2) + "\n")
    written = moment(run.generated).timestamp() - 3600.0
    os.utime(path, (written, written))


_DIGITS = str.maketrans("", "", "-:T")

if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
