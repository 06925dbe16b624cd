"""The closed lists of EPN-TAP 2.0 and of the IVOA vocabularies it uses: each list stands here and nowhere else."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DATAPRODUCT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "im": "image",
        "ma": "map",
        "sp": "spectrum",
        "ds": "dynamic_spectrum",
        "sc": "spectral_cube",
        "pr": "profile",
        "pf": "photometric_function",
        "vo": "volume",
        "mo": "movie",
        "cu": "cube",
        "ts": "time_series",
        "ca": "catalogue",
        "ci": "catalogue_item",
        "sv": "spatial_vector",
        "ev": "event",
    }
)
"""Code and name of each ``dataproduct_type`` (REC, Data description)."""

TARGET_CLASSES = (
    "asteroid", "dwarf_planet", "planet", "satellite", "comet", "exoplanet", "interplanetary_medium",
    "sample", "sky", "spacecraft", "spacejunk", "star", "calibration",
)  # fmt: skip
"""Values of ``target_class`` (REC, Target description). The Sun is a star; rings are a region of their planet."""

PROCESSING_LEVELS = (1, 2, 3, 5, 6)
"""CODMAC levels of ``processing_level``; level 4 (resampled) is written 5 (REC, Data description)."""

TIME_SCALES = ("TAI", "TT", "UT", "UTC", "GPS", "TCG", "TCB", "TDB", "UNKNOWN")
"""Terms of http://www.ivoa.net/rdf/timescale."""

REFERENCE_POSITIONS = ("TOPOCENTER", "GEOCENTER", "BARYCENTER", "HELIOCENTER", "EMBARYCENTER", "UNKNOWN")
"""Terms of http://www.ivoa.net/rdf/refposition; ``time_refposition`` may also be the name of a body or spacecraft."""

MESSENGERS = (
    "Photon", "Radio", "Millimeter", "Infrared", "Optical", "UV", "EUV", "X-ray", "Gamma-ray", "Neutrino",
)  # fmt: skip
"""Terms of http://www.ivoa.net/rdf/messenger."""

SUBJECTS = ("exoplanet-astronomy", "solar-physics", "solar-system-astronomy", "planetary-science")
"""Terms of the Unified Astronomy Thesaurus of which a service names at least one (REC section 4)."""

PARTICLE_SPECTRAL_TYPES = ("energy", "mass", "mass/charge")
"""Values of ``particle_spectral_type`` (particle spectroscopy extension); the unit of the particle axis goes by it."""

GEOMETRY_TYPES = (
    "direct", "specular", "bidirectional", "directional-conical", "conical-directional", "biconical",
    "directional-hemispherical", "conical-hemispherical", "hemispherical-directional", "hemispherical-conical",
    "bihemispherical", "directional", "conical", "hemispherical", "other geometry", "unknown",
)  # fmt: skip
"""Values of ``geometry_type`` (experimental spectroscopy extension)."""

EVENT_STATUSES = ("prediction", "observation", "utility")
"""Values of ``event_status`` (events extension, after VOEvent)."""

EVENT_CITES = ("followup", "supersedes", "retraction")
"""Values of ``event_cite`` (events extension, after VOEvent)."""

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "cdf": "application/x-cdf",
        "fits": "application/fits",
        "votable": "application/x-votable+xml",
        "pds3": "text/plain",
        "kronos": "application/octet-stream",
        "das2": "application/vnd.das2.das2stream",
        "png": "image/png",
    }
)
"""Media type by format, as MASER's own services write them."""

SOLAR_SYSTEM_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "sun": "star",
        "mercury": "planet",
        "venus": "planet",
        "earth": "planet",
        "mars": "planet",
        "jupiter": "planet",
        "saturn": "planet",
        "uranus": "planet",
        "neptune": "planet",
        "moon": "satellite",
        "io": "satellite",
        "europa": "satellite",
        "ganymede": "satellite",
        "callisto": "satellite",
        "amalthea": "satellite",
        "titan": "satellite",
        "enceladus": "satellite",
        "mimas": "satellite",
        "tethys": "satellite",
        "dione": "satellite",
        "rhea": "satellite",
        "iapetus": "satellite",
        "triton": "satellite",
        "charon": "satellite",
        "phobos": "satellite",
        "deimos": "satellite",
        "pluto": "dwarf_planet",
        "eris": "dwarf_planet",
        "ceres": "dwarf_planet#asteroid",
    }
)
"""``target_class`` of the targets that radio instruments meet (REC, Target description)."""

RESERVED_WORDS = frozenset(
    """
    absolute action add all allocate alter and any are as asc assertion at authorization avg begin between bit
    bit_length both by cascade cascaded case cast catalog char character char_length character_length check close
    coalesce collate collation column commit connect connection constraint constraints continue convert corresponding
    count create cross current current_date current_time current_timestamp current_user cursor date day deallocate
    decimal declare default deferrable deferred delete desc describe descriptor diagnostics disconnect distinct domain
    double drop else end end-exec escape except exception exec execute exists external extract false fetch first float
    for foreign found from full get global go goto grant group having hour identity immediate in indicator initially
    inner input insensitive insert int integer intersect interval into is isolation join key language last leading left
    level like local lower match max min minute module month names national natural nchar next no not null nullif
    numeric octet_length of on only open option or order outer output overlaps pad partial position precision prepare
    preserve primary prior privileges procedure public read real references relative restrict revoke right rollback
    rows schema scroll second section select session session_user set size smallint some space sql sqlcode sqlerror
    sqlstate substring sum system_user table temporary then time timestamp timezone_hour timezone_minute to trailing
    transaction translate translation trim true union unique unknown update upper usage user using value values
    varchar varying view when whenever where with work write year zone
    abs acos area asin atan atan2 bigint box ceiling centroid circle contains coord1 coord2 coordsys cos degrees
    distance exp floor ilike intersects in_unit log log10 mod pi point polygon power radians rand region round sin
    sqrt tan top truncate offset analyse analyze array do limit placing returning window
    tableoid xmin cmin xmax cmax ctid
    """.split()  # noqa: SIM905 -- two hundred quoted words are harder to read
)
"""Names that a query could not write without quotes: of SQL-92 and ADQL 2.1 (section 2.1.2), and PostgreSQL's own."""
