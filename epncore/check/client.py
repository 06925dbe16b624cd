"""The one way in which a check asks a server: politely, one request at a time, and bounded in time, size and number."""

from __future__ import annotations

import io
import re
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import numpy as np
import pyvo
import requests
import urllib3
from astropy.io.votable import exceptions as votable

from epncore import __version__
from epncore.model.errors import EpnCoreError
from epncore.model.rules.links import is_local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyvo.dal import TAPResults

USER_AGENT = f"epncore-check/{__version__} (IVOA-test) pyvo/{pyvo.__version__}"
"""Says what asks, and that it tests (IVOA note on the operational identification of software components)."""

MOST_REDIRECTS = 5
CHUNK_BYTES = 1 << 16


class ServiceError(EpnCoreError):
    """A service cannot be checked: it is away, is no TAP service, or answers what cannot be read."""

    exit_code = 2


class RefusedError(EpnCoreError):
    """A service refuses one query, or does not answer it in time; others may do."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a check.

    Attributes
    ----------
    timeout_seconds : float
        For one request, from its start to the last byte of its answer.
    most_rows : int
        That a query may bring.
    most_bytes : int
        Of one answer.
    most_requests : int
        Of the whole check.
    """

    timeout_seconds: float = 60.0
    most_rows: int = 10_000
    most_bytes: int = 64 << 20
    most_requests: int = 3000


