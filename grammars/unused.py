"""Which keys of a header no column used: what a grammar, or a mapping, may have overlooked.

A key is used where `recognises`, `examine` or a step of the grammar asks the header for it by its name. Keys that only
describe the form of the file (sizes, types, names of columns) are no keys here.
"""

from __future__ import annotations

import re
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from grammars.protocol import Granule
from grammars.readers.cdf import CdfHeader
from grammars.readers.cdf_records import Variable
from grammars.readers.fits import FitsHeader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grammars.plan import Plan
    from grammars.protocol import Header, SourceFile

# FITS Standard 4.0: sections 4.4.1, 4.4.2 (of the structure), 7.2 and 7.3 (of tables), 4.4.2.7 (sums).
_FORM = re.compile(
    r"SIMPLE|BITPIX|NAXIS\d*|EXTEND|GROUPS|PCOUNT|GCOUNT|XTENSION|TFIELDS|THEAP|BSCALE|BZERO|BLANK|"
    r"EXT(NAME|VER|LEVEL)|CHECKSUM|DATASUM|LONGSTRN|COMMENT|HISTORY|T(BCOL|TYPE|FORM|UNIT|DIM|SCAL|ZERO|NULL|DISP)\d+"
)
# Asked of every variable, to find the data among them (ISTP, Variable attributes).
_OF_ALL = {"var_type", "depend_0"}


def unused_keys(plan: Plan, file: SourceFile, header: Header | None = None) -> list[str]:
    """Keys of a file's header that its row does not use.

    Parameters
    ----------
    plan : Plan
    file : SourceFile
    header : Header, optional
        Of a row of a table, which is open already.

    Returns
    -------
    list of str
        As people call them, in the order of the file: ``card OBJECT``, ``variable Position``.

    Raises
    ------
    FileError
        Where the file can give no row.
    """
    with header or plan.reader.open(file.path) as opened:
        watched = _Watched(opened)
        plan.grammar.recognises(watched)
        plan.row(Granule(file, watched, plan.grammar.examine(watched, plan.options)))
        return [key for key in dict.fromkeys(_keys(opened)) if key.lower() not in watched.asked]


class _Watched:
    """A header that notes what it is asked for."""

    def __init__(self, header: Any) -> None:
        self._header = header
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._header, name)
        if not callable(found):
            return found

        def call(*words: Any, **more: Any) -> Any:
            self.asked.update(key.lower() for key in _asked(self._header, name, [*words, *more.values()]))
            return found(*words, **more)

        return call

    def __getitem__(self, key: Any) -> Any:
        self.asked.update(key.lower() for key in _asked(self._header, "__getitem__", [key]))
        return self._header[key]

    def __contains__(self, key: object) -> bool:
        return key in self._header


@singledispatch
def _keys(header: Any) -> Iterable[str]:
    """All keys of a header. A reader of another format tells them by a method ``keys``."""
    return [str(key) for key in header.keys()] if hasattr(header, "keys") else []  # noqa: SIM118  # no mapping


@singledispatch
def _asked(header: Any, method: str, words: list[Any]) -> Iterable[str]:  # noqa: ARG001
    """The keys that a call asks for, by names or by what has a name."""
    every = [part for word in words for part in (word if isinstance(word, (list, tuple)) else [word])]
    return [part if isinstance(part, str) else str(getattr(part, "name", "")) for part in every]


@_keys.register(FitsHeader)
def _of_fits(header: FitsHeader) -> Iterable[str]:
    for hdu in header.hdus:
        yield from (_card(key, hdu.number) for key in header.keys(hdu.number) if not _FORM.fullmatch(key))
        yield from (f"column {name}" for name in header.columns(hdu.number))


@_asked.register(FitsHeader)
def _asked_of_fits(_: FitsHeader, method: str, words: list[Any]) -> Iterable[str]:
    name, hdu, *_rest = [*words, None]
    if method == "get":
        yield _card(str(name), hdu or 0)
    elif "column" in method:
        yield f"column {name}"


def _card(key: str, hdu: int) -> str:
    return f"card {key} of HDU {hdu}" if hdu else f"card {key}"


@_keys.register(CdfHeader)
def _of_cdf(header: CdfHeader) -> Iterable[str]:
    yield from (f"global attribute {name.strip()}" for name in header.global_names)
    yield from (f"variable {name}" for name in header.variables)


@_asked.register(CdfHeader)
def _asked_of_cdf(_: CdfHeader, method: str, words: list[Any]) -> Iterable[str]:
    first, *others = words or [None]
    if isinstance(first, Variable):
        if not (others and str(others[0]).lower() in _OF_ALL):
            yield f"variable {first.name.strip()}"
    elif method in {"entries", "texts"}:
        yield f"global attribute {str(first).strip()}"
