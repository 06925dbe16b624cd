"""Columns of binary tables that are plain numbers, straight from their bytes.

Format: FITS Standard 4.0 (IAU FITS Working Group, 2018-08-13), section 7.3. What is scaled, packed, of variable length,
text, or lies in a large table is cfitsio's: `place_of` says which columns are plain. For a table of one row, as
spectrometers write their axes, this takes a tenth of the time that cfitsio needs to open the file (docs/adr/0009).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from epncore.model.errors import UnreadableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grammars.readers.fits_cards import CardValue, Hdu

TABLE_MAX_BYTES = 1024**2
"""Of larger tables cfitsio reads the bytes of one column only."""

COLUMNS_MAX = 999
"""Section 7.3.1, TFIELDS."""

_FORM = re.compile(r"(\d{0,9})([LXBIJKAEDCMPQ])([^'(]*)")
_BYTES = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_PLAIN = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


class Place(NamedTuple):
    """Where the cells of a column are.

    Attributes
    ----------
    offset_bytes : int
        Of its cell in the first row, from the start of the data unit.
    dtype : numpy.dtype
        Of one element, big-endian.
    elements : int
        In a cell.
    """

    offset_bytes: int
    dtype: np.dtype[Any]
    elements: int


@lru_cache(maxsize=32)  # files of a station share the HDUs of their tables
def place_of(table: Hdu, number: int) -> Place | None:
    """Where column `number` (from 1) of a table is; None where it takes more than its bytes to read it."""
    row_bytes, count = table.get("NAXIS1"), table.get("TFIELDS")
    if table.get("XTENSION") != "BINTABLE" or table.data_bytes > TABLE_MAX_BYTES:
        return None
    if not isinstance(count, int) or count > COLUMNS_MAX:
        return None
    if "ZTABLE" in table.cards or f"TNULL{number}" in table.cards or f"TDIM{number}" in table.cards:
        return None
    if table.get(f"TSCAL{number}") not in {None, 1} or table.get(f"TZERO{number}") not in {None, 0}:
        return None
    forms = [_form(table.get(f"TFORM{column}")) for column in range(1, count + 1)]
    sizes = [form.elements * form.element_bytes for form in forms]
    form = forms[number - 1] if number <= len(forms) else _UNKNOWN
    if sum(sizes) != row_bytes or not form.elements or form.letter not in _PLAIN:
        return None
    return Place(sum(sizes[: number - 1]), np.dtype(_PLAIN[form.letter]), form.elements)


class _Form(NamedTuple):
    elements: int
    letter: str
    element_bytes: int


_UNKNOWN = _Form(0, "", 0)


@lru_cache(maxsize=1024)
def _form(text: CardValue) -> _Form:
    """A TFORM (section 7.3.1): how many elements of which type; bits are as many bytes as hold them."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return _UNKNOWN
    elements = int(match[1] or 1)
    return _Form((elements + 7) // 8 if match[2] == "X" else elements, match[2], _BYTES[match[2]])


def cells(place: Place, table: Hdu, stream: BinaryIO) -> NDArray[Any]:
    """Read a column.

    Returns
    -------
    ndarray, shape (rows,) or (rows, elements)
        In the machine's byte order.

    Raises
    ------
    UnreadableError
        Where the file ends before.
    """
    rows, row_bytes = int(table.get("NAXIS2") or 0), int(table.get("NAXIS1") or 0)
    wanted = (rows - 1) * row_bytes + place.elements * place.dtype.itemsize if rows else 0
    stream.seek(table.data_offset_bytes + place.offset_bytes)
    data = stream.read(min(wanted, table.data_bytes))
    if len(data) < wanted:
        raise UnreadableError("the file was cut while it was read", place=f"HDU {table.number}")
    values = np.ndarray((rows, place.elements), place.dtype, data, strides=(row_bytes, place.dtype.itemsize))
    native = values.astype(place.dtype.newbyteorder("="))
    return native[:, 0] if place.elements == 1 else native
