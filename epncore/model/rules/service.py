"""Service rules on the metadata of a table: its utype, its columns, what TAP_SCHEMA, VOSI and results say of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from astropy import units as u
from astropy.io.votable.ucd import parse_ucd

from epncore.model.columns import COLUMNS, TABLE_UTYPE, Column, mandatory
from epncore.model.rules.facts import Complaint
from epncore.model.rules.kinds import ServiceRule
from epncore.model.vocabularies import REFERENCE_POSITIONS, RESERVED_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from epncore.model.rules.facts import ServedColumn, ServedTable

TRANSITIONAL_UTYPE = "ivo://vopdc.obspm/std/epncore#schema-2.0"
"""What services wrote before the Recommendation; clients still find it (REC section 3.2)."""

# VOTable datatypes that can carry a column of each type.
_DATATYPES = {
    "text": {"char", "unicodeChar"},
    "integer": {"short", "int", "long"},
    "double": {"float", "double"},
    "timestamp": {"char", "unicodeChar"},
    "region": {"char", "unicodeChar", "double", "float"},
    "moc": {"char", "unicodeChar"},
}
_XTYPES = {
    "timestamp": {"timestamp", "adql:timestamp"},
    "region": {"adql:region", "point", "circle", "polygon", "region"},
    "moc": {"moc"},
}


def _standard(table: ServedTable, columns: Mapping[str, ServedColumn]) -> Iterator[tuple[Column, ServedColumn]]:
    """Columns of EPNcore with what is told of them; those whose unit goes by values that vary are left out."""
    for name, served in columns.items():
        column = COLUMNS.get(name)
        if column is None:
            continue
        depends = column.unit + column.ucd
        if "{particle}" in depends:
            if len(table.particle_types) == 1:
                yield column.at("none", table.particle_types[0]), served
        elif "{" not in depends:
            yield column, served
        elif len(table.frames) == 1:
            yield column.at(table.frames[0]), served


def _own(columns: Mapping[str, ServedColumn]) -> Iterator[ServedColumn]:
    return (served for name, served in columns.items() if name not in COLUMNS)


def _given(columns: Mapping[str, ServedColumn] | None) -> Mapping[str, ServedColumn]:
    return columns or {}


def _wrong_utype(table: ServedTable) -> list[Complaint]:
    if table.utype in (TABLE_UTYPE, TRANSITIONAL_UTYPE):
        return []
    return [Complaint(f"the table's utype is {table.utype!r}, not {TABLE_UTYPE!r}")]


def _old_utype(table: ServedTable) -> list[Complaint]:
    return [Complaint(f"the table's utype is {table.utype!r}")] if table.utype == TRANSITIONAL_UTYPE else []


def _strays(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"{name} has the utype of an EPN-TAP table", example=name)
        for name, utype in (table.tables or {}).items()
        if utype in (TABLE_UTYPE, TRANSITIONAL_UTYPE) and name.lower() != table.name.lower()
    ]


def _siblings(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the schema also holds {name}", example=name)
        for name in table.tables or {}
        if name.lower() != table.name.lower()
    ]


def _no_rows(table: ServedTable) -> list[Complaint]:
    return [] if table.rows else [Complaint("the table has no rows")]


def _lacking(table: ServedTable) -> list[Complaint]:
    return [Complaint(f"{c.name} is missing", c.name) for c in mandatory() if c.name not in _given(table.columns)]


def _half_pairs(table: ServedTable) -> list[Complaint]:
    names = _given(table.columns)
    return [
        Complaint(f"{name} is there without {COLUMNS[name].pair}", name)
        for name in names
        if name in COLUMNS and COLUMNS[name].pair and COLUMNS[name].pair not in names
    ]


def _access(table: ServedTable) -> list[Complaint]:
    names = _given(table.columns)
    if "access_url" not in names:
        return []
    return [
        Complaint(f"access_url is there without {name}", name)
        for name in ("access_format", "access_estsize")
        if name not in names
    ]


def _units(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the unit of {column.name} is {served.unit!r}, not {column.unit!r}", column.name)
        for column, served in _standard(table, _given(table.columns))
        if served.unit != column.unit
    ]


def _ucds(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the UCD of {column.name} is {served.ucd!r}, not {column.ucd!r}", column.name)
        for column, served in _standard(table, _given(table.columns))
        if served.ucd != column.ucd
    ]


def _types(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"{name} is {served.datatype}, not {' or '.join(sorted(_DATATYPES[COLUMNS[name].type]))}", name)
        for name, served in _given(table.result).items()
        if name in COLUMNS and served.datatype not in _DATATYPES[COLUMNS[name].type]
    ]


def _xtypes(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the xtype of {name} is {served.xtype!r}, not {' or '.join(sorted(allowed))}", name)
        for name, served in _given(table.result).items()
        if name in COLUMNS
        and (allowed := _XTYPES.get(COLUMNS[name].type))
        and served.xtype.lower() not in allowed
        # A region may be numbers without xtype where no row has one.
        and (COLUMNS[name].type == "timestamp" or name in table.filled)
    ]


def _own_names(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"{served.name!r} is no name in lower case that ADQL takes without quotes", served.name)
        for served in _own(_given(table.columns))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", served.name) or served.name in RESERVED_WORDS
    ]


def _own_units(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the unit of {served.name} is {served.unit!r}", served.name)
        for served in _own(_given(table.columns))
        if not _is(lambda text: u.Unit(text, format="vounit", parse_strict="raise"), served.unit)
    ]


def _own_ucds(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the UCD of {served.name} is {served.ucd!r}", served.name)
        for served in _own(_given(table.columns))
        if not served.ucd or not _is(lambda text: parse_ucd(text, check_controlled_vocabulary=True), served.ucd)
    ]


def _is(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _errors_of(table: ServedTable) -> list[Complaint]:
    found = []
    columns = _given(table.columns)
    for served in _own(columns):
        match = re.fullmatch(r"(\w+?)_error(?:_min|_max)?", served.name)
        if match is None:
            continue
        if match[1] not in columns and f"{match[1]}_min" not in columns:
            found.append(Complaint(f"{served.name} is the error of no column here", served.name))
        if not served.ucd.startswith("stat.error"):
            found.append(Complaint(f"the UCD of {served.name} is {served.ucd!r}", served.name))
    return found


def _undescribed(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"{served.name} has no description", served.name)
        for served in _own(_given(table.columns))
        if not served.description.strip()
    ]


def _result(table: ServedTable) -> list[Complaint]:
    return _differences(_given(table.columns), _given(table.result), "a result")


def _vosi(table: ServedTable) -> list[Complaint]:
    return _differences(_given(table.columns), _given(table.vosi), "VOSI tables")


def _differences(told: Mapping[str, ServedColumn], other: Mapping[str, ServedColumn], place: str) -> list[Complaint]:
    found = [Complaint(f"TAP_SCHEMA tells of {name}, {place} does not", name) for name in told if name not in other]
    found += [Complaint(f"{place} tells of {name}, TAP_SCHEMA does not", name) for name in other if name not in told]
    for name in told:
        for fact in ("unit", "ucd", "datatype", "xtype"):
            one, two = getattr(told[name], fact), getattr(other.get(name, told[name]), fact)
            if fact == "unit" and _unit(one) == _unit(two):
                continue
            # TAP_SCHEMA of TAP 1.0 tells no xtype, and its types are those of the database.
            if one != two and (fact in ("unit", "ucd") or (one and two)):
                found.append(Complaint(f"the {fact} of {name} is {one!r} in TAP_SCHEMA, {two!r} in {place}", name))
    return found


def _unit(text: str) -> object:
    """A unit by its meaning: a library that read a result may spell it in another way."""
    return u.Unit(text, parse_strict="silent")


def _timesys(table: ServedTable) -> list[Complaint]:
    if len(table.time_systems) != 1:
        return []
    scale, position = table.time_systems[0]
    if not table.timesys:
        return [Complaint("a result has no TIMESYS", "time_min")]
    found = []
    for system in table.timesys:
        if scale and system.timescale != scale:
            found.append(Complaint(f"TIMESYS says timescale {system.timescale!r}, the rows {scale!r}", "time_scale"))
        # A spacecraft's name is no term of the vocabulary: results can only say TOPOCENTER, or that they do not know.
        if position in REFERENCE_POSITIONS and system.refposition != position:
            found.append(
                Complaint(f"TIMESYS says refposition {system.refposition!r}, the rows {position!r}", "time_refposition")
            )
        if system.timeorigin != "JD-origin" and _number(system.timeorigin) != 0.0:
            found.append(Complaint(f"TIMESYS says timeorigin {system.timeorigin!r}, times are JD", "time_min"))
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_IMPORT = "Let the descriptor use DaCHS's mixin //epntap2#table-2_0, and import it anew"

METADATA_RULES: tuple[ServiceRule, ...] = (
    ServiceRule(
        id="utype.table",
        section="REC section 3.2",
        checks=f"the table's utype is {TABLE_UTYPE}",
        why="Registries and the portal find EPN-TAP tables by it",
        mend=_IMPORT,
        complaints=_wrong_utype,
        needs=("tables",),
    ),
    ServiceRule(
        id="utype.transitional",
        section="REC section 3.2",
        severity="warning",
        checks="the table's utype is that of the Recommendation, not the one before it",
        why="Clients will stop asking for the old one",
        mend=f"Write {TABLE_UTYPE}",
        complaints=_old_utype,
        needs=("tables",),
    ),
    ServiceRule(
        id="utype.stray",
        section="REC section 3.2",
        checks="only tables named epn_core carry the utype of EPN-TAP",
        why="Clients ask for SCHEMA.epn_core and nothing else",
        mend="Take the utype away, or name the table epn_core",
        complaints=_strays,
        needs=("tables",),
    ),
    ServiceRule(
        id="schema.one_table",
        section="REC section 3.2",
        checks="epn_core is the only table of its schema",
        why="A schema is a service in EPN-TAP",
        mend="Move the other tables to a schema of their own, or hide them from TAP",
        complaints=_siblings,
        needs=("tables",),
    ),
    ServiceRule(
        id="table.rows",
        section="REC section 2",
        severity="warning",
        checks="the table has rows",
        why="No query finds anything, and most rules had nothing to look at",
        mend="Run `epncore ingest`",
        complaints=_no_rows,
    ),
    ServiceRule(
        id="columns.mandatory",
        section="REC section 3.1, Table 1",
        checks=f"all {len(mandatory())} mandatory columns are there",
        why="The portal sends one query to all services: it fails where a column is missing",
        mend=_IMPORT,
        complaints=_lacking,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.pairs",
        section="REC section 3.1, min/max parameters",
        checks="a column with _min has one with _max, and the other way round",
        why="Intervals are searched by both ends",
        mend="Declare both",
        complaints=_half_pairs,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.access",
        section="REC section 3.2.1",
        checks="a table with access_url has access_format and access_estsize",
        why="Clients choose a tool by the format, and warn of large files",
        mend="Declare them too",
        complaints=_access,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.unit",
        section="REC section 3.1, Table 1",
        checks="columns have the units of the standard",
        why="Clients compare numbers without converting them",
        mend=_IMPORT,
        complaints=_units,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.ucd",
        section="REC section 3.1, Table 1",
        checks="columns have the UCDs of the standard",
        why="Clients find the columns of time, frequency and position by them",
        mend=_IMPORT,
        complaints=_ucds,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.type",
        section="REC section 3.1, Table 1",
        checks="columns have types that can hold their values",
        why="A number that comes as text cannot be compared or plotted",
        mend=_IMPORT,
        complaints=_types,
        needs=("result",),
    ),
    ServiceRule(
        id="columns.xtype",
        section="REC section 3.2, DALI 1.1 section 3.3",
        checks="timestamps, regions and MOCs are marked by their xtype",
        why="Without it, clients take a date or a footprint for plain text",
        mend=_IMPORT,
        complaints=_xtypes,
        needs=("result",),
    ),
    ServiceRule(
        id="own.name",
        section="REC section 3.3, free parameters",
        checks="own columns are named in lower case, by letters, digits and _",
        why="Other names need quotes in ADQL, which users do not expect",
        mend="Rename them in [[columns]]",
        complaints=_own_names,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.unit",
        section="REC section 3.3, VOUnits 1.0",
        severity="warning",
        checks="units of own columns are units of VOUnits",
        why="Clients cannot convert what they cannot read",
        mend="V**2.m**-2.Hz**-1, not V^2/m^2/Hz",
        complaints=_own_units,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.ucd",
        section="REC section 3.3, UCD1+",
        severity="warning",
        checks="own columns have a UCD",
        why="A program knows what a column is by its UCD alone",
        mend="Choose one of the UCD1+ list",
        complaints=_own_ucds,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.error",
        section="REC section 3.3, free parameters",
        checks="a column NAME_error (or NAME_error_min, _max) tells the error of column NAME, by a UCD stat.error",
        why="Clients draw error bars by it",
        mend="Name it after its column, with a UCD that begins with stat.error",
        complaints=_errors_of,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.description",
        section="REC section 3.3, free parameters",
        severity="advice",
        checks="own columns are described",
        why="Nobody else knows what they hold",
        mend="Write a description in [[columns]]",
        complaints=_undescribed,
        needs=("columns",),
    ),
    ServiceRule(
        id="metadata.result",
        section="TAP 1.1 section 4",
        checks="TAP_SCHEMA tells what results hold: the same columns with the same units, UCDs and types",
        why="Clients write queries by TAP_SCHEMA and read answers by their own metadata",
        mend="Import the metadata anew: `dachs imp -m`",
        complaints=_result,
        needs=("columns", "result"),
    ),
    ServiceRule(
        id="metadata.vosi",
        section="VOSI 1.1 section 2.3",
        checks="VOSI tables tells what TAP_SCHEMA tells",
        why="TOPCAT reads one of the two, the portal the other",
        mend="Import the metadata anew: `dachs imp -m`",
        complaints=_vosi,
        needs=("columns", "vosi"),
    ),
    ServiceRule(
        id="metadata.timesys",
        section="REC section 3.2, VOTable 1.4 section 3.4",
        severity="warning",
        checks="where all times have one scale and reference position, results say so by TIMESYS, with JD as origin",
        why="Clients bring times of several services together by it",
        mend=_IMPORT,
        complaints=_timesys,
        needs=("result",),
    ),
)
