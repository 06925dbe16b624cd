"""Rows of somebody's table as an ingest sees files: each with a path, and a fingerprint that tells whether it changed.

Whatever grows with the table is streamed. The process that scans also fetches the rows that have to be read, some
hundred at a time, and hands them to the workers: these know no URL (docs/adr/0037).
"""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import json
import math
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from sqlalchemy import and_, column, func, literal_column, or_, select, text

from epncore.app.scan import Seen
from epncore.app.source_database import SourceDatabase, source_database
from epncore.app.worker import Job
from epncore.model.collection import FILE_NAME
from epncore.model.errors import ConfigError, UsageError
from epncore.model.source_table import PREFIX
from grammars.readers.rows import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, RowMapping, Select

    from epncore.model.collection import Collection
    from grammars.readers.rows import Plain

Cells = dict[str, "Plain"]
_FETCHED = 500
"""Rows of one query for those that must be read."""
_STREAMED = 2000
"""Rows that a server sends at once."""


class SourceRows:
    """The rows of all products of a collection that have a table.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    collection : Collection
    """

    def __init__(self, folder: Path, collection: Collection) -> None:
        self._tables = {
            number: _Table(number, folder, collection)
            for number, product in enumerate(collection.product)
            if product.table is not None
        }

    def seen(self) -> Iterator[Seen]:
        """All rows, as `epncore.app.scan.scan` yields files.

        Raises
        ------
        ConfigError, UsageError
            Where the database cannot be known, or the key is none.
        DatabaseError
            Where it cannot be reached, or refuses the query.
        """
        for table in self._tables.values():
            yield from table.seen()

    def filled(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """The same jobs in their order, those of rows with what these hold now."""
        if not self._tables:
            yield from jobs
            return
        for number, of_product in groupby(jobs, lambda job: job.seen.product):
            table = self._tables.get(number)
            while table and (some := list(islice(of_product, _FETCHED))):
                yield from table.filled(some)
            yield from of_product

    def one(self, path: str) -> Job:
        """One row, by its path in the ledger.

        Raises
        ------
        UsageError
            Where there is no such row.
        """
        for table in self._tables.values():
            if path.startswith(table.prefix):
                (job,) = table.filled([Job(Seen(path, table.number, -1, -1))])
                if job.row is not None:
                    return job
        raise UsageError("there is no such row", path=path, hint=f"Write {PREFIX}GRANULE_GID/KEY")


class _Table:
    def __init__(self, number: int, folder: Path, collection: Collection) -> None:
        product = collection.product[number]
        assert product.table is not None  # noqa: S101  # whoever makes it has looked
        self.number, self.folder, self.table = number, folder, product.table
        self.place = f"product.{number}.table"
        self.prefix = f"{PREFIX}{quote(product.granule_gid, safe='')}/"
        self.created_ns = _nanoseconds(dt.datetime.combine(collection.created, dt.time()))
        # A colon in a query of SQLAlchemy would begin a parameter.
        query = text(product.table.query.replace(":", r"\:"))
        self._answer = query.columns(*(column(name) for name in self.table.key)).subquery("source_rows")
        self._keys: list[ColumnElement[Any]] = [self._answer.c[name] for name in self.table.key]
        self._are_whole: list[bool] | None = None

    def _all(self) -> Select[Any]:
        return select(literal_column("source_rows.*")).select_from(self._answer)

    def _database(self) -> SourceDatabase:
        return source_database(self.table, self.folder, self.place)

    def seen(self) -> Iterator[Seen]:
        with self._database().connected() as connection:
            self._check_key(connection)
            with connection.execute(self._all().execution_options(yield_per=_STREAMED)) as answer:
                for cells in answer:
                    yield self._seen(_plain_row(cells._mapping))

    def _check_key(self, connection: Connection) -> None:
        """No two rows have one key, in the eyes of the server."""
        twice = connection.execute(select(*self._keys).group_by(*self._keys).having(func.count() > 1)).first()
        if twice is not None:
            shown = ", ".join(f"{name} {value!r}" for name, value in zip(self.table.key, twice, strict=True))
            raise self._wrong(f"is no key: several rows have {shown}", "Name more columns, or others")

    def _seen(self, cells: Cells) -> Seen:
        numbers = hashlib.blake2b(canonical(cells).encode("ascii"), digest_size=16).digest()
        # A row has no inode and no ctime: the fingerprint stands there.
        high, low = (int.from_bytes(numbers[at : at + 8], "big", signed=True) for at in (0, 8))
        return Seen(self.prefix + self._path(cells), self.number, -1, self._modified_ns(cells), high, low)

    def _path(self, cells: Cells) -> str:
        by_name = {name.lower(): value for name, value in cells.items()}
        parts = []
        for name in self.table.key:
            value = by_name.get(name.lower())
            if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "":
                hint = "A key is a whole number or a text; another type can be cast to text in the query"
                raise self._wrong(f"column {name} is {value!r} in a row", hint)
            part = quote(str(value), safe="")
            parts.append(part.replace(".", "%2E") if not part.strip(".") else part)  # no step up in any path
        return ",".join(parts)

    def _modified_ns(self, cells: Cells) -> int:
        name = self.table.modified
        if name is None:
            return self.created_ns
        value = {known.lower(): cell for known, cell in cells.items()}.get(name.lower())
        if value is None:
            return self.created_ns
        try:
            return _nanoseconds(dt.datetime.fromisoformat(str(value)))
        except ValueError:
            raise self._wrong(f"column {name} is {value!r}, no time", "As 2024-01-31T12:00:00", "modified") from None

    def _wrong(self, message: str, hint: str, key: str = "key") -> ConfigError:
        return ConfigError(message, path=str(self.folder / FILE_NAME), place=f"{self.place}.{key}", hint=hint)

    def filled(self, jobs: list[Job]) -> list[Job]:
        """A row that is gone since stays empty; of one that changed since, the new state is what is read."""
        found: dict[str, tuple[Seen, Cells]] = {}
        with self._database().connected() as connection:
            wanted = [self._condition(connection, job.seen.path) for job in jobs]
            with connection.execute(self._all().where(or_(*wanted))) as answer:
                for cells in answer:
                    row = _plain_row(cells._mapping)
                    seen = self._seen(row)
                    found[seen.path] = seen, row
        return [self._with_row(job, *found.get(job.seen.path, (job.seen, None))) for job in jobs]

    def _with_row(self, job: Job, seen: Seen, row: Cells | None) -> Job:
        return Job(seen, job.kept, row)

    def _condition(self, connection: Connection, path: str) -> ColumnElement[bool]:
        if self._are_whole is None:
            one = connection.execute(select(*self._keys)).first()
            self._are_whole = [isinstance(_plain(value), int) for value in one or self.table.key]
        words = [unquote(part) for part in path.removeprefix(self.prefix).split(",")]
        if len(words) != len(self._keys):
            raise UsageError("there is no such row", path=path, hint=f"Its key is {', '.join(self.table.key)}")
        return and_(
            *(
                key == (int(word) if whole and word.lstrip("-").isdecimal() else word)
                for key, word, whole in zip(self._keys, words, self._are_whole, strict=True)
            )
        )


def _plain_row(cells: RowMapping) -> Cells:
    return {str(name): _plain(value) for name, value in cells.items()}


def _plain(value: Any) -> Plain:
    """A value of a driver without the driver's types: the same whichever database holds it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        return (int(value) if value == value.to_integral_value() else float(value)) if value.is_finite() else None
    if isinstance(value, dt.datetime):
        utc = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return utc.isoformat()
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)


def _nanoseconds(moment: dt.datetime) -> int:
    """Since 1970; without a zone it is UTC."""
    utc = moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (utc - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1000
