"""Columns of binary tables that are plain numbers, straight from their bytes.

Format: FITS Standard 4.0 (IAU FITS Working Group, 2018-08-13), section 7.3. What is scaled, packed, of variable length,
text, or lies in a large table is cfitsio's: `place_of` says which columns are plain. For a table of one row, as
spectrometers write their axes, this takes a tenth of the time that cfitsio needs to open the file (docs/adr/0009).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from epncore.model.errors import UnreadableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grammars.readers.fits_bytes import FileBytes
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
        Of its cell in the first row, in the (inflated) file.
    dtype : numpy.dtype
        Of one element, big-endian.
    elements : int
        In a cell.
    rows : int
    row_bytes : int
        From one cell to the next.
    """

    offset_bytes: int
    dtype: np.dtype[Any]
    elements: int
    rows: int
    row_bytes: int


@lru_cache(maxsize=32)  # files of a station share the HDUs of their tables
def place_of(table: Hdu, number: int) -> Place | None:
    """Where column `number` (from 1) of a table is; None where it takes more than its bytes to read it."""
    row_bytes, rows, count = table.get("NAXIS1"), table.get("NAXIS2") or 0, table.get("TFIELDS")
    if table.get("XTENSION") != "BINTABLE" or table.data_bytes > TABLE_MAX_BYTES:
        return None
    if not isinstance(count, int) or count > COLUMNS_MAX or not isinstance(rows, int) or rows < 0:
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
    offset = table.data_offset_bytes + sum(sizes[: number - 1])
    return Place(offset, np.dtype(_PLAIN[form.letter]), form.elements, rows, sum(sizes))


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


def bytes_of(place: Place, table: Hdu, file: FileBytes) -> bytes:
    """Read from the first cell of a column to its last.

    Raises
    ------
    UnreadableError
        Where the file ends before.
    """
    cell_bytes = place.elements * place.dtype.itemsize
    wanted = (place.rows - 1) * place.row_bytes + cell_bytes if place.rows else 0
    data = file.read(place.offset_bytes, min(wanted, table.data_bytes))
    if len(data) < wanted:
        raise UnreadableError("the file was cut while it was read", place=f"HDU {table.number}")
    return data


def cells(place: Place, data: bytes) -> NDArray[Any]:
    """The values of a column by its bytes.

    Returns
    -------
    ndarray, shape (rows,) or (rows, elements)
        In the machine's byte order.
    """
    strides = (place.row_bytes, place.dtype.itemsize)
    values = np.ndarray((place.rows, place.elements), place.dtype, data, strides=strides)
    native = values.astype(place.dtype.newbyteorder("="))
    return native[:, 0] if place.elements == 1 else native
