"""From a file to its outcome, in a process of its own: a file that cannot be read never stops the others."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalink.links import link_rows, links_hash
from epncore.app.embargo import HIDDEN, held_until
from epncore.app.outcome import Outcome, Status
from epncore.app.scan import Seen, relative_path
from epncore.app.sources import check, source_file
from epncore.app.work import pass_on_memory_error
from epncore.model import collection as config
from epncore.model.errors import ConfigError, FileError, RuleBrokenError, UnavailableError
from epncore.model.row import row_hash
from epncore.model.rules import RowChecker
from grammars.plan import Plan, compile_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from epncore.model.row import Row


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
    plans : tuple of str
        What `fingerprints` must give; none for any. Who writes the ledger knows the files by them.
    """

    folder: str
    now: dt.datetime
    strict: bool = False
    plans: tuple[str, ...] = ()

    def begin(self) -> Callable[[Seen], Outcome]:
        """Read the config and compile the plans, once in each process."""
        return Worker(self).read

    def failed(self, item: Seen, reason: str) -> Outcome:
        """Give the outcome of a file that no process survived."""
        return quarantined(item, "reader", reason)


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
        if task.plans and task.plans != fingerprints(self.collection, self.plans):
            raise ConfigError("the config, or a grammar, is another here", path=str(self.folder / config.FILE_NAME))
        self.columns = self.plans[0].columns
        self.position = {column.name: number for number, column in enumerate(self.columns)}
        self.checker = RowChecker(self.columns)

    def read(self, seen: Seen) -> Outcome:
        """Read one file. Whatever it holds, this returns an outcome."""
        file = source_file(self.folder, self.collection, seen)
        try:
            check(self.folder, self.collection, seen, file)
            row = self.plans[seen.product].read(file)
            self._check(row)
        except FileError as error:
            pass_on_memory_error(error)
            reason = f"{error.message}. {error.hint}" if error.hint else error.message
            status: Status = "unavailable" if isinstance(error, UnavailableError) else "quarantined"
            return quarantined(seen, error.place or "file", reason, status)
        except Exception as error:  # noqa: BLE001 -- a reader or a grammar of others may fail in any way: say so, go on
            pass_on_memory_error(error)
            return quarantined(seen, "reader or grammar", f"unexpected {type(error).__name__}: {error}")
        return self._outcome(seen, row)

    def _check(self, row: Row) -> None:
        for broken in self.checker.broken(row):
            rule = broken.rule
            if rule.severity == "error" or (self.task.strict and rule.severity == "warning"):
                message = f"breaks rule {rule.id}: {broken.found}, but {rule.checks}"
                raise RuleBrokenError(message, place=", ".join(rule.columns), hint=rule.mend)

    def _outcome(self, seen: Seen, row: Row) -> Outcome:
        cells = {column.name: cell for column, cell in zip(self.columns, row, strict=True)}
        uid, release = str(cells["granule_uid"]), cells["release_date"]
        due = held_until(self.collection, release, self.task.now)
        if due and self.collection.embargoed == "leave_out":
            return Outcome(
                seen.path, seen.product, seen.size_bytes, seen.mtime_ns, "withheld", granule_uid=uid,
                place="release_date", reason=f"proprietary until {due:%Y-%m-%d}", release_date=due,
            )  # fmt: skip
        if due:
            cells.update(dict.fromkeys(cells.keys() & set(HIDDEN)))
            row = tuple(cells[column.name] for column in self.columns)
        product = self.collection.product[seen.product]
        path = relative_path(product.root, seen.path)
        links = tuple(link_rows(cells, self.collection, product, path, seen.size_bytes, embargoed=due is not None))
        digest = f"{row_hash(self.columns, row)}.{links_hash(links)}"
        return Outcome(
            seen.path, seen.product, seen.size_bytes, seen.mtime_ns, "row", row, links, uid, digest, release_date=due
        )


def fingerprints(collection: config.Collection, plans: Sequence[Plan]) -> tuple[str, ...]:
    """All that rows and links of a collection depend on, beside its files."""
    return (*(plan.fingerprint for plan in plans), collection.links_fingerprint())


def quarantined(seen: Seen, place: str, reason: str, status: Status = "quarantined") -> Outcome:
    """The outcome of a file that gives no row."""
    # PostgreSQL takes no NUL in a text, and no half of a surrogate pair.
    clean = (text.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode() for text in (place, reason))
    where, why = clean
    return Outcome(seen.path, seen.product, seen.size_bytes, seen.mtime_ns, status, place=where, reason=why)


def refused(outcome: Outcome, reason: str) -> Outcome:
    """The outcome of a file whose row the database did not take."""
    seen = Seen(outcome.path, outcome.product, outcome.size_bytes, outcome.mtime_ns)
    return quarantined(seen, f"row {outcome.granule_uid}", reason)
