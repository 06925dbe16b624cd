"""Value rules: what is said of a text, or of some texts of one row, by a Python predicate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from epncore.model.columns import COLUMNS, FRAMES
from epncore.model.mending import mend
from epncore.model.rules import predicates as p
from epncore.model.rules.kinds import ValueRule
from epncore.model.vocabularies import (
    DATAPRODUCT_TYPES,
    EVENT_CITES,
    EVENT_STATUSES,
    GEOMETRY_TYPES,
    MESSENGERS,
    PARTICLE_SPECTRAL_TYPES,
    REFERENCE_POSITIONS,
    TARGET_CLASSES,
    TIME_SCALES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _rule(family: str, columns: str, accepts: Callable[..., object], **told: Any) -> ValueRule:
    names = tuple(columns.split())
    return ValueRule(id=f"{family}.{names[0]}", columns=names, accepts=accepts, **told)


def _term_rules() -> Iterable[ValueRule]:
    for name, allowed, section in (
        ("dataproduct_type", tuple(DATAPRODUCT_TYPES), "REC, Data description: dataproduct_type"),
        ("target_class", TARGET_CLASSES, "REC, Target description: target_class"),
        ("spatial_frame_type", tuple(FRAMES), "REC, Axes: spatial_frame_type"),
        ("time_scale", TIME_SCALES, "http://www.ivoa.net/rdf/timescale"),
        ("messenger", MESSENGERS, "http://www.ivoa.net/rdf/messenger"),
        ("particle_spectral_type", PARTICLE_SPECTRAL_TYPES, "EPN-TAP extension for particle spectroscopy"),
        ("geometry_type", GEOMETRY_TYPES, "EPN-TAP extension for experimental spectroscopy"),
        ("event_status", EVENT_STATUSES, "EPN-TAP extension for events"),
        ("event_cite", EVENT_CITES, "EPN-TAP extension for events"),
    ):
        listed = bool(COLUMNS[name].hash_list)
        yield _rule(
            "term", name, p.terms(allowed, listed=listed),
            section=section,
            checks=f"{name} is {'a list of' if listed else 'one of'} {', '.join(allowed)}",
            why="Clients offer the terms of the list and ask for nothing else",
            mend="Write a term of the list, as it is spelt there",
        )  # fmt: skip
    yield _rule(
        "term", "time_refposition", p.is_position,
        section="http://www.ivoa.net/rdf/refposition",
        severity="warning",
        checks=f"time_refposition is {', '.join(REFERENCE_POSITIONS)}, or the name of a body or spacecraft",
        why="A term in other letters is taken for a name, and times are not brought together",
        mend="Write a term of the list in upper case",
    )  # fmt: skip


def _syntax_rules() -> Iterable[ValueRule]:
    yield _rule(
        "ucd", "measurement_type", p.are_ucds,
        section="REC, Data description: measurement_type",
        checks="measurement_type is a list of UCD1+, by their grammar and list of words, joined by #",
        why="Users ask for a physical quantity by its UCD",
        mend="See the UCD list: em.radio cannot stand first, phot.flux.density;em.radio is right",
    )  # fmt: skip
    yield _rule(
        "quantity", "measurement_type", p.are_quantities,
        section="REC, Data description: measurement_type",
        checks="measurement_type names physical quantities",
        why="A name, a position of a file or a setting is no measurement",
        mend="Write what was measured, as phot.flux.density;em.radio; not meta, instr or obs",
    )  # fmt: skip
    yield _rule(
        "vounit", "measurement_unit", p.are_units,
        section="VOUnits 1.0",
        severity="warning",
        checks="measurement_unit is a unit (or a list of units) that VOUnits knows",
        why="Clients that plot or convert values read the unit by machine",
        mend="Write V**2.m**-2.Hz**-1, not V^2/m^2/Hz; nothing where the data have no physical unit",
    )  # fmt: skip
    yield _rule(
        "media-type", "access_format", re.compile(r"[a-z]+/[a-z0-9.+-]+(;[a-z0-9=.+-]+)*").fullmatch,
        section="RFC 2045",
        checks="access_format is a media type in lower case",
        why="The portal sends a file to a tool by it",
        mend="Write application/fits, application/x-cdf, application/x-votable+xml or the like",
    )  # fmt: skip
    yield _rule(
        "spelling", "access_format", lambda value: mend("access_format", value)[0] == value,
        section="EPN-TAP list of data formats",
        severity="warning",
        checks="access_format is spelt as the services of the field spell it",
        why="A format in two spellings is two formats to a client",
        mend="Write application/x-cdf for CDF, application/fits for FITS",
    )  # fmt: skip
    yield _rule(
        "md5", "access_md5", re.compile(r"[0-9a-f]{32}").fullmatch,
        section="RFC 1321",
        checks="access_md5 is 32 hexadecimal digits",
        why="A copy can only be compared with a whole checksum",
        mend="Leave it out, or make it anew from the file (md5 = true in a collection.toml)",
    )  # fmt: skip
    yield _rule(
        "inchikey", "species_inchikey", p.are_inchikeys,
        section="EPN-TAP extension for experimental spectroscopy",
        checks="species_inchikey is a list of InChIKeys of 27 characters",
        why="Species are found across services by it",
        mend="Write XXXXXXXXXXXXXX-XXXXXXXXXX-X, joined by #",
    )  # fmt: skip
    for name in ("creation_date", "modification_date", "release_date", "target_time_min", "target_time_max"):
        yield _rule(
            "iso", name, p.is_timestamp,
            section="DALI 1.1, section 3.3.3",
            checks=f"{name} is written YYYY-MM-DDThh:mm:ss, UTC",
            why="Clients read times by machine, and compare them as text",
            mend="Let the column be a timestamp; a text needs this form",
        )  # fmt: skip
    for name in ("granule_uid", "granule_gid", "obs_id"):
        yield _rule(
            "ascii", name, str.isascii,
            section="REC, Granule references",
            checks=f"{name} has only ASCII characters",
            why="Servers may answer ? for any other letter (DaCHS does): two identifiers become one",
            mend="Write Nancay for Nançay",
        )  # fmt: skip
    yield _rule(
        "reference", "bib_reference", p.are_references,
        section="REC, Supplementary description: bib_reference",
        severity="advice",
        checks="bib_reference is a list of bibcodes, DOIs or URLs",
        why="Clients link to the paper by it",
        mend="Write 2005GeoRL..3220S04A, doi:10.1029/2004GL022069, or a whole URL",
    )  # fmt: skip


def _name_rules() -> Iterable[ValueRule]:
    yield _rule(
        "class", "target_class target_name", p.classes_fit,
        section="REC, Target description",
        checks="target_class is what the target is: star for Sun, satellite for Io, planet for Jupiter",
        why="Users narrow a name by its class; Io is also an asteroid",
        mend="Give a class for each name, in their order; rings are a target_region of their planet",
    )  # fmt: skip
    yield _rule(
        "spelling", "target_name", p.names_are_proper,
        section="REC, Target description",
        severity="warning",
        checks="bodies of the solar system have their IAU name in target_name: Jupiter, not JUPITER; Sun, not Soleil",
        why="The portal asks for the name, and some services compare letter by letter",
        mend="Write the name in English, with a capital",
    )  # fmt: skip
    for name in ("target_name", "instrument_host_name", "instrument_name", "target_region", "feature_name"):
        yield _rule(
            "placeholder", name, p.is_no_placeholder,
            section="REC, Rules on parameter usage (strings)",
            severity="warning",
            checks=f"{name} is empty where there is nothing to say, not 'unknown' or 'N/A'",
            why="A word that means nothing is found as if it were a name",
            mend="Leave it out: NULL says that it is not known",
        )  # fmt: skip


def _region_rules() -> Iterable[ValueRule]:
    yield _rule(
        "region", "s_region", p.is_region,
        section="REC, Axes: s_region",
        grouped=False,
        checks="s_region is a point, circle or polygon of longitudes and latitudes in degrees",
        why="Clients draw it, and cannot draw what they cannot read",
        mend="Write longitude and latitude of each corner in turn, three corners at least",
    )  # fmt: skip
    yield _rule(
        "moc", "coverage", p.is_moc,
        section="MOC 2.0, ASCII serialisation",
        grouped=False,
        checks="coverage is a MOC as text",
        why="Clients draw it, and cannot draw what they cannot read",
        mend="Write order/pixels, as 4/1-3 5/17",
    )  # fmt: skip


VALUE_RULES: tuple[ValueRule, ...] = (*_term_rules(), *_syntax_rules(), *_name_rules(), *_region_rules())
