"""das2 streams, version 2.2, text (.d2t) and binary (.d2s): header packets of XML, data packets of fixed length.

Format: das2 Interface Control Document 2.2.2, section 2. A header packet is ``[NN]``, six digits of its length,
and XML: 00 tells of the stream, 01 to 99 of the records that follow with the tag ``:NN:``, xx holds comments and
exceptions. There is no index: the packets are walked through from tag to tag, and a row reads the times of records.
A stream of one kind of records is not walked through: a sample of them is looked at, and a longer one costs no more.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from epncore.model.errors import NotGranuleError, UnavailableError, UnreadableError
from epncore.model.printable import printable
from grammars.readers.das2_packets import element, kind
from grammars.readers.spans import spans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from grammars.readers.das2_packets import Element, Kind

PACKETS_MAX = 500_000
"""A stream that mixes kinds of records is walked through up to here: their times are held in memory."""

TAG_BYTES = 4

_START = re.compile(rb"\[00\]\d{6}\s{0,40}<stream\b")
_HEADER = re.compile(rb"\[(\d\d|xx|XX)\](\d{6})")
_HEADER_BYTES = 10


@dataclass(frozen=True, slots=True)
class Records:
    """The times of records of one kind, or of some that stand for them.

    Attributes
    ----------
    kind : Kind
    spans : list of list of bytes
        Times as they stand in the file, in the order of the file; what lies between two spans was not looked at.
    """

    kind: Kind
    spans: list[list[bytes]]


class Das2Reader:
    """Opens das2 streams by content."""

    format = "das2"

    def sniff(self, head: bytes) -> bool:
        """Whether the bytes start a stream header."""
        return _START.match(head) is not None

    def open(self, path: Path) -> Das2Header:
        """Read the header of the stream; its packets are read when they are asked for.

        Raises
        ------
        UnreadableError
            Where it is no stream of version 2.2, or a compressed one.
        UnavailableError
            Where it cannot be opened.
        """
        try:
            stream = path.open("rb")
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(path)) from None
        try:
            if not self.sniff(stream.read(64)):
                raise UnreadableError(
                    "no das2 stream: it does not start with [00], six digits and <stream", place="byte 0"
                )
            stream.seek(0)
            packets = _Packets(stream)
            xml = packets.stream()
            if xml.attributes.get("compression", "none") != "none":
                raise UnreadableError("a compressed stream", place="<stream>", hint="Keep it without compression")
        except OSError as error:
            stream.close()
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(path)) from None
        except BaseException:
            stream.close()
            raise
        return Das2Header(path, xml, packets)


class Das2Header:
    """An open stream.

    Attributes
    ----------
    path : pathlib.Path
    properties : dict of str to str
        Of the stream, without the prefixes that tell their types: ``title``, ``xCacheRange``.
    """

    def __init__(self, path: Path, stream: Element, packets: _Packets) -> None:
        self.path, self.properties, self._packets = path, stream.properties(), packets

    def __enter__(self) -> Das2Header:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._packets.close()

    def keys(self) -> tuple[str, ...]:
        """Names of the stream's properties."""
        return tuple(self.properties)

    def records(self) -> list[Records]:
        """The times of all kinds of records, in the order in which they appear.

        Raises
        ------
        UnreadableError
            Where a packet is cut or no packet, or more than `PACKETS_MAX` mix.
        NotGranuleError
            Where there are no records; with what the stream says of that.
        UnavailableError
            Where the disk fails.
        """
        try:
            return self._packets.records()
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(self.path)) from None

    def content(self, block_bytes: int) -> Iterator[tuple[Kind, NDArray[np.uint8]]]:
        """All records, whole, in blocks of one kind; what mixes is sorted by kind within some `block_bytes`.

        Yields
        ------
        Kind
        ndarray, shape (k, record_bytes)
            With their tags.

        Raises
        ------
        UnreadableError, UnavailableError
            As `records` does.
        """
        try:
            yield from self._packets.content(block_bytes)
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(self.path)) from None


