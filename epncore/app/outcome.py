"""What became of one file: a row, or a reason why there is none. What workers send back and the ledger keeps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from epncore.model.row import Cell, Row

Status = Literal["row", "quarantined", "duplicate", "withheld", "unavailable"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes
    ----------
    path : str
        Key in the ledger.
    product : int
    size_bytes, mtime_ns : int
        When it was scanned.
    status : {"row", "quarantined", "duplicate", "withheld", "unavailable"}
        ``withheld`` rows wait for their release date; an ``unavailable`` file could not be opened: it keeps the row it
        has, and the next run tries again.
    row : tuple of Cell, optional
        In the order of the plan's columns.
    links : tuple of tuple of Cell
        In the order of the columns of the links table.
    granule_uid, row_hash : str, optional
    place, reason : str, optional
        Where in the file something is wrong, and what.
    release_date : datetime.datetime, optional
        Set where the row will change when that date comes.
    """

    path: str
    product: int
    size_bytes: int
    mtime_ns: int
    status: Status
    row: Row | None = None
    links: tuple[tuple[Cell, ...], ...] = ()
    granule_uid: str | None = None
    row_hash: str | None = None
    place: str | None = None
    reason: str | None = None
    release_date: dt.datetime | None = None
