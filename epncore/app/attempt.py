"""One ingest over one connection, and over a new one where that is lost: what is committed is found in the ledger."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import psycopg

from epncore.app import agreement, indices, schema, worker
from epncore.app.counts import Counts
from epncore.app.diff import Differences
from epncore.app.folders import Scanned, Settled
from epncore.app.hidden import hidden
from epncore.app.kept_rows import jobs_anew
from epncore.app.pool import in_order
from epncore.app.relations import derivations
from epncore.app.scan import Seen, is_empty, ledger_prefix, scan
from epncore.app.session import alone, first_line, meanwhile
from epncore.app.source_rows import SourceRows
from epncore.app.store import Store
from epncore.app.summary import LISTED, Summary
from epncore.app.verification import Verification
from epncore.app.versions import Versions
from epncore.app.worker import Job
from epncore.model import collection as config
from epncore.model.errors import UsageError
from epncore.model.printable import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from epncore.app.database import Database
    from epncore.app.ingest import Progress
    from epncore.app.outcome import Outcome
    from epncore.app.pool import Pool
    from epncore.app.runs import Run
    from epncore.model.collection import Collection
    from grammars.plan import Plan

BATCH_FILES = 4096
"""Most files of one transaction."""

BATCH_SECONDS = 2.0
"""After so long what was read is written, however little: files that take seconds are not kept for hours."""

OF_A_VALUE = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.InternalError,
    psycopg.errors.ProgramLimitExceeded,  # a text that is too long for an index
)
"""Errors that one value of one row may be the cause of."""

PATH_MAX_BYTES = 2600
"""A longer path has no place in an index of the database."""

MOST_REFUSED = 100
"""Rows that the database may refuse before the run ends: then it is no matter of single files."""

TOLD_HIDDEN = 20
"""Folders of which a note each says that a disk may be away; the others are counted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an ingest is asked for beside its main job, see `epncore.app.ingest.ingest`."""

    dry_run: bool = False
    prune: bool = False
    verify: bool = False
    rebuild: bool = False
    ready: Callable[[Seen], bool] | None = None


class Attempts:
    """One ingest. What it counts goes on from attempt to attempt; what hangs on a connection is made anew in each."""

    def __init__(
        self,
        folder: Path,
        collection: Collection,
        plans: Sequence[Plan],
        database: Database,
        pool: Pool[Job, Outcome],
        task: worker.Task,
        wanted: Wanted,
        record: Run,
        progress: Progress | None,
    ) -> None:
        self.folder, self.collection, self.plans = folder, collection, plans
        self.database, self.pool, self.task, self.wanted = database, pool, task, wanted
        self.record, self.progress = record, progress
        self.rows = SourceRows(folder, collection)
        self.batches = 0
        self.refused = 0
        self.total = Counts()
        self.waited: list[str] = []
        self.verification = Verification(collection.schema_name) if wanted.verify else None

    def attempt(self) -> Summary:
        """Do all of it over one connection."""
        name = self.collection.schema_name
        with self.database.connect() as conn, alone(conn, name):
            tables = schema.prepare(conn, name, self.plans[0].columns, make_missing=self.wanted.rebuild)
            agree = agreement.Agreement(conn, name)
            self._begin(conn, tables)
            self.commit()
            self.record.began(self.pool.slots)
            lacking, unknown = self._compare(agree)
            self._execute()
            if self.wanted.rebuild:
                self._agree(agree)
            summary = self._summary()
            self.differences.forget()
            self.commit()
            self._tell_agreement(summary, agree, (lacking, unknown))
            if self.wanted.dry_run:
                conn.rollback()
            elif self.batches or self.pruned:
                summary.notes += indices.after_load(conn, name, summary.new, summary.rows)
            self.record.finished(summary)
        return summary

    def wait(self, seconds: float, reason: str) -> None:
        """Say that the connection was lost; a dry run, which commits nothing, counts anew."""
        self.waited.append(f"the database went away and was tried again: {reason}")
        if self.wanted.dry_run:
            self.total = Counts()
        if self.progress:
            self.progress.waits(seconds, reason)

    def commit(self) -> None:
        """End a batch; a dry run keeps one transaction open and drops it in the end."""
        if not self.wanted.dry_run:
            self.conn.commit()

    def _begin(self, conn: psycopg.Connection, tables: schema.Tables) -> None:
        self.conn, self.tables = conn, tables
        by_content = self.wanted.verify or self.wanted.rebuild
        self.differences = Differences(conn, tables.schema)
        keeps_latest = any(product.keep == "latest" for product in self.collection.product)
        self.versions = Versions(conn, tables.schema) if keeps_latest else None
        self.store = Store(
            conn, tables, self.plans[0].columns, derivations(self.collection),
            by_content=by_content, versions=self.versions, verification=self.verification,
        )  # fmt: skip
        self.by_product: Counter[int] = Counter()
        self.folders = 0
        self.pruned = 0
        self.notes: list[str] = []

    def _compare(self, agree: agreement.Agreement) -> tuple[int, int]:
        """Scan, and find what differs from the ledger; and how many rows table and ledger do not agree on.

        Raises
        ------
        UsageError
            Where rows may be removed later and a product has no files: a disk may not be mounted.
        """
        by_content = self.wanted.verify or self.wanted.rebuild
        self.differences.expect(self.task.made_by, self.task.now, read_all=by_content)
        if self.differences.may_be_settled():
            with meanwhile(self.conn, lambda: (agree.found(), self.differences.fingerprints())) as asked:
                scanned = Scanned(scan(self.collection, self.folder))
            found, lines = asked.result()
            self._scan(self.differences.settled(scanned, lines))
        else:
            found = agree.found()
            self._scan(Settled())
        if self.versions and self.versions.note():
            self.differences.compare_all()  # lines that were compared have changed
            self._scan(Settled())
        self._check_products(found[1])
        count, first = self.too_long
        if count:
            paths = counted(count, "path")
            self.notes.append(
                f"{paths} of more than {PATH_MAX_BYTES} bytes: left out, no table holds it: {first:.100}..."
            )
        self.differences.compare()
        self._hide()
        if self.versions:
            self.versions.hold()
        self.commit()
        if self.progress:
            self.progress.found(self.by_product.total())
        return found

    def _hide(self) -> None:
        """Of files that are gone, find those that may be on a disk that is away; and say so."""
        found = list(hidden(self.collection, self.folder, self.differences.emptied()))
        if not found:
            return
        self.differences.hide([each.folder for each in found])
        notes = list(dict.fromkeys(map(str, found)))
        self.notes += notes[:TOLD_HIDDEN]
        if len(notes) > TOLD_HIDDEN:
            self.notes.append(f"so it is with {len(notes) - TOLD_HIDDEN} more folders")

    def _check_products(self, unknown: int) -> None:
        """Say which products have no files; nothing goes on where their rows might be removed for that.

        Rows that the ledger does not know may be theirs: a rebuild may have to do with a ledger that was lost.
        """
        roots = Counter(ledger_prefix(product.root) for product in self.collection.product)
        removes = self.wanted.prune or self.wanted.rebuild
        for number, product in enumerate(self.collection.product):
            if self.by_product[number]:
                continue
            patterns = ", ".join(map(repr, product.sources))
            note = f"product {number}: no file below {product.root!r} is named by {patterns}"
            shared = roots[ledger_prefix(product.root)] > 1
            has_rows = self.differences.knows(product.root, number if shared else None)
            if removes and (has_rows or (self.wanted.rebuild and unknown) or is_empty(self.folder / product.root)):
                raise UsageError(
                    note,
                    path=str(self.folder / config.FILE_NAME),
                    hint="Is a disk not mounted? Nothing was changed: rows go only where each root holds files",
                )
            self.notes.append(note)

    def _scan(self, settled: Settled) -> None:
        self.by_product, self.folders = settled.by_product.copy(), 0
        files = () if settled.is_all else scan(self.collection, self.folder, settled)
        self.differences.scanned(self._counted(chain(files, self.rows.seen())))

    def _counted(self, files: Iterable[Seen]) -> Iterator[Seen]:
        by_product = [0] * len(self.collection.product)
        too_long, first = 0, ""
        for seen in files:
            if len(seen.path) * 4 > PATH_MAX_BYTES and len(seen.path.encode()) > PATH_MAX_BYTES:
                too_long, first = too_long + 1, first or seen.path
                continue
            if seen.size_bytes < 0 and seen.is_folder:
                self.folders += 1
            else:
                by_product[seen.product] += 1
            yield seen
        self.by_product.update(dict(enumerate(by_product)))
        self.too_long = too_long, first

    def _execute(self) -> None:
        """Write what differs, remove what is gone, then give rows to those whose rival went."""
        anew = jobs_anew(self.conn, self.tables, self.plans[0].columns)
        done = self._work(_once(chain(anew, map(Job, self._ready(self.differences.to_read())))))
        if self.wanted.prune:
            self.pruned = self.differences.prune()
            self.commit()
        if self.progress:
            self.progress.done(self.by_product.total() - done)
        while self._work(map(Job, self._ready(self._freed()))):
            pass

    def _ready(self, files: Iterable[Seen]) -> Iterator[Seen]:
        """Files that may be read already; the others stay as they are until a run in which they may."""
        return (seen for seen in files if self.wanted.ready is None or self.wanted.ready(seen))

    def _freed(self) -> Iterator[Seen]:
        yield from self.differences.freed()
        if self.versions:
            yield from self.versions.freed()

    def _work(self, jobs: Iterator[Job]) -> int:
        """Do some jobs and write what they give, in the order of the jobs; how many there were."""
        done = 0
        with closing(in_order(self.rows.filled(jobs), self.pool)) as outcomes:
            for batch in _batches(outcomes):
                self._write(batch)
                done += len(batch)
                if self.progress:
                    self.progress.done(len(batch))
        return done

    def _write(self, batch: list[Outcome]) -> None:
        """Write a batch; where the database refuses a value, find the rows it is in and quarantine those alone."""
        try:
            with self.conn.transaction():
                counts = self.store.write(batch)
        except OF_A_VALUE as error:
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
        if self.verification:
            self.verification.committed()
        self.record.committed(self.conn, batch, counts)
        self.total.add(counts)

    def _agree(self, agree: agreement.Agreement) -> None:
        """Remove what only the table, or only the ledger, knows; not while a file may be hidden from sight."""
        if self.differences.away() or self.differences.unavailable():
            self.notes.append("some files cannot be opened now: rows that no other file gives are left as they are")
            return
        self.pruned += agree.mend(prune=self.wanted.prune)
        self.commit()

    def _tell_agreement(self, summary: Summary, agree: agreement.Agreement, before: tuple[int, int]) -> None:
        """Say where table and ledger differ after this run, or that it made them agree."""
        summary.notes = self.notes + self.waited
        if not any(before) and not self.wanted.rebuild:
            return
        summary.lacking, summary.unknown = agree.found()
        summary.notes += agreement.sentences(summary.lacking, summary.unknown, rebuilt=self.wanted.rebuild)
        if any(before) and not summary.lacking and not summary.unknown:
            summary.notes.append("table and ledger did not agree; after this run they do")

    def _summary(self) -> Summary:
        """Count up."""
        count, total, found = self.differences.count_by_status(), self.total, self.verification
        vanished_count, vanished = self.differences.vanished(LISTED)
        quarantined_count = sum(count[status] for status in ("quarantined", "duplicate", "unavailable"))
        told = total.new + total.renamed + total.changed + count["withheld"] + count["superseded"] + quarantined_count
        return Summary(
            new=total.new,
            changed=total.changed,
            renamed=total.renamed,
            unchanged=self.by_product.total() + self.folders - told,
            withheld=count["withheld"],
            superseded=count["superseded"],
            quarantined_count=quarantined_count,
            unreadable_count=count["unavailable"],
            quarantined=self.differences.quarantine(LISTED) if quarantined_count else [],
            newly_quarantined=total.newly_quarantined,
            unavailable=self.differences.away(),
            vanished_count=vanished_count,
            vanished=vanished,
            pruned=self.pruned,
            altered_count=found.altered_count if found else 0,
            altered=found.altered if found else [],
            undigested=found.undigested if found else 0,
            rows=self.differences.row_count(),
        )


def _once(jobs: Iterable[Job]) -> Iterator[Job]:
    """Of jobs in the order of paths each once: a folder that changes while it is listed may name a file twice."""
    before = None
    for job in jobs:
        if job.seen.path != before:
            yield job
        before = job.seen.path


def _batches(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    batch: list[Outcome] = []
    began = time.monotonic()
    for outcome in outcomes:
        batch.append(outcome)
        if len(batch) >= BATCH_FILES or time.monotonic() - began > BATCH_SECONDS:
            yield batch
            batch, began = [], time.monotonic()
    if batch:
        yield batch
