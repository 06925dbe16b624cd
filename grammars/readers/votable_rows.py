"""Rows of a VOTable in its three serialisations, one by one; cells are decoded by astropy's converters.

Format: VOTable 1.4, sections 5.1 (TABLEDATA), 5.3 (BINARY) and 5.4 (BINARY2).
"""

from __future__ import annotations

import base64
import binascii
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grammars.readers.votable import Named, VotableHeader
    from grammars.readers.votable_xml import Event

CELL_MAX_BYTES = 1 << 26
"""A longer cell is damage: an array of spectra has some thousand values."""


def _of_tabledata(stream: Iterator[Event], header: VotableHeader, places: list[int]) -> Iterator[tuple[Any, ...]]:
    """Only the wanted cells are put together."""
    converters = header.converters()
    at, row, text = -1, 0, [""]
    cells: dict[int, Any] = {}
    for event in stream:
        if event.kind == "text":
            if at in places:
                text.append(event.name)
                if sum(map(len, text)) > CELL_MAX_BYTES:
                    raise header.wrong(f"a cell of more than {CELL_MAX_BYTES} bytes", f"row {row}")
        elif event.name == "TD":
            if event.kind == "start":
                at, text = at + 1, [""]
            elif at in places:
                cells[at] = _parsed(header, converters[at], "".join(text).strip(), header.fields[at], row)
        elif event.name == "TR":
            if event.kind == "end":
                yield tuple(cells.get(place) for place in places)
            at, row, cells = -1, row + (event.kind == "start"), {}
        elif event.name == "TABLEDATA":
            return
    raise header.wrong("the data end early", f"row {row}")


def _parsed(header: VotableHeader, converter: Any, text: str, of: Named, row: int) -> Any:
    if text in {"", of.null}:
        return None
    try:
        # What most cells are; astropy has many ways to look at each.
        if of.datatype in {"char", "unicodeChar"}:
            return text
        if of.datatype in {"float", "double"} and not of.arraysize:
            return float(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value, is_null = converter.parse(text, {"verify": "ignore"}, None)
        if np.any(is_null) and text.lower() != "nan":
            raise ValueError("no value")
        return value  # noqa: TRY300
    except (ValueError, TypeError, OverflowError) as error:
        raise header.wrong(f"{text[:40]!r} is no {of.datatype} ({error})", f"FIELD {of.name}, row {row}") from None


def _of_binary(stream: Iterator[Event], header: VotableHeader, places: list[int]) -> Iterator[tuple[Any, ...]]:
    return _of_stream(stream, header, places, mask_bytes=0)


def _of_binary2(stream: Iterator[Event], header: VotableHeader, places: list[int]) -> Iterator[tuple[Any, ...]]:
    return _of_stream(stream, header, places, mask_bytes=-(-len(header.fields) // 8))


def _of_stream(
    stream: Iterator[Event], header: VotableHeader, places: list[int], mask_bytes: int
) -> Iterator[tuple[Any, ...]]:
    converters, source = header.converters(), _Base64(stream, header)
    row = 0
    while not source.is_at_end():
        row += 1
        source.row = row
        mask = source.read(mask_bytes)
        try:
            cells = [converter.binparse(source.read)[0] for converter in converters]
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise header.wrong(f"it cannot be decoded ({error})", f"row {row}") from None
        absent = {at for at in places if mask and mask[at // 8] >> (7 - at % 8) & 1}
        yield tuple(None if at in absent else _plain(cells[at]) for at in places)


def _plain(cell: Any) -> Any:
    """Texts of BINARY as texts of TABLEDATA."""
    return cell.decode("ascii", "replace") if isinstance(cell, bytes) else cell


class _Base64:
    """Bytes of a STREAM, decoded as they are asked for."""

    def __init__(self, stream: Iterator[Event], header: VotableHeader) -> None:
        self._stream, self._header = stream, header
        self._text, self._bytes, self._ended, self.row = "", bytearray(), False, 0

    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        self._fill(1)
        return not self._bytes

    def read(self, size: int) -> bytes:
        """So many bytes, as astropy's converters ask for them."""
        if size > CELL_MAX_BYTES:
            raise self._header.wrong(f"a cell of {size} bytes, more than {CELL_MAX_BYTES}", f"row {self.row}")
        self._fill(size)
        if len(self._bytes) < size:
            raise self._header.wrong("the data end early", f"row {self.row}")
        found = bytes(self._bytes[:size])
        del self._bytes[:size]
        return found

    def _fill(self, size: int) -> None:
        while len(self._bytes) < size and not self._ended:
            event = next(self._stream, None)
            if event is None or (event.kind == "end" and event.name == "STREAM"):
                self._ended = True
                self._decode(self._text)
            elif event.kind == "start" and event.name == "STREAM":
                encoding = event.attributes.get("encoding", "none")
                if encoding != "base64" or "href" in event.attributes:
                    message = f"its data stand elsewhere, or in encoding {encoding}: only base64 is read"
                    raise self._header.wrong(message, "STREAM")
            elif event.kind == "text":
                text = self._text + "".join(event.name.split())
                whole = len(text) // 4 * 4
                self._text = text[whole:]
                self._decode(text[:whole])

    def _decode(self, text: str) -> None:
        try:
            self._bytes += base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._header.wrong(f"no base64 ({error})", f"row {self.row}") from None


ROWS = {"TABLEDATA": _of_tabledata, "BINARY": _of_binary, "BINARY2": _of_binary2}