class _Packets:
    """What follows in a stream, packet by packet."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size_bytes = stream.seek(0, os.SEEK_END)
        self._first = self._at = 0

    def close(self) -> None:
        self._stream.close()

    def stream(self) -> Element:
        """The header of the stream; its records follow."""
        _, xml = self.header()
        self._first = self._at
        return xml

    def header(self) -> tuple[bytes, Element]:
        """The header packet that starts here: its number and its XML."""
        start = self._at
        match = _HEADER.match(self._read(start, _HEADER_BYTES))
        if match is None:
            raise UnreadableError("neither a header packet nor a record of a known kind", place=f"byte {start}")
        length = int(match.group(2))
        xml = self._read(start + _HEADER_BYTES, length)
        self._at = start + _HEADER_BYTES + length
        return match.group(1), element(xml.strip(), f"byte {start}")

    def records(self) -> list[Records]:
        found: dict[Kind, Records] = {}
        said: list[str] = []
        for one, start in self._walk(said):
            if not found and (sample := self._sample(one, start)):
                return [Records(one, sample)]
            times = found.setdefault(one, Records(one, [[]])).spans[0]
            times.append(self._read(start + TAG_BYTES, one.x.size_bytes))
        if not found:
            raise NotGranuleError("; ".join(["no records", *said]), place="the stream")
        return list(found.values())

    def content(self, block_bytes: int) -> Iterator[tuple[Kind, NDArray[np.uint8]]]:
        waiting: dict[Kind, list[bytes]] = {}
        size_bytes = 0
        for one, start in self._walk([]):
            if not waiting and self._sample(one, start):
                yield from self._straight(one, start, block_bytes)
                continue
            waiting.setdefault(one, []).append(self._read(start, one.record_bytes))
            size_bytes += one.record_bytes
            if size_bytes >= block_bytes:
                yield from _sorted(waiting)
                size_bytes = 0
                waiting.clear()
        yield from _sorted(waiting)

    def _walk(self, said: list[str]) -> Iterator[tuple[Kind, int]]:
        """Each record: its kind, and where it starts; what exceptions say is added to `said`."""
        kinds: dict[bytes, Kind] = {}  # in force: a later header may give a tag another meaning
        self._at = self._first
        for _ in range(PACKETS_MAX):
            if self._at == self._size_bytes:
                return
            start = self._at
            tag = self._read(start, TAG_BYTES)
            if tag in kinds:
                self._at = self._after(kinds[tag])
                yield kinds[tag], start
            else:
                self._define(kinds, said)
        if self._at < self._size_bytes:
            raise UnreadableError(f"more than {PACKETS_MAX} packets of several kinds", place=f"byte {self._at}")

    def _define(self, kinds: dict[bytes, Kind], said: list[str]) -> None:
        start = self._at
        number, xml = self.header()
        if number.isdigit():
            tag = b":%s:" % number
            kinds[tag] = kind(tag, xml, f"byte {start}")
        elif xml.name == "exception":
            words = (xml.attributes.get(key, "") for key in ("type", "message"))
            said.append(printable(" ".join(word for word in words if word))[:200])

    def _straight(self, one: Kind, start: int, block_bytes: int) -> Iterator[tuple[Kind, NDArray[np.uint8]]]:
        """Records of one kind, as long as no others come between."""
        self._at = start
        while count := min(max(block_bytes // one.record_bytes, 1), (self._size_bytes - self._at) // one.record_bytes):
            rows = _rows([self._read(self._at, count * one.record_bytes)], one)
            others = (rows[:, :TAG_BYTES] != np.frombuffer(one.tag, np.uint8)).any(axis=1)
            same = int(np.argmax(others)) if others.any() else count
            self._at += same * one.record_bytes
            yield one, rows[:same]
            if same < count:
                return

    def _sample(self, one: Kind, start: int) -> list[list[bytes]] | None:
        """Times of some records, where nothing but records of this kind follows: by their length and their tags."""
        count, rest = divmod(self._size_bytes - start, one.record_bytes)
        if rest:
            return None
        found = []
        for first, last in spans(count):
            places = (start + place * one.record_bytes for place in range(first, last))
            packets = [self._read(place, TAG_BYTES + one.x.size_bytes) for place in places]
            if not all(packet.startswith(one.tag) for packet in packets):
                return None
            found.append([packet[TAG_BYTES:] for packet in packets])
        return found

    def _after(self, one: Kind) -> int:
        """Where the record that starts here ends."""
        end = self._at + one.record_bytes
        if end > self._size_bytes:
            raise self._cut(self._at)
        return end

    def _read(self, start: int, size_bytes: int) -> bytes:
        self._stream.seek(start)
        content = self._stream.read(size_bytes)
        if len(content) < size_bytes:
            raise self._cut(start)
        return content

    def _cut(self, start: int) -> UnreadableError:
        return UnreadableError("the stream is cut within a packet", place=f"byte {start}", hint="Fetch the file again")


def _sorted(waiting: dict[Kind, list[bytes]]) -> Iterator[tuple[Kind, NDArray[np.uint8]]]:
    return ((one, _rows(records, one)) for one, records in waiting.items())


def _rows(records: list[bytes], one: Kind) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(records), np.uint8).reshape(-1, one.record_bytes)
