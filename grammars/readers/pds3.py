"""PDS3 products: a label, and the tables of fixed-length records that it points to.

Format: Planetary Data System Standards Reference 3.8, chapters 3 (DATA_TYPE) and 5 (labels, pointers) and
appendix A (TABLE, COLUMN). A label is attached (at the start of the file of its data) or detached (a file of its own
beside them). Records are read where a row needs them: the cost does not grow with the file. The .FMT files
behind ``^STRUCTURE`` are not opened: they may be missing from a folder, and a grammar knows the layout of its product.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError, UnavailableError, UnreadableError
from grammars.readers.pds3_label import BYTES, LABEL_MAX_BYTES, is_label, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from grammars.readers.pds3_label import Block

ROW_MAX_BYTES = 1 << 20
"""Rows longer than this are no records of a radio receiver; some hundred are held in memory at a time."""

_KINDS = {
    "IEEE_REAL": ">f", "MSB_INTEGER": ">i", "MSB_UNSIGNED_INTEGER": ">u", "INTEGER": ">i", "UNSIGNED_INTEGER": ">u",
    "PC_REAL": "<f", "LSB_INTEGER": "<i", "LSB_UNSIGNED_INTEGER": "<u",
}  # fmt: skip
"""DATA_TYPE of binary columns, as numpy has it (Standards Reference, table 3.2)."""

_FORM = re.compile(r"\^.*|PDS_VERSION_ID|LABEL_REVISION_NOTE|RECORD_(TYPE|BYTES)|(FILE|LABEL)_RECORDS|CCSD.*")


class Pds3Reader:
    """Opens labels by content, attached or detached."""

    format = "pds3"

    def sniff(self, head: bytes) -> bool:
        """Whether the bytes start a PDS3 label."""
        return is_label(head)

    def open(self, path: Path) -> Pds3Header:
        """Read a label; its data are opened when they are asked for.

        Raises
        ------
        UnreadableError
            Where it is no label, or a cut one.
        UnavailableError
            Where it cannot be opened.
        """
        try:
            with path.open("rb") as stream:
                content = stream.read(LABEL_MAX_BYTES + 1)
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(path)) from None
        return Pds3Header(path, parse(content))


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of an object stand.

    Attributes
    ----------
    name : str
    block : Block
        What the label says of it.
    path : pathlib.Path
        The file of the data.
    offset_bytes : int
        Of the first row.
    row_bytes : int
        From row to row, with prefix and suffix.
    prefix_bytes : int
        Of each row, before its columns.
    rows : int
    """

    name: str
    block: Block
    path: Path
    offset_bytes: int
    row_bytes: int
    prefix_bytes: int
    rows: int

    def read(self, first: int, last: int) -> NDArray[np.uint8]:
        """Rows `first` to `last` (from 0, `last` not included) as bytes, prefix and suffix and all.

        Returns
        -------
        ndarray, shape (last - first, row_bytes)

        Raises
        ------
        UnreadableError
            Where the file is shorter than its label says.
        """
        wanted = (last - first) * self.row_bytes
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.offset_bytes + first * self.row_bytes)
                content = stream.read(wanted)
        except OSError as error:
            raise UnavailableError(f"{self.path.name} cannot be read ({error.strerror})", place=self.name) from None
        if len(content) < wanted:
            raise self.cut()
        return np.frombuffer(content, np.uint8).reshape(last - first, self.row_bytes)

    def blocks(self, block_bytes: int) -> Iterator[NDArray[np.uint8]]:
        """All rows, some `block_bytes` at a time, as `read` gives them."""
        step = max(block_bytes // self.row_bytes, 1)
        return (self.read(first, min(first + step, self.rows)) for first in range(0, self.rows, step))

    def column(self, name: str, rows: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Values of a numeric column that the label itself describes.

        Parameters
        ----------
        name : str
        rows : ndarray
            From `read`.

        Returns
        -------
        ndarray, shape (rows, items)

        Raises
        ------
        HeaderError
            Where the label has no such column, or one that does not fit its rows.
        """
        found = [block for block in self.block.blocks.get("COLUMN", ()) if block.text("NAME") == name]
        if not found:
            raise HeaderError(f"no column {name} in {self.name}", place=f"label, {self.name}")
        column, place = found[0], f"label, {self.name}, column {name}"
        items = column.count("ITEMS", 1)
        size = column.count("ITEM_BYTES", None if items > 1 else column.count("BYTES"))
        kind = _KINDS.get(column.text("DATA_TYPE") or "")
        start = column.count("START_BYTE") - 1 + self.prefix_bytes
        if kind is None or size not in {1, 2, 4, 8} or (kind[1] == "f" and size < 4):
            raise HeaderError(f"{column.text('DATA_TYPE')} of {size} bytes is not read here", place=place)
        if start < 0 or items < 1 or start + items * size > self.row_bytes:
            raise HeaderError(f"{items} items of {size} bytes from byte {start + 1} do not fit a row", place=place)
        values = np.ascontiguousarray(rows[:, start : start + items * size]).view(f"{kind}{size}")
        return values.astype(np.float64)

    def cut(self) -> UnreadableError:
        """The error that tells what is missing of a file."""
        needed = self.offset_bytes + self.rows * self.row_bytes
        there = _size_bytes(self.path, self.name)
        return UnreadableError(
            f"{self.path.name} has {there} bytes, but {self.rows} rows of {self.row_bytes} bytes "
            f"from byte {self.offset_bytes} need {needed}",
            place=self.name,
            hint="Fetch the file of the data again",
        )


class Pds3Header:
    """The label of a product.

    Attributes
    ----------
    path : pathlib.Path
        Of the label.
    label : Block
    """

    def __init__(self, path: Path, label: Block) -> None:
        self.path, self.label = path, label

    def __enter__(self) -> Pds3Header:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def keys(self) -> tuple[str, ...]:
        """Keywords and OBJECTs of the label, but for those that tell of its own form."""
        return tuple(name for name in (*self.label.values, *self.label.blocks) if not _FORM.fullmatch(name))

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Values of a keyword of the label, see `Block.texts`."""
        return self.label.texts(keyword)

    def text(self, keyword: str) -> str | None:
        """The first of `texts`."""
        return self.label.text(keyword)

    def table(self, name: str) -> Table:
        """The object of that name, whole in its file.

        Raises
        ------
        HeaderError
            Where the label does not describe it, or points out of its folder or to a file that is not there.
        NotGranuleError
            Where it has no rows.
        UnreadableError
            Where the file is shorter than the label says.
        """
        blocks = self.label.blocks.get(name)
        if not blocks:
            raise HeaderError(f"no OBJECT = {name}", place="label")
        path, offset_bytes = self._pointed(f"^{name}")
        block = blocks[0]
        prefix = block.count("ROW_PREFIX_BYTES", 0)
        row_bytes = prefix + block.count("ROW_BYTES") + block.count("ROW_SUFFIX_BYTES", 0)
        rows = block.count("ROWS")
        if rows == 0:
            raise NotGranuleError("no records", place=f"label, {name}, ROWS")
        if not 0 < row_bytes <= ROW_MAX_BYTES:
            raise HeaderError(f"rows of {row_bytes} bytes", place=f"label, {name}, ROW_BYTES")
        table = Table(name, block, path, offset_bytes, row_bytes, prefix, rows)
        if _size_bytes(path, name) < offset_bytes + rows * row_bytes:
            raise table.cut()
        return table

    def files(self) -> tuple[Path, ...]:
        """The files beside the label that hold its OBJECTs; none where all are in the label's own."""
        paths = (self._pointed(f"^{name}")[0] for name in self.label.blocks if f"^{name}" in self.label.values)
        return tuple(path for path in dict.fromkeys(paths) if path != self.path)

    def _pointed(self, pointer: str) -> tuple[Path, int]:
        """File and byte of ``("A.DAT", 2)``, ``"A.DAT"``, ``2`` and ``513 <BYTES>`` (Standards Reference, 5.3.3.2)."""
        members = self.label.values.get(pointer, ())
        names = [member for member in members if isinstance(member, str) and member != BYTES]
        numbers = [member for member in members if isinstance(member, int)]
        if not members or len(names) > 1 or len(numbers) > 1 or any(number < 1 for number in numbers):
            raise HeaderError(f"{pointer} is {members!r:.80}", place="label", hint='("NAME.DAT", 2) is wanted')
        before = numbers[0] - 1 if numbers else 0
        unit = 1 if BYTES in members or not before else self.label.count("RECORD_BYTES")
        return self._beside(names[0], pointer) if names else self.path, before * unit

    def _beside(self, name: str, pointer: str) -> Path:
        """A file in the folder of the label: by its name as it stands, or all in lower or upper case."""
        if name in {".", ".."} or any(sign in name for sign in "/\\\0") or len(name) > 255:
            raise HeaderError(f"{pointer} leads out of the folder: {name!r:.80}", place="label")
        folder = self.path.parent
        for spelling in dict.fromkeys((name, name.lower(), name.upper())):
            path = folder / spelling
            try:
                real = path.resolve()
                inside = real.parent in {folder.resolve(), self.path.resolve().parent}
                found = real.is_file()
            except (ValueError, RuntimeError):  # a circle of links
                continue
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    continue
                raise UnavailableError(f"{spelling} cannot be read ({error.strerror})", place=pointer) from None
            if found and not inside:
                raise HeaderError(f"{pointer} leads out of the folder: {name!r} is a link", place="label")
            if found:
                return path
        raise HeaderError(f"{pointer} names {name!r:.80}, which is not there", place="label", hint="Put it beside it")


def _size_bytes(path: Path, name: str) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnavailableError(f"{path.name} cannot be read ({error.strerror})", place=name) from None
