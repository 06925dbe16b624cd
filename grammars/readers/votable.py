"""VOTables: metadata first, then rows one by one; TABLEDATA, BINARY and BINARY2.

Format: VOTable 1.4 (IVOA REC 2019). Cells are decoded by astropy.io.votable, which reads no whole table here.
"""

from __future__ import annotations

import gzip
import re
import warnings
import zlib
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any

from astropy.io.votable.tree import Field as AstropyField
from astropy.io.votable.tree import VOTableFile

from epncore.model.errors import UnavailableError, UnreadableError
from grammars.readers.sniff import GZIP_MAGIC
from grammars.readers.votable_rows import ROWS
from grammars.readers.votable_xml import Event, events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

_ROOT = re.compile(rb"<(?:\w+:)?VOTABLE[\s>]|<!DOCTYPE\s+VOTABLE")
INFLATED_MAX_BYTES = 1 << 31
_MOST_FIELDS = 10_000


@dataclass(frozen=True, slots=True)
class Named:
    """A PARAM, FIELD, GROUP or INFO.

    Attributes
    ----------
    kind : str
        Of element.
    attributes : dict of str to str
        As they stand there.
    group : str or None
        ID, or else name, of the GROUP around it.
    null : str or None
        The text that stands for no value.
    """

    kind: str
    attributes: dict[str, str] = field(hash=False)
    group: str | None = None
    null: str | None = None

    def __getattr__(self, name: str) -> str:
        """An attribute by its name; empty where it is not there."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self.attributes.get(name, "").strip()

    @property
    def ident(self) -> str:
        """ID, or else name."""
        return self.ID or self.name


class VotableReader:
    """VOTables by their root element, plain or gzip."""

    format = "votable"

    def sniff(self, head: bytes) -> bool:
        """Whether the root element, or a DTD of it, is in the first bytes."""
        return _ROOT.search(head) is not None

    def open(self, path: Path) -> VotableHeader:
        """Read what stands before the data of the first table.

        Raises
        ------
        UnreadableError
            Where it is no well-formed XML up to there, or more than a VOTable needs.
        UnavailableError
            Where it cannot be opened.
        """
        try:
            return VotableHeader(path, tuple(_metadata(_events(path), str(path))))
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror or error})", path=str(path)) from None


class VotableHeader:
    """The metadata of a VOTable up to the data of its first table, and a way to walk its rows.

    Attributes
    ----------
    path : pathlib.Path
    elements : tuple of Named
        PARAM, FIELD, GROUP, INFO and TIMESYS, in the order of the file.
    """

    def __init__(self, path: Path, elements: tuple[Named, ...]) -> None:
        self.path, self.elements = path, elements
        self.fields = tuple(each for each in elements if each.kind == "FIELD")

    def __enter__(self) -> VotableHeader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def keys(self) -> tuple[str, ...]:
        """Names of its PARAMs and FIELDs."""
        return tuple(each.name for each in self.elements if each.kind in {"PARAM", "FIELD"})

    def get(self, name: str) -> Named | None:
        """The first PARAM or FIELD of that name, any case."""
        wanted = name.lower()
        return next((e for e in self.elements if e.kind in {"PARAM", "FIELD"} and e.name.lower() == wanted), None)

    def used(self, elements: Iterable[Named]) -> tuple[Named, ...]:
        """The same elements: whoever asks which keys a grammar uses learns it here."""
        return tuple(elements)

    def rows(self, wanted: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Walk the first table from its first row to its last; memory does not grow with their number.

        Parameters
        ----------
        wanted : sequence of str
            Names of fields.

        Yields
        ------
        tuple
            Their cells: numbers, arrays, texts; None where there is none.

        Raises
        ------
        UnreadableError
            Where the data are cut or damaged.
        UnavailableError
            Where the disk fails.
        """
        try:
            yield from self._rows(wanted)
        except OSError as error:
            raise UnavailableError(f"cannot be read ({error.strerror or error})", path=str(self.path)) from None

    def _rows(self, wanted: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        places = [next(at for at, each in enumerate(self.fields) if each.name == name) for name in wanted]
        stream = _events(self.path)
        for event in stream:
            if event.kind == "start" and event.name in ROWS:
                yield from ROWS[event.name](stream, self, places)
                return
            if event.kind == "start" and event.name == "FITS":
                raise self.wrong("its data are a FITS within, which is not read", "DATA")

    def converters(self) -> list[Any]:
        """What decodes the cells of each field.

        Raises
        ------
        UnreadableError
            Where a field has a type that VOTable does not know.
        """
        whole = VOTableFile(version="1.4")
        config = {"verify": "ignore", **whole._get_version_checks()}  # no public way to one field
        found = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # real files spell attributes freely
            for each in self.fields:
                size = each.arraysize or each.arraysizes or None
                try:
                    one = AstropyField(whole, name="x", datatype=each.datatype, arraysize=size, config=config)
                except (ValueError, TypeError, KeyError) as error:
                    raise self.wrong(f"its type cannot be read ({error})", f"FIELD {each.name}") from None
                found.append(one.converter)
        return found

    def wrong(self, message: str, place: str) -> UnreadableError:
        """What to raise of it."""
        return UnreadableError(message, path=str(self.path), place=place, hint="Fetch or write the file anew")


def _events(path: Path) -> Iterator[Event]:
    with ExitStack() as opened:
        stream: IO[bytes] = opened.enter_context(path.open("rb"))
        if stream.read(2) == GZIP_MAGIC:
            stream.seek(0)
            inflated = _Inflated(stream, str(path))
            opened.callback(inflated.close)
            yield from events(inflated, str(path))
        else:
            stream.seek(0)
            yield from events(stream, str(path))


class _Inflated(gzip.GzipFile):
    """Inflates up to a limit."""

    def __init__(self, stream: IO[bytes], path: str) -> None:
        super().__init__(fileobj=stream, mode="rb")
        self._path = path

    def read(self, size: int | None = -1) -> bytes:
        try:
            found = super().read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnreadableError(f"damaged or cut gzip stream ({error})", path=self._path, place="gzip") from None
        if self.tell() > INFLATED_MAX_BYTES:
            raise UnreadableError(f"inflates to more than {INFLATED_MAX_BYTES} bytes", path=self._path, place="gzip")
        return found


def _metadata(stream: Iterator[Event], path: str) -> Iterator[Named]:
    """What stands before the first DATA, or in all of a file without data."""
    groups: list[str] = []
    pending: Named | None = None
    count = 0
    for event in stream:
        if event.kind == "start" and event.name == "DATA":
            break
        if event.kind == "start" and event.name == "VALUES" and pending is not None:
            pending = replace(pending, null=event.attributes.get("null"))
        elif event.kind == "start" and event.name in {"PARAM", "FIELD", "GROUP", "INFO", "TIMESYS"}:
            if pending is not None:
                yield pending
            pending = Named(event.name, event.attributes, groups[-1] if groups else None)
            count += 1
            if count > _MOST_FIELDS:
                raise UnreadableError(f"more than {_MOST_FIELDS} elements before the data", path=path, place=event.name)
            if event.name == "GROUP":
                groups.append(pending.ident)
        elif event.kind == "end" and event.name == "GROUP" and groups:
            groups.pop()
    if pending is not None:
        yield pending
