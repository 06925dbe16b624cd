"""Values inside a CDF: records of variables and entries of attributes, unpacked where the file packs them.

Format: "CDF Internal Format Description" (VVR, CVVR, CPR, CCR), NASA/GSFC.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from grammars.readers.cdf_records import CPR, CVVR, ELEMENT_BYTES, VVR, Records, Variable, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from grammars.readers.cdf_records import Entry

EPOCH, EPOCH16, TT2000 = 31, 32, 33
TIME_TYPES = {EPOCH: "CDF_EPOCH", EPOCH16: "CDF_EPOCH16", TT2000: "CDF_TIME_TT2000"}
"""Data types that are times."""
TEXT_TYPES = {51, 52}

_DTYPES = {
    1: "i1", 2: "i2", 4: "i4", 8: "i8", 11: "u1", 12: "u2", 14: "u4", 21: "f4", 22: "f8",
    EPOCH: "f8", EPOCH16: "c16", TT2000: "i8", 41: "i1", 44: "f4", 45: "f8",
}  # fmt: skip

MAX_READ_BYTES = 1 << 28
"""Most that one read of a variable may take in memory (256 MiB); longer variables are read in chunks."""

RLE, GZIP = 1, 5
_COMPRESSIONS = {2: "Huffman", 3: "adaptive Huffman"}

AttributeValue: TypeAlias = str | int | float | complex | tuple[str, ...] | tuple[int | float | complex, ...]
"""One entry of an attribute: a text, a number, or several."""


@lru_cache(maxsize=256)
def dtype(data_type: int, elements: int, byte_order: str = "=") -> np.dtype[Any]:
    """Numpy's type for one value; EPOCH16 is complex: seconds, and picoseconds as the imaginary part."""
    if data_type in TEXT_TYPES:
        return np.dtype(f"S{elements}")
    return np.dtype(_DTYPES[data_type]).newbyteorder(byte_order)  # type: ignore[arg-type]


def entry_value(records: Records, entry: Entry) -> AttributeValue:
    r"""Value of an entry: texts without padding, several texts (joined by ``\N``) and numbers as tuples."""
    size = entry.elements * ELEMENT_BYTES[entry.data_type]
    data = records.bytes_at(entry.offset, size, "a value of an attribute")
    if entry.data_type in TEXT_TYPES:
        texts = tuple(part.rstrip(" \0") for part in decode(data).split("\\N "))
        return texts if len(texts) > 1 else texts[0].replace("\0", "")
    values = np.frombuffer(data, dtype(entry.data_type, 1, records.byte_order)).tolist()
    return values[0] if len(values) == 1 else tuple(values)


def read(
    records: Records, variable: Variable, blocks: list[tuple[int, int, int]], first: int, last: int
) -> NDArray[Any]:
    """Records `first` to `last` of a variable, both included.

    Parameters
    ----------
    records, variable
        What to read from.
    blocks : list of (first, last, offset)
        From `Records.index`.
    first, last : int
        Numbers of records, from 0; last < first gives none.

    Returns
    -------
    ndarray, shape (last - first + 1, *dims)
        In the order of the dimensions, whatever the majority of the file; not written records of a sparse variable
        are filled as it asks.

    Raises
    ------
    UnreadableError
        Where records are missing or damaged, or more than `MAX_READ_BYTES` were asked for.
    """
    count = max(last - first + 1, 0)
    size = variable.record_bytes
    if count * size > MAX_READ_BYTES:
        records.damaged(
            f"{count} records of {size} bytes of variable {variable.name!r} are too much to read", variable.vxr
        )
    kind = dtype(variable.data_type, variable.elements, records.byte_order)
    raw = np.zeros((count, size), np.uint8)
    written = np.zeros(count, bool)
    for start, stop, offset in blocks:
        low, high = max(start, first), min(stop, last)
        if low <= high:
            data = _block(records, variable, offset, (start, stop), (low, high))
            raw[low - first : high - first + 1] = np.frombuffer(data, np.uint8).reshape(high - low + 1, size)
            written[low - first : high - first + 1] = True
    values = raw.view(kind).reshape(count, *_stored_dims(records, variable)) if size else raw
    if not written.all():
        values = _fill_gaps(records, variable, values, written)
    if records.column_major and len(variable.dims) > 1:
        values = values.transpose(0, *range(len(variable.dims), 0, -1))
    return values.astype(kind.newbyteorder("="))


