"""Follows the addresses in the first rows of a table: what they answer, and what the Datalink documents hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from epncore.check import query
from epncore.check.client import RefusedError, Row, Tap
from epncore.check.datalink import read_document
from epncore.model.errors import EpnCoreError
from epncore.model.rules.facts import Answer, DatalinkDocument
from epncore.model.rules.links import LINK_COLUMNS, is_local

if TYPE_CHECKING:
    import requests

    from epncore.check.client import Client
    from epncore.check.service import Told

MOST_ADDRESSES = 500
"""Different addresses that are asked for one table."""

SOME_DATALINKS = 2
"""Documents of each table that STILTS looks at."""

MOST_FAILURES = 3
"""Times that a host may give no answer before it is left alone: each may cost the whole time limit."""


class NotAskedError(Exception):
    """An address is not asked, which is no fault of it; the text says why."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What an address answered, or why it did not."""

    problem: str = ""
    status: int = 0
    content_type: str = ""
    size_bytes: int | None = None
    body: bytes = b""


class _Asker:
    """Asks each address once; of data nothing but the headers, of Datalink documents all."""

    def __init__(self, tap: Tap) -> None:
        self._client: Client = tap.client
        self._at_home = is_local(urlsplit(tap.url).hostname or "")
        self._seen: dict[tuple[str, bool], _Seen] = {}
        self._failures: Counter[str] = Counter()

    def ask(self, url: str, *, whole: bool) -> _Seen:
        """Ask for headers, or for the whole answer.

        Raises
        ------
        NotAskedError
            Where the address is of a kind that is not asked, or its host is silent, or enough were asked.
        """
        key = url, whole
        if key not in self._seen:
            if len(self._seen) >= MOST_ADDRESSES:
                raise NotAskedError(f"only the first {MOST_ADDRESSES} addresses were asked")
            self._seen[key] = self._look(url, whole=whole)
        return self._seen[key]

    def _look(self, url: str, *, whole: bool) -> _Seen:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            return _Seen("it is no URL")
        if parts.scheme == "ftp":
            raise NotAskedError("addresses of ftp were not asked")
        if parts.scheme not in ("http", "https") or not host:
            return _Seen("it is no address of http, https or ftp")
        if is_local(host) and not self._at_home:
            return _Seen(f"it leads to {host}, which is another machine, or none, for everybody else")
        if self._failures[host] >= MOST_FAILURES:
            raise NotAskedError(f"{host} did not answer {MOST_FAILURES} times: its other addresses were not asked")
        try:
            return _seen(self._client.get(url), keep=True) if whole else _seen(self._client.look(url), keep=False)
        except EpnCoreError as error:
            # An address is one fact: whatever happens to it, the check goes on.
            self._failures[host] += 1
            return _Seen(error.message)


def _seen(answer: requests.Response, *, keep: bool) -> _Seen:
    length = answer.headers.get("Content-Length", "")
    return _Seen(
        status=answer.status_code,
        content_type=answer.headers.get("Content-Type", ""),
        size_bytes=int(length) if length.isascii() and length.isdigit() else None,
        body=answer.content if keep and answer.ok else b"",
    )


def linked_rows(tap: Tap, told: Told, rows: int) -> list[Row]:
    """The first rows with an address, and what they say of it.

    Parameters
    ----------
    tap : Tap
    told : Told
    rows : int
        How many.

    Raises
    ------
    RefusedError, ServiceError
        As `Tap.rows`.
    """
    columns = told.table.columns or {}
    urls = [name for name in LINK_COLUMNS if name in columns]
    if not urls:
        return []
    said = [name for name in ("access_format", "access_estsize") if name in columns]
    return tap.rows(query.linked(told.table.name, urls, said, rows), rows)


def follow(tap: Tap, told: Told, rows: int) -> None:
    """Ask the addresses of the first rows, and note what they answer in `told.table`.

    Parameters
    ----------
    tap : Tap
    told : Told
        Its `partly` gets the columns some of whose addresses were not asked.
    rows : int
        How many of the rows that have an address, by the order of their granule_uids.

    Raises
    ------
    ServiceError
        Where the service itself does not answer any more.
    """
    try:
        found = linked_rows(tap, told, rows)
    except RefusedError as error:
        told.missing["answers"] = told.missing["datalinks"] = str(error)
        return
    asker = _Asker(tap)
    answers: list[Answer] = []
    documents: dict[str, DatalinkDocument] = {}
    for row in found:
        for column in LINK_COLUMNS:
            if not (url := str(row.get(column) or "")):
                continue
            try:
                seen = asker.ask(url, whole=column == "datalink_url")
            except NotAskedError as error:
                told.partly.setdefault(column, str(error))
                continue
            answers.append(answer := _answer(row, column, url, seen))
            if column == "datalink_url" and answer.ok and url not in documents:
                empty = DatalinkDocument(
                    answer.granule_uid, url, str(row.get("access_url") or ""), content_type=seen.content_type
                )
                documents[url] = read_document(empty, seen.body)
    told.table = replace(told.table, answers=tuple(answers), datalinks=tuple(documents.values()))
    _note_unseen(told, answers)


def _note_unseen(told: Told, answers: list[Answer]) -> None:
    """What could not be compared has not passed."""
    data = [each for each in answers if each.column == "access_url"]
    if silent := sum(not each.ok for each in data):
        for column in ("access_format", "access_estsize"):
            told.partly.setdefault(column, f"{silent} of {len(data)} addresses give no data to compare with")
    elif unsized := sum(each.size_bytes is None for each in data):
        told.partly.setdefault("access_estsize", f"{unsized} of {len(data)} addresses do not tell the size")
    if not told.table.datalinks and any(each.column == "datalink_url" for each in answers):
        told.missing["datalinks"] = "no datalink_url gives a document"
        told.table = replace(told.table, datalinks=None)


def some_datalinks(tap: Tap, told: Told) -> list[tuple[str, str]]:
    """The table and the datalink_url of its first rows, for STILTS.

    Raises
    ------
    ServiceError
        Where the service does not answer any more.
    """
    try:
        rows = linked_rows(tap, told, SOME_DATALINKS)
    except RefusedError:
        return []
    return [(told.table.name, str(row["datalink_url"])) for row in rows if row.get("datalink_url")]


def _answer(row: dict[str, Any], column: str, url: str, seen: _Seen) -> Answer:
    is_data = column == "access_url"
    size = row.get("access_estsize") if is_data else None
    return Answer(
        str(row["granule_uid"]),
        column,
        url,
        declared_type=str(row.get("access_format") or "") if is_data else "",
        declared_kbyte=size if isinstance(size, int) else None,
        problem=seen.problem,
        status=seen.status,
        media_type=seen.content_type.partition(";")[0].strip().lower(),
        size_bytes=seen.size_bytes,
    )
