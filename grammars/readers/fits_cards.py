"""Cards of FITS headers, byte by byte: where each header ends, what its cards say, how long its data are.

Format: FITS Standard 4.0 (IAU FITS Working Group, 2018-08-13); sections are named where the code follows one.

Why cards are not left to a library: the libraries forgive what a row must not be made from. Where an END card is
lost, astropy goes on into the next HDU and cfitsio into the pixels; both turn a letter that is not ASCII into ``?``;
both read the header of a file whose data are cut.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from epncore.model.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grammars.readers.fits_bytes import FileBytes

CardValue: TypeAlias = str | int | float | bool | None
"""A typed value of a card; text without edge spaces, None where the card has no value."""

BLOCK_BYTES = 2880
CARD_CHARACTERS = 80
SHORT_HEADER_BYTES = 2 * BLOCK_BYTES
"""A header of up to so many is read at once; those of most files are."""
HEADER_MAX_BYTES = 4 * 1024**2
"""A header that has not ended by then is none; real ones have some kilobytes."""
HDUS_MAX = 10_000
_VALUE_COLUMN = 10
_TABLES = ("BINTABLE", "TABLE", "A3DTABLE")

_CARD = re.compile(
    r"(.{8})(?:= (.{70})|(.{72}))", re.DOTALL
)  # keyword, what stands behind "= ", what else stands there
_END_CARD = "END".ljust(CARD_CHARACTERS)
_END_BYTES = _END_CARD.encode()
_FIRST = frozenset({"XTENSION", "SIMPLE  "})
_COMMENTARY = frozenset({"", "COMMENT", "HISTORY"})
_KEYWORD = re.compile(r"[A-Za-z0-9_.-]{0,8} *")  # section 4.1.2.1, and what lenient writers make of it
_TEXT = re.compile(r" *'((?:[^']|'')*)'")
_INTEGER = re.compile(r"[+-]?\d{1,70}")
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d{1,5})?")


@dataclass(frozen=True, slots=True, eq=False)
class Hdu:
    """One header and where its data are; files may share it.

    Attributes
    ----------
    number : int
        From 0, the primary.
    cards : dict of str to str
        By keyword: columns 11 to 80 of the first card of that name, as they stand.
    data_offset_bytes : int
        Of the data unit in the (inflated) file.
    data_bytes : int
        Size of the data unit as the header declares it, without the filling of its last block.
    """

    number: int
    cards: dict[str, str]
    data_offset_bytes: int
    data_bytes: int

    def get(self, key: str) -> CardValue:
        """Value of a card, typed; None where there is no such card or it has no value."""
        raw = self.cards.get(key)
        return None if raw is None else value_of(raw)

    @property
    def is_table(self) -> bool:
        """Whether it has columns."""
        return self.get("XTENSION") in _TABLES


def walk(file: FileBytes) -> Iterator[Hdu]:
    """All HDUs of a file (section 3.1).

    Parameters
    ----------
    file : FileBytes

    Yields
    ------
    Hdu

    Raises
    ------
    UnreadableError
        Where a header has no END, the data are shorter than declared, or something else than filling follows.
    """
    offset = 0
    for number in range(HDUS_MAX):
        head = file.read(offset, SHORT_HEADER_BYTES)
        wanted = b"XTENSION=" if number else b"SIMPLE  ="
        if not head.startswith(wanted):
            if number and not head[:BLOCK_BYTES].strip(b" \0"):
                return  # the end of the file, or blocks that fill it up
            raise UnreadableError(
                f"HDU {number} starts with {head[:9]!r}, not with {wanted.decode()}", place=f"byte {offset}"
            )
        hdu = _read_hdu(file, head, offset, number)
        if hdu.data_offset_bytes + hdu.data_bytes > file.size_bytes:
            there = file.size_bytes - hdu.data_offset_bytes
            raise UnreadableError(
                f"cut: the header declares {hdu.data_bytes} bytes of data, {there} are there",
                place=f"HDU {number}",
                hint="Fetch the file again",
            )
        yield hdu
        offset = hdu.data_offset_bytes + -(-hdu.data_bytes // BLOCK_BYTES) * BLOCK_BYTES
    raise UnreadableError(f"more than {HDUS_MAX} HDUs", place=f"byte {offset}")


def _read_hdu(file: FileBytes, head: bytes, offset: int, number: int) -> Hdu:
    """The HDU of which the first bytes are read."""
    end = head.find(_END_BYTES)
    stop = -(-(end + CARD_CHARACTERS) // BLOCK_BYTES) * BLOCK_BYTES
    if end % CARD_CHARACTERS == 0 and stop <= len(head):  # a comment may say END; -1 is no place of a card
        return (_shared_hdu if number else _short_hdu)(head[:stop], end, offset, number)
    blocks = (file.read(place, BLOCK_BYTES) for place in count(offset, BLOCK_BYTES))
    return _hdu(_read_cards(blocks, offset, number), number)


def _short_hdu(header: bytes, end: int, offset: int, number: int) -> Hdu:
    """The HDU of a header that is read to its END, which stands at `end`."""
    cards = _plain_cards(header, end)
    if cards is not None:
        return _hdu((cards, offset + len(header)), number)
    blocks = (header[place : place + BLOCK_BYTES] for place in range(0, len(header), BLOCK_BYTES))
    return _hdu(_read_cards(blocks, offset, number), number)


# The header of a table with the axes is the same in all files of a station.
_shared_hdu = lru_cache(maxsize=32)(_short_hdu)


def _hdu(cards_and_end: tuple[dict[str, str], int], number: int) -> Hdu:
    cards, end = cards_and_end
    return Hdu(number, cards, end, _data_bytes(cards, number))


def _plain_cards(header: bytes, end: int) -> dict[str, str] | None:
    """Cards up to `end`, as `_read_cards` has them; None where one of them has to be looked at on its own."""
    first_columns = [header[column:end:CARD_CHARACTERS] for column in range(_VALUE_COLUMN)]
    layout = _layout(b"".join(first_columns))
    if layout is None:
        return None
    return dict(zip(layout.keywords, map(header[:end].decode("latin-1").__getitem__, layout.values), strict=True))


class _Layout(NamedTuple):
    """Where the values of a header stand in its text."""

    keywords: tuple[str, ...]
    values: tuple[slice, ...]


@lru_cache(maxsize=64)  # the headers of a station have one layout, whatever their values
def _layout(columns: bytes) -> _Layout | None:
    """What columns 1 to 10 tell of cards: all of column 1, all of column 2, and so on.

    They tell it all but for a few keywords, for which there is no layout; see `_ordinary`.
    """
    text = columns.decode("latin-1")
    cards = len(text) // _VALUE_COLUMN
    values: dict[str, slice] = {}
    for card in range(cards):
        name, indicator = text[card::cards][:8], text[card::cards][8:]
        keyword = name.rstrip() if name in _FIRST and card == 0 else _ordinary(name)
        if keyword is None:
            return None
        if indicator == "= " and keyword not in _COMMENTARY:
            start = card * CARD_CHARACTERS
            values.setdefault(keyword, slice(start + _VALUE_COLUMN, start + CARD_CHARACTERS))
    return _Layout(tuple(values), tuple(values.values()))


def _read_cards(blocks: Iterable[bytes], offset: int, number: int) -> tuple[dict[str, str], int]:
    """Cards of one header up to its END, looked at one by one, and where its last block ends.

    Latin-1 gives every byte a letter, so that one stray byte costs no header.
    """
    cards: dict[str, str] = {}
    last, place = "", f"HDU {number}"
    for start, block in zip(range(offset, offset + HEADER_MAX_BYTES, BLOCK_BYTES), blocks, strict=False):
        if len(block) < BLOCK_BYTES:
            raise UnreadableError(f"the header is cut at byte {start + len(block)}, before its END card", place=place)
        text = block.decode("latin-1")
        end = text.find(_END_CARD) + CARD_CHARACTERS  # blanks fill up the block behind it
        cut = end if end % CARD_CHARACTERS == 0 else BLOCK_BYTES
        for nth, (name, raw, other) in enumerate(_CARD.findall(text, 0, cut)):
            keyword, rest = _ordinary(name), raw
            if keyword is None:
                rest = f"= {raw}" if raw else other
                if name.startswith("END") and not (name + rest)[3:].strip():
                    return cards, start + BLOCK_BYTES
                position = start + nth * CARD_CHARACTERS
                if not _KEYWORD.fullmatch(name) or (rest[0] == "=" and name in _FIRST and position > offset):
                    raise UnreadableError(f"the header has no END card: byte {position} is no card of it", place=place)
                if name == "CONTINUE" and last:
                    cards[last] = _continued(cards[last], rest)
                    continue
                keyword, rest = _long_keyword(name, rest) if name == "HIERARCH" else (name.rstrip(), raw)
            last = keyword if rest and keyword not in _COMMENTARY and keyword not in cards else ""
            if last:
                cards[last] = rest
    raise UnreadableError(f"the header has no END card within {HEADER_MAX_BYTES} bytes", place=place)


@lru_cache(maxsize=4096)
def _ordinary(name: str) -> str | None:
    """Columns 1 to 8 of a card as a keyword; None where the card has to be looked at more closely."""
    if not _KEYWORD.fullmatch(name) or name.startswith("END") or name in {"CONTINUE", "HIERARCH", *_FIRST}:
        return None
    return name.rstrip()


def _long_keyword(name: str, rest: str) -> tuple[str, str]:
    """The ESO convention: ``HIERARCH ESO TEL NAME = 1``."""
    keyword, equals, raw = rest[1:].partition("=")
    return (keyword.strip(), raw.strip()) if equals else (name, "")


def _continued(raw: str, following: str) -> str:
    """Join a long text (section 4.2.1.2): ``'ab&'`` and ``'cd'`` are ``'abcd'``; anything else is left alone."""
    start, more = _TEXT.match(raw), _TEXT.match(following)
    if not start or not more or not start[1].rstrip().endswith("&"):
        return raw
    return f"'{start[1].rstrip()[:-1]}{more[1]}'"


def _data_bytes(cards: dict[str, str], number: int) -> int:
    """Size of the data unit (section 4.4.1.1, equations 1 and 2; random groups: section 6.1.1, equation 4)."""

    def whole(key: str, default: int | None = None) -> int:
        value = value_of(cards[key]) if key in cards else default
        if not isinstance(value, int) or isinstance(value, bool) or (value < 0 and key != "BITPIX"):
            raise UnreadableError(f"{key} is {value!r}, not a whole number", place=f"HDU {number}, {key}")
        return value

    bits, axes = whole("BITPIX"), [whole(f"NAXIS{axis}") for axis in range(1, min(whole("NAXIS"), 999) + 1)]
    if not axes:
        return 0
    if axes[0] == 0 and value_of(cards.get("GROUPS", "")) is True:
        axes = axes[1:]
    return abs(bits) // 8 * whole("GCOUNT", 1) * (whole("PCOUNT", 0) + math.prod(axes))


@lru_cache(maxsize=4096)  # most cards say the same in all files of a station
def value_of(raw: str) -> CardValue:
    """Type what stands behind ``= `` on a card (section 4.2)."""
    text = _TEXT.match(raw)
    if text:
        return text[1].replace("''", "'").strip()
    word = raw.split("/", 1)[0].strip()
    if word in {"T", "F"}:
        return word == "T"
    if _INTEGER.fullmatch(word):
        return int(word)
    if _REAL.fullmatch(word):
        return float(word.upper().replace("D", "E"))
    return word or None
