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
from epncore.check.deadline import DeadlineAdapter
from epncore.model.errors import EpnCoreError
from epncore.model.rules.links import is_local

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyvo.dal import TAPResults

USER_AGENT = f"epncore-check/{__version__} (IVOA-test) pyvo/{pyvo.__version__}"
"""Says what asks, and that it tests (IVOA note on the operational identification of software components)."""

MOST_REDIRECTS = 5
MOST_LATE = 10
"""Answers that may come too late before a check gives up: each costs the server as much as us."""

CHUNK_BYTES = 1 << 16
PROBE = "SELECT TOP 1 table_name FROM tap_schema.tables"
"""A query that every TAP service answers at once."""


class ServiceError(EpnCoreError):
    """A service cannot be checked: it is away, is no TAP service, or answers what cannot be read."""

    exit_code = 2


class RefusedError(EpnCoreError):
    """A service refuses one query, or does not answer it in time; others may do."""

    exit_code = 2


class NoAnswerError(RefusedError):
    """What came is no answer to a query: nothing in time, or no VOTable. The service may be away, or none."""


class LateError(NoAnswerError):
    """Nothing came in time."""


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
        self._adapter = DeadlineAdapter()
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)
        self.headers["User-Agent"] = USER_AGENT
        # requests reads the body of a redirect whole, however long it is; nobody wants it.
        self.hooks["response"].append(_before_redirect)

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Ask, and read the whole answer within the limits.

        Raises
        ------
        ServiceError
            Where there is no answer, or one that is too long, or the check has asked enough.
        LateError
            Where the answer does not come in time.
        """
        shown = url.decode("ascii", "replace") if isinstance(url, bytes) else str(url)
        with self._guarded(shown):
            response = super().request(method, url, *args, **kwargs | self._streamed())
            body = self._read(response, shown)
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
    def _guarded(self, url: str) -> Iterator[None]:
        """Count one more request, end it when its time is over, and say in our words what goes wrong with it."""
        self.requests += 1
        if self.requests > self.limits.most_requests:
            raise ServiceError(
                f"the check made {self.limits.most_requests} requests and is not done", path=url,
                hint="Check fewer schemas at a time, or raise --max-requests",
            )  # fmt: skip
        try:
            with self._adapter.limit(self.limits.timeout_seconds):
                yield
        except requests.ConnectTimeout:
            raise ServiceError(_AWAY + "no connection", path=url, hint=_IS_IT_UP) from None
        except requests.Timeout:
            raise LateError(f"no answer within {self.limits.timeout_seconds:g} s", path=url) from None
        except requests.TooManyRedirects:
            raise ServiceError(f"it redirects more than {MOST_REDIRECTS} times", path=url) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ServiceError(_why(error), path=url, hint=_IS_IT_UP) from None

    def _read(self, response: requests.Response, url: str) -> bytes:
        parts, size = [], 0
        for part in response.iter_content(CHUNK_BYTES):
            size += len(part)
            if size > self.limits.most_bytes:
                response.close()
                raise ServiceError(f"the answer is longer than {self.limits.most_bytes / (1 << 20):g} MiB", path=url)
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


_AWAY = "it does not answer: "
_IS_IT_UP = "Is the address right, and the service up?"


def _why(error: Exception) -> str:
    """The reason at the bottom of what requests and urllib3 wrap around it."""
    reason: BaseException = error
    while (inner := getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)) is not None:
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return _AWAY + one_line(text)


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
        self._late = 0
        self.seconds = 0.0
        """Time of the last query."""

    def ask(self, adql: str, most_rows: int | None = None) -> TAPResults:
        """The answer to a synchronous query.

        Raises
        ------
        RefusedError
            Where the service refuses the query, or it takes too long, and others are answered.
        ServiceError
            Where no query is answered by a VOTable.
        """
        started = time.monotonic()
        try:
            return self._answer(adql, most_rows)
        except NoAnswerError as error:
            self._probe(error)
            self._late += isinstance(error, LateError)
            if self._late >= MOST_LATE:
                raise ServiceError(
                    f"{self._late} answers did not come within {self.client.limits.timeout_seconds:g} s", path=self.url,
                    hint="Ask at a quieter time, or with a longer --timeout",
                ) from None  # fmt: skip
            raise
        finally:
            self.seconds = time.monotonic() - started

    def _probe(self, failed: NoAnswerError) -> None:
        """See whether a query was too much for the service, or there is none any more."""
        try:
            self._answer(PROBE, 1)
        except (NoAnswerError, ServiceError):
            raise ServiceError(failed.message, path=self.url, hint="Is this the address of a TAP service?") from None
        except RefusedError:
            return  # by a TAP service, if one without TAP_SCHEMA

    def _answer(self, adql: str, most_rows: int | None) -> TAPResults:
        try:
            with warnings.catch_warnings():
                # Grumbles of astropy and pyvo are on the server's VOTable; the rules look at what matters of it.
                warnings.simplefilter("ignore")
                found = self.service.run_sync(adql, maxrec=most_rows or self.client.limits.most_rows)
                found.resultstable  # noqa: B018  # raises where there is none
        except pyvo.DALQueryError as error:
            raise RefusedError(one_line(error.reason)) from None
        except pyvo.DALServiceError as error:
            raise NoAnswerError(f"it answers a query by HTTP {error.code}: {one_line(error.reason)}") from None
        except (pyvo.DALAccessError, votable.VOTableSpecError, ValueError, LookupError) as error:
            # pyvo wraps what the client says in errors of its own.
            cause = getattr(error, "cause", None)
            if isinstance(cause, ServiceError | RefusedError):
                raise cause from None
            raise NoAnswerError(f"it answers a query with no VOTable: {one_line(error)}") from None
        return found

    def rows(self, adql: str, most_rows: int | None = None, columns: Sequence[str] = ()) -> list[Row]:
        """Rows of a query as plain Python values, None for NULL; names in lower case.

        Parameters
        ----------
        adql : str
        most_rows : int, optional
        columns : sequence of str
            That an answer must have, be it without rows.

        Raises
        ------
        RefusedError
            As `ask`; and where the service gives fewer rows or other columns than it was asked for.
        ServiceError
            As `ask`.
        """
        found = self.ask(adql, most_rows)
        names = [name.lower() for name in found.fieldnames]
        for name in columns:
            if name not in names:
                raise RefusedError(f"the answer has no column {name}, but {one_line(', '.join(names) or 'none')}")
        data = found.resultstable.array
        if _is_cut(found) and len(data) < (most_rows or self.client.limits.most_rows):
            raise RefusedError(f"the service gives no more than {len(data)} rows of an answer")
        return [Row(zip(names, map(_plain, line), strict=True)) for line in data]

    def count(self, adql: str) -> int:
        """The number that a query for a count gives.

        Raises
        ------
        RefusedError, ServiceError
            As `rows`; and where the answer is something else.
        """
        rows = self.rows(adql)
        if len(rows) != 1:
            raise RefusedError(f"the answer to a count has {len(rows)} rows")
        return rows[0].number("n")


class Row(dict[str, Any]):
    """A row of an answer, which need not hold what was asked for."""

    def __missing__(self, name: str) -> Any:
        raise RefusedError(f"the answer has no column {name}, but {one_line(', '.join(self) or 'none')}")

    def number(self, name: str) -> int:
        """A whole number.

        Raises
        ------
        RefusedError
            Where it is something else.
        """
        value = self[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise RefusedError(f"the answer has {one_line(repr(value))} in {name}, where a whole number is due")
        return int(value)


def _is_cut(found: TAPResults) -> bool:
    """Whether the service says that there are more rows than it gives."""
    infos = [info for resource in found.votable.resources for info in resource.infos]
    return any(info.name.lower() == "query_status" and info.value.lower() == "overflow" for info in infos)


def _software(server: str) -> str:
    """Name and version of the VO software in an HTTP header Server: ``DaCHS 2.7`` of ``DaCHS/2.7 twistedWeb/22.4``."""
    found = re.match(r"([A-Za-z][\w.-]*)/([\w.-]+)", server)
    return f"{found[1]} {found[2]}" if found else ""


def _plain(value: Any) -> Any:
    if value is np.ma.masked or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else str(value) if isinstance(value, str) else value


def one_line(what: object) -> str:
    """What a server says, on one line that is not too long."""
    text = " ".join(str(what).split())
    return text if len(text) <= 300 else f"{text[:297]}..."