class Client(requests.Session):
    """A session that keeps to `Limits` whatever library uses it; pyvo asks through it.

    Parameters
    ----------
    limits : Limits, optional
    """

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__()
        self.limits = limits or Limits()
        self.requests = 0
        self.software = ""
        self.max_redirects = MOST_REDIRECTS
        self.headers["User-Agent"] = USER_AGENT
        # requests reads the body of a redirect whole, however long it is; nobody wants it.
        self.hooks["response"].append(_before_redirect)

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Ask, and read the whole answer within the limits.

        Raises
        ------
        ServiceError
            Where there is no answer, or one that is too long, or the check has asked enough.
        RefusedError
            Where the answer does not come in time.
        """
        shown = url.decode("ascii", "replace") if isinstance(url, bytes) else str(url)
        with self._guarded(shown) as deadline:
            response = super().request(method, url, *args, **kwargs | self._streamed())
            body = self._read(response, deadline, shown)
        self.requests += len(response.history)
        # Later answers may come from other servers, to which links lead.
        self.software = self.software or _software(response.headers.get("Server", ""))
        response._content = body
        # pyvo reads from `raw`; what came is decoded already.
        response.raw = urllib3.HTTPResponse(io.BytesIO(body), preload_content=False)
        return response

    def look(self, url: str) -> requests.Response:
        """Status and headers of what an address answers; of its body, nothing is read.

        Parameters
        ----------
        url : str

        Returns
        -------
        requests.Response
            To HEAD; where that is refused or tells an empty body, to GET, which ends after the headers.

        Raises
        ------
        ServiceError, RefusedError
            As `request`.
        """
        answer = None
        for method in ("HEAD", "GET"):
            with self._guarded(url):
                # Packed on the way, a file has another length.
                answer = super().request(method, url, headers={"Accept-Encoding": "identity"}, **self._streamed())
                answer.close()
            self.requests += len(answer.history)
            if answer.ok and answer.headers.get("Content-Length") != "0":
                break
        assert answer is not None  # noqa: S101
        return answer

    def _streamed(self) -> dict[str, Any]:
        return {"stream": True, "timeout": self.limits.timeout_seconds}

    @contextmanager
    def _guarded(self, url: str) -> Iterator[float]:
        """Count one more request, and say in our words what goes wrong with it; gives the time at which it must end."""
        self.requests += 1
        if self.requests > self.limits.most_requests:
            raise ServiceError(f"the check made {self.limits.most_requests} requests and is not done", path=url)
        try:
            yield time.monotonic() + self.limits.timeout_seconds
        except requests.Timeout:
            raise RefusedError(f"no answer within {self.limits.timeout_seconds:g} s", path=url) from None
        except requests.TooManyRedirects:
            raise ServiceError(f"it redirects more than {MOST_REDIRECTS} times", path=url) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ServiceError(_why(error), path=url, hint="Is the address right, and the service up?") from None

    def _read(self, response: requests.Response, deadline: float, url: str) -> bytes:
        parts, size = [], 0
        for part in response.iter_content(CHUNK_BYTES):
            size += len(part)
            if size > self.limits.most_bytes:
                response.close()
                raise ServiceError(f"the answer is longer than {self.limits.most_bytes >> 20} MiB", path=url)
            if time.monotonic() > deadline:
                response.close()
                raise requests.Timeout
            parts.append(part)
        return b"".join(parts)


def _before_redirect(response: requests.Response, **_: Any) -> None:
    """Forget the body; and let nobody outside send us to a host of our own network."""
    if not response.is_redirect:
        return
    response._content = b""
    response.close()
    target = urlsplit(urljoin(response.url, response.headers["Location"])).hostname or ""
    if is_local(target) and not is_local(urlsplit(response.url).hostname or ""):
        raise requests.exceptions.InvalidURL(f"it redirects to {target}")


def _why(error: Exception) -> str:
    """The reason at the bottom of what requests and urllib3 wrap around it."""
    reason: BaseException = error
    while (inner := getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)) is not None:
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return f"it does not answer: {text}"


class Tap:
    """A TAP service that answers queries by pyvo.

    Parameters
    ----------
    url : str
        Its base address.
    client : Client
    """

    def __init__(self, url: str, client: Client) -> None:
        self.url, self.client = url.rstrip("/"), client
        self.service = pyvo.dal.TAPService(self.url, session=client)
        self.seconds = 0.0
        """Time of the last query."""

    def ask(self, adql: str, most_rows: int | None = None) -> TAPResults:
        """The answer to a synchronous query.

        Raises
        ------
        RefusedError
            Where the service refuses the query, or it takes too long.
        ServiceError
            Where the answer is no VOTable.
        """
        started = time.monotonic()
        try:
            with warnings.catch_warnings():
                # Grumbles of astropy and pyvo are on the server's VOTable; the rules look at what matters of it.
                warnings.simplefilter("ignore")
                return self.service.run_sync(adql, maxrec=most_rows or self.client.limits.most_rows)
        except pyvo.DALQueryError as error:
            raise RefusedError(_one_line(error.reason)) from None
        except (pyvo.DALAccessError, votable.VOTableSpecError, ValueError, IndexError) as error:
            # pyvo wraps what the client says in errors of its own.
            cause = getattr(error, "cause", None)
            if isinstance(cause, ServiceError | RefusedError):
                raise cause from None
            raise ServiceError(f"it answers a query with no VOTable: {_one_line(error)}", path=self.url) from None
        finally:
            self.seconds = time.monotonic() - started

    def rows(self, adql: str, most_rows: int | None = None) -> list[dict[str, Any]]:
        """Rows of a query as plain Python values, None for NULL; names in lower case.

        Raises
        ------
        RefusedError, ServiceError
            As `ask`.
        """
        found = self.ask(adql, most_rows)
        names = [name.lower() for name in found.fieldnames]
        data = found.resultstable.array
        return [dict(zip(names, map(_plain, line), strict=True)) for line in data]


def _software(server: str) -> str:
    """Name and version of the VO software in an HTTP header Server: ``DaCHS 2.7`` of ``DaCHS/2.7 twistedWeb/22.4``."""
    found = re.match(r"([A-Za-z][\w.-]*)/([\w.-]+)", server)
    return f"{found[1]} {found[2]}" if found else ""


def _plain(value: Any) -> Any:
    if value is np.ma.masked or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else str(value) if isinstance(value, str) else value


def _one_line(what: object) -> str:
    text = " ".join(str(what).split())
    return text if len(text) <= 300 else f"{text[:297]}..."
