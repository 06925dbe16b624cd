"""The internal records of a CDF: descriptors that point at each other, walked within bounds.

Why not `cdflib.CDF`: it searches the linked lists anew for every attribute (16 files/s with all of them), follows a
list that bites its own tail for ever, takes ``s3:`` and ``http:`` in a file name for an address, and reads neither
files packed by run lengths nor CDF 2 without guessing. A header needs few records; they are read here, and cdflib
is what the tests hold the result against.

Bounds: every record lies inside the file, no list meets a record twice, and all walks together visit no more records
than the file can hold. So damaged bytes end in `UnreadableError`, in time linear in the size of the file.

Format: "CDF Internal Format Description" 2.7 and 3.9, NASA/GSFC. Descriptors are big-endian; CDF 3 has offsets of
8 bytes and names of 256, CDF 2 of 4 and 64, and releases before 2.5 waste 128 bytes in each VDR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from epncore.model.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NoReturn

CDR, GDR, R_VDR, ADR, R_AEDR, VXR, VVR, Z_VDR, Z_AEDR, CCR, CPR, CVVR = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13
_NAMES = {1: "CDR", 2: "GDR", 3: "rVDR", 4: "ADR", 5: "AgrEDR", 6: "VXR", 8: "zVDR", 9: "AzEDR", 10: "CCR", 11: "CPR"}
MAX_DIMENSIONS = 10
"""CDF_MAX_DIMS of the format."""
_PAGE_BYTES, _PAGES = 1 << 14, 64
SMALLEST_RECORD_BYTES = 8
"""No record is shorter: its length and its kind."""

# Encodings whose floats are IEEE 754, by byte order; VAX, Alpha VMS D/G and Itanium D/G are not.
_BIG_ENDIAN = {1, 2, 5, 7, 9, 11, 12, 18}
_LITTLE_ENDIAN = {4, 6, 13, 16, 17, 19}

ELEMENT_BYTES = {
    1: 1, 2: 2, 4: 4, 8: 8, 11: 1, 12: 2, 14: 4, 21: 4, 22: 8, 31: 8, 32: 16, 33: 8, 41: 1, 44: 4, 45: 8, 51: 1, 52: 1,
}  # fmt: skip
"""Bytes of one element by CDF data type."""


class Attribute(NamedTuple):
    """An ADR: where the entries of an attribute start and how many there are."""

    name: str
    is_global: bool
    gr_head: int
    gr_count: int
    z_head: int
    z_count: int


class Entry(NamedTuple):
    """An AEDR: the entry `number` of an attribute, its value still in the file."""

    number: int
    data_type: int
    elements: int
    offset: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A VDR: one variable.

    Attributes
    ----------
    name : str
    number : int
        Within the z or the r variables.
    is_z : bool
    data_type, elements : int
        CDF data type; characters per text, else 1.
    dims : tuple of int
        Sizes of the dimensions that vary.
    records : int
        How many are written.
    varies : bool
        False where one record stands for all.
    sparse : int
        0 none, 1 missing records are padded, 2 they repeat the one before.
    vxr, cpr, pad : int
        Offsets of the index, the compression record and the pad value, 0 for none.
    """

    name: str
    number: int
    is_z: bool
    data_type: int
    elements: int
    dims: tuple[int, ...]
    records: int
    varies: bool
    sparse: int
    vxr: int
    cpr: int
    pad: int

    @property
    def record_bytes(self) -> int:
        """Size of one record."""
        return math.prod(self.dims) * self.elements * ELEMENT_BYTES[self.data_type]


