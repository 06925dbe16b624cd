"""Ingest: from the files of a collection to its rows. Scan, read what is new, check, write; told as a summary."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import psycopg

from epncore.app import schema, worker
from epncore.app.cluster import cluster_pool
from epncore.app.embargo import present
from epncore.app.outcome import Outcome
from epncore.app.pool import in_order, local_pool
from epncore.app.relations import derivations
from epncore.app.relink import Relinker, ledger_plans
from epncore.app.scan import Seen, scan
from epncore.app.session import alone, database_errors, first_line, outlast
from epncore.app.store import Counts, Store
from epncore.app.work import Limits, Work
from epncore.model import collection as config
from grammars.plan import compile_plans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from epncore.app.database import Database
    from epncore.app.pool import Pool
    from epncore.model.collection import Collection
    from grammars.plan import Plan

CHUNK_FILES = 32
"""Files that a worker is handed at once."""

BATCH_FILES = 1024
"""Files of one transaction. While one is written, workers read two more."""

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

    def waits(self, seconds: float, reason: str) -> None:
        """The database is away; it is tried again after so long."""
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
    scheduler: str | None = None,
    limits: Limits | None = None,
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
    scheduler : str, optional
        Address of a dask.distributed scheduler whose workers read the files instead.
    limits : Limits, optional
        What one file may cost.
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
    ClusterError
        Where the cluster does not answer, or its workers do not do.
    BusyError
        Where another ingest of this collection is running.
    DatabaseError
        Where the database is down or refuses. What earlier batches committed stays; nothing is half written.
    """
    started = time.monotonic()
    collection = config.load(folder)
    plans = compile_plans(collection, str(folder / config.FILE_NAME))
    known_by = worker.fingerprints(collection, plans)
    task = worker.Task(str(folder.absolute()), now or present(), strict, known_by)
    work = Work(task, limits or Limits(), CHUNK_FILES, ahead=2 * BATCH_FILES // CHUNK_FILES)
    pool = cluster_pool(work, scheduler) if scheduler else local_pool(work, workers)
    with database_errors(), pool as opened:
        run = _Run(folder, collection, plans, database, opened, task.now, progress, dry_run=dry_run)
        summary = outlast(run.attempt, lambda: run.batches, run.wait)
    summary.seconds = time.monotonic() - started
    return summary


class _Run:
    """One ingest: what is true of it over all its connections, and what is true of the present one."""

    def __init__(
        self,
        folder: Path,
        collection: Collection,
        plans: Sequence[Plan],
        database: Database,
        pool: Pool[Seen, Outcome],
        now: dt.datetime,
        progress: Progress | None,
        *,
        dry_run: bool,
    ) -> None:
        self.folder, self.collection, self.database, self.pool = folder, collection, database, pool
        self.columns, self.plans = plans[0].columns, ledger_plans(collection, plans)
        self.now, self.progress, self.dry_run = now, progress, dry_run
        self.total = Counts()
        self.refused = 0
        self.batches = 0
        self.unwritten: list[Outcome] = []
        self.by_product: Counter[int] = Counter()
        self.notes: list[str] = []

    def attempt(self) -> Summary:
        """Do all of it over one connection. What an earlier one has committed is found in the ledger."""
        name = self.collection.schema_name
        with self.database.connect() as conn, alone(conn, name):
            self.conn = conn
            tables = schema.prepare(conn, name, self.columns)
            self.store = Store(conn, tables, self.columns, derivations(self.collection))
            self.commit()
            self._execute()
            # Keys that only links depend on let no file be read again.
            relinker = Relinker(conn, self.collection, self.plans, self.store.relations)
            self.total.changed += relinker.follow(self.commit).changed
            summary = self._summary()
            self.store.forget()
            self.commit()
            if self.dry_run:
                conn.rollback()
        return summary

    def wait(self, seconds: float, reason: str) -> None:
        """Say that the connection was lost; a dry run, which commits nothing, begins anew."""
        self.notes.append(f"the database went away and was tried again: {reason}")
        if self.dry_run:
            self.total, self.unwritten = Counts(), []
        if self.progress:
            self.progress.waits(seconds, reason)

    def commit(self) -> None:
        """End a batch; a dry run keeps one transaction open and drops it in the end."""
        if not self.dry_run:
            self.conn.commit()

    def _execute(self) -> None:
        """Scan, read what is new or changed, write; then give rows to duplicates whose rival went."""
        self.by_product.clear()
        self.store.scanned(self._counted(scan(self.collection, self.folder)), self.plans)
        files = self.by_product.total()
        self.commit()
        if self.progress:
            self.progress.found(files)
        if self.unwritten:  # the connection was lost over these; they need not be read again
            self._write(self.unwritten)
        seen = self._read(self.store.to_read(self.now))
        if self.progress:
            self.progress.done(files - seen)
        self._read(iter(self.store.freed()))

    def _read(self, files: Iterator[tuple[str, int, int, int]]) -> int:
        """Read files and write what they give; outcomes come in the order of the files."""
        seen = 0
        with closing(in_order((Seen(*line) for line in files), self.pool)) as outcomes:
            while batch := list(islice(outcomes, BATCH_FILES)):
                self.unwritten = batch
                self._write(batch)
                self.unwritten = []
                seen += len(batch)
                if self.progress:
                    self.progress.done(len(batch))
        return seen

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
        self.batches += 1
        self.total.new += counts.new
        self.total.changed += counts.changed
        self.total.newly_quarantined += counts.newly_quarantined

    def _summary(self) -> Summary:
        """Count up; every scanned file is in exactly one of the numbers."""
        new, changed, withheld = self.total.new, self.total.changed, self.store.withheld()
        quarantined = [Quarantined(*line) for line in self.store.quarantine()]
        return Summary(
            new=new,
            changed=changed,
            unchanged=self.by_product.total() - new - changed - withheld - len(quarantined),
            vanished=self.store.vanished(),
            withheld=withheld,
            rows=self.store.row_count(),
            quarantined=quarantined,
            newly_quarantined=self.total.newly_quarantined,
            notes=self.notes + _empty_products(self.collection, self.by_product),
        )


def _empty_products(collection: Collection, seen: Counter[int]) -> list[str]:
    return [
        f"product {number}: no file below {product.root!r} is named by {', '.join(map(repr, product.sources))}"
        for number, product in enumerate(collection.product)
        if not seen[number]
    ]
