"""A row that breaks no rule, and for each rule on rows what makes it break that one: the mutation matrix.

Each mutant says which other rules its fault breaks as well. The tests of the model run them in Python, those of
conformance on a live DaCHS; a rule that no mutant breaks fails both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from epncore.model.columns import COLUMNS
from epncore.model.rules import ROW_RULES
from epncore.model.rules.ranges import RANGES

NOON = dt.datetime(2024, 7, 16, 12)
EARLIER, LATER = dt.datetime(2024, 7, 15), dt.datetime(2024, 7, 17)

GOOD_ROW: dict[str, Any] = dict.fromkeys(COLUMNS) | {
    "granule_uid": "spectra_20240716", "granule_gid": "spectra", "obs_id": "20240716", "service_title": "jupiter",
    "dataproduct_type": "ds", "measurement_type": "phot.flux.density;em.radio#phys.polarization",
    "processing_level": 3, "target_name": "Jupiter", "target_class": "planet", "spatial_frame_type": "none",
    "instrument_host_name": "NDA#Nancay Decameter Array", "instrument_name": "Routine",
    "time_min": 2460508.0, "time_max": 2460508.5, "spectral_range_min": 1e7, "spectral_range_max": 4e7,
    "time_sampling_step_min": 1.0, "time_sampling_step_max": 1.0,
    "creation_date": NOON, "modification_date": NOON, "release_date": NOON,
    "access_url": "https://data.example.org/a.cdf", "access_format": "application/x-cdf", "access_estsize": 12,
    "access_md5": "0123456789abcdef0123456789abcdef", "messenger": "Radio", "time_scale": "UTC",
    "time_refposition": "TOPOCENTER", "particle_spectral_type": "energy", "measurement_unit": "V**2.m**-2.Hz**-1",
    "bib_reference": "2017pre8.conf..455L#doi:10.25935/vrct-a131", "species_inchikey": "VNWKTOKETHGBQD-UHFFFAOYSA-N",
    "event_status": "observation", "event_cite": "followup", "geometry_type": "direct",
    "target_region": "magnetosphere", "feature_name": "DAM#Io-A",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes
    ----------
    rule : str
        That it breaks.
    changes : dict
        To `GOOD_ROW`.
    entails : frozenset of str
        Other rules that the same fault breaks.
    """

    rule: str
    changes: dict[str, Any]
    entails: frozenset[str] = frozenset()

    @property
    def breaks(self) -> set[str]:
        return {self.rule, *self.entails}


def _mutant(rule: str, changes: dict[str, Any], *entails: str) -> Mutant:
    return Mutant(rule, changes, frozenset(entails))


def _nulls() -> Iterator[Mutant]:
    for rule in ROW_RULES:
        family, _, name = rule.id.partition(".")
        if family == "null":
            yield _mutant(rule.id, {name: None})
        elif family == "filled":
            gone = {"time_min": None, "time_max": None} if name == "time_min" else {name: None}
            yield _mutant(rule.id, gone)
    yield _mutant("null.granule_gid", {"granule_gid": ""})
    # The list of nothing: neither a term nor a list.
    yield _mutant(
        "null.target_class", {"target_class": ""}, "list.target_class", "term.target_class", "class.target_class"
    )
    yield _mutant("filled.instrument_name", {"instrument_name": ""}, "list.instrument_name")


# Ends of pairs that any value fits into; all others take 2 and 1.
_ENDS = {"time_min": (2460509.0, 2460508.0), "target_time_min": (LATER, EARLIER)}


def _pairs() -> Iterator[Mutant]:
    for low, column in COLUMNS.items():
        if not low.endswith("min") or not column.pair:
            continue
        high, name = column.pair, low.removesuffix("min").rstrip("_")
        above, below = _ENDS.get(low, (2.0, 1.0))
        frame = {"spatial_frame_type": "cartesian"} if low in {"c1min", "c2min", "c3min"} else {}
        yield _mutant(f"pair.{name}", {low: below, high: None, **frame})
        yield _mutant(
            f"pair.{name}", {low: None, high: above, **frame}, *(["filled.time_min"] if low == "time_min" else [])
        )
        if not column.wraps:
            # A granule that ends before it begins is shorter than any step.
            within = ["within.time_sampling_step_max"] if name == "time" else []
            yield _mutant(f"order.{name}", {low: above, high: below, **frame}, *within)