class Records:
    """The descriptors of an open, unpacked CDF.

    Parameters
    ----------
    stream : binary file
        From byte 0, magic numbers included.
    size_bytes : int
        Its length.
    path : str
        For messages.
    version : int
        2 or 3, from the first magic number.
    """

    def __init__(self, stream: BinaryIO, size_bytes: int, path: str, version: int) -> None:
        self._stream, self.size_bytes, self._path = stream, size_bytes, path
        word, self._name_bytes = ("q", 256) if version == 3 else ("i", 64)
        self.word_bytes = 8 if version == 3 else 4
        self._head = Struct(f">{word}i")
        self._cdr = Struct(f">{word}6i")
        self._gdr = Struct(f">4{word}5i{word}3i")
        # Of the members of lists, with the head and what follows in the list.
        self._adr = Struct(f">{word}i2{word}5i{word}3i{self._name_bytes}s")
        self._aedr = Struct(f">{word}i{word}9i")
        self._vdr = Struct(f">{word}i{word}2i2{word}5i")
        self._vdr_more = Struct(f">2i{word}i{self._name_bytes}s")
        self._vxr = Struct(f">{word}2i")
        self._word = word
        self._visits_left = size_bytes // SMALLEST_RECORD_BYTES
        self._page = lru_cache(_PAGES)(self._read_page)
        self._read_roots()

    def bytes_at(self, offset: int, count: int, what: str) -> bytes:
        """Read `count` bytes; never beyond the end."""
        if offset < 0 or count < 0 or offset + count > self.size_bytes:
            self.damaged(f"{what} would end at byte {offset + count} of {self.size_bytes}", offset)
        within = offset % _PAGE_BYTES
        if within + count <= _PAGE_BYTES:
            data = self._page(offset // _PAGE_BYTES)[within : within + count]
        else:
            self._stream.seek(offset)
            data = self._stream.read(count)
        if len(data) != count:
            self.damaged(f"{what} ends early", offset)
        return data

    def _read_page(self, number: int) -> bytes:
        """Descriptors are small and stand close together: their surroundings are read with them."""
        self._stream.seek(number * _PAGE_BYTES)
        return self._stream.read(_PAGE_BYTES)

    def damaged(self, message: str, offset: int) -> NoReturn:
        """Give up on the file."""
        raise UnreadableError(
            f"damaged CDF: {message}", path=self._path, place=f"byte {offset}", hint="Fetch or write the file anew"
        )

    def head(self, offset: int, *kinds: int) -> tuple[int, int]:
        """Length and kind of the record at `offset`, which is one of `kinds`."""
        size, kind = self._head.unpack(self.bytes_at(offset, self._head.size, "a record"))
        self._visit(offset, size, kind, kinds)
        return size, kind

    def _visit(self, offset: int, size: int, kind: int, kinds: tuple[int, ...]) -> None:
        """Check what a record says of itself, and that not too many are met."""
        self._visits_left -= 1
        if self._visits_left < 0:
            self.damaged("its records point at each other without end", offset)
        if kind not in kinds:
            names = " or ".join(_NAMES.get(k, str(k)) for k in kinds)
            self.damaged(f"a record of kind {kind} where {names} should be", offset)
        if size < self._head.size or offset + size > self.size_bytes:
            self.damaged(f"a {_NAMES.get(kind, 'data record')} of {size} bytes, {self.size_bytes} in all", offset)

    def chain(self, first: int, count: int, kind: int, layout: Struct) -> Iterator[tuple[int, list[Any]]]:
        """Offsets of the records of a linked list of `count` members, and what they say behind their heads."""
        offset, seen = first, set()
        for position in range(count):
            if offset in seen or offset <= 0:
                self.damaged(f"a list of {count} {_NAMES[kind]} ends or loops after {position}", offset)
            seen.add(offset)
            size, found, *told = layout.unpack(self.bytes_at(offset, layout.size, "a record"))
            self._visit(offset, size, found, (kind,))
            yield offset, told
            offset = told[0]

    def _read_roots(self) -> None:
        """CDR and GDR: the roots of all lists, and the length the file should have."""
        self.head(8, CDR)
        gdr, version, release, encoding, flags, *_ = self._unpack(self._cdr, 8)
        if encoding not in _BIG_ENDIAN | _LITTLE_ENDIAN:
            self.damaged(f"encoding {encoding} is none of IEEE 754 numbers", 8)
        if not flags & 2:
            self.damaged("a multi-file CDF keeps its variables in other files", 8)
        self.byte_order = ">" if encoding in _BIG_ENDIAN else "<"
        self.column_major = not flags & 1
        self._vdr_waste = 128 if version == 2 and release < 5 else 0
        self.head(gdr, GDR)
        r_vdr, z_vdr, adr, eof, r_count, attributes, _, dims, z_count, *_ = self._unpack(self._gdr, gdr)
        if eof > self.size_bytes:
            raise UnreadableError(
                f"truncated: the CDF should have {eof} bytes and has {self.size_bytes}",
                path=self._path,
                place=f"GDR at byte {gdr}",
                hint="Fetch the file anew",
            )
        self._r_dims = self._integers(gdr + self._head.size + self._gdr.size, dims, gdr)
        self._roots = ((z_vdr, z_count, Z_VDR), (r_vdr, r_count, R_VDR))
        self._attribute_root = (adr, attributes)

    def _unpack(self, layout: Struct, offset: int) -> tuple[int, ...]:
        return layout.unpack(self.bytes_at(offset + self._head.size, layout.size, "a record"))

    def _integers(self, offset: int, count: int, record: int) -> tuple[int, ...]:
        if not 0 <= count <= MAX_DIMENSIONS:
            self.damaged(f"{count} dimensions, where {MAX_DIMENSIONS} are the most", record)
        return Struct(f">{count}i").unpack(self.bytes_at(offset, 4 * count, "dimensions"))

    def attributes(self) -> Iterator[Attribute]:
        """All attributes, in the order of the file."""
        for _, told in self.chain(*self._attribute_root, ADR, self._adr):
            _, gr_head, scope, _, gr_count, _, _, z_head, z_count, _, _, name = told
            # Scopes 1 and 3: global, known or assumed.
            yield Attribute(_name(name), scope in {1, 3}, gr_head, gr_count, z_head, z_count)

    def entries(self, attribute: Attribute, *, of_z_variables: bool = False) -> Iterator[Entry]:
        """Entries of an attribute: global ones or those of r variables, or those of z variables."""
        kind = Z_AEDR if of_z_variables else R_AEDR
        head, count = (
            (attribute.z_head, attribute.z_count) if of_z_variables else (attribute.gr_head, attribute.gr_count)
        )
        for offset, (_, _, data_type, number, elements, *_) in self.chain(head, count, kind, self._aedr):
            if data_type not in ELEMENT_BYTES or elements < 0:
                self.damaged(f"attribute {attribute.name!r} has {elements} values of type {data_type}", offset)
            yield Entry(number, data_type, elements, offset + self._aedr.size)

    def variables(self) -> Iterator[Variable]:
        """All variables: z variables, then r variables."""
        for head, count, kind in self._roots:
            for offset, told in self.chain(head, count, kind, self._vdr):
                yield self._variable(offset, told, is_z=kind == Z_VDR)

    def _variable(self, offset: int, told: Sequence[int], *, is_z: bool) -> Variable:
        _, data_type, last, vxr, _, flags, sparse, *_ = told
        at = offset + self._vdr.size + self._vdr_waste
        elements, number, cpr, _, padded = self._vdr_more.unpack(self.bytes_at(at, self._vdr_more.size, "a variable"))
        name = _name(padded)
        at += self._vdr_more.size
        sizes = self._r_dims
        if is_z:
            (count,) = self._integers(at, 1, offset)
            sizes = self._integers(at + 4, count, offset)
            at += 4 + 4 * count
        vary = self._integers(at, len(sizes), offset)
        if data_type not in ELEMENT_BYTES or elements < 1 or any(size < 0 for size in sizes):
            self.damaged(f"variable {name!r} has data type {data_type}, {elements} elements, sizes {sizes}", offset)
        return Variable(
            name, number, is_z, data_type, elements,
            dims=tuple(size for size, varies in zip(sizes, vary, strict=True) if varies),
            records=max(last, -1) + 1, varies=bool(flags & 1), sparse=sparse, vxr=vxr, cpr=cpr if flags & 4 else 0,
            pad=at + 4 * len(sizes) if flags & 2 else 0,
        )  # fmt: skip

    def index(self, variable: Variable) -> list[tuple[int, int, int]]:
        """(first record, last record, offset) of the blocks of a variable, by first record."""
        blocks: list[tuple[int, int, int]] = []
        waiting, seen = [variable.vxr] if variable.vxr > 0 else [], set()
        while waiting:
            offset = waiting.pop()
            if offset in seen:
                self.damaged(f"the index of variable {variable.name!r} loops", offset)
            seen.add(offset)
            size, kind = self.head(offset, VXR, VVR, CVVR)
            if kind != VXR:
                self.damaged(f"the index of variable {variable.name!r} is a data record", offset)
            following, room, used = self._unpack(self._vxr, offset)
            if not 0 <= used <= room or room * (8 + self.word_bytes) > size:
                self.damaged(f"an index of {used} entries in {size} bytes", offset)
            if following > 0:
                waiting.append(following)
            for first, last, block in self._index_entries(offset, room, used):
                if self.head(block, VXR, VVR, CVVR)[1] == VXR:
                    waiting.append(block)
                else:
                    blocks.append((first, last, block))
        return sorted(blocks)

    def _index_entries(self, offset: int, room: int, used: int) -> list[tuple[int, int, int]]:
        layout = Struct(f">{2 * room}i{room}{self._word}")
        numbers = layout.unpack(self.bytes_at(offset + self._head.size + self._vxr.size, layout.size, "an index"))
        return [(numbers[i], numbers[room + i], numbers[2 * room + i]) for i in range(used)]


def _name(padded: bytes) -> str:
    return decode(padded.split(b"\0", 1)[0])


def decode(data: bytes) -> str:
    """Text as files have it: ASCII says the format, UTF-8 or Latin-1 say the files."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
