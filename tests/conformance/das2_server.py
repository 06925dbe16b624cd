"""A das2 server of a few lines: it answers what das2 servers understand, and refuses the rest."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

STREAM = b'[00]000065<stream version="2.2"><properties title="Made for a test"/></stream>'
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_NEEDED = {"server", "dataset", "start_time", "end_time"}
_KNOWN = _NEEDED | {"resolution", "params", "interval", "ascii"}


class Das2Server:
    """Serves on a free port of 127.0.0.1 while its context lasts; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pairs = parse_qsl(urlsplit(self.path).query, strict_parsing=True, keep_blank_values=True)
                complaint = complaint_on(pairs)
                server.asked.append(dict(pairs))
                self.send_response(400 if complaint else 200)
                self.send_header("Content-Type", "text/plain" if complaint else "application/vnd.das2.das2stream")
                self.end_headers()
                self.wfile.write(complaint.encode() or STREAM)

            def log_message(self, *words: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever)
        self.url = f"http://127.0.0.1:{self._http.server_port}/das2/server"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def complaint_on(pairs: list[tuple[str, str]]) -> str:
    """What a das2 server has against a request: it knows names in one case only, and wants times in order."""
    given = dict(pairs)
    if len(given) < len(pairs):
        return "a parameter twice"
    if not given.keys() >= _NEEDED or not given.keys() <= _KNOWN:
        return f"names: {sorted(given)}"
    if given["server"] != "dataset":
        return "server is not dataset"
    if not all(_TIME.fullmatch(given[name]) for name in ("start_time", "end_time")):
        return "no times"
    if given["start_time"] >= given["end_time"]:
        return "an empty interval"
    if "resolution" in given and not float(given["resolution"]) > 0:
        return "no resolution"
    return ""
