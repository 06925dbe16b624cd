"""Reader for CDF, versions 2 and 3: attributes and variables, on demand, within bounds.

Opening reads the roots and, for a file packed as a whole, unpacks it to an anonymous temporary file. Attributes and
variables are walked when first asked for; the values of a variable only by `CdfHeader.read` and its like.
"""

from __future__ import annotations

import tempfile
import zlib
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from epncore.model.errors import UnavailableError, UnreadableError
from grammars.readers.cdf_data import GZIP, MAX_READ_BYTES, chunks, entry_value, inflate, read
from grammars.readers.cdf_records import CCR, CPR, Records
from grammars.readers.sniff import GZIP_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from grammars.readers.cdf_data import AttributeValue
    from grammars.readers.cdf_records import Attribute, Entry, Variable

_VERSIONS = {b"\xcd\xf3\x00\x01": 3, b"\xcd\xf2\x60\x02": 2, b"\x00\x00\xff\xff": 2}
_PLAIN, _PACKED = b"\x00\x00\xff\xff", b"\xcc\xcc\x00\x01"

MAX_UNPACKED_BYTES = 1 << 31
"""Largest content of a file that is packed as a whole (2 GiB); it goes to a temporary file on disk."""
IN_MEMORY_BYTES = 1 << 24
"""Up to here (16 MiB) unpacked content stays in memory."""
_STEP = 1 << 20


class CdfReader:
    """CDF files, by their magic numbers."""

    format = "cdf"

    def sniff(self, head: bytes) -> bool:
        """Whether the first bytes are a CDF's: 3, 2.6 to 2.7, or before; plain or packed."""
        return head[:4] in _VERSIONS and head[4:8] in {_PLAIN, _PACKED}

    def open(self, path: Path) -> CdfHeader:
        """Open a file, whatever its name; gzip around it is undone.

        Raises
        ------
        UnreadableError
            Where it is no CDF, truncated, or packed in a way that is not read here.
        UnavailableError
            Where it cannot be opened, or there is no room to unpack it.
        """
        try:
            stream: IO[bytes] = path.open("rb")
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(path)) from None
        except ValueError as error:
            raise UnreadableError(f"cannot be read ({error})", path=str(path)) from None
        try:
            if stream.read(2) == GZIP_MAGIC:
                stream = _ungzipped(stream, str(path))
            return CdfHeader(*_unpacked(stream, str(path)), str(path))
        except OSError as error:
            stream.close()
            raise UnavailableError(f"cannot be read ({error.strerror})", path=str(path)) from None
        except BaseException:
            stream.close()
            raise


