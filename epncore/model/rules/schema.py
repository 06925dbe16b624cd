"""Service rules on a table as a whole: what marks it as EPN-TAP, what else its schema holds, whether it has rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epncore.model.columns import TABLE_UTYPE
from epncore.model.rules.facts import Complaint
from epncore.model.rules.kinds import ServiceRule

if TYPE_CHECKING:
    from epncore.model.rules.facts import ServedTable

TRANSITIONAL_UTYPE = "ivo://vopdc.obspm/std/epncore#schema-2.0"
"""What services wrote before the Recommendation; clients still find it."""


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


SCHEMA_RULES: tuple[ServiceRule, ...] = (
    ServiceRule(
        id="utype.table",
        section="REC, EPN-TAP and the VO Registry",
        checks=f"the table's utype is {TABLE_UTYPE}",
        why="Registries and the portal find EPN-TAP tables by it",
        mend=f"Let TAP_SCHEMA say {TABLE_UTYPE}: in DaCHS the mixin //epntap2#table-2_0 does",
        complaints=_wrong_utype,
        needs=("tables",),
    ),
    ServiceRule(
        id="utype.transitional",
        section="REC, EPN-TAP and the VO Registry",
        severity="warning",
        checks="the table's utype is that of the Recommendation, not the one before it",
        why="Clients will stop asking for the old one",
        mend=f"Write {TABLE_UTYPE} instead",
        complaints=_old_utype,
        needs=("tables",),
    ),
    ServiceRule(
        id="utype.stray",
        section="REC, EPN-TAP and the VO Registry",
        checks="only tables named epn_core carry the utype of EPN-TAP",
        why="Clients ask for SCHEMA.epn_core and nothing else",
        mend="Take the utype away, or name the table epn_core",
        complaints=_strays,
        needs=("tables",),
    ),
    ServiceRule(
        id="schema.one_table",
        section="REC, EPN-TAP and the VO Registry",
        checks="epn_core is the only table of its schema",
        why="A schema is a service in EPN-TAP",
        mend="Move the other tables to a schema of their own, or hide them from TAP",
        complaints=_siblings,
        needs=("tables",),
    ),
    ServiceRule(
        id="table.rows",
        section="REC, Rules on table structure",
        severity="warning",
        checks="the table has rows",
        why="No query finds anything, and most rules had nothing to look at",
        mend="Fill the table (`epncore ingest` does), or take it out of TAP and the registry",
        complaints=_no_rows,
    ),
)
