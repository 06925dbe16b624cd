"""What a right service tells of a table, and for each rule on metadata and records what it tells wrongly."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from epncore.model.columns import TABLE_UTYPE, mandatory
from epncore.model.rules.facts import Record, ServedColumn, ServedTable, TimeSystem
from epncore.model.rules.registry import AUXILIARY
from epncore.model.rules.schema import TRANSITIONAL_UTYPE

_DATATYPES = {"text": "char", "integer": "int", "double": "double", "timestamp": "char", "region": "char"}
_XTYPES = {"timestamp": "timestamp", "region": "adql:REGION"}

COLUMNS = MappingProxyType(
    {
        column.name: ServedColumn(
            column.name, column.at("body").unit, column.at("body").ucd, _DATATYPES[column.type],
            "*" if _DATATYPES[column.type] == "char" else "", _XTYPES.get(column.type, ""), column.description,
        )
        for column in mandatory()
    }
    | {
        "sweeps": ServedColumn("sweeps", "", "meta.number", "int", "", "", "Sweeps"),
        "sweeps_error": ServedColumn("sweeps_error", "", "stat.error;phot.flux", "double", "", "", "Their error"),
        "access_url": ServedColumn("access_url", "", "meta.ref.url;meta.file", "char", "*", "", "Where the file is"),
        "access_format": ServedColumn("access_format", "", "meta.code.mime", "char", "*", "", "Its media type"),
        "access_estsize": ServedColumn("access_estsize", "kbyte", "phys.size;meta.file", "int", "", "", "Its size"),
    }
)  # fmt: skip

RECORD = Record(
    "ivo://example/nda/q/epn_core", "NDA", "Dynamic spectra", "Help desk", "Observatory", "https://example.org/",
    ("Lamy, L.",), ("solar-system-astronomy", "jupiter"), {"nda.epn_core": TABLE_UTYPE}, (AUXILIARY,),
)  # fmt: skip

TABLE = ServedTable(
    "nda.epn_core", utype=TABLE_UTYPE, rows=3, tables={"nda.epn_core": TABLE_UTYPE}, columns=COLUMNS, vosi=COLUMNS,
    result=COLUMNS, frames=("body",), filled=("s_region",), time_systems=(("UTC", "TOPOCENTER"),),
    timesys=(TimeSystem("UTC", "TOPOCENTER", "JD-origin"),), record=RECORD,
)  # fmt: skip


def _columns(*without: str, **changes: dict[str, Any]) -> dict[str, Any]:
    """Columns changed alike wherever the service tells of them."""
    told = {name: replace(column, **changes.get(name, {})) for name, column in COLUMNS.items() if name not in without}
    told = {column.name.lower(): column for column in told.values()}
    return {"columns": told, "vosi": told, "result": told}


def _record(**changes: Any) -> dict[str, Any]:
    return {"record": replace(RECORD, **changes)}


def _result(**changes: str) -> dict[str, Any]:
    return {"result": {**COLUMNS, "time_min": replace(COLUMNS["time_min"], **changes)}}


def _without(name: str) -> dict[str, ServedColumn]:
    return {other: column for other, column in COLUMNS.items() if other != name}


MUTANTS: tuple[tuple[str, dict[str, Any], int, set[str]], ...] = (
    ("utype.table", {"utype": ""}, 1, set()),
    ("utype.table", {"utype": "ivo://ivoa.net/std/epn-tap#table-2.0"}, 1, set()),
    ("utype.transitional", {"utype": TRANSITIONAL_UTYPE}, 1, set()),
    ("utype.stray", {"tables": {"nda.epn_core": TABLE_UTYPE, "nda.b": TABLE_UTYPE}}, 1, {"schema.one_table"}),
    ("schema.one_table", {"tables": {"nda.epn_core": TABLE_UTYPE, "nda.links": ""}}, 1, set()),
    ("table.rows", {"rows": 0}, 1, set()),
    ("columns.mandatory", _columns("target_name", "obs_id"), 2, set()),
    ("columns.pairs", _columns("phase_max"), 1, {"columns.mandatory"}),
    ("columns.access", _columns("access_format"), 1, set()),
    ("columns.unit", _columns(spectral_range_min={"unit": "MHz"}), 1, set()),
    ("columns.unit", _columns(c1min={"unit": "rad"}), 1, set()),
    ("columns.ucd", _columns(time_min={"ucd": "time.epoch"}, c2max={"ucd": "pos.eq.dec"}), 2, set()),
    ("columns.type", _columns(time_min={"datatype": "char"}), 1, set()),
    ("columns.xtype", _columns(creation_date={"xtype": ""}), 1, set()),
    ("columns.xtype", _columns(s_region={"xtype": ""}), 1, set()),
    ("own.name", _columns(sweeps={"name": "Sweeps", "is_quoted": True}), 1, set()),
    ("own.name", _columns(sweeps={"name": "number of sweeps"}), 1, {"own.error"}),
    ("own.name", _columns(access_format={"name": "select"}), 1, {"columns.access"}),
    ("own.unit", _columns(sweeps={"unit": "V^2/m^2/Hz"}), 1, set()),
    ("own.ucd", _columns(sweeps={"ucd": ""}), 1, set()),
    ("own.ucd", _columns(sweeps={"ucd": "meta.sweeps"}), 1, set()),
    ("own.error", _columns("sweeps"), 1, set()),
    ("own.error", _columns("sweeps", sweeps_error={"name": "SWEEPS_ERROR"}), 1, set()),
    ("own.error", _columns(sweeps_error={"ucd": "meta.number"}), 1, set()),
    ("own.description", _columns(sweeps={"description": " "}), 1, set()),
    ("metadata.result", _result(unit="s"), 1, set()),
    ("metadata.result", _result(datatype="float"), 1, set()),
    ("metadata.result", {"result": _without("time_max")}, 1, set()),
    ("metadata.vosi", {"vosi": _without("time_max")}, 1, set()),
    ("metadata.vosi", {"vosi": {**COLUMNS, "extra": ServedColumn("extra")}}, 1, set()),
    ("metadata.timesys", {"timesys": ()}, 1, set()),
    ("metadata.timesys", {"timesys": (TimeSystem("TT", "GEOCENTER", "MJD-origin"),)}, 3, set()),
    ("registry.subjects", _record(subjects=("jupiter",)), 1, set()),
    ("registry.tableset", _record(tables={}), 1, set()),
    ("registry.tableset", _record(tables={"nda.epn_core": "ivo://ivoa.net/std/epn-tap#table-2.0"}), 1, set()),
    ("registry.capability", _record(capabilities=("ivo://ivoa.net/std/ConeSearch",)), 1, set()),
    ("registry.title", _record(title=""), 1, set()),
    ("registry.description", _record(description=""), 1, set()),
    ("registry.creators", _record(creators=()), 1, set()),
    ("registry.contact", _record(contact=""), 1, set()),
    ("registry.publisher", _record(publisher=""), 1, set()),
    ("registry.reference_url", _record(reference_url=""), 1, set()),
)
"""Rule, what the service tells otherwise, how many complaints that gives, and which other rules it breaks."""
