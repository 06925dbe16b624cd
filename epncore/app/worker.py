"""From a file to its outcome, in a process of its own: a file that cannot be read never stops the others."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from datalink.links import link_rows, links_hash
from epncore.app.embargo import HIDDEN, held_until
from epncore.app.outcome import Outcome, Status
from epncore.app.scan import Seen, product_files, relative_path
from epncore.app.sources import check, source_file
from epncore.app.stamps import stamps
from epncore.app.work import pass_on_memory_error
from epncore.model import collection as config
from epncore.model.errors import ConfigError, FileError, RuleBrokenError, UnavailableError, error_of_system
from epncore.model.row import RowHash, digest
from epncore.model.rules import RowChecker
from grammars.common import accessed, content_digest
from grammars.kept import FileNeededError, Kept
from grammars.plan import Plan, compile_plans
from grammars.readers.rows import RowHeader, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from epncore.model.bookkeeping import Stamp
    from epncore.model.row import Row
    from grammars.plan import Explained
    from grammars.protocol import SourceFile
    from grammars.readers.rows import Plain

_GONE = "the row is gone from the table since it was seen; the next ingest tells"


class Job(NamedTuple):
    """A file to work on: read it, or make its row anew from what is kept of it, where that will do.

    Attributes
    ----------
    seen : Seen
    kept : Kept, optional
    row : mapping of str to Plain, optional
        Of a row of a table, what it holds.
    """

    seen: Seen
    kept: Kept | None = None
    row: Mapping[str, Plain] | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know of a run.

    Attributes
    ----------
    folder : str
        Of the collection.toml.
    now : datetime.datetime
        Naive, UTC: embargoes are judged by it, and nothing else is.
    strict : bool
        Whether warnings quarantine too.
    made_by : tuple of Stamp
        What config and grammars must give, by product; none for any. Who writes the ledger knows the files by it.
    digest : bool
        Whether to compute the digest of each file's content.
    """

    folder: str
    now: dt.datetime
    strict: bool = False
    made_by: tuple[Stamp, ...] = ()
    digest: bool = False

    def begin(self) -> Callable[[Job], Outcome]:
        """Read the config and compile the plans, once in each process."""
        return Worker(self).work

    def failed(self, item: Job, reason: str) -> Outcome:
        """Give the outcome of a file that no process survived."""
        outcome = quarantined(item.seen, "reader", reason)
        # With the stamp, it is not tried again until it, or what reads it, is another.
        return outcome._replace(stamp=self.made_by[item.seen.product]) if self.made_by else outcome


