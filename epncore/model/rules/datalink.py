"""Service rules on Datalink documents: what clients of DataLink 1.1 rely on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from epncore.model.datalink_terms import FAULTS, FIELDS, LINK_AUTH, MEDIA_TYPE, SEMANTICS, STANDARD_ID
from epncore.model.rules.facts import Complaint, DatalinkDocument
from epncore.model.rules.kinds import ServiceRule

if TYPE_CHECKING:
    from epncore.model.rules.facts import ServedTable
    from epncore.model.severity import Severity

Link = Mapping[str, str | None]
Found = Iterator[tuple[str, str]]
"""Column of the document, or empty, and what is wrong."""

TARGETS = ("access_url", "service_def", "error_message")
"""Columns of which a link fills one."""

_MEDIA_TYPE = re.compile(r"[a-z0-9][\w.+-]*/[a-z0-9][\w.+-]*(\s*;\s*[\w.+-]+=(\"[^\"]*\"|[^\s;\"]+))*", re.IGNORECASE)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s#]+(#\S+)?")


def _document(document: DatalinkDocument) -> Found:
    if document.problem:
        yield "", document.problem


def _content_type(document: DatalinkDocument) -> Found:
    main, *parameters = (part.strip() for part in document.content_type.lower().replace('"', "").split(";"))
    if main != MEDIA_TYPE or "content=datalink" not in parameters:
        yield "", f"its media type is {document.content_type!r}, not '{MEDIA_TYPE};content=datalink'"


def _resource(document: DatalinkDocument) -> Found:
    if document.resource_type != "results":
        yield "", f"the RESOURCE of its links has the type {document.resource_type!r}, not 'results'"


def _standard_id(document: DatalinkDocument) -> Found:
    if not document.standard_id.lower().startswith(STANDARD_ID.lower()):
        yield "", f"its INFO standardID is {document.standard_id!r}, not '{STANDARD_ID}1'"


def _columns(document: DatalinkDocument) -> Found:
    there = {served.name for served in document.fields}
    for name, wanted in FIELDS.items():
        if wanted.required and name not in there:
            yield name, f"it has no column {name}"


def _ucds(document: DatalinkDocument) -> Found:
    for served in document.fields:
        wanted = FIELDS.get(served.name)
        if wanted is not None and served.ucd != wanted.ucd:
            yield served.name, f"the UCD of {served.name} is {served.ucd!r}, not {wanted.ucd!r}"


def _types(document: DatalinkDocument) -> Found:
    for served in document.fields:
        wanted = FIELDS.get(served.name)
        if wanted is None:
            continue
        if served.datatype.replace("unicodeChar", "char") != wanted.datatype:
            yield served.name, f"the datatype of {served.name} is {served.datatype!r}, not {wanted.datatype!r}"
        if served.unit != wanted.unit:
            yield served.name, f"the unit of {served.name} is {served.unit!r}, not {wanted.unit!r}"


def _asked_id(document: DatalinkDocument) -> str:
    """The ID that the address asks for; empty where the address is that of one document."""
    query = urlsplit(document.url).query
    return next((value for name, value in parse_qsl(query) if name.upper() == "ID"), "")


def _ids(document: DatalinkDocument) -> Found:
    asked = _asked_id(document)
    for place, link in _numbered(document):
        found = link.get("ID")
        if not found or (asked and found != asked):
            yield "ID", f"row {place} has the ID {found!r}, asked was {asked!r}"


def _consecutive(document: DatalinkDocument) -> Found:
    runs = [found for found, _ in groupby(link.get("ID") for link in document.rows)]
    for each in dict.fromkeys(runs):
        if runs.count(each) > 1:
            yield "ID", f"links of {each!r} stand in {runs.count(each)} places"


def _numbered(document: DatalinkDocument) -> Iterator[tuple[int, Link]]:
    return enumerate(document.rows, 1)


def _one_target(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        filled = [name for name in TARGETS if link.get(name)]
        if len(filled) != 1:
            yield "", f"row {place} has {' and '.join(filled) or 'none of them'}"


def _urls(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        url = link.get("access_url")
        if url and not re.fullmatch(r"(https?|ftp)://[^\s\"<>]+", url, re.IGNORECASE):
            yield "access_url", f"row {place} has the access_url {url!r}"


def _semantics(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        term = link.get("semantics") or ""
        if not (term[1:] in SEMANTICS if term.startswith("#") else _URI.fullmatch(term)):
            yield "semantics", f"row {place} has the semantics {term!r}"


def _qualifiers(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        term = link.get("content_qualifier")
        if term and not (re.fullmatch(r"#[\w-]+", term) or _URI.fullmatch(term)):
            yield "content_qualifier", f"row {place} has the content_qualifier {term!r}"


def _faults(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        message = link.get("error_message")
        if message and not re.match(rf"({'|'.join(FAULTS)})\b", message):
            yield "error_message", f"row {place} has the error_message {message!r}"


def _lengths(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        length = link.get("content_length")
        if length is not None and not re.fullmatch(r"\d+", length):
            yield "content_length", f"row {place} has the content_length {length!r}"


def _content_types(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        kind = link.get("content_type")
        if kind is not None and not _MEDIA_TYPE.fullmatch(kind):
            yield "content_type", f"row {place} has the content_type {kind!r}"


def _descriptions(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        if not (link.get("description") or "").strip():
            yield "description", f"row {place} ({link.get('semantics')}) has no description"


def _services(document: DatalinkDocument) -> Found:
    there = {service.id: service for service in document.services}
    for place, link in _numbered(document):
        name = link.get("service_def")
        if not name:
            continue
        if name not in there:
            yield "service_def", f"row {place} names the service {name!r}, which is not there"
        elif not re.match(r"https?://", there[name].access_url, re.IGNORECASE):
            yield "service_def", f"the service {name!r} has the accessURL {there[name].access_url!r}"


def _inputs(document: DatalinkDocument) -> Found:
    for service in document.services:
        for name, ref in service.refs.items():
            if ref and ref not in document.field_ids:
                yield "service_def", f"the parameter {name} of the service {service.id!r} refers to {ref!r}: no field"


def _this(document: DatalinkDocument) -> Found:
    if not any(link.get("semantics") == "#this" for link in document.rows):
        yield "semantics", "it has no link with the semantics #this"


def _same_data(document: DatalinkDocument) -> Found:
    found = [url for link in document.rows if link.get("semantics") == "#this" and (url := link.get("access_url"))]
    if found and document.access_url and document.access_url not in found:
        yield "access_url", f"#this is {found[0]}, the row says {document.access_url}"


def _link_auth(document: DatalinkDocument) -> Found:
    for place, link in _numbered(document):
        value = link.get("link_auth")
        if value is not None and value not in LINK_AUTH:
            yield "link_auth", f"row {place} has the link_auth {value!r}"


def _rule(
    name: str, section: str, look: Callable[[DatalinkDocument], Found],
    *, checks: str, why: str, mend: str, severity: Severity = "error",
) -> ServiceRule:  # fmt: skip
    def complaints(table: ServedTable) -> list[Complaint]:
        return [
            Complaint(found, column, document.granule_uid)
            for document in table.datalinks or ()
            # What is no VOTable has one fault, not twenty.
            if not document.problem or look is _document
            for column, found in look(document)
        ]

    return ServiceRule(
        id=f"datalink.{name}", section=f"DataLink 1.1 section {section}", severity=severity, checks=checks, why=why,
        mend=mend, columns=("datalink_url",), needs=("datalinks",), complaints=complaints,
    )  # fmt: skip


_SERVER = "That is what the server software writes: ask for a newer version, or its developers"

DATALINK_RULES: tuple[ServiceRule, ...] = (
    _rule("votable", "3.3", _document,
        checks="datalink_url answers with a VOTable", why="No client can read anything else",
        mend="Open the address: an error page or a log-in stands there; `epncore rd` writes a service that works",
    ),
    _rule("media_type", "3.3", _content_type,
        checks=f"a document has the media type {MEDIA_TYPE};content=datalink",
        why="Clients tell a list of links from a table of data by it", mend=_SERVER,
    ),
    _rule("resource", "3.3.1", _resource,
        checks="links stand in a RESOURCE of the type results",
        why="Clients take the first such table; others are metadata", mend=_SERVER,
    ),
    _rule("standard_id", "3.3.1", _standard_id,
        checks=f"the INFO standardID begins with {STANDARD_ID}",
        why="A client that found a file cannot know what it is, nor by which version", mend=_SERVER,
    ),
    _rule("columns", "3.2", _columns,
        checks=f"a document has the columns {', '.join(name for name, each in FIELDS.items() if each.required)}",
        why="Clients ask for them by name", mend=_SERVER,
    ),
    _rule("ucd", "3.2", _ucds,
        checks="columns of a document have the UCDs of the standard",
        why="Clients that find columns by UCD miss them", mend=_SERVER, severity="warning",
    ),
    _rule("type", "3.2", _types,
        checks="columns of a document have the types and units of the standard",
        why="Sizes are shown as text, or a thousand times too large", mend=_SERVER,
    ),
    _rule("id", "3.2.1", _ids,
        checks="each link has the ID that was asked for",
        why="A client that asks for several granules does not know which one a link is of",
        mend="The ID in datalink_url must be the one in the links, escaped once: %23 for #, %2B for +",
    ),
    _rule("consecutive", "3.2.1", _consecutive,
        checks="links of one ID stand together", why="Clients stop reading where the ID changes",
        mend="Order links by their ID",
    ),
    _rule("target", "3.2", _one_target,
        checks=f"each link has exactly one of {', '.join(TARGETS)}",
        why="With none there is nothing to follow, with two nobody knows which one is meant",
        mend="Leave the others empty",
    ),
    _rule("access_url", "3.2.2", _urls,
        checks="access_url of a link is a whole http, https or ftp URL",
        why="Clients fetch what stands there, as it stands there", mend="Write scheme and host, and %20 for a space",
    ),
    _rule("semantics", "3.2.6", _semantics,
        checks="semantics is a term of http://www.ivoa.net/rdf/datalink/core, as #term, or a whole URI",
        why="Clients choose by it: what to plot, what to show as a preview",
        mend="Choose one of #this, #preview, #progenitor, #documentation...",
    ),
    _rule("qualifier", "3.2.9", _qualifiers,
        checks="content_qualifier is #term of the vocabulary of product types, or a whole URI",
        why="Clients compare it with terms", mend="Write #dynamic-spectrum", severity="warning",
    ),
    _rule("fault", "3.4", _faults,
        checks=f"error_message begins with {', '.join(FAULTS)}",
        why="A client tells by this word whether to ask again", mend="Begin with the word, then : and what happened",
        severity="warning",
    ),
    _rule("content_length", "3.2.8", _lengths,
        checks="content_length is a number of bytes, or empty",
        why="Users decide by it what to download", mend="Leave it empty where it is not known",
    ),
    _rule("content_type", "3.2.7", _content_types,
        checks="content_type is a media type, or empty", why="Clients choose a tool by it",
        mend="Write application/x-cdf, not cdf",
    ),
    _rule("description", "3.2.5", _descriptions,
        checks="each link has a description", why="Users read it to choose among links",
        mend="Give a title to documents and formats", severity="advice",
    ),
    _rule("service", "4.1", _services,
        checks="service_def names a service descriptor of the document, which has an accessURL",
        why="A client that follows the link finds nothing to call", mend="Write the XML ID of the RESOURCE",
    ),
    _rule("service_input", "4.1", _inputs,
        checks="parameters of a service that take a value from the links refer to a field that is there",
        why="A client cannot fill them", mend="Write the XML ID of the FIELD",
    ),
    _rule("this", "3.2.6", _this,
        checks="a document has a link with the semantics #this",
        why="Clients that want the data alone look for it; its error_message tells why there are none",
        mend="Add one, with an error_message where the data may not be had", severity="warning",
    ),
    _rule("same_data", "3.2.6", _same_data,
        checks="#this is what access_url of the row says", why="Users get other data by one way than by the other",
        mend="Write both by one template", severity="warning",
    ),
    _rule("link_auth", "3.2.10", _link_auth,
        checks=f"link_auth is {', '.join(LINK_AUTH)} or empty",
        why="Clients ask users to log in by it", mend="Leave it empty where there is no log-in",
    ),
)  # fmt: skip
