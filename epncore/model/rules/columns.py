"""Service rules on the columns of EPNcore: that they are there, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epncore.model.columns import COLUMNS, Column, mandatory
from epncore.model.rules.facts import Complaint
from epncore.model.rules.kinds import ServiceRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from epncore.model.rules.facts import ServedColumn, ServedTable

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


def _lacking(table: ServedTable) -> list[Complaint]:
    return [Complaint(f"{c.name} is missing", c.name) for c in mandatory() if c.name not in (table.columns or {})]


def _half_pairs(table: ServedTable) -> list[Complaint]:
    names = table.columns or {}
    return [
        Complaint(f"{name} is there without {COLUMNS[name].pair}", name)
        for name in names
        if name in COLUMNS and COLUMNS[name].pair and COLUMNS[name].pair not in names
    ]


def _access(table: ServedTable) -> list[Complaint]:
    names = table.columns or {}
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
        for column, served in _standard(table, (table.columns or {}))
        if served.unit != column.unit
    ]


def _ucds(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the UCD of {column.name} is {served.ucd!r}, not {column.ucd!r}", column.name)
        for column, served in _standard(table, (table.columns or {}))
        # Case has no meaning in a UCD.
        if served.ucd.lower() != column.ucd.lower()
    ]


def _types(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"{name} is {served.datatype}, not {' or '.join(sorted(_DATATYPES[COLUMNS[name].type]))}", name)
        for name, served in (table.result or {}).items()
        if name in COLUMNS and served.datatype not in _DATATYPES[COLUMNS[name].type]
    ]


def _xtypes(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the xtype of {name} is {served.xtype!r}, not {' or '.join(sorted(allowed))}", name)
        for name, served in (table.result or {}).items()
        if name in COLUMNS
        and (allowed := _XTYPES.get(COLUMNS[name].type))
        and served.xtype.lower() not in allowed
        # A region may be numbers without xtype where no row has one.
        and (COLUMNS[name].type == "timestamp" or name in table.filled)
    ]


_DECLARE = (
    "Declare it as the standard does: in DaCHS, by the mixin //epntap2#table-2_0 in the descriptor, imported anew"
)

COLUMN_RULES: tuple[ServiceRule, ...] = (
    ServiceRule(
        id="columns.mandatory",
        section="REC, list of parameters",
        checks=f"all {len(mandatory())} mandatory columns are there",
        why="The portal sends one query to all services: it fails where a column is missing",
        mend=_DECLARE,
        complaints=_lacking,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.pairs",
        section="REC, Rules on parameter usage (min and max)",
        checks="a column with _min has one with _max, and the other way round",
        why="Intervals are searched by both ends",
        mend="Declare both, with unit and UCD of the standard",
        complaints=_half_pairs,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.access",
        section="REC, Data access reference",
        checks="a table with access_url has access_format and access_estsize",
        why="Clients choose a tool by the format, and warn of large files",
        mend="Declare them too, and fill them",
        complaints=_access,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.unit",
        section="REC, list of parameters",
        checks="columns have the units of the standard",
        why="Clients compare numbers without converting them",
        mend=_DECLARE,
        complaints=_units,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.ucd",
        section="REC, list of parameters",
        checks="columns have the UCDs of the standard",
        why="Clients find the columns of time, frequency and position by them",
        mend=_DECLARE,
        complaints=_ucds,
        needs=("columns",),
    ),
    ServiceRule(
        id="columns.type",
        section="REC, list of parameters",
        checks="columns have types that can hold their values",
        why="A number that comes as text cannot be compared or plotted",
        mend=_DECLARE,
        complaints=_types,
        needs=("result",),
    ),
    ServiceRule(
        id="columns.xtype",
        section="REC, notes on the list of parameters; DALI 1.1 section 3.3",
        checks="timestamps, regions and MOCs are marked by their xtype",
        why="Without it, clients take a date or a footprint for plain text",
        mend=_DECLARE,
        complaints=_xtypes,
        needs=("result",),
    ),
)
