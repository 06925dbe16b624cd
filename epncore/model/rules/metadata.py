"""Service rules on the places that tell of one table: TAP_SCHEMA, VOSI tables and results say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astropy import units as u

from epncore.model.rules.facts import Complaint
from epncore.model.rules.kinds import ServiceRule
from epncore.model.vocabularies import REFERENCE_POSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epncore.model.rules.facts import ServedColumn, ServedTable


def _result(table: ServedTable) -> list[Complaint]:
    return _differences((table.columns or {}), (table.result or {}), "a result")


def _vosi(table: ServedTable) -> list[Complaint]:
    return _differences((table.columns or {}), (table.vosi or {}), "VOSI tables")


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


METADATA_RULES: tuple[ServiceRule, ...] = (
    ServiceRule(
        id="metadata.result",
        section="TAP 1.1 section 4",
        checks="TAP_SCHEMA tells what results hold: the same columns with the same units, UCDs and types",
        why="Clients write queries by TAP_SCHEMA and read answers by their own metadata",
        mend="Make TAP_SCHEMA anew from the table: in DaCHS, `dachs imp -m`",
        complaints=_result,
        needs=("columns", "result"),
    ),
    ServiceRule(
        id="metadata.vosi",
        section="VOSI 1.1, tables",
        checks="VOSI tables tells what TAP_SCHEMA tells",
        why="TOPCAT reads one of the two, the portal the other",
        mend="Make TAP_SCHEMA anew from the table: in DaCHS, `dachs imp -m`",
        complaints=_vosi,
        needs=("columns", "vosi"),
    ),
    ServiceRule(
        id="metadata.timesys",
        section="REC, Rules on table structure (TIMESYS)",
        severity="warning",
        checks="where all times have one scale and reference position, results say so by TIMESYS, with JD as origin",
        why="Clients bring times of several services together by it",
        mend="Let time_scale and time_refposition hold what the times are; DaCHS's mixin //epntap2#table-2_0 tells it",
        complaints=_timesys,
        needs=("result",),
    ),
)
