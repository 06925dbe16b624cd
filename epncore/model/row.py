"""What a value of a row may be, and how values from headers become such: ASCII text, finite numbers, plain dates."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from epncore.model.units import to_ascii

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epncore.model.columns import Column

Cell: TypeAlias = str | int | float | dt.datetime | None
"""A value as the database takes it. Text is ASCII; datetimes are naive, UTC."""

Row: TypeAlias = tuple[Cell, ...]
"""Cells in the order of a plan's columns."""

Value: TypeAlias = Cell | bool | dt.date | list[str] | tuple[str, ...] | tuple[float, ...]
"""What a grammar or a config may give: beyond cells, a tuple of words becomes a hash list (joined by ", " in a column
that is none), one of numbers a region."""

INTEGER_MAX = 2**31 - 1
"""DaCHS makes ``integer`` columns of 4 bytes; a larger number would wrap silently in a binary COPY."""


@dataclass(frozen=True, slots=True)
class Missing:
    """No value, and the reason for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """A value whose origin is only known once the file was read, or that needs a note."""

    value: Value
    source: str


class CellError(ValueError):
    """The value does not fit its column. Its text says what would."""


_SPACES = re.compile(r"[\x00-\x20\x7f]+")
_QUOTES = str.maketrans({'"': "_", "'": "_", "`": "_", "#": "_"})


def to_cell(column: Column, value: Value) -> Cell:
    """Bring a value into the form of its column.

    Parameters
    ----------
    column : Column
        Where it goes.
    value : Value
        From a header or a config.

    Returns
    -------
    Cell
        None for what `is_empty`: an empty text, an empty list, a number that is not finite.

    Raises
    ------
    CellError
        Where the value cannot be right in that column: a word for a number, 2.7 for an integer, a number beyond
        32 bits, a date that is none.

    Notes
    -----
    Text: control characters and runs of spaces become one space, edges are cut (REC section 2, "no leading or
    trailing spaces"), letters become ASCII. In a tuple of words ``#`` and quotes become ``_``, since ``#`` joins them;
    in a column of EPNcore that is no hash list the words stay as they are, joined by a comma.
    """
    if type(value) is float and column.type == "double":  # the most frequent
        return value + 0.0 if math.isfinite(value) else None  # so: -0.0 and 0.0 are one value, and one hash
    if column.type in {"text", "moc"}:
        return _text(column, value)
    if is_empty(value):
        return None
    match column.type:
        case "integer":
            return _integer(column, value)
        case "double":
            return _double(column, value)
        case "timestamp":
            return _timestamp(column, value)
        case _:
            return _region(column, value)


def is_empty(value: Value) -> bool:
    """Whether a value says nothing: None, a blank text, a list of blanks only, a number that is not finite."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, str):
        return not clean_text(value)
    if isinstance(value, (tuple, list)):
        return all(isinstance(item, str) and not clean_word(item) for item in value)
    return value is None


@lru_cache(maxsize=4096)  # most words come again in the next file
def clean_word(text: str) -> str:
    """One member of a hash list, or an identifier: ASCII, without ``#``, quotes, control characters, edge spaces."""
    return _SPACES.sub(" ", to_ascii(text)).translate(_QUOTES).strip()


def clean_text(text: str) -> str:
    """Free text: ASCII, control characters and runs of spaces as one space, no edge spaces."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # nearly all are clean, and pass here many times a row
    return _SPACES.sub(" ", to_ascii(text)).strip()


def _text(column: Column, value: Value) -> str | None:
    if isinstance(value, str):
        return clean_text(value) or None
    if is_empty(value):
        return None
    if isinstance(value, (tuple, list)) and column.type == "text":
        # An own column may be a list; in any other that is none, # would be a part of the text.
        listed = column.hash_list or column.level == "own"
        clean, joint = (clean_word, "#") if listed else (clean_text, ", ")
        words = (clean(_word(column, word)) for word in value)
        return joint.join(dict.fromkeys(word for word in words if word)) or None
    return clean_text(_word(column, value)) or None


def _word(column: Column, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise CellError(f"{column.name} is a text, not {show(value)}")
    try:
        return str(value)
    except ValueError:  # an integer of more digits than Python writes
        raise CellError(f"{column.name} is a text, not {show(value)}") from None


def _integer(column: Column, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise CellError(f"{column.name} is a whole number, not {show(value)}")
    if abs(value) > INTEGER_MAX:
        raise CellError(f"{column.name} has 32 bits, which {show(value)} exceeds")
    return int(value)


def _double(column: Column, value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CellError(f"{column.name} is a number, not {show(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise CellError(f"{column.name} is a double, which {show(value)} exceeds") from None
    return number + 0.0


def _timestamp(column: Column, value: Value) -> dt.datetime:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            raise CellError(f"{column.name} is a date as 2024-07-16T13:04:42, not {show(value)}") from None
    if isinstance(value, dt.datetime):
        try:
            moment = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        except OverflowError:
            raise CellError(f"{column.name} is beyond the calendar: {show(value)}") from None
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    raise CellError(f"{column.name} is a date, not {show(value)}")


def _region(column: Column, value: Value) -> str:
    """DALI polygon text, ``lon lat lon lat ...`` in degrees (REC: s_region, DALI 1.1 section 3.3.5)."""
    words = value.split() if isinstance(value, str) else value
    if isinstance(words, (tuple, list)):
        try:
            numbers = [float(word) for word in words]
        except (TypeError, ValueError, OverflowError):
            numbers = []
        corners = list(zip(numbers[::2], numbers[1::2], strict=False))
        in_range = all(math.isfinite(lon) and abs(lat) <= 90 for lon, lat in corners)
        if len(numbers) >= 6 and len(numbers) % 2 == 0 and in_range:
            return " ".join(repr(number + 0.0) for number in numbers)
    raise CellError(
        f"{column.name} is a polygon as [lon, lat, lon, lat, lon, lat, ...] in degrees, "
        f"at least three corners, not {show(value)}"
    )


def show(value: object) -> str:
    """A value from a file or a config in a message: at most 60 characters, whatever it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # more digits, or tables in tables, than Python writes
        text = f"this {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def digest(text: str) -> str:
    """A fingerprint of a text, 32 hexadecimal digits."""
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


class RowHash:
    """Fingerprints of rows by their values, whatever the machine.

    NULL columns do not count, so that a column added later leaves the fingerprints of other rows alone.

    Parameters
    ----------
    columns : sequence of Column
        Of the rows.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._named = sorted((column.name, place) for place, column in enumerate(columns))

    def __call__(self, row: Row) -> str:
        """32 hexadecimal digits.

        Raises
        ------
        ValueError
            Where the row has not as many cells as there are columns.
        """
        if len(row) != len(self._named):
            raise ValueError(f"{len(row)} cells for {len(self._named)} columns")
        told = [f"{name}\x1f{row[place]!r}\x1e" for name, place in self._named if row[place] is not None]
        return digest("".join(told))
