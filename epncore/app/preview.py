"""Previews: draws what is new or changed, and tells the links how large the pictures are (docs/adr/0013)."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from datalink.previews import write
from epncore.app import artist
from epncore.app.embargo import present
from epncore.app.ingest import Progress
from epncore.app.pool import in_order, local_pool
from epncore.app.scan import scan
from epncore.app.session import database_errors
from epncore.app.summary import Quarantined
from epncore.app.work import Limits, Work
from epncore.model import collection as config
from epncore.model.bookkeeping import LINKS
from epncore.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from epncore.app.artist import Sketch
    from epncore.app.database import Database

FOLDER = "previews"
"""Name of the folder of the pictures, in that of the collection or in DaCHS's folder of the schema."""

_BATCH = 2000
"""Granules whose sizes are told at once."""


@dataclass(slots=True)
class Summary:
    """What a run did; every file is in one of drawn, unchanged, withheld, without, failed.

    Attributes
    ----------
    drawn, unchanged, withheld : int
    linked : int
        Links whose size was told to the database.
    without : list of Quarantined
        Files that have nothing to draw, and why.
    failed : list of Quarantined
        Files that could not be drawn, and why.
    seconds : float
    """

    drawn: int = 0
    unchanged: int = 0
    withheld: int = 0
    linked: int = 0
    without: list[Quarantined] = field(default_factory=list)
    failed: list[Quarantined] = field(default_factory=list)
    seconds: float = 0.0


def preview(
    folder: Path,
    target: Path,
    database: Database | None = None,
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    now: dt.datetime | None = None,
) -> Summary:
    """Draw the previews of a collection.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    target : pathlib.Path
        Folder of the pictures; made where it is not there.
    database : Database, optional
        Whose links are told the sizes.
    workers : int, optional
        Processes that draw; as many as cores by default. Pictures do not depend on it.
    limits : Limits, optional
        What one file may cost.
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
    UsageError
        Where the pictures cannot be written.
    DatabaseError
        Where the database is down or refuses. Pictures that were drawn stay.
    """
    started = time.monotonic()
    collection = config.load(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be made ({error.strerror})", path=str(target)) from None
    task = artist.Task(str(folder.absolute()), str(target.absolute()), now or present())
    files = sorted(scan(collection, folder))
    if progress:
        progress.found(len(files))
    run = _Run(target, collection.schema_name)
    # One at a time: pictures are large.
    work = Work(task, limits or Limits(), chunk=1)
    with local_pool(work, workers) as pool, closing(in_order(iter(files), pool)) as sketches:
        for sketch in sketches:
            run.take(sketch)
            if progress:
                progress.done(1)
    if database is not None:
        with database_errors(), database.connect() as conn:
            run.tell(conn)
    run.summary.seconds = time.monotonic() - started
    return run.summary


class _Run:
    """Puts pictures in their places, in the order of the files."""

    def __init__(self, target: Path, schema: str) -> None:
        self.target, self.schema = target, schema
        self.summary = Summary()
        self.owners: dict[str, Sketch] = {}

    def take(self, sketch: Sketch) -> None:
        """Count a file, and write its pictures."""
        if sketch.status in {"drawn", "unchanged"} and not self._claims(sketch):
            return
        if sketch.drawing is not None:
            pictures = sketch.drawing.preview, sketch.drawing.thumbnail
            for path, content in zip(artist.picture_paths(self.target, sketch.name), pictures, strict=True):
                write(path, content)
        if sketch.status == "withheld":
            # Drawn under another config, perhaps: what is proprietary now is not to be seen.
            for path in artist.picture_paths(self.target, sketch.name):
                path.unlink(missing_ok=True)
        if sketch.status in {"without", "failed"}:
            listed = self.summary.failed if sketch.status == "failed" else self.summary.without
            listed.append(Quarantined(sketch.path, sketch.place or "preview", sketch.reason))
        else:
            self._count(sketch, 1)

    def _claims(self, sketch: Sketch) -> bool:
        """Of files with one granule_uid, the path that sorts first is drawn, as it has the row (docs/adr/0004)."""
        owner = self.owners.get(sketch.granule_uid)
        if owner is None:
            self.owners[sketch.granule_uid] = replace(sketch, drawing=None)
            return True
        first, second = sorted([owner, sketch], key=lambda one: one.path)
        reason = f"granule_uid {sketch.granule_uid} is already that of {first.path}, which sorts first"
        self.summary.failed.append(Quarantined(second.path, "granule_uid", reason))
        if second is owner:
            self._count(owner, -1)
            self.owners[sketch.granule_uid] = replace(sketch, drawing=None)
        return second is owner

    def _count(self, sketch: Sketch, number: int) -> None:
        setattr(self.summary, sketch.status, getattr(self.summary, sketch.status) + number)

    def tell(self, conn: psycopg.Connection) -> None:
        """Write the sizes of all pictures that are there into the links that lead to them."""
        links = sql.Identifier(self.schema, LINKS.name)
        there = conn.execute("SELECT to_regclass(%s)", (links.as_string(conn),)).fetchone()
        if there is None or there[0] is None:
            return
        conn.execute("CREATE TEMP TABLE picture (id text, name text, size bigint) ON COMMIT DELETE ROWS")
        waiting = list(self._sizes())
        for first in range(0, len(waiting), _BATCH):
            with conn.cursor() as cursor, cursor.copy("COPY picture FROM STDIN") as copy:
                for line in waiting[first : first + _BATCH]:
                    copy.write_row(line)
            self.summary.linked += conn.execute(sql.SQL(_TELL).format(links=links)).rowcount
            conn.commit()

    def _sizes(self) -> Iterator[tuple[str, str, int]]:
        for uid, sketch in self.owners.items():
            for path in artist.picture_paths(self.target, sketch.name):
                yield uid, path.name, path.stat().st_size


# Of the links of a granule, those whose URL ends in the name of a picture lead to it, wherever it is served.
_TELL: LiteralString = (
    "UPDATE {links} AS l SET content_length = p.size FROM picture p WHERE l.id = p.id"
    " AND right(l.access_url, length(p.name) + 1) = '/' || p.name AND l.content_length IS DISTINCT FROM p.size"
)