class CdfHeader:
    """The metadata of one open CDF.

    Parameters
    ----------
    stream : binary file
        Unpacked, from byte 0; closed with the header.
    version : int
        2 or 3.
    path : str
        For messages.
    """

    def __init__(self, stream: IO[bytes], version: int, path: str) -> None:
        self.path = path
        self._stream = stream
        self._records = Records(stream, stream.seek(0, 2), path, version)  # type: ignore[arg-type]
        self._found: dict[tuple[str, bool, bool], dict[int, Entry]] = {}
        self._texts: dict[str, tuple[str, ...]] = {}
        self._indexes: dict[str, list[tuple[int, int, int]]] = {}

    def __enter__(self) -> CdfHeader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @cached_property
    def _attributes(self) -> Mapping[tuple[bool, str], Attribute]:
        """By scope (global or not) and name in lower case; of two that differ in case only, the first."""
        found: dict[tuple[bool, str], Attribute] = {}
        for attribute in self._records.attributes():
            found.setdefault((attribute.is_global, attribute.name.strip().lower()), attribute)
        return found

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        """All variables by name: z variables, then r variables."""
        return {variable.name.strip(): variable for variable in self._records.variables()}

    @property
    def global_names(self) -> list[str]:
        """Names of the global attributes, as the file spells them."""
        return [attribute.name for attribute in self._attributes.values() if attribute.is_global]

    def variable(self, name: str) -> Variable | None:
        """A variable by name; case and edge spaces are forgiven where the exact name is not there."""
        exact = self.variables.get(name)
        if exact is not None:
            return exact
        wanted = name.strip().lower()
        return next((v for known, v in self.variables.items() if known.lower() == wanted), None)

    def entries(self, name: str) -> tuple[AttributeValue, ...]:
        """Entries of a global attribute in their order; none where it is not there. Any case of the name."""
        attribute = self._attributes.get((True, name.strip().lower()))
        if attribute is None:
            return ()
        found = self._entries(attribute, of_z_variables=False)
        return tuple(entry_value(self._records, found[number]) for number in sorted(found))

    def texts(self, name: str) -> tuple[str, ...]:
        """Entries of a global attribute that are texts and not blank, edge spaces cut."""
        if name not in self._texts:
            found: list[str] = []
            for entry in self.entries(name):
                found += [text for text in (entry if isinstance(entry, tuple) else (entry,)) if isinstance(text, str)]
            self._texts[name] = tuple(text.strip() for text in found if text.strip())
        return self._texts[name]

    def attribute(self, variable: Variable, name: str) -> AttributeValue | None:
        """One attribute of one variable; None where it has none. Any case of the name."""
        attribute = self._attributes.get((False, name.strip().lower()))
        if attribute is None:
            return None
        entry = self._entries(attribute, of_z_variables=variable.is_z).get(variable.number)
        return None if entry is None else entry_value(self._records, entry)

    def text(self, variable: Variable, name: str) -> str:
        """An attribute of a variable where it is a text, edge spaces cut; else empty."""
        value = self.attribute(variable, name)
        return value.strip() if isinstance(value, str) else ""

    def attributes(self, variable: Variable) -> dict[str, AttributeValue]:
        """All attributes of a variable."""
        names = [attribute.name for attribute in self._attributes.values() if not attribute.is_global]
        values = ((name, self.attribute(variable, name)) for name in names)
        return {name: value for name, value in values if value is not None}

    def _entries(self, attribute: Attribute, *, of_z_variables: bool) -> dict[int, Entry]:
        key = attribute.name, attribute.is_global, of_z_variables
        if key not in self._found:
            entries = self._records.entries(attribute, of_z_variables=of_z_variables)
            self._found[key] = {entry.number: entry for entry in entries}
        return self._found[key]

    def read(self, variable: Variable, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Records of a variable, by default all; see `cdf_data.read`."""
        last = variable.records - 1 if last is None else last
        return read(self._records, variable, self._index(variable), first, last)

    def chunks(self, variable: Variable, rows: int) -> Iterator[NDArray[Any]]:
        """All records of a variable, at most `rows` at a time."""
        return chunks(self._records, variable, self._index(variable), rows)

    def _index(self, variable: Variable) -> list[tuple[int, int, int]]:
        if variable.name not in self._indexes:
            self._indexes[variable.name] = self._records.index(variable)
        return self._indexes[variable.name]


def _ungzipped(stream: IO[bytes], path: str) -> IO[bytes]:
    """What is inside gzip, in a temporary file that no crash leaves behind."""
    with stream:
        stream.seek(0)
        return _inflated(stream, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES), path, MAX_UNPACKED_BYTES)


def _unpacked(stream: IO[bytes], path: str) -> tuple[IO[bytes], int]:
    """The plain content of a CDF that may be packed as a whole, and its version."""
    stream.seek(0)
    magic, packing = stream.read(4), stream.read(4)
    version = _VERSIONS.get(magic)
    if version is None or packing not in {_PLAIN, _PACKED}:
        raise UnreadableError("no CDF: the magic numbers are missing", path=path, place="byte 0")
    if packing == _PLAIN:
        return stream, version
    word = 8 if version == 3 else 4
    size = stream.seek(0, 2)
    stream.seek(8)
    head = stream.read(4 + 3 * word + 4)
    length, kind = (int.from_bytes(part, "big", signed=True) for part in (head[:word], head[word : word + 4]))
    cpr, wanted = (int.from_bytes(head[at : at + word], "big") for at in (word + 4, 2 * word + 4))
    if kind != CCR or length < len(head) or 8 + length > size:
        raise _unreadable(path, f"truncated: packed content of {length} bytes in a file of {size}", "CCR at byte 8")
    if wanted > MAX_UNPACKED_BYTES:
        raise _unreadable(path, f"unpacks to {wanted} bytes, more than {MAX_UNPACKED_BYTES}", "CCR at byte 8")
    compression = _packing(stream, cpr, word) if 0 < cpr < size else GZIP
    stream.seek(8 + len(head))
    return _content(stream, length - len(head), magic, compression, wanted, path), version


def _packing(stream: IO[bytes], cpr: int, word: int) -> int:
    stream.seek(cpr)
    record = stream.read(word + 8)
    kind = int.from_bytes(record[word : word + 4], "big")
    return int.from_bytes(record[word + 4 :], "big") if kind == CPR else GZIP


def _content(stream: IO[bytes], length: int, magic: bytes, compression: int, wanted: int, path: str) -> IO[bytes]:
    target = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # the header closes it
    try:
        target.write(magic + _PLAIN)
        if compression == GZIP:
            _inflated(stream, target, path, wanted, length)
        else:
            if wanted > MAX_READ_BYTES:  # these are unpacked in memory
                raise _unreadable(path, f"run lengths of {wanted} bytes are too much to unpack", "CCR at byte 8")
            target.write(inflate(stream.read(length), compression, wanted))
        if target.tell() != wanted + 8:
            raise _unreadable(path, f"unpacks to {target.tell() - 8} bytes, not {wanted}", "CCR at byte 8")
    except ValueError as error:
        target.close()
        raise _unreadable(path, f"damaged CDF: {error}", "CCR at byte 8") from None
    except BaseException:
        target.close()
        raise
    stream.close()
    return target


def _inflated(stream: IO[bytes], target: IO[bytes], path: str, most: int, length: int | None = None) -> IO[bytes]:
    """Inflate gzip from where `stream` stands, step by step, to at most `most` bytes."""
    unpacker = zlib.decompressobj(wbits=31)
    done = 0
    try:
        while not unpacker.eof:
            data = unpacker.unconsumed_tail
            if not data:
                data = stream.read(_STEP if length is None else min(_STEP, length))
                length = None if length is None else length - len(data)
            if not data:
                raise _unreadable(path, "truncated: its gzip stream ends early", f"after {done} bytes")
            part = unpacker.decompress(data, _STEP)
            done += len(part)
            if done > most:
                raise _unreadable(path, f"unpacks to more than {most} bytes", "gzip stream")
            target.write(part)
    except zlib.error as error:
        target.close()
        raise _unreadable(path, f"damaged gzip stream: {error}", f"after {done} bytes") from None
    except UnreadableError:
        target.close()
        raise
    return target


def _unreadable(path: str, message: str, place: str) -> UnreadableError:
    return UnreadableError(message, path=path, place=place, hint="Fetch or write the file anew")
