"""Ingest: from the files of a collection to its rows. Scan, read what is new, check, write; told as a summary."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import psycopg

from epncore.app import schema, worker
from epncore.app.outcome import Outcome
from epncore.app.pool import Work, in_order
from epncore.app.relations import derivations
from epncore.app.relink import Relinker, ledger_plans
from epncore.app.scan import Seen, scan
from epncore.app.session import alone, database_errors, first_line
from epncore.app.store import Counts, Store
from epncore.model import collection as config
from grammars.plan import compile_plans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from epncore.app.database import Database
    from epncore.model.collection import Collection

CHUNK_FILES = 32
"""Files that a worker is handed at once."""

BATCH_FILES = 1024
"""Files of one transaction."""


MOST_REFUSED = 100
"""Rows that the database may refuse before the run ends: then it is no matter of single files."""


class Progress(Protocol):
    """Is told how far an ingest is; a progress bar, or nothing."""

    def found(self, files: int) -> None:
        """So many files are there."""
        ...

    def done(self, files: int) -> None:
        """So many more are through."""
        ...


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that has no row, and why."""

    path: str
    where: str
    reason: str


@dataclass(slots=True)
class Summary:
    """What an ingest did.

    Attributes
    ----------
    new, changed, unchanged : int
        Files whose row was added, rewritten, or stayed as it was.
    vanished : list of str
        Files of the ledger that are no longer there; the rows that they had stay.
    withheld : int
        Files whose proprietary period is not over.
    rows : int
        In the table now.
    seconds : float
    quarantined : list of Quarantined
        All files that give no row, old and new.
    newly_quarantined : int
        How many of them in this run.
    notes : list of str
        What else a person should know: products that name no file.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: list[str] = field(default_factory=list)
    withheld: int = 0
    rows: int = 0
    seconds: float = 0.0
    quarantined: list[Quarantined] = field(default_factory=list)
    newly_quarantined: int = 0
    notes: list[str] = field(default_factory=list)


def ingest(
    folder: Path,
    database: Database,
    *,
    workers: int | None = None,
    dry_run: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
    now: dt.datetime | None = None,
) -> Summary:
    """Fill the table of a collection.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    database : Database
    workers : int, optional
        Processes that read files; as many as cores by default. Rows do not depend on it.
    dry_run : bool
        Read and check everything, write nothing.
    strict : bool
        Whether a broken rule of severity warning quarantines too.
    progress : Progress, optional
    now : datetime.datetime, optional
        Naive, UTC: the moment by which embargoes are judged; the present by default.

    Returns
    -------
    Summary

    Raises
    ------
    ConfigError
        Where the config is wrong.
    DatabaseError
        Where the database is down or refuses. What earlier batches committed stays; nothing is half written.
    """
    started = time.monotonic()
    collection = config.load(folder)
    plans = compile_plans(collection, str(folder / config.FILE_NAME))
    task = worker.Task(str(folder), now or dt.datetime.now(dt.UTC).replace(tzinfo=None), strict)
    with database_errors(), database.connect() as conn, alone(conn, collection.schema_name):
        tables = schema.prepare(conn, collection.schema_name, plans[0].columns)
        store = Store(conn, tables, plans[0].columns, derivations(collection))
        run = _Run(conn, store, ledger_plans(collection, plans), task, dry_run)
        run.commit()
        run.execute(scan(collection, folder), workers or len(os.sched_getaffinity(0)), progress)
        # Keys that only links depend on let no file be read again.
        run.total.changed += Relinker(conn, collection, run.plans, store.relations).follow(run.commit).changed
        summary = run.summary()
        store.forget()
        run.commit()
        summary.notes = _empty_products(collection, run.by_product)
        if dry_run:
            conn.rollback()
    summary.seconds = time.monotonic() - started
    return summary


class _Run:
    """One ingest over an open connection."""

    def __init__(
        self, conn: psycopg.Connection, store: Store, plans: Sequence[str], task: worker.Task, dry_run: bool
    ) -> None:
        self.conn, self.store, self.plans, self.task, self.dry_run = conn, store, plans, task, dry_run
        self.files = 0
        self.by_product: Counter[int] = Counter()
        self.refused = 0
        self.total = Counts()

    def commit(self) -> None:
        """End a batch; a dry run keeps one transaction open and drops it in the end."""
        if not self.dry_run:
            self.conn.commit()

    def execute(self, files: Iterable[Seen], workers: int, progress: Progress | None) -> None:
        """Scan, read what is new or changed, write; then give rows to duplicates whose rival went."""
        self.store.scanned(self._counted(files), self.plans)
        self.files = self.by_product.total()
        self.commit()
        if progress:
            progress.found(self.files)
        seen = 0
        for batch in _batches(_outcomes(self.store.to_read(self.task.now), self.task, workers)):
            self._write(batch)
            seen += len(batch)
            if progress:
                progress.done(len(batch))
        if progress:
            progress.done(self.files - seen)
        for batch in _batches(_outcomes(iter(self.store.freed()), self.task, workers)):
            self._write(batch)

    def _counted(self, files: Iterable[Seen]) -> Iterator[Seen]:
        for seen in files:
            self.by_product[seen.product] += 1
            yield seen

    def _write(self, batch: list[Outcome]) -> None:
        """Write a batch; where the database refuses a value, find the rows it is in and quarantine those alone."""
        try:
            with self.conn.transaction():
                counts = self.store.write(batch, self.plans)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.InternalError) as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                self._write(batch[:middle])
                self._write(batch[middle:])
                return
            self.refused += 1
            if self.refused > MOST_REFUSED:
                raise
            (outcome,) = batch
            reason = f"the database refuses the row: {first_line(error)}"
            self._write([worker.refused(outcome, reason)])
            return
        self.commit()
        self.total.new += counts.new
        self.total.changed += counts.changed
        self.total.newly_quarantined += counts.newly_quarantined

    def summary(self) -> Summary:
        """Count up; every scanned file is in exactly one of the numbers."""
        new, changed, withheld = self.total.new, self.total.changed, self.store.withheld()
        quarantined = [Quarantined(*line) for line in self.store.quarantine()]
        return Summary(
            new=new,
            changed=changed,
            unchanged=self.files - new - changed - withheld - len(quarantined),
            vanished=self.store.vanished(),
            withheld=withheld,
            rows=self.store.row_count(),
            quarantined=quarantined,
            newly_quarantined=self.total.newly_quarantined,
        )


def _batches(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    while batch := list(islice(outcomes, BATCH_FILES)):
        yield batch


def _outcomes(files: Iterator[tuple[str, int, int, int]], task: worker.Task, workers: int) -> Iterator[Outcome]:
    """Read files in worker processes; outcomes come in the order of the files."""
    work = Work(worker.__name__, worker.start, task, worker.read_all, _killed, CHUNK_FILES)
    return in_order((Seen(*line) for line in files), work, workers)


def _killed(seen: Seen) -> Outcome:
    return worker.quarantined(seen, "reader", "reading this file killed the process that read it")


def _empty_products(collection: Collection, seen: Counter[int]) -> list[str]:
    return [
        f"product {number}: no file below {product.root!r} is named by {', '.join(map(repr, product.sources))}"
        for number, product in enumerate(collection.product)
        if not seen[number]
    ]
