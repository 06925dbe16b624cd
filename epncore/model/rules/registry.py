"""Service rules on the record of a table in the registry: whether people can find and understand it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epncore.model.columns import TABLE_UTYPE
from epncore.model.rules.facts import Complaint, Record
from epncore.model.rules.kinds import ServiceRule
from epncore.model.vocabularies import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from epncore.model.rules.facts import ServedTable

AUXILIARY = "ivo://ivoa.net/std/TAP#aux"
"""standardID of the capability by which a table's own record names the TAP service (REC, on the VO Registry)."""


def _of_record(look: Callable[[ServedTable, Record], list[Complaint]]) -> Callable[[ServedTable], list[Complaint]]:
    return lambda table: [] if table.record is None else look(table, table.record)


def _subjects(_: ServedTable, record: Record) -> list[Complaint]:
    if set(record.subjects) & set(SUBJECTS):
        return []
    return [Complaint(f"its subjects are {', '.join(record.subjects) or 'none'}")]


def _says(field: str, what: str) -> Callable[[ServedTable, Record], list[Complaint]]:
    return lambda _, record: [] if getattr(record, field) else [Complaint(f"it tells no {what}")]


def _tables(table: ServedTable, record: Record) -> list[Complaint]:
    told = {name.lower(): utype for name, utype in (record.tables or {}).items()}
    if table.name.lower() not in told:
        return [Complaint(f"its tableset does not tell of {table.name}")]
    utype = told[table.name.lower()]
    return [] if utype == TABLE_UTYPE else [Complaint(f"its tableset says utype {utype!r}, not {TABLE_UTYPE!r}")]


def _capability(_: ServedTable, record: Record) -> list[Complaint]:
    # A service of one table may carry the full capability itself.
    if any(each.lower().startswith("ivo://ivoa.net/std/tap") for each in record.capabilities):
        return []
    return [Complaint(f"none of its capabilities ({', '.join(record.capabilities) or 'none'}) is {AUXILIARY}")]


def _told(field: str, what: str, why: str, key: str) -> ServiceRule:
    return ServiceRule(
        id=f"registry.{field}",
        section="VOResource 1.1",
        severity="warning",
        checks=f"the record in the registry tells a {what}",
        why=why,
        mend=f"Add it to the record and publish it: {key} in a collection.toml, then `epncore rd` and `dachs pub`",
        needs=("record",),
        complaints=_of_record(_says(field, what)),
    )


REGISTRY_RULES: tuple[ServiceRule, ...] = (
    ServiceRule(
        id="registry.subjects",
        section="REC, EPN-TAP and the VO Registry",
        checks=f"the record names one of the subjects {', '.join(SUBJECTS)} of the Unified Astronomy Thesaurus",
        why="Registries show services of planets and the Sun by them",
        mend="Add it to the record and publish it: subjects in a collection.toml, then `epncore rd` and `dachs pub`",
        needs=("record",),
        complaints=_of_record(_subjects),
    ),
    ServiceRule(
        id="registry.tableset",
        section="REC, EPN-TAP and the VO Registry",
        checks="the record's tableset tells of the table, with the utype of EPN-TAP",
        why="The portal and pyvo find EPN-TAP services by that utype in the registry",
        mend="Register the table itself: in DaCHS by <publish/> inside it, then `dachs pub`",
        needs=("record",),
        complaints=_of_record(_tables),
    ),
    ServiceRule(
        id="registry.capability",
        section="REC, EPN-TAP and the VO Registry",
        checks="the record says by which TAP service the table is asked",
        why="A client that found the record does not know where to send queries",
        mend="Register the table itself: in DaCHS by <publish/> inside it, then `dachs pub`",
        needs=("record",),
        complaints=_of_record(_capability),
    ),
    _told("title", "title", "Users choose a service by its title", "title"),
    _told("description", "description", "Users search the registry by words of the description", "description"),
    _told("creators", "creator", "Data without an author cannot be cited", "creators"),
    _told("contact", "contact", "Users who find an error do not know whom to tell", "contact_name"),
    _told("publisher", "publisher", "Nobody answers for the data", "publisher"),
    _told("reference_url", "reference URL", "Users want to read about the data", "reference_url"),
)
