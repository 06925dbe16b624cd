"""The bytes of an open FITS file by their place, in as few calls of the system as they can be had."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from types import TracebackType

AHEAD_BYTES = 3 * 2880
"""What is read at least: most headers, and with that of a small table its data."""


class FileBytes:
    """Reads by place and keeps what it read last, which the next part is often in.

    Parameters
    ----------
    stream : binary file
        Whose descriptor can be read. It is closed with this object.

    Attributes
    ----------
    size_bytes : int
        When it was opened. Nothing is read behind that.
    """

    __slots__ = ("_descriptor", "_held", "_start", "_stream", "size_bytes")

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._descriptor = stream, stream.fileno()
        self._start, self._held = 0, b""
        self.size_bytes = stream.seek(0, os.SEEK_END)

    def __enter__(self) -> FileBytes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def fileno(self) -> int:
        """The descriptor of the file."""
        return self._descriptor

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from `offset` on, fewer than `length` only where the file ends before."""
        length = min(length, self.size_bytes - offset)
        if length <= 0:
            return b""
        begin = offset - self._start
        if begin < 0 or begin + length > len(self._held):
            self._start, self._held, begin = offset, self._read(offset, length), 0
        return self._held[begin : begin + length]

    def _read(self, offset: int, length: int) -> bytes:
        wanted = min(max(length, AHEAD_BYTES), self.size_bytes - offset)
        found = os.pread(self._descriptor, wanted, offset)
        # A file system over the network may give less than there is.
        while len(found) < wanted and (more := os.pread(self._descriptor, wanted - len(found), offset + len(found))):
            found += more
        return found
