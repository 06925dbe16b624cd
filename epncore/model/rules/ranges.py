"""Which values each quantity can have: the ends of the intervals that range rules hold numbers and dates to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from epncore.model.units import JD_PLAUSIBLE

Bound = float | dt.datetime


@dataclass(frozen=True, slots=True)
class Range:
    """An interval, ends included, for some columns.

    Attributes
    ----------
    columns : tuple of str
    low, high : float or datetime.datetime or None
        None is no bound.
    meaning : str
        The quantity and its unit.
    frames : tuple of str
        Values of spatial_frame_type in which it holds; empty for all.
    """

    columns: tuple[str, ...]
    low: Bound | None
    high: Bound | None
    meaning: str
    frames: tuple[str, ...] = ()

    @property
    def span(self) -> str:
        """The interval in words."""
        if self.high is None:
            return f"at least {_shown(self.low)}"
        return f"between {_shown(self.low)} and {_shown(self.high)}"


def _shown(bound: Bound | None) -> str:
    return f"{bound:%Y-%m-%d}" if isinstance(bound, dt.datetime) else f"{bound:g}"


def _ends(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}{end}" for name in names for end in ("min", "max"))


# Naive UTC, as in rows.
_AGE = (dt.datetime.fromisoformat("1950-01-01"), dt.datetime.fromisoformat("2200-01-01"))

RANGES: tuple[Range, ...] = (
    Range(_ends("time_"), *JD_PLAUSIBLE, "a Julian Day of recorded history, UTC; not MJD, not a date"),
    Range(_ends("time_sampling_step_", "time_exp_"), 0.0, None, "seconds"),
    Range(_ends("spectral_range_"), 0.0, 1e30, "a frequency in Hz"),
    Range(_ends("spectral_sampling_step_"), 0.0, 1e30, "Hz"),
    Range(_ends("spectral_resolution_"), 0.0, None, "the resolving power, without unit"),
    Range(_ends("particle_spectral_range_", "particle_spectral_sampling_step_"), 0.0, None, "an energy or a mass"),
    Range(_ends("c1"), 0.0, 360.0, "a longitude in degrees", ("celestial", "body")),
    Range(_ends("c2"), -90.0, 90.0, "a latitude in degrees", ("celestial", "body")),
    Range(_ends("c1"), 0.0, None, "a radius", ("spherical", "cylindrical")),
    Range(_ends("c2"), 0.0, 180.0, "a colatitude in degrees", ("spherical",)),
    Range(_ends("c2"), -360.0, 360.0, "an azimuth in degrees", ("cylindrical",)),
    Range(_ends("c3"), -360.0, 360.0, "an azimuth in degrees", ("spherical",)),
    Range(_ends("c3"), 0.0, None, "a distance in AU", ("celestial",)),
    Range(_ends("c1_resol_", "c2_resol_", "c3_resol_"), 0.0, None, "a resolution"),
    Range(_ends("incidence_", "emergence_"), 0.0, 180.0, "degrees"),
    Range(_ends("phase_"), -180.0, 180.0, "degrees"),
    Range(_ends("subobserver_longitude_", "subsolar_longitude_", "solar_longitude_"), 0.0, 360.0, "degrees"),
    Range(_ends("subobserver_latitude_", "subsolar_latitude_"), -90.0, 90.0, "degrees"),
    Range(_ends("azimuth_"), -360.0, 360.0, "degrees"),
    Range(_ends("local_time_"), 0.0, 24.0, "hours"),
    Range(("ra",), 0.0, 360.0, "degrees"),
    Range(("dec", "observer_lat"), -90.0, 90.0, "degrees"),
    Range(("observer_lon",), -180.0, 360.0, "degrees, east positive"),
    Range(("access_estsize",), 0.0, None, "kbyte"),
    Range(_ends("sun_distance_", "earth_distance_"), 0.0, None, "AU"),
    Range(_ends("target_distance_", "radial_distance_"), 0.0, None, "km"),
    Range(_ends("pixelscale_", "grain_size_"), 0.0, None, "a size"),
    Range(("target_apparent_radius", "platesc", "map_height", "map_width"), 0.0, None, "a size"),
    Range(("mean_radius", "equatorial_radius", "polar_radius", "diameter"), 0.0, None, "km"),
    Range(("mass", "pressure", "temperature", "albedo", "flux"), 0.0, None, "a quantity that is never negative"),
    Range(("semi_major_axis", "eccentricity"), 0.0, None, "of an orbit"),
    Range(("inclination",), 0.0, 180.0, "degrees"),
    Range(("long_asc", "arg_perihel", "mean_anomaly", "orientation", "north_pole_position"), -360.0, 360.0, "degrees"),
    Range(
        ("creation_date", "modification_date", "release_date"), *_AGE, "a date of a data centre, no fill value"
    ),
)  # fmt: skip
"""The intervals of EPNcore's quantities, by the units of REC Table 1."""
