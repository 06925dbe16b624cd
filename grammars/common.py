"""Steps that are the same for every grammar: identifiers, dates, and what the file system and the config tell."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from epncore.model.bookkeeping import MOST_NS
from epncore.model.collection import FILE_NAME
from epncore.model.errors import FileError, HeaderError
from epncore.model.mending import mend
from epncore.model.row import INTEGER_MAX, CellError, Found, Missing, clean_word, is_empty
from epncore.model.template import Template
from epncore.model.units import add_period, datetime_of_jd, parse_period
from epncore.model.vocabularies import MEDIA_TYPES
from grammars.pictures import picture_name
from grammars.protocol import Granule, Step, constant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from epncore.model.collection import Collection, Product
    from epncore.model.row import Cell, Value
    from grammars.protocol import Answer, SourceFile

_SUFFIXES = frozenset({"gz", "fit", "fits", "fts", "cdf", "z", "lbl", "d2s", "d2t", "vot", "votable"})


@lru_cache(maxsize=8)  # the templates of a granule ask in turn
def stem(name: str) -> str:
    """A file name without the suffixes of its format and packing: ``A_62.fit.gz`` -> ``A_62``."""
    short = name
    while "." in short.lstrip("."):
        cut, _, suffix = short.rpartition(".")
        if suffix.lower() not in _SUFFIXES:
            break
        short = cut
    return short or name


def steps(collection: Collection, product: Product, file_format: str) -> Iterator[Step]:
    """Yield the common steps in the order in which they depend on each other."""
    yield constant("granule_gid", product.granule_gid, f"{FILE_NAME}, granule_gid")
    yield _identifier("granule_uid", Template(collection.granule_uid), collection, product)
    yield _identifier("obs_id", Template(collection.obs_id), collection, product)
    yield constant("service_title", collection.schema_name, f"{FILE_NAME}, schema")
    yield constant("spatial_frame_type", collection.spatial_frame_type, f"{FILE_NAME}, spatial_frame_type")
    yield Step("creation_date", "modification time of the file", lambda granule: _mtime(granule))
    yield Step("modification_date", "modification time of the file", _modification_date)
    yield _release_date(collection)
    yield Step("file_name", "name of the file", lambda granule: granule.file.path.name)
    if product.access_url:
        media_type = product.access_format or MEDIA_TYPES[file_format]
        from_config = f"{FILE_NAME}, access_format" if product.access_format else f"the files are {file_format}"
        yield _url("access_url", product.access_url, collection, product)
        yield constant("access_format", media_type, from_config)
        yield Step("access_estsize", "size of the file", _size_kbyte)
    if product.md5:
        yield Step("access_md5", "MD5 of the file", _md5)
    if product.thumbnail_url:
        yield _url("thumbnail_url", product.thumbnail_url, collection, product)
    if collection.datalink:
        yield constant("datalink_url", Missing("the server that serves the row fills it in"), "the server")


def granule_uid_of(file: SourceFile, collection: Collection, product: Product) -> str | None:
    """The identifier that a file will have, without opening it; None where its template needs a time."""
    step = _identifier("granule_uid", Template(collection.granule_uid), collection, product)
    answer = step.value(Granule(file, None))
    return answer if isinstance(answer, str) else None


def mended(column: str, text: str, source: str) -> Answer:
    """A text from a header, with the obsolete words of `epncore.model.mending` replaced and that said in its source."""
    value, note = mend(column, text)
    return Found(value, f"{source}; {note}") if note else Found(value, source)


def with_fallback(step: Step | None, column: str, value: Value) -> Step:
    """A constant of the config: used where the file tells nothing."""
    of_config = constant(column, value, f"{FILE_NAME}, constants.{column}")
    return prefer(step, of_config) if step else of_config


def prefer(first: Step, second: Step) -> Step:
    """Ask one step, and another where the first has no value."""

    def answer(granule: Granule) -> Answer:
        try:
            given = first.value(granule)
        except CellError as error:
            raise HeaderError(str(error), place=first.source) from None
        except FileError as error:
            error.place = error.place or first.source
            raise
        if isinstance(given, Missing):
            return second.value(granule)
        found = given if isinstance(given, Found) else Found(given, first.source)
        return second.value(granule) if is_empty(found.value) else found

    return Step(second.column, second.source, answer)


class TemplateValues(dict[str, str]):
    """What the fields of a template stand for in one granule; each is found out when a template asks for it.

    Parameters
    ----------
    row : mapping of str to Cell
        By column; identifiers and `time_min`, where they are known yet.
    relative : str
        Path of the file below the product's root.
    collection, product
        The collection and the product of the granule.

    Raises
    ------
    KeyError
        Where year, month, day, hour or minute is asked for and there is no `time_min`; see `lack`.
    """

    def __init__(self, row: Mapping[str, Cell], relative: str, collection: Collection, product: Product) -> None:
        self.row, self.relative, self.collection, self.product = row, relative, collection, product

    def lack(self, template: Template) -> bool:
        """Whether a template asks for a time that the granule does not tell."""
        return template.needs_time and not _time_values(self.row.get("time_min"))

    def __missing__(self, field: str) -> str:
        known = _FIELD_VALUES.get(field)
        value = known(self) if known else _time_values(self.row.get("time_min"))[field]
        if value:  # an identifier may only become known by a later step
            self[field] = value
        return value


_FIELD_VALUES: Mapping[str, Callable[[TemplateValues], str]] = {
    "schema": lambda of: of.collection.schema_name,
    "gid": lambda of: of.product.granule_gid,
    "stem": lambda of: stem(of["name"]),
    "name": lambda of: of.relative.rpartition("/")[2],
    "path": lambda of: of.relative,
    "uid": lambda of: str(of.row.get("granule_uid") or ""),
    "obs_id": lambda of: str(of.row.get("obs_id") or ""),
    "picture": lambda of: picture_name(of["uid"]),
}


@lru_cache(maxsize=8)  # as for `stem`
def _time_values(jd: Cell) -> dict[str, str]:
    if not isinstance(jd, float):
        return {}
    try:
        moment = datetime_of_jd(jd)
    except ValueError:
        return {}
    return {
        "year": f"{moment.year:04d}", "month": f"{moment.month:02d}", "day": f"{moment.day:02d}",
        "hour": f"{moment.hour:02d}", "minute": f"{moment.minute:02d}",
    }  # fmt: skip


def _fill(
    template: Template, collection: Collection, product: Product, render: Callable[[Mapping[str, str]], str]
) -> Callable[[Granule], Answer]:
    def answer(granule: Granule) -> Answer:
        values = granule.template_values
        if values is None:
            values = granule.template_values = TemplateValues(granule.row, granule.file.relative, collection, product)
        if values.lack(template):
            return Missing(f"{template.text} needs time_min, which the file does not tell")
        return render(values)

    return answer


def _identifier(column: str, template: Template, collection: Collection, product: Product) -> Step:
    def render(values: Mapping[str, str]) -> str:
        return clean_word(template.render(values))

    return Step(column, f"{FILE_NAME}, {column} = {template.text!r}", _fill(template, collection, product, render))


def _url(column: str, text: str, collection: Collection, product: Product) -> Step:
    template = Template(text)
    answer = _fill(template, collection, product, template.render_url)
    return Step(column, f"{FILE_NAME}, {column} = {text!r}", answer)


def _mtime(granule: Granule) -> dt.datetime:
    return _moment(granule.file.mtime_ns)


@lru_cache(maxsize=8)  # as for `stem`
def _moment(mtime_ns: int) -> dt.datetime:
    if not -MOST_NS < mtime_ns < MOST_NS:
        raise CellError(
            "the modification time of the file is beyond the calendar here, 1677 to 2262: set it anew with `touch`"
        )
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=mtime_ns // 1000)  # noqa: DTZ001


def _modification_date(granule: Granule) -> Answer:
    """Never before the creation (REC, Granule call-back info): a header may date that after a copy's file time."""
    created, modified = granule.row.get("creation_date"), _mtime(granule)
    if isinstance(created, dt.datetime) and created > modified:
        return Found(created, "creation_date, which is after the modification time of the file")
    return modified


