"""What became of one file: a row, or a reason why there is none. What workers send back and the ledger keeps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from epncore.app.scan import Seen
from epncore.model.bookkeeping import LEDGER, Stamp
from epncore.model.row import Cell, Row

_LEDGER_NAMES = LEDGER.names

Status = Literal["row", "quarantined", "duplicate", "withheld", "unavailable", "superseded"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes
    ----------
    seen : Seen
        The file as it was when it was read.
    status : {"row", "quarantined", "duplicate", "withheld", "unavailable", "superseded"}
        ``withheld`` rows wait for their release date; an ``unavailable`` file could not be opened: it keeps the row it
        has, and the next run tries again. A ``superseded`` file has a later version.
    row : tuple of Cell, optional
        In the order of the plan's columns.
    links : tuple of tuple of Cell
        In the order of the columns of the links table.
    granule_uid, row_hash : str, optional
    place, reason : str, optional
        Where in the file something is wrong, and what.
    release_date : datetime.datetime, optional
        Set where the row will change when that date comes.
    given, digest : str, optional
        What the file gave, see `grammars.kept.mask`, and the MD5 of its content where that was computed.
    stamp : Stamp, optional
        What made the row; none where the next run is to read the file again.
    """

    seen: Seen
    status: Status
    row: Row | None = None
    links: tuple[tuple[Cell, ...], ...] = ()
    granule_uid: str | None = None
    row_hash: str | None = None
    place: str | None = None
    reason: str | None = None
    release_date: dt.datetime | None = None
    given: str | None = None
    digest: str | None = None
    stamp: Stamp | None = None

    def ledger_line(self) -> tuple[Cell, ...]:
        """What the ledger keeps of it, in the order of its columns."""
        known: dict[str, Cell] = {
            **self.seen._asdict(), "status": self.status, "place": self.place, "reason": self.reason,
            "granule_uid": self.granule_uid, "row_hash": self.row_hash, "release_date": self.release_date,
            "given": self.given, "digest": self.digest, **(self.stamp._asdict() if self.stamp else {}),
        }  # fmt: skip
        return tuple(map(known.get, _LEDGER_NAMES))
