"""The resource record of a table, as its publishing registry gives it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from lxml import etree

from epncore.check.client import RefusedError, one_line
from epncore.model.rules.facts import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.check.client import Tap

SAFE_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
"""For XML from elsewhere: it opens nothing, and entities stay what they are."""

_NO_RECORD = "give the address or a file of its registry record by --record"


def record_of(tap: Tap, schema: str, source: str | None = None) -> Record:
    """The record of SCHEMA.epn_core.

    Parameters
    ----------
    tap : Tap
    schema : str
    source : str, optional
        Address or file of the record in VOResource XML. Without it a DaCHS server is asked, which is a publishing
        registry at ``/oai.xml``.

    Raises
    ------
    RefusedError
        Where there is none.
    ServiceError
        Where its address does not answer.
    """
    if source is not None:
        return _read(fetched(tap, source), source)
    if not tap.client.software.lower().startswith("dachs"):
        raise RefusedError(f"the service is no publishing registry itself: {_NO_RECORD}")
    base = urlunsplit(urlsplit(tap.url)._replace(path="/oai.xml", query="", fragment=""))
    listed = parsed(_get(tap, base, verb="ListIdentifiers", metadataPrefix="ivo_vor"), base)
    for identifier in _texts(listed, "identifier"):
        # DaCHS names a table's record AUTHORITY/FOLDER/RD/TABLE, and a folder after its schema.
        if f"/{schema.lower()}/" in identifier.lower() and identifier.lower().endswith("/epn_core"):
            return _read(_get(tap, base, verb="GetRecord", metadataPrefix="ivo_vor", identifier=identifier), base)
    raise RefusedError(f"the server's registry has no record of it: `dachs pub` makes one, or {_NO_RECORD}")


def _get(tap: Tap, base: str, **parameters: str) -> bytes:
    return fetched(tap, f"{base}?{urlencode(parameters)}")


def fetched(tap: Tap, source: str) -> bytes:
    """The content of an address or a file.

    Raises
    ------
    RefusedError, ServiceError
        Where there is none.
    """
    if urlsplit(source).scheme in ("http", "https"):
        answer = tap.client.get(source)
        if not answer.ok:
            raise RefusedError(f"{source} answers {answer.status_code} {answer.reason}")
        return bytes(answer.content)
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise RefusedError(f"{source} cannot be read ({error.strerror})") from None


def parsed(content: bytes, source: str) -> etree._Element:
    """A document that a server sent: neither entities nor other documents that it names are read.

    Raises
    ------
    RefusedError
        Where it is no XML.
    """
    try:
        return etree.fromstring(content, SAFE_PARSER)
    except etree.XMLSyntaxError as error:
        raise RefusedError(f"{source} is no XML: {one_line(error)}") from None


def elements(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """Elements by their local name: prefixes differ from registry to registry."""
    return (each for each in root.iter(etree.Element) if etree.QName(each).localname == name)


def _texts(root: etree._Element, name: str) -> list[str]:
    return [text for each in elements(root, name) if (text := " ".join(str(each.text or "").split()))]


def _child_text(root: etree._Element, parent: str, name: str) -> str:
    return next((text for each in elements(root, parent) for text in _texts(each, name)), "")


def _read(content: bytes, source: str) -> Record:
    root = parsed(content, source)
    resource = next(elements(root, "Resource"), root)
    top = {etree.QName(each).localname: str(each.text or "").strip() for each in resource if isinstance(each.tag, str)}
    return Record(
        identifier=top.get("identifier", ""),
        title=top.get("title", ""),
        description=_child_text(resource, "content", "description"),
        contact=_child_text(resource, "contact", "name"),
        publisher=next(iter(_texts(resource, "publisher")), ""),
        reference_url=_child_text(resource, "content", "referenceURL"),
        creators=tuple(text for each in elements(resource, "creator") for text in _texts(each, "name")),
        subjects=tuple(_texts(resource, "subject")),
        tables={child(each, "name"): child(each, "utype") for each in elements(resource, "table")},
        capabilities=tuple(each.get("standardID", "") for each in elements(resource, "capability")),
    )


def child(element: etree._Element, name: str) -> str:
    """The text of a child, without the space around it."""
    for each in element:
        if isinstance(each.tag, str) and etree.QName(each).localname == name:
            return str(each.text or "").strip()
    return ""
