"""TAP services on loopback that play what real ones answered, well or badly, without a database behind them.

`Recorded` holds the whole tables that a service gave once (the folders beside this file) in SQLite, and answers any
query to them in VOTable; a server that knows less is one that refuses some of them. `serve` puts it, or any function
from a request to a reply, on a port.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

FOLDER = Path(__file__).parent / "replies"
VOTABLE = "application/x-votable+xml"
_NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"


@dataclass(frozen=True)
class Request:
    """What a client asked for; the parameters of a query in upper case."""

    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def query(self) -> str:
        return self.parameters.get("QUERY", "")


@dataclass(frozen=True)
class Reply:
    """An answer. A body in parts is sent part by part, without a length, until the client goes."""

    body: bytes | Iterator[bytes] = b""
    status: int = 200
    content_type: str = VOTABLE
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Request], Reply]


class Server(ThreadingHTTPServer):
    """Notes what it is asked, and how many requests it answers at once."""

    daemon_threads = True

    def __init__(self, answer: Answer, software: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.software = answer, software
        self.asked: list[Request] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}/tap"

    @property
    def queries(self) -> list[str]:
        return [request.query for request in self.asked if request.query]

    @contextmanager
    def counted(self, request: Request) -> Iterator[None]:
        with self.lock:
            self.asked.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def version_string(self) -> str:
        return self.server.software

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, parameters: str) -> None:
        given = {name.upper(): values[0] for name, values in parse_qs(parameters, keep_blank_values=True).items()}
        request = Request(urlsplit(self.path).path, given, dict(self.headers))
        # A client that has enough goes in the middle.
        with self.server.counted(request), suppress(OSError):
            reply = self.server.answer(request)
            self.send_response(reply.status)
            headers = {"Content-Type": reply.content_type, **reply.headers}
            if isinstance(reply.body, bytes):
                headers.setdefault("Content-Length", str(len(reply.body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for part in [reply.body] if isinstance(reply.body, bytes) else reply.body:
                self.wfile.write(part)
                self.wfile.flush()


@contextmanager
def serve(answer: Answer, software: str = "DaCHS/2.7 twistedWeb/22.4.0") -> Iterator[Server]:
    """A server that gives these answers, at `url`, until the block ends."""
    server = Server(answer, software)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Recorded:
    """The tables of a folder, named SCHEMA.TABLE.xml, as a TAP service.

    Parameters
    ----------
    name : str
        The folder. `SCHEMA.TABLE.vosi` in it is the answer of VOSI tables, `record.oai` that of the registry.
    refuses : mapping of str to str
        What the service says to queries in which a regular expression is found.
    has_hashlist : bool
        Whether it knows ivo_hashlist_has.
    """

    def __init__(self, name: str, refuses: Mapping[str, str] | None = None, *, has_hashlist: bool = True) -> None:
        self.folder, self.refuses = FOLDER / name, refuses or {}
        self.lock = threading.Lock()
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.database.execute("PRAGMA case_sensitive_like = ON")
        if has_hashlist:
            self.database.create_function(
                "ivo_hashlist_has", 2, lambda items, item: int(item.lower() in (items or "").lower().split("#"))
            )
        self.systems: list[str] = []
        self.fields: tuple[dict[str, etree._Element], ...] = ({}, {})
        for path in sorted(self.folder.glob("*.xml")):
            self._load(path)

    def _load(self, path: Path) -> None:
        schema, table = path.stem.split(".")
        root = etree.parse(path).getroot()
        fields = list(root.iter(f"{{{_NAMESPACE}}}FIELD"))
        if schema not in {line[1] for line in self.database.execute("PRAGMA database_list")}:
            self.database.execute(f'ATTACH ":memory:" AS "{schema}"')
        columns = ", ".join(f'"{each.get("name")}" {_affinity(each)}' for each in fields)
        self.database.execute(f'CREATE TABLE "{schema}"."{table}" ({columns})')
        marks = ", ".join("?" * len(fields))
        for row in root.iter(f"{{{_NAMESPACE}}}TR"):
            self.database.execute(
                f'INSERT INTO "{schema}"."{table}" VALUES ({marks})', [_cell(cell.text) for cell in row]
            )
        self.systems += [_written(each) for each in root.iter(f"{{{_NAMESPACE}}}TIMESYS", f"{{{_NAMESPACE}}}COOSYS")]
        for each in fields:
            self.fields[schema.lower() == "tap_schema"][str(each.get("name"))] = each

    def change(self, sql: str) -> Recorded:
        """Change its rows."""
        self.database.execute(sql)
        return self

    def __call__(self, request: Request) -> Reply:
        """The answer to a request."""
        if request.path == "/oai.xml":
            return self._file("record.oai")
        if "/tables" in request.path:
            return self._file(request.path.rpartition("/")[2] + ".vosi")
        if not request.query:
            return Reply(b"no such page", 404, "text/plain")
        for pattern, words in self.refuses.items():
            if re.search(pattern, request.query):
                return refusal(words)
        return self._query(request.query, int(request.parameters.get("MAXREC", "1000000")))

    def _file(self, name: str) -> Reply:
        path = self.folder / name
        return Reply(path.read_bytes(), 200, "text/xml") if path.is_file() else Reply(b"not found", 404, "text/plain")

    def _query(self, adql: str, most_rows: int) -> Reply:
        limit = re.search(r"\bTOP (\d+)", adql)
        sql = re.sub(r"\bTOP \d+ ", "", adql, count=1) + (f" LIMIT {limit[1]}" if limit else "")
        try:
            with self.lock:
                cursor = self.database.execute(sql)
                rows = cursor.fetchmany(most_rows + 1)
        except sqlite3.Error as error:
            return refusal(str(error))
        known = self.fields["tap_schema" in adql.lower()]
        fields = []
        for place, (name, *_) in enumerate(cursor.description):
            is_number = any(isinstance(row[place], int) for row in rows)
            fields.append(_written(known[name]) if name in known else a_field(name, "long" if is_number else "char"))
        status = "OVERFLOW" if len(rows) > most_rows else "OK"
        return votable(fields, rows[:most_rows], status, "".join(self.systems))


def _cell(text: str | None) -> str | None:
    return None if text == "NaN" else text


def _affinity(field_: etree._Element) -> str:
    kinds = {"double": "REAL", "float": "REAL", "int": "INTEGER", "short": "INTEGER", "long": "INTEGER"}
    return kinds.get(field_.get("datatype"), "TEXT")


def _written(element: etree._Element) -> str:
    return str(etree.tostring(element, encoding="unicode", with_tail=False))


def a_field(name: str, datatype: str = "char") -> str:
    """A FIELD that was not recorded."""
    arraysize = ' arraysize="*"' if datatype == "char" else ""
    return f'<FIELD name={quoteattr(name)} datatype="{datatype}"{arraysize}/>'


def votable(fields: list[str], rows: list[tuple[object, ...]], status: str = "OK", systems: str = "") -> Reply:
    """Rows as a TAP service answers them."""
    lines = "".join(
        "<TR>" + "".join("<TD/>" if cell is None else f"<TD>{escape(str(cell))}</TD>" for cell in row) + "</TR>"
        for row in rows
    )
    return Reply(
        f'<VOTABLE version="1.4" xmlns="{_NAMESPACE}"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="{status}"/>{systems}'
        f"<TABLE>{''.join(fields)}<DATA><TABLEDATA>{lines}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>".encode()
    )


def refusal(words: str, status: int = 400) -> Reply:
    """What DALI has a service say to a query that it cannot answer."""
    return Reply(
        f'<VOTABLE version="1.4" xmlns="{_NAMESPACE}"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="ERROR">{escape(words)}</INFO></RESOURCE></VOTABLE>'.encode(),
        status,
    )


def spoilt(answer: Answer, pattern: str, bad: Answer) -> Answer:
    """A service that answers badly to queries, or at paths, in which a regular expression is found."""
    return lambda request: (bad if re.search(pattern, request.query or request.path) else answer)(request)


def trickle(seconds: float = 0.05) -> Iterator[bytes]:
    """A byte now and then, without an end."""
    yield b"<?xml version='1.0'?>"
    while True:
        time.sleep(seconds)
        yield b" "


def flood() -> Iterator[bytes]:
    """Much, without an end."""
    yield b"<?xml version='1.0'?>"
    while True:
        yield b" " * (1 << 20)


def bomb(size_bytes: int) -> bytes:
    """A small gzip stream of much."""
    return gzip.compress(b" " * size_bytes)
