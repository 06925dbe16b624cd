"""A static page to browse a collection: thumbnails by time, filters, queries to paste.

Everything stands in the page, but for the pictures beside it. Without JavaScript it is a plain list by month.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import jinja2
from psycopg import sql

from epncore.app.session import database_errors
from epncore.model.errors import DatabaseError, UsageError
from epncore.model.units import datetime_of_jd
from grammars.pictures import picture_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from epncore.app.database import Database
    from epncore.model.collection import Collection

PAGE_GRANULES = 2000
"""Granules of one page; a larger collection gets a page a year."""

_WANTED = (
    "granule_uid", "obs_id", "target_name", "dataproduct_type", "time_min", "time_max", "spectral_range_min",
    "spectral_range_max", "instrument_name", "access_url", "access_format", "access_estsize", "thumbnail_url",
    "datalink_url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A granule as the page shows it."""

    uid: str
    month: str
    time: str
    start: str
    stop: str
    target: str
    kind: str
    mhz: tuple[float, float] | None
    frequencies: str
    instrument: str
    picture: str | None
    links: list[tuple[str, str]]
    query: str


@dataclass(slots=True)
class Pages:
    """What was written.

    Attributes
    ----------
    index : pathlib.Path
        The page to open first.
    granules, pictures : int
    """

    index: Path
    granules: int = 0
    pictures: int = 0
    files: list[Path] = field(default_factory=list)


def write_pages(
    collection: Collection, folder: Path, database: Database, output: Path, tap_url: str | None = None
) -> Pages:
    """Write the page (or pages) of a collection.

    Parameters
    ----------
    collection : Collection
    folder : pathlib.Path
        Of the collection.toml; drawn previews are taken from below it.
    database : Database
        Where its rows are.
    output : pathlib.Path
        Folder for ``index.html`` and the pictures.
    tap_url : str, optional
        Of the TAP service, for links to rows.

    Raises
    ------
    DatabaseError
        Where the table is not there.
    UsageError
        Where `output` cannot be written.
    """
    rows = _rows(collection, database)
    pages = Pages(output / "index.html", granules=len(rows))
    try:
        output.mkdir(parents=True, exist_ok=True)
        entries = [_entry(row, collection, tap_url, _picture(row, folder, output, pages)) for row in rows]
        by_year: dict[str, list[Entry]] = {}
        for entry in entries:
            by_year.setdefault(entry.month[:4] or "undated", []).append(entry)
        if len(entries) <= PAGE_GRANULES:
            _write(pages, "index.html", collection, entries, {}, tap_url)
        else:
            _write(pages, "index.html", collection, [], {year: len(each) for year, each in by_year.items()}, tap_url)
            for year, each in by_year.items():
                _write(pages, f"{year}.html", collection, each, {}, tap_url)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", path=str(output)) from None
    return pages


def _rows(collection: Collection, database: Database) -> list[dict[str, Any]]:
    schema = collection.schema_name
    with database_errors(), database.connect() as conn:
        there = {
            name
            for (name,) in conn.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = 'epn_core'",
                (schema,),
            )
        }
        if not there:
            raise DatabaseError(f"there is no table {schema}.epn_core", hint="`epncore ingest` makes and fills it")
        names = [name for name in _WANTED if name in there]
        cursor = conn.execute(
            sql.SQL('SELECT {} FROM {} ORDER BY time_min NULLS LAST, granule_uid COLLATE "C"').format(
                sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(schema, "epn_core")
            )
        )
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _picture(row: Mapping[str, Any], folder: Path, output: Path, pages: Pages) -> str | None:
    """A drawn thumbnail is copied beside the page; else the URL of one that a server has."""
    drawn = folder / "previews" / f"{picture_name(row['granule_uid'])}-thumb.png"
    if drawn.is_file():
        target = output / "thumbnails" / drawn.name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(drawn, target)
        pages.pictures += 1
        return f"thumbnails/{quote(target.name)}"
    return _http(row.get("thumbnail_url"))


def _entry(row: Mapping[str, Any], collection: Collection, tap_url: str | None, picture: str | None) -> Entry:
    begin, end = (_moment(row.get(name)) for name in ("time_min", "time_max"))
    low, high = row.get("spectral_range_min"), row.get("spectral_range_max")
    mhz = (low / 1e6, high / 1e6) if low is not None and high is not None else None
    table, uid = f"{collection.schema_name}.epn_core", _sql_text(row["granule_uid"])
    query = f"SELECT * FROM {table} WHERE granule_uid = '{uid}'"  # noqa: S608 -- shown to people, never run here
    return Entry(
        uid=row["granule_uid"],
        month=f"{begin:%Y-%m}" if begin else "",
        time=f"{begin:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} UTC" if begin and end else "time unknown",
        start=f"{begin:%Y-%m-%d}" if begin else "",
        stop=f"{end:%Y-%m-%d}" if end else "",
        target=(row.get("target_name") or "").replace("#", ", "),
        kind=row.get("dataproduct_type") or "",
        mhz=mhz,
        frequencies=_frequencies(mhz),
        instrument=(row.get("instrument_name") or "").split("#")[0],
        picture=picture,
        links=list(_links(row, query, tap_url)),
        query=query,
    )


def _links(row: Mapping[str, Any], query: str, tap_url: str | None) -> Iterator[tuple[str, str]]:
    if url := _http(row.get("access_url")):
        size = row.get("access_estsize")
        yield "File" + (f" ({_size(size)})" if size is not None else ""), url
    if url := _http(row.get("datalink_url")):
        yield "Datalink", url
    if tap_url:
        words = urlencode({"LANG": "ADQL", "REQUEST": "doQuery", "QUERY": query, "RESPONSEFORMAT": "votable"})
        yield "Row", f"{tap_url.rstrip('/')}/sync?{words}"


def _http(url: str | None) -> str | None:
    """A URL that a page may lead to: no script, no file of the reader's machine."""
    return url if url and url.lower().startswith(("http://", "https://")) else None


def _moment(jd: float | None) -> dt.datetime | None:
    try:
        return None if jd is None else datetime_of_jd(jd)
    except ValueError:
        return None


def _frequencies(mhz: tuple[float, float] | None) -> str:
    if mhz is None:
        return ""
    low, high = mhz
    return f"{low:.4g} to {high:.4g} MHz" if high >= 0.1 else f"{low * 1e3:.4g} to {high * 1e3:.4g} kHz"


def _size(kbyte: int) -> str:
    return f"{kbyte} kB" if kbyte < 10_000 else f"{kbyte / 1024:.0f} MB"


def _sql_text(text: str) -> str:
    return text.replace("'", "''")


def _write(
    pages: Pages,
    name: str,
    collection: Collection,
    entries: Sequence[Entry],
    years: Mapping[str, int],
    tap_url: str | None,
) -> None:
    months: dict[str, list[Entry]] = {}
    for entry in entries:
        months.setdefault(entry.month, []).append(entry)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("epncore.app", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("page.html.j2").render(
        collection=collection,
        months=months,
        years=years,
        granules=pages.granules,
        shown=len(entries),
        targets=sorted({entry.target for entry in entries if entry.target}),
        tap_url=tap_url,
    )
    path = pages.index.parent / name
    path.write_text(text, "utf-8")
    pages.files.append(path)