def _release_date(collection: Collection) -> Step:
    period = parse_period(collection.release_after) if collection.release_after else None
    if period is None:
        return Step(
            "release_date", "creation_date: public from the start", lambda granule: granule.row["creation_date"]
        )

    def answer(granule: Granule) -> Answer:
        try:
            end = granule.row.get("time_max")
            start = datetime_of_jd(end) if isinstance(end, float) else granule.row["creation_date"]
            return add_period(start, period) if isinstance(start, dt.datetime) else Missing("no creation_date")
        except ValueError as error:
            raise CellError(f"release_date: {error}") from None

    source = f"{FILE_NAME}, release_after = {collection.release_after!r}, from the end of the observation"
    return Step("release_date", source, answer)


def content_digest(file: SourceFile) -> str:
    """MD5 of a file and of its companions, joined by commas: reads every byte."""
    return ",".join(map(_md5_of, (file.path, *(companion.path for companion in file.companions))))


def _md5_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def accessed(file: SourceFile, access_url: Cell) -> tuple[int, int]:
    """Which file of a granule an access_url names, by its last part; the main one where none is named.

    Returns
    -------
    place : int
        0 for the main file, else the number of the companion, from 1.
    size_bytes : int
    """
    if not file.companions:
        return 0, file.size_bytes
    name = unquote(urlsplit(str(access_url or "")).path.rpartition("/")[2])
    for place, companion in enumerate(file.companions, 1):
        if companion.path.name == name:
            return place, companion.size_bytes
    return 0, file.size_bytes


def _size_kbyte(granule: Granule) -> Answer:
    """Size in kbytes of 1024 bytes, rounded up; the column has 32 bits."""
    place, size_bytes = accessed(granule.file, granule.row.get("access_url"))
    if size_bytes < 0:
        return Missing("access_url names a file that is not here" if place else "a row of a table has no size")
    kbyte = -(-size_bytes // 1024)
    if kbyte > INTEGER_MAX:
        return Missing(f"{kbyte} kbyte do not fit the 32 bits that DaCHS gives this column")
    return kbyte


def _md5(granule: Granule) -> Answer:
    if any(companion.size_bytes < 0 for companion in granule.file.companions):
        return Missing("not all files of the granule are here")
    if granule.digest is None:
        granule.digest = content_digest(granule.file)
    place, _ = accessed(granule.file, granule.row.get("access_url"))
    return granule.digest.split(",")[place]
