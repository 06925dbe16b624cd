"""Ingest: from the files of a collection to its rows. Scan, read what is new, check, write; told as a summary."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from epncore.app import worker
from epncore.app.attempt import Attempts, Wanted
from epncore.app.cluster import cluster_pool
from epncore.app.embargo import present
from epncore.app.pool import local_pool
from epncore.app.runs import recorded
from epncore.app.session import database_errors, outlast
from epncore.app.stamps import stamps
from epncore.app.work import Limits, Work
from epncore.model import collection as config
from grammars.plan import compile_plans

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from epncore.app.database import Database
    from epncore.app.scan import Seen
    from epncore.app.summary import Summary

CHUNK_FILES = 32
"""Files that a worker is handed at once."""

CHUNKS_AHEAD = 64
"""Chunks that are worked on while a batch is written."""


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


def ingest(
    folder: Path,
    database: Database,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    limits: Limits | None = None,
    dry_run: bool = False,
    strict: bool = False,
    prune: bool = False,
    verify: bool = False,
    rebuild: bool = False,
    progress: Progress | None = None,
    now: dt.datetime | None = None,
    ready: Callable[[Seen], bool] | None = None,
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
    prune : bool
        Whether to remove rows of files that are no longer there.
    verify : bool
        Whether to read all files, also those that seem unchanged, and compare their content, and the table, with what
        they were.
    rebuild : bool
        Whether to read all files and make table and ledger agree, whatever they are now.
    progress : Progress, optional
    now : datetime.datetime, optional
        Naive, UTC: the moment by which embargoes are judged; the present by default.
    ready : callable, optional
        Whether a new or changed file may be read already; it is left as it is until a run where it may.

    Returns
    -------
    Summary

    Raises
    ------
    ConfigError
        Where the config is wrong, or a root is missing or cannot be read.
    UsageError
        Where rows were to be removed, but the files of a product are nowhere to be seen.
    ClusterError
        Where the cluster does not answer, or its workers do not do.
    BusyError
        Where another command writes this collection.
    DatabaseError
        Where the database is down or refuses. What earlier batches committed stays; nothing is half written.
    """
    started = time.monotonic()
    collection = config.load(folder)
    plans = compile_plans(collection, str(folder / config.FILE_NAME))
    made_by = tuple(stamps(collection, plans))
    task = worker.Task(str(folder.absolute()), now or present(), strict, made_by, digest=verify)
    work = Work(task, limits or Limits(), CHUNK_FILES, ahead=CHUNKS_AHEAD)
    pool = cluster_pool(work, scheduler) if scheduler else local_pool(work, workers)
    wanted = Wanted(dry_run, prune, verify, rebuild, ready)
    # The pool is left last: what became of a stopped run is noted before its processes are ended.
    with ExitStack() as last, recorded(database, collection.schema_name, dry_run=dry_run) as record, database_errors():
        opened = last.enter_context(pool)
        attempts = Attempts(folder, collection, plans, database, opened, task, wanted, record, progress)
        summary = outlast(attempts.attempt, lambda: attempts.batches, attempts.wait)
    summary.seconds = time.monotonic() - started
    return summary