class Worker:
    """Makes outcomes of files of one collection.

    Raises
    ------
    ConfigError
        Where the config is wrong, or makes other rows than the task asks for.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.folder = Path(task.folder)
        self.collection = config.load(self.folder)
        self.plans: list[Plan] = compile_plans(self.collection, str(self.folder / config.FILE_NAME))
        self.stamps = stamps(self.collection, self.plans)
        if task.made_by and task.made_by != tuple(self.stamps):
            raise ConfigError("the config, or a grammar, is another here", path=str(self.folder / config.FILE_NAME))
        self.files = product_files(self.collection, self.folder)
        self.columns = self.plans[0].columns
        self.names = [column.name for column in self.columns]
        self.checker, self.row_hash = RowChecker(self.columns), RowHash(self.columns)

    def work(self, job: Job) -> Outcome:
        """Make the row of a file. Whatever it holds, this returns an outcome."""
        if job.kept is not None:
            try:
                return self._anew(job.seen, job.kept)
            except FileNeededError:
                pass
        return self.read(job.seen, job.row)

    def read(self, seen: Seen, row: Mapping[str, Plain] | None = None) -> Outcome:
        """Read one file, once more where it changed meanwhile."""
        if seen.is_folder:
            return quarantined(
                seen, "folder", "this folder cannot be read: the files below it keep their rows", "unavailable"
            )
        file = source_file(self.folder, self.collection, seen)
        if self.collection.product[seen.product].table is not None:
            return self._read(seen, file, row) if row is not None else quarantined(seen, "table", _GONE, "unavailable")
        before = self._look(seen, file.path)
        for _ in range(2):
            if before != seen:
                file = source_file(self.folder, self.collection, before)
            outcome = self._read(before, file)
            after = self._look(seen, file.path)
            if after == before:
                return outcome
            before = after
        return quarantined(seen, "file", "it changed while it was read; the next ingest tries again", "unavailable")

    def _look(self, seen: Seen, path: Path) -> Seen:
        """The file as it is now, which may be some time after the scan; as it was where it is no file any longer."""
        files = self.files[seen.product]
        now = files.look(relative_path(files.product.root, seen.path), path)
        return seen if now.size_bytes < 0 else now

    def _read(self, seen: Seen, file: SourceFile, content: Mapping[str, Plain] | None = None) -> Outcome:
        plan = self.plans[seen.product]
        try:
            check(self.folder, self.collection, seen, file)
            with plan.opened(file, None if content is None else RowHeader(content)) as granule:
                row = plan.row(granule)
                self._check(row, lambda: plan.explain(granule))
            if self.task.digest and granule.digest is None:
                granule.digest = content_digest(file) if content is None else digest(canonical(content))
        except FileError as error:
            pass_on_memory_error(error)
            return self._failed(seen, error)
        except Exception as error:  # noqa: BLE001 -- a reader or a grammar of others may fail in any way: say so, go on
            pass_on_memory_error(error)
            if (said := error_of_system(error)) is not None:
                reason = f"cannot be read ({said.strerror or said})"
                return quarantined(seen, "file", reason, "unavailable")
            outcome = quarantined(seen, "reader or grammar", f"unexpected {type(error).__name__}: {error}")
            return outcome._replace(stamp=self.stamps[seen.product])
        return self._outcome(seen, file, row, plan.mask(granule), granule.digest)

    def _failed(self, seen: Seen, error: FileError) -> Outcome:
        reason = f"{error.message}. {error.hint}" if error.hint else error.message
        if isinstance(error, UnavailableError):
            return quarantined(seen, error.place or "file", reason, "unavailable")
        return quarantined(seen, error.place or "file", reason)._replace(stamp=self.stamps[seen.product])

    def _anew(self, seen: Seen, kept: Kept) -> Outcome:
        file = source_file(self.folder, self.collection, seen)
        try:
            row, given = self.plans[seen.product].anew(file, kept)
            self._check(row)
        except FileError as error:
            return self._failed(seen, error)
        return self._outcome(seen, file, row, given, kept.digest)

    def _check(self, row: Row, explained: Callable[[], list[Explained]] = list) -> None:
        for broken in self.checker.broken(row):
            rule = broken.rule
            if rule.severity == "error" or (self.task.strict and rule.severity == "warning"):
                why = _why(explained(), rule.columns)
                message = f"breaks rule {rule.id}: {broken.found}, but {rule.checks}{why}"
                raise RuleBrokenError(message, place=", ".join(rule.columns), hint=rule.mend)

    def _outcome(self, seen: Seen, file: SourceFile, row: Row, given: str, digest: str | None) -> Outcome:
        cells = dict(zip(self.names, row, strict=True))
        uid, release, stamp = str(cells["granule_uid"]), cells["release_date"], self.stamps[seen.product]
        due = held_until(self.collection, release, self.task.now)
        if due and self.collection.embargoed == "leave_out":
            return Outcome(
                seen, "withheld", granule_uid=uid, place="release_date", reason=f"proprietary until {due:%Y-%m-%d}",
                release_date=due, given=given, digest=digest, stamp=stamp,
            )  # fmt: skip
        _, size_bytes = accessed(file, cells.get("access_url"))
        known_bytes = size_bytes if size_bytes >= 0 else None  # of a row of a table nothing is known
        if due:
            cells.update(dict.fromkeys(cells.keys() & set(HIDDEN)))
            row = tuple(cells.values())
        product = self.collection.product[seen.product]
        links = tuple(link_rows(cells, self.collection, product, file.relative, known_bytes, embargoed=due is not None))
        hashes = f"{self.row_hash(row)}.{links_hash(links)}"
        return Outcome(seen, "row", row, links, uid, hashes, release_date=due, given=given, digest=digest, stamp=stamp)


def _why(explained: list[Explained], columns: Sequence[str]) -> str:
    """Why columns are empty, in the words of the steps that found nothing."""
    told = [each.source for each in explained if each.column.name in columns and each.value is None]
    return f" ({'; '.join(dict.fromkeys(told))})" if told else ""


def quarantined(seen: Seen, place: str, reason: str, status: Status = "quarantined") -> Outcome:
    """The outcome of a file that gives no row."""
    # PostgreSQL takes no NUL in a text, and no half of a surrogate pair.
    where, why = (text.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode() for text in (place, reason))
    return Outcome(seen, status, place=where, reason=why)


def refused(outcome: Outcome, reason: str) -> Outcome:
    """The outcome of a file whose row the database did not take."""
    return quarantined(outcome.seen, f"row {outcome.granule_uid or '':.100}", reason)._replace(stamp=outcome.stamp)
