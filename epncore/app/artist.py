"""From a file to its preview, in a process of its own: a file that cannot be drawn never stops the others."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from datalink.previews import DRAWING_VERSION, Drawing, Heading, draw, source_of
from epncore.app.embargo import held_until
from epncore.app.scan import Seen
from epncore.app.sources import check, source_file
from epncore.app.work import pass_on_memory_error
from epncore.model import collection as config
from epncore.model.errors import FileError, NotGranuleError
from grammars.common import granule_uid_of
from grammars.pictures import Depicts, picture_name
from grammars.plan import compile_plans
from grammars.protocol import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from grammars.plan import Plan
    from grammars.protocol import Granule

Status = Literal["drawn", "unchanged", "without", "withheld", "failed"]


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know of a run.

    Attributes
    ----------
    folder : str
        Of the collection.toml.
    target : str
        Folder of the pictures.
    now : datetime.datetime
        Naive, UTC: embargoes are judged by it.
    """

    folder: str
    target: str
    now: dt.datetime

    def begin(self) -> Callable[[Seen], Sketch]:
        """Read the config and compile the plans, once in each process."""
        return Artist(self).draw

    def failed(self, item: Seen, reason: str) -> Sketch:
        """Give the sketch of a file that no process survived."""
        return Sketch(item.path, "failed", place="preview", reason=reason)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What became of one file.

    Attributes
    ----------
    path : str
        As the scan has it.
    status : {"drawn", "unchanged", "without", "withheld", "failed"}
    granule_uid : str
    name : str
        Of the pictures, without suffix; empty where the file never got so far.
    drawing : Drawing or None
        Where it is drawn.
    place, reason : str
        Why there is no picture.
    """

    path: str
    status: Status
    granule_uid: str = ""
    name: str = ""
    drawing: Drawing | None = None
    place: str = ""
    reason: str = ""


class Artist:
    """Draws files of one collection."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.folder, self.target = Path(task.folder), Path(task.target)
        self.collection = config.load(self.folder)
        self.plans = compile_plans(self.collection, str(self.folder / config.FILE_NAME))

    def draw(self, seen: Seen) -> Sketch:
        """Draw one file. Whatever it holds, this returns a sketch."""
        plan, product = self.plans[seen.product], self.collection.product[seen.product]
        file = source_file(self.folder, self.collection, seen)
        if not isinstance(plan.grammar, Depicts):
            return Sketch(seen.path, "without", reason=f"grammar {plan.grammar.name!r} has no pictures")
        source = _fingerprint(plan, file, seen)
        uid = granule_uid_of(file, self.collection, product)
        if uid is not None and self._is_drawn(uid, source):
            return Sketch(seen.path, "unchanged", uid, picture_name(uid))
        try:
            check(self.folder, self.collection, seen, file)
            with plan.opened(file) as granule:
                return self._drawn(seen, plan, granule, source)
        except NotGranuleError as error:
            return Sketch(seen.path, "without", reason=f"grammar {plan.grammar.name!r}: {error.message}")
        except FileError as error:
            pass_on_memory_error(error)
            reason = f"{error.message}. {error.hint}" if error.hint else error.message
            return Sketch(seen.path, "failed", place=error.place or "file", reason=reason)
        except Exception as error:  # noqa: BLE001 -- a reader or a grammar of others may fail in any way: say so, go on
            pass_on_memory_error(error)
            return Sketch(seen.path, "failed", place="preview", reason=f"unexpected {type(error).__name__}: {error}")

    def _drawn(self, seen: Seen, plan: Plan, granule: Granule, source: str) -> Sketch:
        plan.row(granule)
        uid = str(granule.row["granule_uid"])
        name = picture_name(uid)
        if due := held_until(self.collection, granule.row["release_date"], self.task.now):
            return Sketch(seen.path, "withheld", uid, name, reason=f"proprietary until {due:%Y-%m-%d}")
        if self._is_drawn(uid, source):
            return Sketch(seen.path, "unchanged", uid, name)
        assert isinstance(plan.grammar, Depicts)  # noqa: S101  # `draw` looked
        pictures = plan.grammar.pictures(granule.header, plan.options)
        return Sketch(seen.path, "drawn", uid, name, draw(pictures, _heading(granule), source))

    def _is_drawn(self, uid: str, source: str) -> bool:
        paths = picture_paths(self.target, picture_name(uid))
        return all(source_of(path) == source for path in paths)


def picture_paths(folder: Path, name: str) -> tuple[Path, Path]:
    """Where the preview and the thumbnail of a granule stand, by `grammars.pictures.picture_name`."""
    return folder / f"{name}.png", folder / f"{name}-thumb.png"


def _fingerprint(plan: Plan, file: SourceFile, seen: Seen) -> str:
    """Changes when the file, one of its companions, the config, the grammar or the way of drawing does."""
    text = f"{plan.fingerprint} {DRAWING_VERSION} {file.size_bytes} {file.mtime_ns} {seen.companions} {file.relative}"
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _heading(granule: Granule) -> Heading:
    target, host, instrument = (
        [word for word in str(granule.row.get(column) or "").split("#") if word]
        for column in ("target_name", "instrument_host_name", "instrument_name")
    )
    # Of `PWS#Plasma Wave Subsystem` the short name, of `VG1#Voyager 1` the long one: so people speak of them.
    words = [*instrument[:1], *(host if len(", ".join(host)) <= 40 else host[-1:])]
    return Heading(", ".join(target), ", ".join(dict.fromkeys(words)), str(granule.row["granule_uid"]))
