"""Hourly files of Cassini's High Frequency Receiver in the Kronos database: records of one length, and no header.

Format: descriptions of the collections N2, N3b, N3d and N3e (https://maser.lesia.obspm.fr/publications/doi/); for N1
and N3c the tables of records in maser4py. All is little-endian. The first number of each record is the hour of the file
as yyyydddhh: by it, and by the length after which it comes again, a file is known.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from epncore.model.errors import HeaderError, UnavailableError, UnreadableError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

RECORDS_MAX = 500_000
"""An hour has some ten thousand records; a file of more is none of these."""


def _record(size_bytes: int, **fields: str) -> np.dtype[Any]:
    """A record that starts with its hour, and of whose other fields some are read."""
    names, formats = ["ydh", *fields], ["<u4", *(one.partition("@")[0] for one in fields.values())]
    offsets = [0, *(int(one.partition("@")[2]) for one in fields.values())]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size_bytes})


LEVELS = {
    "N1": _record(28, ti="<u4@8", fi="<u4@12", c="u1@18"),
    "N2": _record(45, t97="<f8@8", f="<f4@16", dt="<f4@20", df="<f4@24", autoX="<f4@28", autoZ="<f4@32"),
    "N3b": _record(72),
    "N3c": _record(68),
    "N3d or N3e": _record(40),
}
"""Records by level, of the fields that a row or a picture needs; those of N3d and N3e are the same."""


def hour(ydh: int) -> dt.datetime | None:
    """The hour yyyydddhh, UTC, of the years in which Cassini flew; None where the number is none."""
    year, day, hours = ydh // 100_000, ydh // 100 % 1000, ydh % 100
    if not (1997 <= year <= 2017 and 1 <= day <= 366 and hours < 24):
        return None
    return dt.datetime(year, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day - 1, hours=hours)


def level_of(head: bytes) -> str | None:
    """The level of a file by its first bytes: the hour comes again after one record. None where it is no such file."""
    first = head[:4]
    if len(first) < 4 or hour(int.from_bytes(first, "little")) is None:
        return None
    for name, record in LEVELS.items():
        if len(head) == record.itemsize or head[record.itemsize : record.itemsize + 4] == first:
            return name
    return None


class KronosReader:
    """Opens hourly files by content."""

    format = "kronos"

    def sniff(self, head: bytes) -> bool:
        """Whether the bytes start two records of one hour, or are one."""
        return level_of(head) is not None

    def open(self, path: Path) -> KronosHeader:
        """Look at the first records and the length of a file.

        Raises
        ------
        UnreadableError
            Where it is no such file, cut, or longer than an hour can be.
        UnavailableError
            Where it cannot be opened.
        """
        try:
            with path.open("rb") as stream:
                head = stream.read(512)
            size_bytes = path.stat().st_size
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(path)) from None
        level = level_of(head)
        if level is None:
            raise UnreadableError("no records of one hour (yyyydddhh) of Cassini", place="byte 0")
        records, rest = divmod(size_bytes, LEVELS[level].itemsize)
        if rest:
            raise UnreadableError(
                f"{records} records of {LEVELS[level].itemsize} bytes ({level}) and {rest} bytes more",
                place=f"record {records + 1}", hint="Fetch the file again",
            )  # fmt: skip
        if records > RECORDS_MAX:
            raise UnreadableError(f"{records} records, where an hour has no more than {RECORDS_MAX}", place="the file")
        return KronosHeader(path, level)


class KronosHeader:
    """What is known of a file before its records are read.

    Attributes
    ----------
    path : pathlib.Path
    level : str
        Of `LEVELS`.
    """

    def __init__(self, path: Path, level: str) -> None:
        self.path, self.level = path, level

    def __enter__(self) -> KronosHeader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def records(self) -> NDArray[Any]:
        """All records, as `LEVELS` names their fields: some megabytes an hour.

        Raises
        ------
        HeaderError
            Where they are not all of one hour.
        UnavailableError
            Where the disk fails.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(self.path)) from None
        dtype = LEVELS[self.level]
        records = np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype)
        other = np.flatnonzero(records["ydh"] != records["ydh"][0])
        if other.size:
            found = int(records["ydh"][other[0]])
            raise HeaderError(f"ydh is {found}, not {int(records['ydh'][0])}", place=f"record {int(other[0]) + 1}")
        return records
