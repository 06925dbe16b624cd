"""Row rules: what can be said of one row by comparing its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from epncore.model.columns import COLUMNS, COMPUTED, Column, pairs
from epncore.model.expressions import CELL, Condition, columns_of
from epncore.model.rules.kinds import RowRule
from epncore.model.rules.ranges import RANGES
from epncore.model.vocabularies import PROCESSING_LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable

SECONDS_A_DAY = 86400.0
TEXTS = tuple(column for column in COLUMNS.values() if column.type == "text")
IDENTIFIERS = ("granule_uid", "granule_gid", "obs_id")
_COORDINATES = ("c1min", "c1max", "c2min", "c2max", "c3min", "c3max")
URLS = ("access_url", "thumbnail_url", "datalink_url", "external_link")


def _null_rules() -> Iterable[RowRule]:
    for column in COLUMNS.values():
        if column.not_null:
            yield _not_null(column, "REC, Mandatory parameters")
    yield _not_null(COLUMNS["processing_level"], "DaCHS //epntap2#table-2_0, required='True'")


def _not_null(column: Column, section: str) -> RowRule:
    where = f"it comes from {COMPUTED[column.name]}" if column.name in COMPUTED else "give it under [constants]"
    cell = CELL[column.name]
    return RowRule(
        id=f"null.{column.name}",
        section=section,
        checks=f"{column.name} has a value",
        why=f"A query that asks for a {column.name} never finds a row without one",
        mend=f"Fill it in every row ({column.description}); in a collection.toml, {where}",
        columns=(column.name,),
        broken=sa.or_(cell.is_(None), cell == "") if column.type == "text" else cell.is_(None),
    )


def _filled_rules() -> Iterable[RowRule]:
    for name, asked in (
        ("target_name", "name of the target, the portal's first field"),
        ("time_min", "time"),
        ("measurement_type", "measured quantity"),
        ("instrument_host_name", "observatory or spacecraft"),
        ("instrument_name", "instrument"),
    ):
        cell = CELL[name]
        yield RowRule(
            id=f"filled.{name}",
            section="REC, Mandatory parameters",
            severity="advice",
            checks=f"{name} has a value",
            why=f"Users ask by {asked}; a row without it is not found so",
            mend="Fill it where it is known; in a collection.toml, under [constants] or by a key of the header",
            columns=(name,),
            broken=sa.or_(cell.is_(None), cell == "") if COLUMNS[name].type == "text" else cell.is_(None),
        )


def _pair_rules() -> Iterable[RowRule]:
    for low, high in pairs(COLUMNS):
        one, other = CELL[low], CELL[high]
        name = low.removesuffix("min").rstrip("_")
        yield RowRule(
            id=f"pair.{name}",
            section="REC, Rules on parameter usage (min and max)",
            checks=f"{low} and {high} are both given or both empty",
            why="A query for an overlap compares both ends: a row with one of them is never found",
            mend="Where one value is known, write it in both",
            columns=(low, high),
            broken=sa.or_(sa.and_(one.is_(None), other.is_not(None)), sa.and_(one.is_not(None), other.is_(None))),
        )
        if not COLUMNS[low].wraps:
            yield RowRule(
                id=f"order.{name}",
                section="REC, Rules on parameter usage (min and max)",
                checks=f"{low} is not above {high}",
                why="An interval that ends before it begins overlaps with none",
                mend="Exchange them, or look for what went wrong in the file or on the way from it",
                columns=(low, high),
                broken=one > other,
            )


def _range_rules() -> Iterable[RowRule]:
    for interval in RANGES:
        for name in interval.columns:
            bounds = [CELL[name] < interval.low] if interval.low is not None else []
            bounds += [CELL[name] > interval.high] if interval.high is not None else []
            broken = sa.or_(*bounds)
            inside = ""
            if interval.frames:
                broken = sa.and_(CELL["spatial_frame_type"].in_(interval.frames), broken)
                inside = f" in the frame {' or '.join(interval.frames)}"
            yield RowRule(
                id=f"range.{name}" if not interval.frames else f"range.{name}.{interval.frames[0]}",
                section="REC, list of parameters (units)",
                checks=f"{name} is {interval.span}{inside}: {interval.meaning}",
                why="A value out of range is in another unit, or a fill value: no query for a right one finds it",
                mend="Look at the unit, and at fill values: unknown is NULL",
                columns=(name, *(("spatial_frame_type",) if interval.frames else ())),
                broken=broken,
            )


def _within_rules() -> Iterable[RowRule]:
    # A thousandth more: a Julian Day in a double has steps of 40 microseconds.
    duration_s = (CELL["time_max"] - CELL["time_min"]) * (SECONDS_A_DAY * 1.001) + 0.001
    for name, what in (("time_sampling_step_max", "A step between samples"), ("time_exp_max", "An integration")):
        yield RowRule(
            id=f"within.{name}",
            section="REC, Axes: time_sampling_step, time_exp",
            severity="warning",
            checks=f"{name} is not longer than the granule, from time_min to time_max",
            why=f"{what} that is longer than the data is in another unit than s, or the time interval is wrong",
            mend=f"Write {name} in seconds, and time_max as the end of the last sample",
            columns=("time_min", "time_max", name),
            broken=CELL[name] > duration_s,
        )


def _access_rules() -> Iterable[RowRule]:
    for needed, why in (
        ("access_format", "Without its format a client does not know which tool opens the file"),
        ("access_estsize", "Without its size a user does not know how long a download takes"),
    ):
        yield RowRule(
            id=f"access.{needed}",
            section="REC, Data access reference",
            # A file beyond 2 TiB has no size that fits the column: a warning, and the row goes in.
            severity="error" if needed == "access_format" else "warning",
            checks=f"a row with access_url has {needed}",
            why=why,
            mend=f"Give {needed}, or leave access_url out",
            columns=("access_url", needed),
            broken=sa.and_(CELL["access_url"].is_not(None), CELL[needed].is_(None)),
        )
    for name in URLS:
        cell = CELL[name]
        absolute = sa.or_(cell.like("http://_%"), cell.like("https://_%"), cell.like("ftp://_%"))
        yield RowRule(
            id=f"url.{name}",
            section="REC, Data access reference",
            checks=f"{name} is a whole http, https or ftp URL without spaces and quotes",
            why="Clients fetch what stands there, as it stands there",
            mend="Write scheme and host, and %20 for a space",
            columns=(name,),
            broken=sa.or_(sa.not_(absolute), cell.like("% %"), cell.like('%"%')),
        )


def _other_rules() -> Iterable[RowRule]:
    yield RowRule(
        id="level.processing_level",
        section="REC, Data description: processing_level",
        checks=f"processing_level is one of {', '.join(map(str, PROCESSING_LEVELS))}",
        why="Users choose raw or calibrated data by it, and EPN-TAP knows no other levels",
        mend="Write one of these; CODMAC level 4 (resampled) is written 5",
        columns=("processing_level",),
        broken=CELL["processing_level"].not_in(PROCESSING_LEVELS),
    )
    yield RowRule(
        id="order.dates",
        section="REC, Granule call-back info",
        checks="modification_date is not before creation_date",
        why="Clients that keep copies ask for what was modified since their last visit",
        mend="Write creation_date in both where no change is known",
        columns=("creation_date", "modification_date"),
        broken=CELL["modification_date"] < CELL["creation_date"],
    )
    yield RowRule(
        id="frame.coordinates",
        section="REC, spatial_frame_type",
        checks="c1 to c3 are given only where spatial_frame_type says what they are",
        why="Without a frame nobody can tell degrees on the sky from kilometres, and no query finds them",
        mend="Set spatial_frame_type in the collection.toml: celestial for right ascension and declination",
        columns=(*_COORDINATES, "spatial_frame_type"),
        broken=sa.and_(
            sa.or_(*(CELL[name].is_not(None) for name in _COORDINATES)), CELL["spatial_frame_type"] == "none"
        ),
    )
    yield RowRule(
        id="frame.s_region",
        section="REC, Axes: s_region",
        checks="s_region is given only in the frames celestial and body",
        why="A footprint is drawn on a sphere, and other frames have none",
        mend="Leave s_region out, or set spatial_frame_type to what it is drawn in",
        columns=("s_region", "spatial_frame_type"),
        broken=sa.and_(CELL["s_region"].is_not(None), CELL["spatial_frame_type"].not_in(("celestial", "body"))),
    )


def _like_any(name: str, patterns: Iterable[str]) -> Condition:
    return sa.or_(*(CELL[name].like(pattern) for pattern in patterns))


_QUOTES = ('%"%', "%'%", "%`%")
_EDGES = (" %", "% ")
_HOLES = ("#%", "%#", "%##%", "%# %", "% #%")


def _text_rules() -> Iterable[RowRule]:
    for name in IDENTIFIERS:
        yield RowRule(
            id=f"text.{name}",
            section="REC, Granule references",
            checks=f"{name} has no #, quotes and edge spaces",
            why="Identifiers are pasted into queries and URLs, where these characters end them",
            mend="Make them of letters, digits, _ and -",
            columns=(name,),
            broken=_like_any(name, ("%#%", *_QUOTES, *_EDGES)),
        )
    for column in TEXTS:
        name = column.name
        if column.hash_list == "yes":
            yield RowRule(
                id=f"list.{name}",
                section="REC, Rules on parameter usage (lists)",
                checks=f"items of {name} are joined by single #, without quotes, edge spaces or empty items",
                why="ivo_hashlist_has, by which the portal asks, compares whole items",
                mend="Write # only between items, and NULL where there are none",
                columns=(name,),
                broken=sa.or_(CELL[name] == "", _like_any(name, (*_HOLES, *_QUOTES, *_EDGES))),
            )
        elif name not in (*IDENTIFIERS, *URLS, "service_title"):
            yield RowRule(
                id=f"text.{name}",
                section="REC, Rules on parameter usage (strings)",
                severity="warning",
                checks=f"{name} has no edge spaces and is not empty",
                why=f"A query for a {name} compares the whole text, and an empty text is no NULL",
                mend="Strip it, and leave it out where there is nothing to say",
                columns=(name,),
                broken=sa.or_(CELL[name] == "", _like_any(name, _EDGES)),
            )


ROW_RULES: tuple[RowRule, ...] = (
    *_null_rules(), *_filled_rules(), *_pair_rules(), *_range_rules(), *_within_rules(), *_access_rules(),
    *_other_rules(), *_text_rules(),
)  # fmt: skip

for _rule in ROW_RULES:
    # A rule that names other columns than it looks at would run where it must not.
    assert set(_rule.columns) == set(columns_of(_rule.broken)), _rule.id  # noqa: S101
