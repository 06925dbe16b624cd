"""Ingests files as they arrive: an ingest at the start, and one whenever something happened; until it is stopped.

There is one ingest, that of `epncore ingest`, with a look at all folders each time. Here is only when it runs, which
files it leaves alone for now, and what is done where the database or a disk is away.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from epncore.app import embedded, log
from epncore.app.alarm import Alarm, network_disk
from epncore.app.ingest import ingest
from epncore.app.runs import was_interrupted
from epncore.app.work import Limits
from epncore.model import collection as config
from epncore.model.errors import ConfigError, DatabaseError
from grammars.plan import compile_plans

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from epncore.app.database import Database
    from epncore.app.scan import Seen
    from epncore.app.summary import Summary

OLD_SECONDS = 3600
"""A file that nobody has touched for an hour, by whatever clock, is complete: it need not be looked at twice."""

LONGEST_RETRY_SECONDS = 60
POLL_SECONDS, RESCAN_SECONDS = 30, 900
"""How often all folders are looked at where nothing tells of changes, and where something does."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to watch.

    Attributes
    ----------
    settle_seconds : float
        How long size and modification time of a file must stand still before it is read.
    every_seconds : float, optional
        How often to look at all folders in any case; by default `POLL_SECONDS` or `RESCAN_SECONDS`.
    poll : bool
        Whether to do without inotify, also on local disks.
    workers : int, optional
        Processes that read files.
    limits : Limits
        What one file may cost.
    """

    settle_seconds: float = 5
    every_seconds: float | None = None
    poll: bool = False
    workers: int | None = None
    limits: Limits = field(default_factory=Limits)


class Gate:
    """Lets a file pass once it has stood still: its size and time are those of a look some seconds earlier."""

    def __init__(self, settle_seconds: float) -> None:
        self.settle_seconds = settle_seconds
        self._before: dict[str, tuple[int, int, float]] = {}
        self._held: dict[str, tuple[int, int, float]] = {}
        self._began = 0.0

    def begin(self) -> None:
        """A new scan is about to begin."""
        self._before, self._held, self._began = self._held, {}, time.monotonic()

    @property
    def waiting(self) -> int:
        """Files that did not pass since then."""
        return len(self._held)

    @property
    def too_early_seconds(self) -> float:
        """How long it would be idle to scan again: a file that came since cannot have stood still."""
        return max(0.0, self._began + self.settle_seconds - time.monotonic())

    def __call__(self, seen: Seen) -> bool:
        """Whether a file may be read already."""
        if time.time() - seen.mtime_ns / 1e9 > OLD_SECONDS:
            return True
        size, mtime, since = self._before.get(seen.path, (-1, -1, 0.0))
        stands = (size, mtime) == (seen.size_bytes, seen.mtime_ns)
        # Looked at last after `since`, and now after the scan began.
        if stands and self._began - since >= self.settle_seconds:
            return True
        self._held[seen.path] = (seen.size_bytes, seen.mtime_ns, since if stands else time.monotonic())
        return False


def watch(
    folder: Path,
    database: Database,
    settings: Settings,
    say: Callable[[str], None],
    report: Callable[[Summary, Summary | None], None],
) -> None:
    """Ingest for ever. What ends it is a KeyboardInterrupt.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    database : Database
    settings : Settings
    say : callable
        Is told, in sentences, what it waits for.
    report : callable
        Is told what each ingest did, and what the one before it did, of which there is none at first.

    Raises
    ------
    ConfigError
        Where the config is wrong at the start. Later on, it waits until that is mended.
    """
    collection = config.load(folder)
    compile_plans(collection, str(folder / config.FILE_NAME))
    disk = next((kind for p in collection.product if (kind := network_disk(folder / p.root))), None)
    by_polling = settings.poll or disk is not None
    every = settings.every_seconds or (POLL_SECONDS if by_polling else RESCAN_SECONDS)
    why = f" ({disk} does not tell of changes)" if disk else ""
    say(f"watching {collection.schema_name}, " + (f"looking every {every:g} s{why}" if by_polling else "by inotify"))
    log.tell("watching", collection=collection.schema_name, polling=by_polling, disk=disk, every_seconds=every)
    rounds = _Rounds(folder, database, settings, say, report)
    while True:
        with ExitStack() as stack:
            alarm = None if by_polling else _alarm(folder, stack)  # set before the scan: nothing falls between
            if not rounds.go():
                continue
            if rounds.gate.waiting:
                time.sleep(settings.settle_seconds)
            elif alarm:
                alarm.wait(every)
                time.sleep(rounds.gate.too_early_seconds)  # whatever goes on below the folders, scans come no faster
            else:
                time.sleep(settings.every_seconds or POLL_SECONDS)


class _Rounds:
    """One ingest after the other, what each tells of its progress, and what the one before it said."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        settings: Settings,
        say: Callable[[str], None],
        report: Callable[[Summary, Summary | None], None],
    ) -> None:
        self.folder, self.database, self.settings = folder, database, settings
        self.say, self.report = say, report
        self.gate = Gate(settings.settle_seconds)
        self._troubles, self._trouble = 0, ""
        self._before: Summary | None = None

    def go(self) -> bool:
        """Ingest what may be read; where the database or a folder is away, wait a while and give False."""
        self.gate.begin()
        try:
            summary = ingest(
                self.folder, self.database, workers=self.settings.workers, limits=self.settings.limits,
                ready=self.gate, progress=self,
            )  # fmt: skip
        except (DatabaseError, ConfigError) as error:
            self._wait(str(error))
            return False
        except Exception as error:
            if was_interrupted(error):
                raise
            # Of one file, or of a moment: the next round may do. What it is, a log has too.
            self._wait(f"unexpected {type(error).__name__}: {error}; if it stays, please report it")
            return False
        if self._troubles:
            self.say("going on")
        self._troubles, self._trouble = 0, ""
        self.report(summary, self._before)
        self._before = summary
        return True

    def found(self, files: int) -> None:
        """So many files are there: no news."""

    def done(self, files: int) -> None:
        """So many more are through: no news."""

    def waits(self, _: float, reason: str) -> None:
        """The database went away in the middle of an ingest, which tries again."""
        self.say(f"waiting: {reason}")

    def _wait(self, trouble: str) -> None:
        if trouble != self._trouble:
            self.say(f"waiting: {trouble}")
        time.sleep(min(LONGEST_RETRY_SECONDS, 2**self._troubles))
        self._troubles, self._trouble = self._troubles + 1, trouble
        self.database = _where_it_is_now(self.database)


def _alarm(folder: Path, stack: ExitStack) -> Alarm | None:
    """None where nobody can listen now: a root is away, or there are more folders than the system lets us listen to."""
    try:
        roots = [folder / product.root for product in config.load(folder).product]
        return stack.enter_context(Alarm(roots)) if all(root.is_dir() for root in roots) else None
    except (OSError, ConfigError):
        return None


def _where_it_is_now(database: Database) -> Database:
    """The private server may have another socket after a restart."""
    if database.server is None:
        return database
    try:
        return replace(database, dsn=embedded.dsn(database.server.home))
    except DatabaseError:
        return database