def chunks(
    records: Records, variable: Variable, blocks: list[tuple[int, int, int]], rows: int
) -> Iterator[NDArray[Any]]:
    """All records of a variable, at most `rows` at a time."""
    for first in range(0, variable.records, rows):
        yield read(records, variable, blocks, first, min(first + rows, variable.records) - 1)


def _stored_dims(records: Records, variable: Variable) -> tuple[int, ...]:
    return variable.dims[::-1] if records.column_major else variable.dims


def _block(records: Records, variable: Variable, offset: int, held: tuple[int, int], wanted: tuple[int, int]) -> bytes:
    """Bytes of the records `wanted` (first, last) from the block that holds the records `held`."""
    (start, stop), (low, high) = held, wanted
    size = variable.record_bytes
    length, kind = records.head(offset, VVR, CVVR)
    head = 4 + records.word_bytes
    if kind == VVR:
        if head + (stop - start + 1) * size > length:
            records.damaged(f"records {start} to {stop} of {variable.name!r} in {length} bytes", offset)
        return records.bytes_at(offset + head + (low - start) * size, (high - low + 1) * size, "records")
    packed_size = int.from_bytes(records.bytes_at(offset + head + 4, records.word_bytes, "a length"), "big")
    if packed_size > length:
        records.damaged(f"{packed_size} packed bytes in a record of {length}", offset)
    packed = records.bytes_at(offset + head + 4 + records.word_bytes, packed_size, "packed records")
    expected = (stop - start + 1) * size
    if expected > MAX_READ_BYTES:
        records.damaged(f"a packed block of {expected} bytes is too much to read", offset)
    try:
        data = inflate(packed, _compression(records, variable), expected)
    except ValueError as error:
        records.damaged(f"packed records of {variable.name!r}: {error}", offset)
    return data[(low - start) * size : (high - start + 1) * size]


def _compression(records: Records, variable: Variable) -> int:
    if variable.cpr <= 0:
        return GZIP
    records.head(variable.cpr, CPR)
    at = variable.cpr + 4 + records.word_bytes
    return int.from_bytes(records.bytes_at(at, 4, "a compression"), "big")


def inflate(packed: bytes, compression: int, size_bytes: int) -> bytes:
    """Unpack to exactly `size_bytes`.

    Raises
    ------
    ValueError
        Where there are more or fewer, or the packing is unknown.
    """
    if compression == GZIP:
        try:
            data = zlib.decompressobj(wbits=31).decompress(packed, size_bytes + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from None
    elif compression == RLE:
        data = _inflate_runs(packed, size_bytes)
    else:
        name = _COMPRESSIONS.get(compression, f"type {compression}")
        raise ValueError(f"packed by {name}, which is not read here; `cdfconvert` of NASA's CDF repacks it")
    if len(data) != size_bytes:
        raise ValueError(f"unpacks to {len(data)} bytes, not {size_bytes}")
    return data


def _inflate_runs(packed: bytes, size_bytes: int) -> bytes:
    """Run lengths of zeros: 0 and n stand for n + 1 zeros."""
    data = bytearray()
    for run in re.finditer(rb"[^\0]+|\0(.)", packed, re.DOTALL):
        data += run[0] if run[1] is None else bytes(run[1][0] + 1)
        if len(data) > size_bytes:
            break
    return bytes(data)


def _fill_gaps(records: Records, variable: Variable, values: NDArray[Any], written: NDArray[np.bool_]) -> NDArray[Any]:
    """Records that a sparse variable leaves out: its pad value, or the record before."""
    if not variable.sparse:
        missing = int(np.argmin(written))
        records.damaged(f"record {missing} of variable {variable.name!r} is not in the file", max(variable.vxr, 0))
    values = values.copy()
    values[~written] = _pad(records, variable, values.dtype)
    if variable.sparse == 2:
        previous = np.maximum.accumulate(np.where(written, np.arange(len(values)), -1))
        values[previous >= 0] = values[previous[previous >= 0]]
    return values


def _pad(records: Records, variable: Variable, kind: np.dtype[Any]) -> Any:
    """The pad value, as the variable or as the format has it: nearly the lowest number of the type."""
    if variable.pad:
        return np.frombuffer(records.bytes_at(variable.pad, kind.itemsize, "a pad value"), kind)[0]
    if kind.kind == "S":
        return b" " * kind.itemsize
    if kind.kind == "i":
        return -(2 ** (8 * kind.itemsize - 1)) + 1
    return 2 ** (8 * kind.itemsize) - 2 if kind.kind == "u" else -1e30
