"""What a batch of an ingest, or all of it, brought."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counts:
    """What a batch, or a run, brought.

    Attributes
    ----------
    new, renamed, changed : int
        Rows added, rows of files that have another path now, rows (or their links) rewritten.
    newly_quarantined : int
        Files that have no row since now.
    written : int
        Granules of which the row or own links differed.
    relations : int
        Links between granules that were removed or added.
    """

    new: int = 0
    renamed: int = 0
    changed: int = 0
    newly_quarantined: int = 0
    written: int = 0
    relations: int = 0

    def add(self, other: Counts) -> None:
        """Count what another batch brought."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