def _ranges() -> Iterator[Mutant]:
    for interval in RANGES:
        suffix = f".{interval.frames[0]}" if interval.frames else ""
        for bound, step in ((interval.low, -1), (interval.high, 1)):
            if bound is None:
                continue
            for name in interval.columns:
                yield _out_of_range(name, suffix, _beyond(bound, step), interval.frames)


def _beyond(bound: Any, step: int) -> Any:
    if isinstance(bound, dt.datetime):
        return bound + dt.timedelta(days=step)
    return bound + step if abs(bound) < 1e9 else bound * (1 + 0.1 * step)


def _out_of_range(name: str, suffix: str, value: Any, frames: tuple[str, ...]) -> Mutant:
    changes: dict[str, Any] = {"spatial_frame_type": frames[0]} if frames else {}
    other = COLUMNS[name].pair
    changes |= {name: value, other: value} if other else {name: value}
    entails = [f"range.{other}{suffix}"] if other else []
    if name in ("time_min", "time_max"):
        # Both ends in one place: no time for a sample.
        entails.append("within.time_sampling_step_max")
    if (name, value > NOON if isinstance(value, dt.datetime) else None) in (
        ("creation_date", True), ("modification_date", False),
    ):  # fmt: skip
        entails.append("order.dates")
    return _mutant(f"range.{name}{suffix}", changes, *entails)


def _others() -> Iterator[Mutant]:
    yield _mutant("within.time_sampling_step_max", {"time_sampling_step_max": 43300.0})
    yield _mutant("within.time_exp_max", {"time_exp_min": 1.0, "time_exp_max": 1e5})
    yield _mutant("access.access_format", {"access_format": None})
    yield _mutant("access.access_estsize", {"access_estsize": None})
    for name in ("access_url", "thumbnail_url", "datalink_url", "external_link"):
        for value in ("data/a.cdf", "https://", "file:///a.cdf", "https://x.org/a b.cdf", 'https://x.org/"a".cdf'):
            yield _mutant(f"url.{name}", {name: value})
    yield _mutant("level.processing_level", {"processing_level": 4})
    yield _mutant("level.processing_level", {"processing_level": 0})
    yield _mutant("order.dates", {"modification_date": EARLIER})
    yield _mutant("frame.coordinates", {"c1min": 10.0, "c1max": 10.0})
    yield _mutant("frame.s_region", {"s_region": "10.0 20.0 30.0 20.0 30.0 40.0"})


# Texts of closed lists: an edge space, or no text, is no term either.
_ALSO = {
    "messenger": "term", "spatial_frame_type": "term", "time_scale": "term", "particle_spectral_type": "term",
    "event_status": "term", "event_cite": "term", "access_format": "media-type", "access_md5": "md5",
    "dataproduct_type": "term", "geometry_type": "term", "measurement_type": "ucd",
    "species_inchikey": "inchikey", "bib_reference": "reference",
}  # fmt: skip


def _texts() -> Iterator[Mutant]:
    for name in ("granule_uid", "granule_gid", "obs_id"):
        for value in ("a#b", " a", "a ", "it's", 'a"b', "a`b"):
            yield _mutant(f"text.{name}", {name: value})
    for rule in ROW_RULES:
        family, _, name = rule.id.partition(".")
        if name in ("granule_uid", "granule_gid", "obs_id") or family not in ("text", "list"):
            continue
        right = str(GOOD_ROW[name] or "a").split("#")[0]
        if name == "target_class":
            continue
        also = [f"{_ALSO[name]}.{name}"] if name in _ALSO else []
        if family == "text":
            yield _mutant(rule.id, {name: f"{right} "}, *also)
        else:
            for wrong in (
                f"#{right}",
                f"{right}#",
                f"{right}##{right}",
                f"{right}# {right}",
                f"'{right}'",
                f" {right}",
            ):
                yield _mutant(rule.id, {name: wrong}, *also)
    yield _mutant("text.publisher", {"publisher": ""})
    for wrong in ("#planet", "planet#", "planet##planet", "planet# planet"):
        yield _mutant("list.target_class", {"target_class": wrong}, "term.target_class")
    for wrong in ("'planet'", " planet"):  # nothing of it is the class of Jupiter
        yield _mutant("list.target_class", {"target_class": wrong}, "term.target_class", "class.target_class")


