"""Proprietary periods: what a granule shows before its release date (docs/adr/0008)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from epncore.model.collection import Collection
    from epncore.model.row import Cell

HIDDEN = ("access_url", "access_md5", "thumbnail_url")
"""Columns that a listed row keeps empty until then: where its bytes and pictures are."""


def present() -> dt.datetime:
    """The moment by which embargoes are judged: naive, UTC."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def held_until(collection: Collection, release_date: Cell, now: dt.datetime) -> dt.datetime | None:
    """The day on which a granule becomes public, where that is to come; else None.

    Parameters
    ----------
    collection : Collection
    release_date : Cell
        Of the row.
    now : datetime.datetime
        Naive, UTC.
    """
    if collection.embargoed is None or not isinstance(release_date, dt.datetime) or release_date <= now:
        return None
    return release_date
