"""A TAP service of one table whose addresses lead to all kinds of trouble; for the tests of following links."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from astropy.io import votable
from astropy.table import Table

CDF = "application/x-cdf"
COLUMNS = ("granule_uid", "access_url", "access_format", "access_estsize", "thumbnail_url", "datalink_url")

DATALINK = b"""<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results"><INFO name="standardID" value="ivo://ivoa.net/std/DataLink#links-1.1"/><TABLE>
<FIELD ID="ID" name="ID" datatype="char" arraysize="*" ucd="meta.id;meta.main"/>
<FIELD name="content_length" datatype="long" unit="byte"><VALUES null="-1"/></FIELD>
<FIELD name="link_authorized" datatype="boolean"/>
<DATA><TABLEDATA><TR><TD>a</TD><TD>12</TD><TD>T</TD></TR><TR><TD></TD><TD>-1</TD><TD>?</TD></TR></TABLEDATA></DATA>
</TABLE></RESOURCE>
<RESOURCE ID="svc" type="meta" utype="adhoc:service"><PARAM name="accessURL" datatype="char" arraysize="*"
value="https://x.example.org/"/><GROUP name="inputParams"><PARAM name="id" datatype="char" arraysize="*" ref="ID"
value=""/></GROUP></RESOURCE></VOTABLE>"""


class LinkServer:
    """Serves on a free port of 127.0.0.1 while its context lasts.

    `rows` is what its table holds; `asked` the methods and paths of requests for links; `sent_bytes` how much of its
    endless answer it got rid of.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.asked: list[tuple[str, str]] = []
        self.sent_bytes = 0
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                server.answer(self, 200, "application/x-votable+xml", server.table())

            def do_GET(self) -> None:
                server.asked.append((self.command, self.path))
                PAGES[self.path.partition("?")[0]](server, self)

            def log_message(self, *words: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=[0.01])
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def table(self) -> bytes:
        """The rows as the answer to a query."""
        content = io.BytesIO()
        tree = votable.from_table(Table(rows=self.rows, names=COLUMNS))
        tree.resources[0].infos.append(votable.tree.Info(name="QUERY_STATUS", value="OK"))
        tree.to_xml(content)
        return content.getvalue()

    @staticmethod
    def answer(handler: BaseHTTPRequestHandler, status: int, media_type: str, body: bytes, **headers: str) -> None:
        handler.send_response(status)
        lengths = {"Content-Type": media_type, "Content-Length": str(len(body))}
        for name, value in (lengths | {key.replace("_", "-"): value for key, value in headers.items()}).items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def pour(self, handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
        """An answer without an end."""
        handler.send_response(status)
        for name, value in ({"Content-Type": CDF} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        try:
            while not self.closing.is_set():
                self.sent_bytes += handler.wfile.write(bytes(1 << 16))
        except OSError:
            return


Page = Callable[[LinkServer, BaseHTTPRequestHandler], object]


def _no_head(then: Page) -> Page:
    def page(server: LinkServer, handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "HEAD":
            server.answer(handler, 405, "text/plain", b"")
        else:
            then(server, handler)

    return page


def _right(server: LinkServer, handler: BaseHTTPRequestHandler) -> None:
    server.answer(handler, 200, CDF, bytes(12_000))


def _empty_head(server: LinkServer, handler: BaseHTTPRequestHandler) -> None:
    server.answer(handler, 200, CDF, b"" if handler.command == "HEAD" else bytes(12_000))


PAGES: dict[str, Page] = {
    "/right": _right,
    "/no-head": _no_head(_right),
    "/empty-head": _empty_head,
    "/html": lambda server, handler: server.answer(handler, 200, "text/html; charset=utf-8", b"<html>" + bytes(11_994)),
    "/large": lambda server, handler: server.answer(handler, 200, CDF, bytes(120_000)),
    "/missing": lambda server, handler: server.answer(handler, 404, "text/html", b"none"),
    "/broken": lambda server, handler: server.answer(handler, 500, "text/html", b"broken"),
    "/loop": lambda server, handler: server.answer(handler, 302, "text/html", b"", Location="/loop"),
    "/to-file": lambda server, handler: server.answer(handler, 302, "text/html", b"", Location="file:///etc/passwd"),
    "/long-redirect": _no_head(lambda server, handler: server.pour(handler, 302, Location="/right")),
    "/endless": _no_head(lambda server, handler: server.pour(handler, 200)),
    "/silent": lambda server, handler: server.closing.wait(),
    "/png": lambda server, handler: server.answer(handler, 200, "image/png", b"png"),
    "/links": lambda server, handler: server.answer(
        handler, 200, "application/x-votable+xml;content=datalink", DATALINK
    ),
    "/garbage": lambda server, handler: server.answer(
        handler, 200, "application/x-votable+xml;content=datalink", DATALINK[:500]
    ),
}
