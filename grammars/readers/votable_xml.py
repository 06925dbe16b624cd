"""The XML of a VOTable, event by event: bounded in memory whatever stands in it, and without a DTD (docs/adr/0038)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol
from xml.parsers import expat

from epncore.model.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK_BYTES = 1 << 15
"""Events of one chunk wait in memory, each some hundred bytes."""
DEEPEST = 60
"""Elements within elements; the schema of VOTable needs a dozen."""
LONGEST_TAG_BYTES = 1 << 24
"""The list of frequencies of a PARAM is an attribute; a tag that never ends would fill the memory."""


_NONE: dict[str, str] = {}


class Event(NamedTuple):
    """What comes next: a start with attributes, an end, or a piece of text.

    Attributes
    ----------
    kind : {"start", "end", "text"}
    name : str
        Of the element without its prefix; of a text the text.
    attributes : dict of str to str
    """

    kind: str
    name: str
    attributes: dict[str, str]


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


def events(stream: Readable, path: str) -> Iterator[Event]:
    """Yield the events of a document.

    Raises
    ------
    UnreadableError
        Where it is not well-formed, ends early, declares a DTD (entities in it may grow without end), or is deeper or
        has longer tags than a VOTable needs.
    """
    waiting: deque[Event] = deque()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise _wrong(f"more than {DEEPEST} elements stand within each other", parser, path)
        waiting.append(Event("start", name.rpartition(":")[2], attributes))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        waiting.append(Event("end", name.rpartition(":")[2], _NONE))

    def text(words: str) -> None:
        if not words.isspace():  # most of them are the ends of lines
            waiting.append(Event("text", words, _NONE))

    def doctype(*_: object) -> None:
        hint = "Remove the <!DOCTYPE ...>: VOTables since 1.1 have a schema instead"
        raise UnreadableError("it declares a DTD, which is not read", path=path, place=_place(parser), hint=hint)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    parser.CharacterDataHandler = text
    parser.buffer_text = True
    fed, is_last = 0, False
    while not is_last:
        chunk = stream.read(_CHUNK_BYTES)
        fed, is_last = fed + len(chunk), not chunk
        try:
            parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise _wrong(f"no XML: {expat.errors.messages[error.code]}", parser, path) from None
        if fed - max(parser.CurrentByteIndex, 0) > LONGEST_TAG_BYTES:
            raise _wrong(f"a tag of more than {LONGEST_TAG_BYTES} bytes", parser, path)
        yield from waiting
        waiting.clear()


def _place(parser: expat.XMLParserType) -> str:
    return f"line {parser.CurrentLineNumber}, column {parser.CurrentColumnNumber}"


def _wrong(message: str, parser: expat.XMLParserType, path: str) -> UnreadableError:
    return UnreadableError(message, path=path, place=_place(parser), hint="Fetch or write the file anew")
