"""A tiny database of an observatory, as SQLite: four observations, one of them not published.

Invented data. Same bytes on every run of one version of SQLite.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from contextlib import closing
from pathlib import Path

SCHEMA = """
CREATE TABLE target (name TEXT PRIMARY KEY, class TEXT NOT NULL, bodies TEXT);
CREATE TABLE observation (
    name TEXT PRIMARY KEY, target TEXT NOT NULL REFERENCES target, start_time TEXT NOT NULL, end_time TEXT NOT NULL,
    step_ms REAL, f_low REAL, f_high REAL, level TEXT, emissions TEXT, observer TEXT, made_at TEXT, changed_at TEXT,
    size_bytes INTEGER NOT NULL, published BOOLEAN NOT NULL
);
"""
TARGETS = [("Jupiter", "P", "magnetosphere"), ("Sun", "S", "corona")]
OBSERVATIONS = [
    ("J20240131a", "Jupiter", "2024-01-31T18:05:00", "2024-01-31T22:35:00", 500.0, 10.0, 40.0, "CAL",
     "decametric radio emission (DAM)", "G. Family", "2024-02-01T06:00:00", "2024-02-03T09:30:00", 259_300_800, True),
    ("S20240201a", "Sun", "2024-02-01T08:00:00", "2024-02-01T15:59:59.5", 500.0, 10.0, 88.0, "CAL",
     "Type II;Type III", "G. Family", "2024-02-02T06:00:00", "2024-02-02T06:00:00", 460_811_520, True),
    ("S20240202a", "Sun", "2024-02-02T08:00:00", "2024-02-02T16:00:00", None, 10.0, 88.0, "RAW",
     None, None, "2024-02-03T06:00:00", "2024-02-03T06:00:00", 460_811_520, True),
    ("S20240203a", "Sun", "2024-02-03T08:00:00", "2024-02-03T08:01:00", 500.0, 10.0, 88.0, "RAW",
     None, "G. Family", "2024-02-04T06:00:00", "2024-02-04T06:00:00", 960_480, False),
]  # fmt: skip


def make(folder: Path) -> list[Path]:
    """Write the database; its modification time is a fixed day."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "archive.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO target VALUES (?, ?, ?)", TARGETS)
        places = ", ".join("?" * len(OBSERVATIONS[0]))
        connection.executemany(f"INSERT INTO observation VALUES ({places})", OBSERVATIONS)
        connection.commit()
    modified = dt.datetime(2024, 2, 5, tzinfo=dt.UTC).timestamp()
    os.utime(path, (modified, modified))
    return [path]


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
