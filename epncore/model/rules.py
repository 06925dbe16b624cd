"""The rules of EPN-TAP, each written once.

Four kinds: a *row rule* is a condition on one row, which compiles to Python, PostgreSQL and ADQL; a *value rule* is a
Python predicate over the distinct values of a column; a *table rule* is an aggregate; a *service rule* looks at
metadata. `RowChecker` runs the first two on rows before they are loaded; the others need a table or a service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import sqlalchemy as sa
from astropy.io.votable.ucd import parse_ucd

from epncore.model.columns import COLUMNS, COMPUTED, FRAMES, TABLE_UTYPE, Column, mandatory, pairs
from epncore.model.expressions import CELL, Condition, columns_of, to_python
from epncore.model.row import Cell
from epncore.model.units import JD_PLAUSIBLE
from epncore.model.vocabularies import (
    DATAPRODUCT_TYPES,
    MESSENGERS,
    PARTICLE_SPECTRAL_TYPES,
    PROCESSING_LEVELS,
    REFERENCE_POSITIONS,
    TARGET_CLASSES,
    TIME_SCALES,
)

Severity = Literal["error", "warning", "advice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all kinds of rules tell.

    Attributes
    ----------
    id : str
        Family and column: ``null.target_class``.
    severity : {"error", "warning", "advice"}
    section : str
        Of REC-EPNTAP-2.0, or of the document that asks for it.
    checks : str
        What is checked, in one sentence.
    mend : str
        What to do where it is broken.
    columns : tuple of str
        The columns it looks at.
    """

    id: str
    section: str
    checks: str
    mend: str
    columns: tuple[str, ...] = ()
    severity: Severity = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule(Rule):
    """A row breaks it where `broken` is true (not where it is unknown)."""

    broken: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule(Rule):
    """A value of its one column breaks it where `accepts` is false; NULL never does."""

    accepts: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule(Rule):
    """`offenders` gives for a schema a query whose rows are what breaks it: (value, count)."""

    offenders: Callable[[str], sa.Select[tuple[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRule(Rule):
    """`complaints` gives sentences on the metadata of a table: its utype, and its columns by name."""

    complaints: Callable[[str | None, Mapping[str, object]], list[str]]


def _null_rules() -> Iterable[RowRule]:
    for column in COLUMNS.values():
        if column.not_null:
            yield _not_null(column, "REC section 3.1, Table 1")
    yield _not_null(COLUMNS["processing_level"], "DaCHS //epntap2#table-2_0, required='True'")


def _not_null(column: Column, section: str) -> RowRule:
    where = (
        f"It is set by {COMPUTED[column.name]}; what that gave here is empty"
        if column.name in COMPUTED
        else "Give it under [constants] in the collection.toml"
    )
    return RowRule(
        id=f"null.{column.name}",
        section=section,
        checks=f"{column.name} has a value",
        mend=f"{where} ({column.description})",
        columns=(column.name,),
        broken=CELL[column.name].is_(None),
    )


def _pair_rules() -> Iterable[RowRule]:
    for low, high in pairs(COLUMNS):
        one, other = CELL[low], CELL[high]
        name = low.removesuffix("min").rstrip("_")
        yield RowRule(
            id=f"pair.{name}",
            section="REC section 3.1, min/max parameters",
            checks=f"{low} and {high} are both given or both empty",
            mend="Where one value is known, write it in both",
            columns=(low, high),
            broken=sa.or_(sa.and_(one.is_(None), other.is_not(None)), sa.and_(one.is_not(None), other.is_(None))),
        )
        if not COLUMNS[low].wraps:
            yield RowRule(
                id=f"order.{name}",
                section="REC section 3.1, min/max parameters",
                checks=f"{low} is not above {high}",
                mend="Exchange them, or look for what went wrong in the file",
                columns=(low, high),
                broken=one > other,
            )


# Smallest and largest value that a quantity can have, ends included; None is no bound.
_RANGES: tuple[tuple[tuple[str, ...], float | None, float | None, str], ...] = (
    (("time_min", "time_max"), *JD_PLAUSIBLE, "a Julian Day of recorded history, UTC; not MJD, not a date"),
    (("time_sampling_step_min", "time_sampling_step_max", "time_exp_min", "time_exp_max"), 0.0, None, "seconds"),
    (("spectral_range_min", "spectral_range_max"), 0.0, 1e30, "a frequency in Hz"),
    (("spectral_sampling_step_min", "spectral_sampling_step_max"), 0.0, 1e30, "Hz"),
    (("spectral_resolution_min", "spectral_resolution_max"), 0.0, None, "the resolving power, without unit"),
    (("incidence_min", "incidence_max", "emergence_min", "emergence_max"), 0.0, 180.0, "degrees"),
    (("phase_min", "phase_max"), -180.0, 180.0, "degrees"),
    (("subobserver_latitude_min", "subobserver_latitude_max"), -90.0, 90.0, "degrees"),
    (("subsolar_latitude_min", "subsolar_latitude_max"), -90.0, 90.0, "degrees"),
    (("local_time_min", "local_time_max"), 0.0, 24.0, "hours"),
    (("ra",), 0.0, 360.0, "degrees"),
    (("dec", "observer_lat"), -90.0, 90.0, "degrees"),
    (("observer_lon",), -180.0, 360.0, "degrees, east positive"),
    (("access_estsize",), 0.0, None, "kbyte"),
    (("sun_distance_min", "sun_distance_max", "earth_distance_min", "earth_distance_max"), 0.0, None, "AU"),
    (("target_distance_min", "target_distance_max"), 0.0, None, "km"),
)


def _range_rules() -> Iterable[RowRule]:
    for names, low, high, meaning in _RANGES:
        for name in names:
            bounds = [CELL[name] < low] if low is not None else []
            bounds += [CELL[name] > high] if high is not None else []
            span = f"between {low:g} and {high:g}" if high is not None else f"at least {low:g}"
            yield RowRule(
                id=f"range.{name}",
                section="REC section 3.1, Table 1 (units)",
                checks=f"{name} is {span}: {meaning}",
                mend="Look at the unit and at fill values in the file",
                columns=(name,),
                broken=sa.or_(*bounds),
            )


def _other_row_rules() -> Iterable[RowRule]:
    yield RowRule(
        id="level.processing_level",
        section="REC section 3.1.6",
        checks=f"processing_level is one of {', '.join(map(str, PROCESSING_LEVELS))}",
        mend="CODMAC level 4 (resampled) is written 5",
        columns=("processing_level",),
        broken=CELL["processing_level"].not_in(PROCESSING_LEVELS),
    )
    for needed in ("access_format", "access_estsize"):
        yield RowRule(
            id=f"access.{needed}",
            section="REC section 3.2.1",
            checks=f"a row with access_url has {needed}",
            mend=f"Give {needed}, or leave access_url out",
            columns=("access_url", needed),
            # A file beyond 2 TiB has no size that fits the column: a warning, and the row goes in.
            severity="error" if needed == "access_format" else "warning",
            broken=sa.and_(CELL["access_url"].is_not(None), CELL[needed].is_(None)),
        )
    yield RowRule(
        id="order.dates",
        section="REC section 3.1.27",
        checks="modification_date is not before creation_date",
        mend="Look at the dates in the header and under [constants]",
        columns=("creation_date", "modification_date"),
        broken=CELL["modification_date"] < CELL["creation_date"],
    )


def _terms(allowed: Iterable[str], *, listed: bool) -> Callable[[str], bool]:
    known = frozenset(allowed)
    if listed:
        return lambda value: all(item in known for item in value.split("#"))
    return known.__contains__


def _are_ucds(value: str) -> bool:
    for item in value.split("#"):
        try:
            words = parse_ucd(item, check_controlled_vocabulary=True)
        except ValueError:
            return False
        # Physical quantities only: an organisation, a name or a position is no measurement (REC section 3.1.5).
        if words[0][1].split(".")[0].lower() in {"meta", "instr", "obs"}:
            return False
    return True


def _is_position(value: str) -> bool:
    """A term, or a name: any other text, since names have no list."""
    return value in REFERENCE_POSITIONS or value.upper() not in REFERENCE_POSITIONS


def _matches(pattern: str) -> Callable[[str], bool]:
    return re.compile(pattern).fullmatch  # type: ignore[return-value]


def _list_is_whole(value: str) -> bool:
    return all(item and item == item.strip() and not set(item) & set("\"'`") for item in value.split("#"))


def _value_rules() -> Iterable[ValueRule]:
    def rule(
        column: str,
        family: str,
        section: str,
        checks: str,
        mend: str,
        accepts: Callable[[str], bool],
        severity: Severity = "error",
    ) -> ValueRule:
        return ValueRule(
            id=f"{family}.{column}", section=section, checks=checks, mend=mend, columns=(column,), accepts=accepts,
            severity=severity,
        )  # fmt: skip

    for column, allowed, section in (
        ("dataproduct_type", tuple(DATAPRODUCT_TYPES), "REC section 3.1.4"),
        ("target_class", TARGET_CLASSES, "REC section 3.1.7"),
        ("spatial_frame_type", tuple(FRAMES), "REC section 3.1.18"),
        ("time_scale", TIME_SCALES, "http://www.ivoa.net/rdf/timescale"),
        ("messenger", MESSENGERS, "http://www.ivoa.net/rdf/messenger"),
        ("particle_spectral_type", PARTICLE_SPECTRAL_TYPES, "EPN-TAP extension for particle spectroscopy"),
    ):
        listed = bool(COLUMNS[column].hash_list)
        checks = f"{column} is {'a list of' if listed else 'one of'} {', '.join(allowed)}"
        accepts = _terms(allowed, listed=listed)
        yield rule(column, "term", section, checks, "Write a term of the list, as it is spelt there", accepts)
    yield rule(
        "time_refposition", "term", "http://www.ivoa.net/rdf/refposition",
        f"time_refposition is {', '.join(REFERENCE_POSITIONS)}, or the name of a body or spacecraft",
        "Write a term of the list in upper case", _is_position, severity="warning",
    )  # fmt: skip
    yield rule(
        "measurement_type", "ucd", "REC section 3.1.5",
        "measurement_type is a list of UCD1+ of physical quantities, joined by #",
        "See the UCD list: em.radio cannot stand first, phot.flux.density;em.radio is right", _are_ucds,
    )  # fmt: skip
    yield rule(
        "access_format", "media-type", "RFC 2045", "access_format is a media type in lower case",
        "application/fits, application/x-cdf, application/x-votable+xml, ...",
        _matches(r"[a-z]+/[a-z0-9.+-]+(;[a-z0-9=.+-]+)*"),
    )  # fmt: skip
    yield rule(
        "access_md5", "md5", "RFC 1321", "access_md5 is 32 hexadecimal digits", "Leave it out, or set md5 = true",
        _matches(r"[0-9a-f]{32}"),
    )  # fmt: skip
    for column in ("granule_uid", "granule_gid", "obs_id"):
        yield rule(
            column, "id", "REC section 3.1.1", f"{column} is ASCII without #, quotes and edge spaces",
            "Choose another template", _matches(r"[!$%&(-_a-~](?:[ -!$%&(-_a-~]*[!$%&(-_a-~])?"),
        )  # fmt: skip
    for column_of_lists in COLUMNS.values():
        if column_of_lists.hash_list == "yes" and column_of_lists.type == "text":
            name = column_of_lists.name
            yield rule(
                name, "list", "REC section 2, hash lists",
                f"items of {name} are joined by single #, without quotes, edge spaces or empty items",
                "Write # only between items", _list_is_whole,
            )  # fmt: skip


ROW_RULES: tuple[RowRule, ...] = (*_null_rules(), *_pair_rules(), *_range_rules(), *_other_row_rules())
VALUE_RULES: tuple[ValueRule, ...] = tuple(_value_rules())


def _table(schema: str) -> sa.TableClause:
    return sa.table("epn_core", sa.column("granule_uid", sa.Text), sa.column("service_title", sa.Text), schema=schema)


def _repeated_uids(schema: str) -> sa.Select[tuple[str, int]]:
    uid, count = _table(schema).c.granule_uid, sa.func.count()
    return sa.select(uid, count.label("n")).group_by(uid).having(count > 1)


def _other_titles(schema: str) -> sa.Select[tuple[str, int]]:
    title = _table(schema).c.service_title
    return sa.select(title, sa.func.count().label("n")).where(title != schema).group_by(title)


TABLE_RULES: tuple[TableRule, ...] = (
    TableRule(
        id="unique.granule_uid",
        section="REC section 3.1.1",
        checks="granule_uid is unique in the table",
        mend="Choose a granule_uid template that tells the files apart",
        columns=("granule_uid",),
        offenders=_repeated_uids,
    ),
    TableRule(
        id="constant.service_title",
        section="REC section 3.1.24",
        checks="service_title is the schema's name in every row",
        mend="Ingest the collection anew; never edit the table by hand",
        columns=("service_title",),
        offenders=_other_titles,
    ),
)


def _wrong_utype(utype: str | None, _: Mapping[str, object]) -> list[str]:
    return [] if utype == TABLE_UTYPE else [f"the table's utype is {utype!r}, not {TABLE_UTYPE!r}"]


def _lacking_columns(_: str | None, columns: Mapping[str, object]) -> list[str]:
    return [f"mandatory column {c.name} is missing" for c in mandatory() if c.name not in columns]


SERVICE_RULES: tuple[ServiceRule, ...] = (
    ServiceRule(
        id="utype.table",
        section="REC section 3.2",
        checks=f"the table's utype is {TABLE_UTYPE}",
        mend="Let the descriptor use DaCHS's mixin //epntap2#table-2_0",
        complaints=_wrong_utype,
    ),
    ServiceRule(
        id="columns.mandatory",
        section="REC section 3.1, Table 1",
        checks="all 46 mandatory columns are there",
        mend="Import the descriptor anew",
        complaints=_lacking_columns,
    ),
)

RULES: tuple[Rule, ...] = (*ROW_RULES, *VALUE_RULES, *TABLE_RULES, *SERVICE_RULES)
"""All rules."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a row breaks, with what was found."""

    rule: Rule
    found: str


class RowChecker:
    """Row and value rules, compiled for rows with these columns.

    Parameters
    ----------
    columns : sequence of Column
        In the order in which rows hold them. Rules on columns that are not there do not run.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        positions = {column.name: position for position, column in enumerate(columns)}
        self._rows = [
            (rule, to_python(rule.broken, positions)) for rule in ROW_RULES if positions.keys() >= set(rule.columns)
        ]
        # Values repeat from row to row: each is looked at once.
        self._values = [
            (rule, positions[rule.columns[0]], lru_cache(maxsize=1024)(rule.accepts))
            for rule in VALUE_RULES
            if rule.columns[0] in positions
        ]
        self._positions = positions

    def broken(self, row: Sequence[Cell]) -> list[Broken]:
        """The rules that a row breaks, in the order of `RULES`; empty for a right row."""
        found = [Broken(rule, self._show(rule, row)) for rule, broken in self._rows if broken(row) is True]
        for rule, position, accepts in self._values:
            value = row[position]
            if isinstance(value, str) and not accepts(value):
                found.append(Broken(rule, self._show(rule, row)))
        return found

    def _show(self, rule: Rule, row: Sequence[Cell]) -> str:
        return ", ".join(f"{name} = {_written(row[self._positions[name]])}" for name in rule.columns)


def _written(cell: Cell) -> str:
    return "NULL" if cell is None else repr(cell) if isinstance(cell, str) else str(cell)


for _rule in ROW_RULES:
    # A rule that names other columns than it looks at would run where it must not.
    assert set(_rule.columns) == set(columns_of(_rule.broken)), _rule.id  # noqa: S101
