"""Table rules: what only all rows together can break."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from epncore.model.rules.kinds import TableRule

if TYPE_CHECKING:
    from epncore.model.rules.kinds import Offenders


def _column(schema: str, name: str) -> sa.ColumnClause[str]:
    return sa.table("epn_core", sa.column(name, sa.Text), schema=schema).columns[name]


def _repeated(schema: str, name: str) -> Offenders:
    column, count = _column(schema, name), sa.func.count()
    return (
        sa.select(column.label("item"), count.label("n")).where(column.is_not(None)).group_by(column).having(count > 1)
    )


def _repeated_uids(schema: str) -> Offenders:
    return _repeated(schema, "granule_uid")


def _repeated_urls(schema: str) -> Offenders:
    return _repeated(schema, "access_url")


def _other_titles(schema: str) -> Offenders:
    title = _column(schema, "service_title")
    # A database that folds names to upper case tells NDA of what its provider calls nda.
    right = sorted({schema, schema.lower()})
    return sa.select(title.label("item"), sa.func.count().label("n")).where(title.not_in(right)).group_by(title)


TABLE_RULES: tuple[TableRule, ...] = (
    TableRule(
        id="unique.granule_uid",
        section="REC, Granule references",
        checks="granule_uid is unique in the table",
        why="It is the primary key: Datalink, clients and users find a granule by it, and only one",
        mend="Make it of what tells the granules apart, as the name of the file",
        columns=("granule_uid",),
        offenders=_repeated_uids,
    ),
    TableRule(
        id="unique.access_url",
        section="REC, Rules on table structure (one product a row)",
        severity="warning",
        checks="no two rows lead to one file",
        why="A user who takes all that a query found gets the file twice",
        mend="Give one row to a file; link what else belongs to it by Datalink",
        columns=("access_url",),
        offenders=_repeated_urls,
    ),
    TableRule(
        id="constant.service_title",
        section="REC, Granule call-back info: service_title",
        checks="service_title is the schema's name in every row",
        why="The portal takes it for the name of the service to ask again",
        mend="Write the name of the schema in every row; `epncore ingest` does",
        columns=("service_title",),
        offenders=_other_titles,
    ),
)
