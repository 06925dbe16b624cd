"""Service rules on what the addresses in rows answer: whether the data are there, as the row says."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from epncore.model.rules.facts import Complaint
from epncore.model.rules.kinds import ServiceRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from epncore.model.rules.facts import Answer, ServedTable

LINK_COLUMNS = ("access_url", "thumbnail_url", "datalink_url")
"""Columns whose addresses are followed."""

SIZE_FACTOR = 2.0
"""By which a size may differ from the declared one, which the standard calls an estimate."""

_KBYTE = (1000, 1024)

# A server that knows no type of a file says one of these.
_NO_TYPE = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_PACKED = frozenset({"application/gzip", "application/x-gzip"})

# Names of one type.
_SAME_TYPES = (
    {"application/fits", "image/fits", "application/x-fits"},
    {"application/x-cdf", "application/cdf"},
    {"application/x-netcdf", "application/netcdf"},
    {"application/x-hdf5", "application/x-hdf", "application/hdf5"},
    {"application/x-votable+xml", "application/xml", "text/xml"},
    {"image/jpeg", "image/jpg"},
    {"application/gzip", "application/x-gzip"},
    {"application/json", "text/json"},
    {"text/csv", "text/plain"},
    {"text/tab-separated-values", "text/plain"},
)


def is_local(host: str) -> bool:
    """Whether a host's name or number leads nowhere, or elsewhere, on other machines.

    Parameters
    ----------
    host : str
        As `urllib.parse` gives it.
    """
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def _answers(table: ServedTable, column: str) -> Iterator[Answer]:
    return (each for each in table.answers or () if each.column == column)


def _complaint(answer: Answer, found: str) -> Complaint:
    return Complaint(f"{answer.url}: {found}", answer.column, answer.granule_uid)


def _answered(column: str) -> Callable[[ServedTable], list[Complaint]]:
    return lambda table: [
        _complaint(each, each.problem or f"it answers status {each.status}")
        for each in _answers(table, column)
        if not each.ok
    ]


def _same_type(declared: str, answered: str, path: str) -> bool:
    if answered in _NO_TYPE or (answered in _PACKED and path.lower().endswith((".gz", ".tgz"))):
        return True
    declared = declared.partition(";")[0].strip().lower()
    return declared == answered or any({declared, answered} <= names for names in _SAME_TYPES)


def _formats(table: ServedTable) -> list[Complaint]:
    return [
        _complaint(each, f"it is {each.media_type}, the row says {each.declared_type}")
        for each in _answers(table, "access_url")
        if each.ok and each.declared_type
        and not _same_type(each.declared_type, each.media_type, urlsplit(each.url).path)
    ]  # fmt: skip


def _thumbnails(table: ServedTable) -> list[Complaint]:
    return [
        _complaint(each, f"it is {each.media_type or 'of no media type'}, no picture")
        for each in _answers(table, "thumbnail_url")
        if each.ok and not each.media_type.startswith("image/")
    ]


def _is_about(declared_kbyte: int, size_bytes: int) -> bool:
    """Kilobytes of 1000 or 1024 bytes, rounded either way."""
    least, most = (size_bytes / unit for unit in reversed(_KBYTE))
    return least / SIZE_FACTOR - 1 <= declared_kbyte <= most * SIZE_FACTOR + 1


def _sizes(table: ServedTable) -> list[Complaint]:
    return [
        _complaint(each, f"it has {each.size_bytes} bytes, the row says {each.declared_kbyte} kbyte")
        for each in _answers(table, "access_url")
        if each.ok and each.size_bytes is not None and each.declared_kbyte is not None
        and not _is_about(each.declared_kbyte, each.size_bytes)
    ]  # fmt: skip


def _plain_http(table: ServedTable) -> list[Complaint]:
    return [
        _complaint(each, "it is not encrypted")
        for each in table.answers or ()
        # What gave no answer has a greater fault.
        if each.ok and re.match("http:", each.url, re.IGNORECASE) and not is_local(urlsplit(each.url).hostname or "")
    ]


def _answers_rule(column: str, what: str, why: str) -> ServiceRule:
    return ServiceRule(
        id=f"link.{column}",
        section="REC, Data access reference",
        checks=f"{what} answers, with a status of success",
        why=why,
        mend="Open the address in a browser: is it the file's own, is the server's name the public one, are there "
        "signs (# ? & %) in it that must be escaped?",
        columns=(column,),
        needs=("answers",),
        complaints=_answered(column),
    )


LINK_RULES: tuple[ServiceRule, ...] = (
    _answers_rule("access_url", "access_url", "Users find the granule and cannot get it"),
    _answers_rule("thumbnail_url", "thumbnail_url", "The portal shows a broken picture"),
    _answers_rule("datalink_url", "datalink_url", "Users cannot find what belongs to the granule"),
    ServiceRule(
        id="link.access_format",
        section="REC, Data access reference",
        severity="warning",
        checks="what access_url answers has the media type of access_format",
        why="Clients choose a tool by the one and are refused by the other",
        mend="Correct access_format, or tell the web server: most lists of types call .cdf application/x-netcdf",
        columns=("access_url", "access_format"),
        needs=("answers",),
        complaints=_formats,
    ),
    ServiceRule(
        id="link.access_estsize",
        section="REC, Data access reference",
        severity="warning",
        checks=f"what access_url answers is as large as access_estsize says, within a factor of {SIZE_FACTOR:g}",
        why="Users and clients decide by it what to download",
        mend="access_estsize is in kbyte, not in bytes or Mbyte; look also whether the address gives the file itself",
        columns=("access_url", "access_estsize"),
        needs=("answers",),
        complaints=_sizes,
    ),
    ServiceRule(
        id="link.thumbnail_type",
        section="REC, Data access reference",
        severity="warning",
        checks="what thumbnail_url answers is a picture",
        why="The portal shows it among the rows",
        mend="Give the address of the picture itself, not of a page with it",
        columns=("thumbnail_url",),
        needs=("answers",),
        complaints=_thumbnails,
    ),
    ServiceRule(
        id="link.https",
        section="W3C Mixed Content",
        severity="advice",
        checks="addresses begin with https",
        why="The portal is a page of https: browsers do not show pictures and data from plain http in it",
        mend="Serve the files by https, and write https in the addresses",
        needs=("answers",),
        complaints=_plain_http,
    ),
)
