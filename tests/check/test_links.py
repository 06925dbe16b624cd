"""Following links: each kind of trouble is one fact on one address, and ends nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import requests
from requests.hooks import dispatch_hook

from epncore.check.client import Client, Limits, Tap
from epncore.check.datalink import MOST_BYTES, read_document
from epncore.check.links import MOST_FAILURES, follow, some_datalinks
from epncore.check.service import Told
from epncore.model.rules.datalink import DATALINK_RULES
from epncore.model.rules.facts import DatalinkDocument, ServedColumn, ServedTable, ServiceDescriptor
from epncore.model.rules.links import LINK_RULES

from .link_server import CDF, COLUMNS, DATALINK, LinkServer


@pytest.fixture
def server() -> Iterator[LinkServer]:
    with LinkServer() as started:
        yield started


def told_of(server: LinkServer, *rows: tuple[object, ...], most: int = 10, timeout_seconds: float = 20.0) -> Told:
    """What following the links of these rows tells: (access_url, thumbnail_url, datalink_url)."""
    server.rows = [
        (f"granule {number}", data, CDF, 12, thumbnail, links) for number, (data, thumbnail, links) in enumerate(rows)
    ]
    told = Told(ServedTable("one.epn_core", columns={name: ServedColumn(name) for name in COLUMNS}))
    with Client(Limits(timeout_seconds=timeout_seconds, most_bytes=1 << 20)) as client:
        client.trust_env = False
        follow(Tap(f"{server.url}/tap", client), told, most)
    return told


def told_of_data(server: LinkServer, *paths: str, **options: float) -> Told:
    return told_of(server, *((f"{server.url}{path}", "", "") for path in paths), **options)


def broken(told: Told) -> list[str]:
    return [rule.id for rule in (*LINK_RULES, *DATALINK_RULES) if rule.complaints(told.table)]


def test_right_links_are_right_and_asked_once_without_their_bodies(server: LinkServer) -> None:
    row = (f"{server.url}/right", f"{server.url}/png", f"{server.url}/links?ID=a")
    told = told_of(server, row, row)
    assert told.table.answers is not None
    assert [
        (each.granule_uid, each.column, each.status, each.media_type, each.size_bytes) for each in told.table.answers
    ][:3] == [
        ("granule 0", "access_url", 200, CDF, 12_000),
        ("granule 0", "thumbnail_url", 200, "image/png", 3),
        ("granule 0", "datalink_url", 200, "application/x-votable+xml", len(DATALINK)),
    ]
    assert len(told.table.answers) == 6
    assert server.asked == [("HEAD", "/right"), ("HEAD", "/png"), ("GET", "/links?ID=a")]
    assert (told.partly, told.missing) == ({}, {})
    assert [rule.id for rule in LINK_RULES if rule.complaints(told.table)] == []


@pytest.mark.parametrize("path", ["/no-head", "/empty-head"])
def test_where_head_is_no_good_get_is_asked(server: LinkServer, path: str) -> None:
    told = told_of_data(server, path)
    assert broken(told) == []
    assert [answer.size_bytes for answer in told.table.answers or ()] == [12_000]
    assert [method for method, _ in server.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("path", "rule", "found"),
    [
        ("/html", "link.access_format", "it is text/html, the row says application/x-cdf"),
        ("/large", "link.access_estsize", "it has 120000 bytes, the row says 12 kbyte"),
        ("/missing", "link.access_url", "it answers status 404"),
        ("/broken", "link.access_url", "it answers status 500"),
        ("/loop", "link.access_url", "it redirects more than 5 times"),
        ("/to-file", "link.access_url", "it does not answer: No connection adapters"),
    ],
)
def test_trouble_is_one_fact(server: LinkServer, path: str, rule: str, found: str) -> None:
    told = told_of_data(server, path, "/right")
    assert broken(told) == [rule]
    (complaint,) = (each for one in LINK_RULES if one.id == rule for each in one.complaints(told.table))
    assert complaint.found.startswith(f"{server.url}{path}: {found}")
    assert (complaint.column, complaint.example) == ("access_url", "granule 0")


def test_no_body_is_read_however_long(server: LinkServer) -> None:
    told = told_of_data(server, "/endless", "/long-redirect")
    assert broken(told) == []
    assert [answer.size_bytes for answer in told.table.answers or ()] == [None, 12_000]
    assert told.partly == {"access_estsize": "1 of 2 addresses do not tell the size"}
    # What the sockets hold before the server learns that nobody listens.
    assert server.sent_bytes < 32 << 20


def test_a_silent_host_is_left_alone(server: LinkServer) -> None:
    paths = [f"/silent?{number}" for number in range(MOST_FAILURES + 2)]
    told = told_of_data(server, *paths, timeout_seconds=0.5)
    assert [answer.problem for answer in told.table.answers or ()] == ["no answer within 0.5 s"] * MOST_FAILURES
    assert told.partly["access_url"].startswith(f"127.0.0.1 did not answer {MOST_FAILURES} times")
    assert told.partly["access_format"] == f"{MOST_FAILURES} of {MOST_FAILURES} addresses give no data to compare with"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("file:///etc/passwd", "no address of http, https or ftp"),
        ("javascript:alert(1)", "no address of http, https or ftp"),
        ("http://[::1", "no URL"),
        ("http:///path", "no address of http, https or ftp"),
        ("http://127.0.0.1:1/", "it does not answer: "),
    ],
)
def test_what_is_no_address_is_not_asked(server: LinkServer, url: str, found: str) -> None:
    told = told_of(server, (url, "", ""), (f"{server.url}/right", "", ""))
    assert broken(told) == ["link.access_url"]
    assert found in (told.table.answers or ())[0].problem


@pytest.mark.parametrize("target", ["http://127.0.0.1:8080/", "//localhost/a", "http://10.0.0.1/", "http://[::1]/"])
def test_no_stranger_redirects_to_our_own_network(target: str) -> None:
    answer = requests.Response()
    answer.url, answer.status_code, answer.raw = "https://data.example.org/a", 302, io.BytesIO()
    answer.headers["Location"] = target
    with Client() as client, pytest.raises(requests.RequestException, match="it redirects to "):
        dispatch_hook("response", client.hooks, answer)


def test_ftp_is_not_followed_and_says_so(server: LinkServer) -> None:
    told = told_of(server, ("ftp://data.example.org/a.cdf", "", ""))
    assert told.table.answers == ()
    assert told.partly == {"access_url": "addresses of ftp were not asked"}


def test_a_datalink_document_is_read(server: LinkServer) -> None:
    told = told_of(server, (f"{server.url}/right", "", f"{server.url}/links?ID=a"))
    assert told.table.datalinks is not None
    (document,) = told.table.datalinks
    assert document.access_url == f"{server.url}/right"
    assert document.content_type == "application/x-votable+xml;content=datalink"
    assert document.standard_id == "ivo://ivoa.net/std/DataLink#links-1.1"
    assert [(each.name, each.datatype, each.unit) for each in document.fields][:2] == [
        ("ID", "char", ""), ("content_length", "long", "byte"),
    ]  # fmt: skip
    assert document.rows == (
        {"ID": "a", "content_length": "12", "link_authorized": "true"},
        {"ID": None, "content_length": None, "link_authorized": None},
    )
    assert document.services == (ServiceDescriptor("svc", "https://x.example.org/", "", {"id": "ID"}),)


@pytest.mark.parametrize("path", ["/html", "/garbage"])
def test_what_is_no_datalink_document_is_one_fault(server: LinkServer, path: str) -> None:
    told = told_of(server, ("", "", f"{server.url}{path}"))
    assert broken(told) == ["datalink.votable"]
    assert (told.table.datalinks or ())[0].problem.startswith("it is no VOTable: ")


@pytest.mark.parametrize("path", ["/missing", "/endless", "/loop"])
def test_a_datalink_document_that_is_not_there_is_not_judged(server: LinkServer, path: str) -> None:
    told = told_of(server, ("", "", f"{server.url}{path}"))
    assert broken(told) == ["link.datalink_url"]
    assert told.missing == {"datalinks": "no datalink_url gives a document"}
    assert told.table.datalinks is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"<VOTABLE/>",
        b"<html/>",
        DATALINK.replace(b">12<", b">twelve<"),
        DATALINK.replace(b"<TD>12</TD>", b""),
        DATALINK.replace(b'type="results"', b'type="other"'),
        DATALINK.replace(b'<?xml version="1.0"?>', b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>').replace(
            b">12<", b">&a;<"
        ),
        DATALINK[:-10],
        DATALINK + b" " * MOST_BYTES,
    ],
)
def test_hostile_documents_are_no_documents(content: bytes) -> None:
    document = read_document(DatalinkDocument("a", "https://x.example.org/"), content)
    assert document.problem
    assert document.rows == ()


def test_stilts_gets_the_first_documents(server: LinkServer) -> None:
    told = told_of(server, ("", "", f"{server.url}/links"))
    with Client() as client:
        client.trust_env = False
        assert some_datalinks(Tap(f"{server.url}/tap", client), told) == [("one.epn_core", f"{server.url}/links")]
