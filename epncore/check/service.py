"""What a service tells of its EPN-TAP tables: which there are, and the facts that service rules look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from epncore.check import query
from epncore.check.client import RefusedError, Row, ServiceError, Tap, one_line
from epncore.check.record import child, elements, fetched, parsed, record_of
from epncore.model.columns import TABLE_UTYPE
from epncore.model.errors import EpnCoreError
from epncore.model.rules.facts import Fact, ServedColumn, ServedTable, TimeSystem
from epncore.model.rules.schema import TRANSITIONAL_UTYPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree

MOST_COLUMNS = 2000
"""Columns of a table, and tables of a schema, that are believed."""

UTYPES = (TABLE_UTYPE, TRANSITIONAL_UTYPE)


@dataclass(slots=True)
class Told:
    """The facts of a table, and for each that is missing the reason.

    Attributes
    ----------
    table : ServedTable
    missing : dict of str to str
    partly : dict of str to str
        Columns some of whose addresses were not asked, and why.
    """

    table: ServedTable
    missing: dict[Fact, str] = field(default_factory=dict)
    partly: dict[str, str] = field(default_factory=dict)


def schemas_of(tap: Tap, wanted: Sequence[str], notes: list[str]) -> list[str]:
    """The schemas to check: those that are asked for, else all that have an EPN-TAP table.

    Parameters
    ----------
    tap : Tap
    wanted : sequence of str
    notes : list of str
        Is told of tables that cannot be asked for.

    Returns
    -------
    list of str
        As TAP_SCHEMA spells them, sorted.

    Raises
    ------
    ServiceError
        Where the service has no such tables, or TAP_SCHEMA cannot be read.
    UsageError
        Where a name cannot be one.
    """
    names = [query.table_name(schema) for schema in wanted]
    known = {table.lower(): table for table in _epn_tables(tap, notes)}
    if names:
        for name in names:
            if name.lower() not in known:
                there = ", ".join(sorted(known.values())) or "none"
                raise ServiceError(f"no table {name}", path=tap.url, hint=f"EPN-TAP tables there: {there}")
        return sorted({known[name.lower()].rpartition(".")[0] for name in names})
    if not known:
        raise ServiceError(
            "; ".join(["it has no table named epn_core", *notes]), path=tap.url,
            hint="Is this the TAP service of the data centre?",
        )  # fmt: skip
    return sorted(table.rpartition(".")[0] for table in known.values())


def _epn_tables(tap: Tap, notes: list[str]) -> list[str]:
    """Names of the tables SCHEMA.epn_core; those whose schema cannot be written without quotes go to the notes."""
    spelt = "table_name LIKE '%epn_core' OR table_name LIKE '%EPN_CORE'"
    rows = _metadata(tap, query.tap_schema("tables", spelt))
    found = []
    for row in rows:
        name = str(row["table_name"])
        whole = name if "." in name else f"{row['schema_name']}.{name}"
        schema, _, last = whole.rpartition(".")
        if last.lower() == "epn_core":
            if query.PLAIN_NAME.fullmatch(schema):
                found.append(f"{schema}.{last}")
            else:
                notes.append(f"{one_line(repr(whole))} was not checked: ADQL cannot write its schema without quotes")
    return found


def _metadata(tap: Tap, adql: str) -> list[Row]:
    """Rows of TAP_SCHEMA, without which nothing can be checked."""
    try:
        rows = tap.rows(adql, MOST_COLUMNS)
    except RefusedError as error:
        raise ServiceError(
            f"it answers no query to TAP_SCHEMA: {error.message}", path=tap.url, hint="Is this a TAP service?"
        ) from None
    if len(rows) >= MOST_COLUMNS:
        raise ServiceError(f"TAP_SCHEMA tells more than {MOST_COLUMNS} lines of what was asked", path=tap.url)
    return rows


def facts_of(tap: Tap, schema: str, record_source: str | None = None) -> Told:
    """All facts of one table but the answers of its links.

    Parameters
    ----------
    tap : Tap
    schema : str
    record_source : str, optional
        Address or file of its registry record; else a DaCHS server is asked for it.

    Raises
    ------
    ServiceError
        Where TAP_SCHEMA cannot be read, or the service does not answer any more.
    """
    name = query.table_name(schema)
    tables = {
        _whole(row): str(row["utype"] or "")
        for row in _metadata(tap, query.tap_schema("tables", f"schema_name = {query.text(schema)}"))
    }
    columns = _columns(tap, name)
    told = Told(
        ServedTable(
            name,
            utype=next((utype for table, utype in tables.items() if table.lower() == name.lower()), ""),
            tables=tables,
            columns=columns,
        )
    )
    for fact, find in (
        ("vosi", lambda: {"vosi": _vosi(tap, name)}),
        ("result", lambda: _result(tap, name)),
        ("record", lambda: {"record": record_of(tap, schema, record_source)}),
    ):
        _add(told, fact, find)  # type: ignore[arg-type]
    try:
        _look_at_rows(tap, told)
    except RefusedError as error:
        raise ServiceError(f"it does not answer simple queries to {name}: {error}", path=tap.url) from None
    return told


def _columns(tap: Tap, name: str) -> dict[str, ServedColumn]:
    rows = _metadata(tap, query.tap_schema("columns", query.one_of("table_name", query.names_of(name))))
    # Other schemas may have an epn_core of their own, told without its schema: the whole name comes first.
    whole = [row for row in rows if str(row["table_name"]).lower() == name.lower()]
    return {column.name.lower(): column for column in map(_from_tap_schema, whole or rows)}


def _add(told: Told, fact: Fact, find: Callable[[], Mapping[str, Any]]) -> None:
    try:
        told.table = replace(told.table, **find())
    except EpnCoreError as error:
        told.missing[fact] = str(error)


def _whole(row: Mapping[str, Any]) -> str:
    name = str(row["table_name"])
    return name if "." in name else f"{row['schema_name']}.{name}"


def _from_tap_schema(row: Mapping[str, Any]) -> ServedColumn:
    """TAP 1.0 names types of the database, as VARCHAR; only those of VOTable can be compared.

    A name that ADQL takes only in quotes stands there with them.
    """
    name = _text(row["column_name"])
    datatype, arraysize = _text(row.get("datatype")), _text(row.get("arraysize"))
    if not datatype.islower() and datatype != "unicodeChar":
        datatype = ""
    return ServedColumn(
        name.strip('"'), _text(row.get("unit")), _text(row.get("ucd")), datatype, arraysize,
        _text(row.get("xtype")), _text(row.get("description")), name.startswith('"'),
    )  # fmt: skip


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _vosi(tap: Tap, name: str) -> dict[str, ServedColumn]:
    """The columns as VOSI tables tells them: that of this table alone where the service can, else the whole."""
    # Not by pyvo, which asks for it past our limits.
    try:
        source = f"{tap.url}/tables/{name}"
        document = fetched(tap, source)
    except RefusedError:
        source = f"{tap.url}/tables"
        document = fetched(tap, source)
    for table in elements(parsed(document, source), "table"):
        if child(table, "name").lower() in (name.lower(), name.rpartition(".")[2].lower()):
            return {column.name.lower(): column for column in map(_from_vosi, elements(table, "column"))}
    raise RefusedError(f"VOSI tables does not tell of {name}")


def _from_vosi(column: etree._Element) -> ServedColumn:
    kind = next(elements(column, "dataType"), None)
    arraysize, xtype = ("", "") if kind is None else (kind.get("arraysize", ""), kind.get("extendedType", ""))
    return ServedColumn(
        child(column, "name").strip('"'), child(column, "unit"), child(column, "ucd"), child(column, "dataType"),
        arraysize, xtype, child(column, "description"),
    )  # fmt: skip


def _result(tap: Tap, name: str) -> dict[str, Any]:
    """FIELDs and TIMESYS of a result that holds all columns."""
    found = tap.ask(query.one_row(name))
    fields = {
        each.name.lower(): ServedColumn(
            each.name, _text(each.unit), _text(each.ucd), _text(each.datatype), _text(each.arraysize),
            _text(each.xtype), _text(each.description),
        )
        for each in found.resultstable.fields
    }  # fmt: skip
    systems = tuple(
        TimeSystem(_text(each.timescale), _text(each.refposition), _origin(each.timeorigin))
        for resource in found.votable.resources
        for each in resource.time_systems
    )
    return {"result": fields, "timesys": systems}


def _origin(value: object) -> str:
    """The words JD-origin and MJD-origin, which astropy reads as the numbers they stand for."""
    return (
        {0.0: "JD-origin", 2400000.5: "MJD-origin"}.get(value, _text(value))
        if isinstance(value, float)
        else _text(value)
    )


def _look_at_rows(tap: Tap, told: Told) -> None:
    """How many rows there are, and the few values by which units and frames go."""
    name, columns = told.table.name, told.table.columns or {}
    rows = tap.count(query.count(name))
    filled = tuple(
        column
        for column in ("s_region", "coverage")
        if column in columns and rows and tap.rows(query.examples(name, f"{column} IS NOT NULL", 1))
    )
    told.table = replace(
        told.table,
        rows=rows,
        filled=filled,
        frames=tuple(each for (each,) in _distinct(tap, name, columns, "spatial_frame_type") if each),
        particle_types=tuple(each for (each,) in _distinct(tap, name, columns, "particle_spectral_type") if each),
        time_systems=tuple((one, two) for one, two in _distinct(tap, name, columns, "time_scale", "time_refposition")),
    )


def _distinct(tap: Tap, table: str, columns: Mapping[str, ServedColumn], *wanted: str) -> list[tuple[str, ...]]:
    """Distinct values of those of the wanted columns that are there; empty texts for the others."""
    there = [name for name in wanted if name in columns]
    if not there:
        return []
    rows = tap.rows(query.all_distinct(table, there), MOST_COLUMNS)
    return sorted(tuple(_text(row[name]) if name in row else "" for name in wanted) for row in rows)
