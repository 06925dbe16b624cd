"""What an ingest did, for people and programs. Its lists are bounded, whatever the count of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LISTED = 1000
"""Files that a summary lists of a kind; beside each list stands how many there are."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that something is wrong with: it has no row, or where it is ``unavailable``, keeps the one it had."""

    path: str
    where: str
    reason: str
    status: str = "quarantined"


def by_reach(files: Sequence[Quarantined]) -> tuple[list[Quarantined], list[Quarantined]]:
    """Files that have no row, and files that cannot be read now."""
    return (
        [file for file in files if file.status != "unavailable"],
        [file for file in files if file.status == "unavailable"],
    )


@dataclass(slots=True)
class Summary:
    """What an ingest did. Each file that is there is in one of the first seven numbers.

    Attributes
    ----------
    new, changed, renamed, unchanged : int
        Files whose row was added, rewritten, taken over from another path, or stayed as it was.
    withheld : int
        Files whose proprietary period is not over.
    superseded : int
        Files of which a later version has the row.
    quarantined_count : int
    unreadable_count : int
        How many of them cannot be read now.
    quarantined : list of Quarantined
        The first of the files that give no row, or cannot be read now, old and new.
    newly_quarantined : int
        How many of all of them in this run.
    unavailable : int
        Files of the ledger in folders that cannot be entered now, or that seem to be on a disk that is away: an empty
        folder, a link that leads nowhere. The rows that they had stay.
    vanished_count : int
    vanished : list of str
        The first files of the ledger that are no longer there; the rows that they had stay.
    pruned : int
        Files that were no longer there, and were removed with their rows.
    altered_count : int
    altered : list of Quarantined
        The first files whose content, or row in the table, was found to be another though nothing told so.
    undigested : int
        Files of which a verification knew no former content.
    lacking, unknown : int
        Rows that in the end the ledger knows and the table lacks, and rows of the table that the ledger does not know.
    rows : int
        In the table now.
    seconds : float
    notes : list of str
        What else a person should know: products that name no file, tables that do not agree.
    """

    new: int = 0
    changed: int = 0
    renamed: int = 0
    unchanged: int = 0
    withheld: int = 0
    superseded: int = 0
    quarantined_count: int = 0
    unreadable_count: int = 0
    quarantined: list[Quarantined] = field(default_factory=list)
    newly_quarantined: int = 0
    unavailable: int = 0
    vanished_count: int = 0
    vanished: list[str] = field(default_factory=list)
    pruned: int = 0
    altered_count: int = 0
    altered: list[Quarantined] = field(default_factory=list)
    undigested: int = 0
    lacking: int = 0
    unknown: int = 0
    rows: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
