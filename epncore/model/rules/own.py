"""Service rules on a provider's own columns, which EPNcore does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from astropy import units as u
from astropy.io.votable.ucd import parse_ucd

from epncore.model.columns import COLUMNS
from epncore.model.rules.facts import Complaint
from epncore.model.rules.kinds import ServiceRule
from epncore.model.vocabularies import RESERVED_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from epncore.model.rules.facts import ServedColumn, ServedTable


def _own(columns: Mapping[str, ServedColumn]) -> Iterator[ServedColumn]:
    return (served for name, served in columns.items() if name not in COLUMNS)


def _own_names(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"ADQL takes {served.name!r} only in quotes", served.name)
        for served in _own(table.columns or {})
        if not _is_plain(served)
    ]


def _is_plain(column: ServedColumn) -> bool:
    """Whether ADQL takes a name as it is: in any case, unless TAP_SCHEMA has it in quotes for its mixed case."""
    name = column.name
    is_mixed = name not in (name.lower(), name.upper())
    return (
        re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,127}", name) is not None
        and name.lower() not in RESERVED_WORDS
        and not (column.is_quoted and is_mixed)
    )


def _own_units(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the unit of {served.name} is {served.unit!r}", served.name)
        for served in _own(table.columns or {})
        if not _is(lambda text: u.Unit(text, format="vounit", parse_strict="raise"), served.unit)
    ]


def _own_ucds(table: ServedTable) -> list[Complaint]:
    return [
        Complaint(f"the UCD of {served.name} is {served.ucd!r}", served.name)
        for served in _own(table.columns or {})
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
    columns = table.columns or {}
    for served in _own(columns):
        match = re.fullmatch(r"(\w+?)_error(?:_min|_max)?", served.name.lower())
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
        for served in _own(table.columns or {})
        if not served.description.strip()
    ]


OWN_RULES: tuple[ServiceRule, ...] = (
    ServiceRule(
        id="own.name",
        section="REC, Rules on parameter usage (free parameters)",
        checks="names of own columns need no quotes in ADQL: at most 128 letters, digits and _, and no word of ADQL",
        why="Other names need quotes in ADQL, which users do not expect",
        mend="Rename them ([[columns]] of a collection.toml)",
        complaints=_own_names,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.unit",
        section="VOUnits 1.0",
        severity="warning",
        checks="units of own columns are units of VOUnits",
        why="Clients cannot convert what they cannot read",
        mend="Write V**2.m**-2.Hz**-1, not V^2/m^2/Hz; nothing where there is no unit",
        complaints=_own_units,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.ucd",
        section="REC, Rules on parameter usage (free parameters)",
        severity="warning",
        checks="own columns have a UCD",
        why="A program knows what a column is by its UCD alone",
        mend="Choose one of the UCD1+ list, https://www.ivoa.net/documents/UCD1+/",
        complaints=_own_ucds,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.error",
        section="REC, Rules on parameter usage (free parameters)",
        checks="a column NAME_error (or NAME_error_min, _max) tells the error of column NAME, by a UCD stat.error",
        why="Clients draw error bars by it",
        mend="Name it after its column, with a UCD that begins with stat.error",
        complaints=_errors_of,
        needs=("columns",),
    ),
    ServiceRule(
        id="own.description",
        section="REC, Rules on parameter usage (free parameters)",
        severity="advice",
        checks="own columns are described",
        why="Nobody else knows what they hold",
        mend="Write one: in the descriptor, or under [[columns]] of a collection.toml",
        complaints=_undescribed,
        needs=("columns",),
    ),
)
