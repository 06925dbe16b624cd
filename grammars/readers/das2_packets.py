"""Header packets of das2 streams: the XML that says of what records the data packets of one kind are.

Format: das2 Interface Control Document 2.2.2 (University of Iowa, https://zenodo.org/records/3588535), section 2.
Attributes carry prefixes (``DatumRange:xRange``) that no namespace declares, so the XML is read without namespaces;
a DOCTYPE, and with it each entity, is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

import numpy as np

from epncore.model.errors import HeaderError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_BINARY = {
    "sun_real4": ">f4", "sun_real8": ">f8", "little_endian_real4": "<f4", "little_endian_real8": "<f8",
}  # fmt: skip
_TEXT = re.compile(r"(ascii|time)(\d{1,3})")
_DEPTH_MAX = 10
_ITEMS_MAX = 1_000_000
_TAG_MAX = 1e30


@dataclass(slots=True)
class Element:
    """An element of XML, without its text: das2 says all in attributes.

    Attributes
    ----------
    name : str
    attributes : dict of str to str
        Without the prefix that tells their type.
    children : list of Element
    """

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)

    def named(self, *names: str) -> Iterator[Element]:
        """Children of these names, in their order."""
        return (child for child in self.children if child.name in names)

    def properties(self) -> dict[str, str]:
        """What the ``<properties>`` of this element say."""
        return {key: value for child in self.named("properties") for key, value in child.attributes.items()}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How values stand in a record.

    Attributes
    ----------
    size_bytes : int
        Of one value.
    dtype : str or None
        Of binary values, as numpy has it; None for text.
    """

    size_bytes: int
    dtype: str | None


@dataclass(frozen=True, slots=True)
class Plane:
    """One quantity of a record.

    Attributes
    ----------
    name : str
    unit : str
        Of the values.
    y_unit : str
        Of the tags: of the second axis; empty for a plain value.
    y_tags : ndarray, shape (n,), optional
        Where the values stand on the second axis; None for a plain value.
    properties : dict of str to str
        Of the plane, without the prefixes that tell their types: ``zFill``.
    encoding : Encoding
        Of each value.
    start_bytes : int
        Of the first value in a record, counted with the tag.
    """

    name: str
    unit: str
    y_unit: str
    y_tags: NDArray[np.float64] | None
    properties: dict[str, str]
    encoding: Encoding
    start_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Records of one kind; another header makes another kind, even in the same words.

    Attributes
    ----------
    tag : bytes
        That stands before each: ``:01:``.
    x : Encoding
        Of the time, which comes first.
    x_unit : str
    planes : tuple of Plane
    record_bytes : int
        Of a record, with its tag.
    """

    tag: bytes
    x: Encoding
    x_unit: str
    planes: tuple[Plane, ...]
    record_bytes: int


def element(xml: bytes, place: str) -> Element:
    """Parse the XML of a header packet.

    Raises
    ------
    UnreadableError
        Where it is none, has a DOCTYPE, or goes deeper than das2 ever does.
    """
    root = Element("", {})
    open_elements = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_elements) > _DEPTH_MAX:
            raise UnreadableError(f"elements go deeper than {_DEPTH_MAX}", place=place)
        found = Element(name, {key.rpartition(":")[2]: value for key, value in attributes.items()})
        open_elements[-1].children.append(found)
        open_elements.append(found)

    def doctype(*_: object) -> None:
        raise UnreadableError("the XML has a DOCTYPE, which das2 streams never have", place=place)

    parser = expat.ParserCreate("UTF-8")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_elements.pop()
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise UnreadableError(f"no XML ({error})", place=place, hint="Fetch the file again") from None
    return root.children[0]


def kind(tag: bytes, packet: Element, place: str) -> Kind:
    """What a ``<packet>`` says of its records.

    Raises
    ------
    HeaderError
        Where it has no time, a type that das2 does not know, or tags of another number than it says.
    """
    times = list(packet.named("x"))
    if len(times) != 1:
        raise HeaderError(f"{len(times)} elements <x>", place=place, hint="A stream over time has one")
    x = _encoding(times[0], place)
    size_bytes, planes = len(tag) + x.size_bytes, []
    for child in packet.named("y", "yscan", "z"):
        is_scan, encoding = child.name == "yscan", _encoding(child, place)
        unit = child.attributes.get("zUnits" if is_scan else "units", "")
        items = _items(child, place) if is_scan else 1
        y_unit, y_tags = _tags(child, items, place) if is_scan else ("", None)
        planes.append(Plane(_name(child), unit, y_unit, y_tags, child.properties(), encoding, size_bytes))
        size_bytes += items * encoding.size_bytes
    unknown = {child.name for child in packet.children} - {"x", "y", "yscan", "z", "properties"}
    if unknown or not planes:
        raise HeaderError(f"elements {', '.join(sorted(unknown)) or 'x only'}", place=place, hint="y, z or yscan")
    return Kind(tag, x, times[0].attributes.get("units", ""), tuple(planes), size_bytes)


def _name(child: Element) -> str:
    return child.attributes.get("name", "")


def _encoding(child: Element, place: str) -> Encoding:
    written = child.attributes.get("type", "")
    if written in _BINARY:
        return Encoding(int(written[-1]), _BINARY[written])
    match = _TEXT.fullmatch(written)
    if match is None or int(match.group(2)) == 0:
        known = ", ".join((*_BINARY, "asciiN", "timeN"))
        raise HeaderError(f"<{child.name}> is of type {written!r:.60}", place=place, hint=f"das2 has {known}")
    return Encoding(int(match.group(2)), None)


def _items(child: Element, place: str) -> int:
    text = child.attributes.get("nitems", "")
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= _ITEMS_MAX or len(text) > 9:
        raise HeaderError(f"nitems is {text!r:.60}", place=place, hint="How many values a record holds")
    return int(text)


def _tags(child: Element, items: int, place: str) -> tuple[str, NDArray[np.float64]]:
    """Unit and places of the second axis: a list, or equal steps from yTagMin (or 0)."""
    attributes, unit = child.attributes, child.attributes.get("yUnits", "")
    try:
        if "yTags" in attributes:
            tags = np.array([float(word) for word in attributes["yTags"].split(",")])
        elif "yTagInterval" in attributes:
            step, low = float(attributes["yTagInterval"]), float(attributes.get("yTagMin", 0.0))
            with np.errstate(over="ignore", invalid="ignore"):
                tags = low + step * np.arange(items)
        else:
            tags = np.arange(float(items))  # the document: without tags, the number of the item
            unit = ""
    except ValueError:
        raise HeaderError("yTags, yTagInterval or yTagMin are no numbers", place=place) from None
    if not (np.abs(tags) < _TAG_MAX).all():
        raise HeaderError("yTags, yTagInterval or yTagMin are beyond all measure", place=place)
    if tags.size != items:
        raise HeaderError(f"{tags.size} yTags for {items} items", place=place, hint="nitems counts the yTags")
    return unit, tags
