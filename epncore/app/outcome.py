"""What became of one file: a row, or a reason why there is none. What workers send back and the ledger keeps."""

from __future__ import annotations

import datetime as dt
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from epncore.app.scan import Seen
from epncore.model.bookkeeping import LEDGER, Stamp
from epncore.model.row import Cell, Row

if TYPE_CHECKING:
    from collections.abc import Callable

_OWN = ("status", "place", "reason", "granule_uid", "row_hash", "release_date", "given", "digest")
_TOLD = (*Seen._fields, *_OWN, *Stamp._fields, "since")
_NO_STAMP = (None,) * len(Stamp._fields)
_in_ledger_order: Callable[[Row], Row] = itemgetter(*map(_TOLD.index, LEDGER.names))

Status = Literal["row", "quarantined", "duplicate", "withheld", "unavailable", "superseded"]


class Outcome(NamedTuple):
    """What became of one file. A plain tuple: thousands a second go from process to process.

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

    def ledger_line(self, since: dt.datetime | None = None) -> tuple[Cell, ...]:
        """What the ledger keeps of it, in the order of its columns; `since` when it was found bad."""
        return _in_ledger_order(
            (*self.seen, self.status, self.place, self.reason, self.granule_uid, self.row_hash, self.release_date,
             self.given, self.digest, *(self.stamp or _NO_STAMP), since)
        )  # fmt: skip
