"""Facts about links that break no rule, and for each rule on them what makes it break that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from epncore.model.datalink_terms import FIELDS
from epncore.model.rules.facts import Answer, DatalinkDocument, ServedColumn, ServedTable, ServiceDescriptor

URL = "https://data.example.org/a.cdf"
LINKS = "https://vo.example.org/jupiter/q/dl/dlmeta?ID=a%23b"

GOOD_ANSWERS = {
    "access_url": Answer("a#b", "access_url", URL, "application/x-cdf", 12, "", 200, "application/x-cdf", 12_100),
    "thumbnail_url": Answer("a#b", "thumbnail_url", "https://x.example.org/a", "", None, "", 200, "image/png", 9),
    "datalink_url": Answer("a#b", "datalink_url", LINKS, "", None, "", 200, "application/x-votable+xml", None),
}


def link(semantics: str, **cells: str | None) -> dict[str, str | None]:
    """A row of a document, right but for these cells."""
    made: dict[str, str | None] = dict.fromkeys(FIELDS) | {
        "ID": "a#b", "access_url": URL, "description": "The data", "semantics": semantics,
        "content_type": "application/x-cdf", "content_length": "12100",
    }  # fmt: skip
    return made | cells


THIS = link("#this")
PROC = link("#proc", access_url=None, service_def="svc", content_type=None, content_length=None)
HIDDEN = link("#progenitor", access_url=None, error_message="NotFoundFault: no raw file")
GOOD_FIELDS = tuple(ServedColumn(name, each.unit, each.ucd, each.datatype) for name, each in FIELDS.items())
SERVICE = ServiceDescriptor("svc", "https://vo.example.org/dlget", "", {"ID": "ID", "start": ""})
GOOD_DOCUMENT = DatalinkDocument(
    "a#b", LINKS, URL, "application/x-votable+xml;content=datalink", "", "results",
    "ivo://ivoa.net/std/DataLink#links-1.1", GOOD_FIELDS, tuple(FIELDS), (THIS, PROC, HIDDEN), (SERVICE,),
)  # fmt: skip


def served(answers: Mapping[str, Answer] = GOOD_ANSWERS, document: DatalinkDocument = GOOD_DOCUMENT) -> ServedTable:
    """The facts with these answers and this document."""
    return ServedTable("jupiter.epn_core", answers=tuple(answers.values()), datalinks=(document,))


@dataclass(frozen=True)
class LinkMutant:
    """Facts with one fault, how many complaints the rule has on them, and which other rules the fault breaks."""

    facts: ServedTable
    count: int = 1
    entails: frozenset[str] = frozenset()


def answer(column: str, **changes: Any) -> LinkMutant:
    return LinkMutant(served(GOOD_ANSWERS | {column: replace(GOOD_ANSWERS[column], **changes)}))


def document(count: int = 1, *entails: str, **changes: Any) -> LinkMutant:
    return LinkMutant(served(document=replace(GOOD_DOCUMENT, **changes)), count, frozenset(entails))


def links(*rows: Mapping[str, str | None], count: int = 1, entails: tuple[str, ...] = ()) -> LinkMutant:
    return document(count, *entails, rows=rows)


def fields(name: str, **changes: Any) -> LinkMutant:
    return document(fields=tuple(replace(each, **changes) if each.name == name else each for each in GOOD_FIELDS))


MUTANTS: dict[str, list[LinkMutant]] = {
    "link.access_url": [
        answer("access_url", status=404),
        answer("access_url", status=0, problem="it redirects more than 5 times"),
    ],
    "link.thumbnail_url": [answer("thumbnail_url", status=500)],
    "link.datalink_url": [answer("datalink_url", status=0, problem="no answer within 60 s")],
    "link.access_format": [
        answer("access_url", media_type="text/html"),
        # What Apache and Debian's list of types call it.
        answer("access_url", media_type="application/x-netcdf"),
        answer("access_url", media_type="application/gzip"),
    ],
    "link.access_estsize": [
        answer("access_url", size_bytes=12),
        answer("access_url", size_bytes=12_000_000),
        # Bytes, not kbyte.
        answer("access_url", declared_kbyte=12_100),
    ],
    "link.thumbnail_type": [answer("thumbnail_url", media_type="text/html"), answer("thumbnail_url", media_type="")],
    "link.https": [answer("access_url", url="http://data.example.org/a.cdf")],
    "datalink.votable": [document(problem="it is no VOTable: not well-formed")],
    "datalink.media_type": [
        document(content_type="text/xml"),
        document(content_type="application/x-votable+xml"),
        document(content_type=""),
    ],
    "datalink.resource": [document(resource_type="meta")],
    "datalink.standard_id": [document(standard_id=""), document(standard_id="ivo://ivoa.net/std/SODA#sync-1.0")],
    "datalink.columns": [document(2, fields=GOOD_FIELDS[:6])],
    "datalink.ucd": [fields("service_def", ucd="meta.code")],
    "datalink.type": [fields("content_length", datatype="char"), fields("content_length", unit="kbyte")],
    "datalink.id": [
        links(THIS | {"ID": "a"}),
        links(THIS, HIDDEN | {"ID": None}),
        document(2, rows=(THIS, PROC), url="https://vo.example.org/dl?RESPONSEFORMAT=votable&id=b"),
    ],
    "datalink.consecutive": [
        links(THIS, THIS | {"ID": "b"}, HIDDEN, entails=("datalink.id",)),
    ],
    "datalink.target": [
        links(THIS, HIDDEN | {"error_message": None}),
        links(THIS | {"error_message": "FatalFault"}),
        links(THIS, PROC | {"access_url": URL}),
    ],
    "datalink.access_url": [links(THIS, THIS | {"access_url": "data/a b.cdf"})],
    "datalink.semantics": [
        links(THIS, THIS | {"semantics": None}),
        links(THIS, THIS | {"semantics": "this"}),
        links(THIS, THIS | {"semantics": "#science"}),
        links(THIS, THIS | {"semantics": "#"}),
    ],
    "datalink.qualifier": [links(THIS | {"content_qualifier": "dynamic spectrum"})],
    "datalink.fault": [
        links(THIS, HIDDEN | {"error_message": "not there"}),
        links(THIS, HIDDEN | {"error_message": "AuthorizationFault: proprietary"}),
    ],
    "datalink.content_length": [links(THIS | {"content_length": "-5"}), links(THIS | {"content_length": "12 kB"})],
    "datalink.content_type": [links(THIS | {"content_type": "cdf"}), links(THIS | {"content_type": "text/plain;"})],
    "datalink.description": [links(THIS | {"description": None}), links(THIS | {"description": " "})],
    "datalink.service": [
        document(services=()),
        document(services=(replace(SERVICE, access_url=""),)),
        links(THIS, PROC | {"service_def": "other"}),
    ],
    "datalink.service_input": [document(services=(replace(SERVICE, refs={"ID": "nowhere"}),))],
    "datalink.this": [links(HIDDEN), links()],
    "datalink.same_data": [document(access_url="https://data.example.org/b.cdf")],
    "datalink.link_auth": [links(THIS | {"link_auth": "yes"})],
}
"""By rule, the faults that break it."""