VALUES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("term.dataproduct_type", "dynamic_spectrum", ()), ("term.target_class", "ring", ("class.target_class",)),
    ("term.target_class", "Planet", ("class.target_class",)), ("term.spatial_frame_type", "galactic", ()),
    ("term.spatial_frame_type", "none#body", ()), ("term.time_scale", "utc", ()), ("term.messenger", "radio", ()),
    ("term.particle_spectral_type", "speed", ()), ("term.geometry_type", "oblique", ()),
    ("term.event_status", "seen", ()), ("term.event_cite", "copies", ()), ("term.time_refposition", "Topocenter", ()),
    ("term.time_refposition", "unknown", ()),
    ("ucd.measurement_type", "em.radio", ()), ("ucd.measurement_type", "phys.flux.density", ()),
    ("ucd.measurement_type", "phot.flux.density#flux", ()), ("quantity.measurement_type", "meta.id", ()),
    ("quantity.measurement_type", "phot.flux.density#instr.param", ()),
    ("vounit.measurement_unit", "V^2/m^2/Hz", ()), ("vounit.measurement_unit", "digits", ()),
    ("media-type.access_format", "fits file", ()),
    ("media-type.access_format", "Application/FITS", ()), ("spelling.access_format", "application/cdf", ()),
    ("md5.access_md5", "0" * 31, ()), ("md5.access_md5", "A" * 32, ()),
    ("inchikey.species_inchikey", "H2O", ()), ("reference.bib_reference", "Lecacheux et al.", ()),
    ("spelling.target_name", "JUPITER", ()), ("spelling.target_name", "Soleil", ()),
    ("placeholder.target_name", "unknown", ()), ("placeholder.instrument_host_name", "N/A", ()),
    ("placeholder.instrument_name", "none", ()), ("placeholder.target_region", "-", ()),
    ("placeholder.feature_name", "TBD", ()),
)  # fmt: skip
"""Rule, a value of its column that breaks it, and what else that breaks."""


def _values() -> Iterator[Mutant]:
    for rule, value, entails in VALUES:
        yield _mutant(rule, {rule.partition(".")[2]: value}, *entails)
    for name, body in (("Sun", "planet"), ("Io", "asteroid"), ("Jupiter#Io", "satellite#planet"), ("Pluto", "planet")):
        yield _mutant("class.target_class", {"target_name": name, "target_class": body})


MUTANTS: tuple[Mutant, ...] = (*_nulls(), *_pairs(), *_ranges(), *_others(), *_texts(), *_values())
"""Faults that a table which DaCHS's own mixin made can hold."""

TEXT_MUTANTS: tuple[Mutant, ...] = (
    *(_mutant(f"ascii.{name}", {name: "Nançay"}) for name in ("granule_uid", "granule_gid", "obs_id")),
    # As texts, these sort before any date of this century.
    _mutant("iso.creation_date", {"creation_date": "16/07/2024"}, "range.creation_date"),
    _mutant("iso.modification_date", {"modification_date": "16/07/2024"}, "range.modification_date", "order.dates"),
    _mutant("iso.release_date", {"release_date": "16/07/2024"}, "range.release_date"),
    _mutant("iso.target_time_min", {"target_time_min": "16/07/2024"}, "pair.target_time"),
    _mutant("iso.target_time_max", {"target_time_max": "16/07/2024"}, "pair.target_time"),
    *(
        _mutant("region.s_region", {"spatial_frame_type": "celestial", "s_region": region})
        for region in ("Polygon ICRS 10 20 30 20", "10 95 30 20 30 40", "somewhere", "Circle ICRS 10 20", "1 2 3 4 5")
    ),
    *(_mutant("moc.coverage", {"coverage": moc}) for moc in ("all", "0/12", "30/1", "1/2 3/x")),
)
"""Faults that only columns of other types can hold: other letters, dates and regions as any text."""
