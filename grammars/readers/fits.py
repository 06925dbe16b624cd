"""FITS files, plain and gzip: header cards, table columns and, for previews only, strips of an image.

Cards are read by `grammars.readers.fits_cards`, which tells why; table columns by fitsio, which is good at them.
cfitsio never sees a file name, in which it would interpret ``[``, ``(``, ``+``, ``!`` and ``://``: it gets a
descriptor that is open already.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from contextlib import ExitStack
from functools import lru_cache
from io import BufferedReader, FileIO
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import fitsio
import numpy as np

from epncore.model.errors import UnavailableError, UnreadableError
from grammars.readers.fits_bytes import FileBytes
from grammars.readers.fits_cards import value_of, walk
from grammars.readers.fits_columns import bytes_of, cells, place_of
from grammars.readers.sniff import GZIP_MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from grammars.readers.fits_cards import CardValue, Hdu
    from grammars.readers.fits_columns import Place

INFLATED_MAX_BYTES = 2 * 1024**3
"""A gzip file that inflates to more is refused: it would fill the disk."""
FILLING_MAX_BYTES = 64 * 1024**2
"""So much may stand behind the last HDU of a gzip file; one that inflates to no more is not asked how well it packs."""
_PACKED_MAX = 100
"""Data do not pack better than so many to one; zeros, of which there may be no end, do."""
_CHUNK_BYTES = 1024**2


class FitsReader:
    """Opens FITS files by content, whatever they are called and whether they are gzip or not.

    Parameters
    ----------
    inflated_max_bytes : int
        Where to stop inflating.
    """

    format = "fits"

    def __init__(self, inflated_max_bytes: int = INFLATED_MAX_BYTES) -> None:
        self.inflated_max_bytes = inflated_max_bytes

    def sniff(self, head: bytes) -> bool:
        """Whether the bytes, inflated where they were gzip, start a primary header (section 4.4.1.1)."""
        return head.startswith(b"SIMPLE  =")

    def open(self, path: Path) -> FitsHeader:
        """Open a file and check that it is whole: each header up to its END, each data unit to its last byte.

        Parameters
        ----------
        path : pathlib.Path
            Any name, also one that cfitsio would take for a command.

        Returns
        -------
        FitsHeader
            To be closed: use it in a ``with``.

        Raises
        ------
        UnreadableError
            Where the file is not whole; with the byte or the HDU.
        UnavailableError
            Where it cannot be opened, or there is no room to inflate it.
        """
        try:
            file = _opened(path, self.inflated_max_bytes)
            try:
                hdus = tuple(walk(file))
            except BaseException:
                file.close()
                raise
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror or error})", path=str(path)) from None
        except UnreadableError as error:
            raise UnreadableError(error.message, path=str(path), place=error.place, hint=error.hint) from None
        return FitsHeader(path, file, hdus)


class ColumnBytes(NamedTuple):
    """A column of plain numbers. Equal ones hold the same numbers in the same unit.

    Attributes
    ----------
    data : bytes
        From its first cell to its last.
    table : Hdu
        Shared by files whose tables have the same header.
    number : int
        Of the column, from 1.
    """

    data: bytes
    table: Hdu
    number: int


class FitsHeader:
    """Cards and columns of an open FITS file. Cards are typed when they are asked for, columns read then.

    Attributes
    ----------
    path : pathlib.Path
    hdus : tuple of Hdu
        All of the file, in its order.
    """

    def __init__(self, path: Path, file: FileBytes, hdus: tuple[Hdu, ...]) -> None:
        self.path = path
        self.hdus = hdus
        self._file = file
        self._tables: Any = None

    def __enter__(self) -> FitsHeader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._tables is not None:
                self._tables.close()
        finally:
            self._file.close()

    def keys(self, hdu: int = 0) -> tuple[str, ...]:
        """Keywords of an HDU that have a value, in the order of the file."""
        return tuple(self.hdus[hdu].cards)

    def get(self, key: str, hdu: int = 0) -> CardValue:
        """Value of a card, typed: text, int, float or bool; None where there is none.

        Of several cards with one keyword the first counts. Text has no edge spaces; a value that is malformed is
        given as the text that stands there.
        """
        raw = self.hdus[hdu].cards.get(key)
        return None if raw is None else value_of(raw)

    def columns(self, hdu: int) -> dict[str, int]:
        """Columns of a table by upper-case name (section 7.3.2: case does not tell names apart), numbered from 1."""
        table = self.hdus[hdu]
        return _columns(table) if table.is_table else {}

    def find_column(self, name: str, within: int | None = None) -> tuple[int, int] | None:
        """HDU and number of the first column of that name, in HDU `within` or whichever; None where it is not there."""
        for hdu in self.hdus if within is None else self.hdus[within : within + 1]:
            number = _columns(hdu).get(name.upper()) if hdu.is_table else None
            if number is not None:
                return hdu.number, number
        return None

    def column_unit(self, name: str, within: int | None = None) -> str | None:
        """TUNITn of the first column of that name; None where there is no such column or no unit."""
        found = self.find_column(name, within)
        unit = self.get(f"TUNIT{found[1]}", found[0]) if found else None
        return str(unit) if unit else None

    def column(
        self, name: str, within: int | None = None, rows: NDArray[np.int64] | None = None
    ) -> NDArray[Any] | None:
        """Read the first column of that name.

        Parameters
        ----------
        name : str
            Upper and lower case are the same.
        within : int, optional
            The HDU of its table, by default whichever has it.
        rows : ndarray of int, optional
            Which rows, from 0, in rising order; by default all. Of a large table no other row is read.

        Returns
        -------
        ndarray, shape (rows, ...) or None
            In the machine's byte order, TSCAL and TZERO applied, in the unit of the file. None where no table has it.

        Raises
        ------
        UnreadableError
            Where cfitsio cannot make sense of the table.
        """
        found = self.find_column(name, within)
        if found is None:
            return None
        hdu, number = found
        table = self.hdus[hdu]
        place = place_of(table, number)
        if place is not None:
            values = cells(place, self._bytes_of(place, table))
            return values if rows is None else values[rows]
        return self._read(hdu, f"column {name}", lambda of_hdu: of_hdu.read_column(number - 1, rows=rows))

    def column_bytes(self, name: str) -> ColumnBytes | None:
        """The first column of that name as it stands in the file, for who remembers what was made of the same before.

        Raises
        ------
        UnreadableError
            Where the table is cut.

        Returns
        -------
        ColumnBytes or None
            None where no table has it, and where it takes more than its bytes to read it.
        """
        found = self.find_column(name)
        table = self.hdus[found[0]] if found else None
        place = place_of(table, found[1]) if found and table else None
        return ColumnBytes(self._bytes_of(place, table), table, found[1]) if found and table and place else None

    def _bytes_of(self, place: Place, table: Hdu) -> bytes:
        try:
            return bytes_of(place, table, self._file)
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(self.path)) from None
        except UnreadableError as error:
            raise UnreadableError(
                f"the table cannot be read ({error})", path=str(self.path), place=f"HDU {table.number}"
            ) from None

    def image_strip(self, first: int, last: int) -> NDArray[Any]:
        """Read pixels `first` to `last` (from 0, `last` not included) of each row of the primary image.

        Returns
        -------
        ndarray, shape (NAXIS2, last - first)
            In the machine's byte order, BSCALE and BZERO applied; NaN where a pixel has the value of BLANK.

        Raises
        ------
        UnreadableError
            Where cfitsio cannot make sense of the image.
        """
        values = self._read(0, "the image", lambda of_hdu: of_hdu[:, first:last])
        blank, (zero, scale) = self.get("BLANK"), (self.get("BZERO"), self.get("BSCALE"))
        if isinstance(blank, int) and values.dtype.kind in "iuf":
            value = blank * float(scale or 1.0) + float(zero or 0.0)
            values = np.where(np.isclose(values, value, rtol=1e-6, atol=0.0), np.nan, values)
        return values

    def _read(self, hdu: int, what: str, read: Callable[[Any], Any]) -> NDArray[Any]:
        try:
            if self._tables is None:
                self._tables = fitsio.FITS(f"/dev/fd/{self._file.fileno()}", "r")
            values = read(self._tables[hdu])
        except (OSError, ValueError, RuntimeError, SystemError, MemoryError) as error:
            # ValueError: also what fitsio makes of an error text of cfitsio that quotes bytes of the file.
            first_line = str(error).split("\n", 1)[0] if not isinstance(error, UnicodeError) else "damaged data"
            if isinstance(error, OSError):
                self._look_at_disk()
            raise UnreadableError(
                f"{what} cannot be read ({first_line})", path=str(self.path), place=f"HDU {hdu}"
            ) from None
        native: NDArray[Any] = np.asarray(values).astype(values.dtype.newbyteorder("="), copy=False)
        return native

    def _look_at_disk(self) -> None:
        """Read all of the file: cfitsio says the same of damaged content and of a disk that fails."""
        try:
            for start in range(0, self._file.size_bytes, _CHUNK_BYTES):
                self._file.read(start, _CHUNK_BYTES)
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(self.path)) from None


@lru_cache(maxsize=32)  # files of a station share the HDUs of their tables
def _columns(table: Hdu) -> dict[str, int]:
    names = ((table.get(key), key[5:]) for key in table.cards if key.startswith("TTYPE"))
    return {str(name).upper(): int(number) for name, number in names if name and number.isdecimal()}


def _opened(path: Path, inflated_max_bytes: int) -> FileBytes:
    """The bytes of the FITS file, whatever it is packed in."""
    stream = FileIO(path)  # what `path.open` puts around it costs as much again
    try:
        file = FileBytes(stream)
        if file.read(0, 2) != GZIP_MAGIC:
            return file
        with BufferedReader(stream) as packed:
            packed.seek(0)
            return FileBytes(_inflated(packed, inflated_max_bytes))
    except BaseException:
        stream.close()
        raise


def _inflated(stream: BinaryIO, max_bytes: int) -> BinaryIO:
    """Inflate to the end, which also checks length and CRC, into a nameless file that is not held in memory."""
    most_bytes = min(max_bytes, max(FILLING_MAX_BYTES, _PACKED_MAX * os.fstat(stream.fileno()).st_size))
    with ExitStack() as on_error:
        target = on_error.enter_context(tempfile.TemporaryFile())
        look_bytes = FILLING_MAX_BYTES
        try:
            with gzip.GzipFile(fileobj=stream, mode="rb") as source:
                while chunk := source.read(_CHUNK_BYTES):
                    target.write(chunk)
                    if target.tell() > most_bytes:
                        raise UnreadableError(
                            f"inflates to more than {most_bytes} bytes", place="gzip", hint="Hand it over inflated"
                        )
                    if target.tell() > look_bytes:
                        _check_filling(target)
                        look_bytes += FILLING_MAX_BYTES
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnreadableError(
                f"damaged or cut gzip stream ({error})", place="gzip", hint="Fetch the file again"
            ) from None
        target.flush()
        on_error.pop_all()
    return target


def _check_filling(target: BinaryIO) -> None:
    """Refuse what goes on for long after the last HDU; nothing is said while one is not complete."""
    target.flush()
    file = FileBytes(target)
    try:
        last = list(walk(file))[-1]
    except UnreadableError:
        return
    end = last.data_offset_bytes + last.data_bytes
    if file.size_bytes - end > FILLING_MAX_BYTES:
        raise UnreadableError(
            f"more than {FILLING_MAX_BYTES} bytes follow the last HDU", place=f"byte {end}", hint="Fetch the file again"
        )
