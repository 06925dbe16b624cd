"""Findings that a provider accepts, each with a reason and a date on which that ends."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from epncore.check.report import Report


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a baseline file accepts."""

    @classmethod
    def load(cls, path: Path | None) -> Baseline:
        return cls()


def split_accepted(report: Report, baseline: Baseline, today: dt.date) -> None:
    """To be built."""
