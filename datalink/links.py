"""The links of one granule, as rows of the links table (DataLink 1.1)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import quote

from datalink import das2
from epncore.model.row import clean_text, digest
from epncore.model.template import parsed
from grammars.common import TemplateValues

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from epncore.model.collection import Collection, Product
    from epncore.model.row import Cell

LinkRow: TypeAlias = tuple[str | int | None, ...]
"""Cells in the order of `epncore.model.bookkeeping.LINKS`."""


VERSION = 2
"""Changes when the same granule gives other links than before, so that an ingest writes them anew."""

_MEDIA_TYPES = {
    ".pdf": "application/pdf", ".html": "text/html", ".htm": "text/html", ".txt": "text/plain",
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".svg": "image/svg+xml",
}  # fmt: skip


class Link(NamedTuple):
    """One link; the fields stand in the order of the table's columns after ``id`` and ``ord``."""

    access_url: str | None = None
    service_def: str | None = None
    service_args: str | None = None
    error_message: str | None = None
    description: str | None = None
    semantics: str = "#this"
    local_semantics: str | None = None
    content_type: str | None = None
    content_length: int | None = None


def link_rows(
    row: Mapping[str, Cell],
    collection: Collection,
    product: Product,
    relative: str,
    size_bytes: int | None = None,
    *,
    embargoed: bool = False,
) -> Iterator[LinkRow]:
    """Yield the links of a granule, the file itself first; the same granule gives the same links.

    What links of one granule to another is not here: it depends on what else is in the table
    (`epncore.app.relations`).

    Parameters
    ----------
    row : mapping of str to Cell
        The granule's row by column names.
    collection : Collection
        With the documents that belong to every granule.
    product : Product
        Of the granule: with its further formats, previews and das2 server.
    relative : str
        Path of the file below the product's root.
    size_bytes : int, optional
        Exact size of the file; ``access_estsize`` is rounded to kbytes.
    embargoed : bool
        Whether the granule is only listed: documents are all that it links to.

    Yields
    ------
    LinkRow
        As the links table takes it.
    """
    links: list[Link] = []
    if not embargoed:
        values = TemplateValues(row, relative, collection, product)
        links += _data(row, size_bytes)
        links += _formats(product, values)
        links += _previews(row, product, values)
        links += _das2(row, product, values)
    links += _documents(row, collection)
    for place, link in enumerate(links):
        yield (str(row["granule_uid"]), place, *link)


def links_hash(links: Iterable[LinkRow]) -> str:
    """A fingerprint of the links of a granule, 32 hexadecimal digits."""
    return digest("".join(f"{link!r}\x1e" for link in links))


def _data(row: Mapping[str, Cell], size_bytes: int | None) -> Iterator[Link]:
    if url := _text(row, "access_url"):
        yield Link(
            access_url=url,
            description="The data",
            semantics="#this",
            content_type=_text(row, "access_format"),
            content_length=size_bytes,
        )


def _formats(product: Product, values: TemplateValues) -> Iterator[Link]:
    # The same data in another format are the thing itself, not something derived from it: #this again.
    for other in product.formats:
        if url := _filled(other.url, values):
            yield Link(
                access_url=url, description=clean_text(other.title), semantics="#this", content_type=other.format
            )


def _previews(row: Mapping[str, Cell], product: Product, values: TemplateValues) -> Iterator[Link]:
    for preview in product.previews:
        if url := _filled(preview.url, values):
            yield Link(
                access_url=url,
                description=clean_text(preview.title),
                semantics=f"#preview-{preview.kind}",
                content_type=preview.format or media_type(url),
            )
    if url := _text(row, "thumbnail_url"):
        yield Link(access_url=url, description="Thumbnail", semantics="#thumbnail", content_type=media_type(url))


def _das2(row: Mapping[str, Cell], product: Product, values: TemplateValues) -> Iterator[Link]:
    """A plain link for clients that speak das2, and a service for those that know DataLink only."""
    times = das2.interval(row)
    if product.das2 is None or times is None or values.lack(parsed(product.das2.dataset)):
        return
    parameters = das2.request(product.das2, values, times)
    yield Link(
        access_url=das2.stream_url(product.das2, parameters),
        description="das2 stream of the whole granule at its own resolution",
        semantics="#proc",
        local_semantics="das2",
        content_type=das2.STREAM_TYPE,
    )
    yield Link(
        access_url=product.das2.server,
        service_def="das2",
        service_args=das2.service_args(parameters),
        description="das2 stream of an interval, at a resolution",
        semantics="#proc",
        content_type=das2.STREAM_TYPE,
    )


def _documents(row: Mapping[str, Cell], collection: Collection) -> tuple[Link, ...]:
    named = tuple((document.url, document.title) for document in collection.documentation)
    articles = _text(row, "bib_reference") or collection.bibcode or ""
    return _document_links(named, collection.reference_url or "", collection.doi or "", articles)


@lru_cache(maxsize=256)  # most granules of a collection have the same
def _document_links(
    named: tuple[tuple[str, str], ...], reference_url: str, doi: str, articles: str
) -> tuple[Link, ...]:
    """Each document once, even where two keys of the config lead to it."""
    documents = dict(named)
    if reference_url:
        documents.setdefault(reference_url, "About the collection")
    if doi:
        documents.setdefault(doi_url(doi), "The collection, by its DOI")
    for reference in articles.split("#"):
        if url := _reference_url(reference):
            documents.setdefault(url, "Article to cite")
    return tuple(
        Link(
            access_url=_ascii_url(url),
            description=clean_text(title),
            semantics="#documentation",
            content_type=media_type(url),
        )
        for url, title in documents.items()
    )


def doi_url(doi: str) -> str:
    """Where a DOI resolves."""
    return f"https://doi.org/{quote(doi, safe='/:;().')}"


def _reference_url(reference: str) -> str | None:
    """Where a ``bib_reference`` leads: itself, a DOI, a bibcode, an arXiv number; None for free text."""
    if reference.startswith(("https://", "http://")):
        return reference
    if doi := re.fullmatch(r"(?:doi:)?(10\.\d{4,9}/\S+)", reference, re.IGNORECASE):
        return doi_url(doi[1])
    if re.fullmatch(r"\d{4}[A-Za-z0-9.&]{14}[A-Z]", reference):
        return f"https://ui.adsabs.harvard.edu/abs/{quote(reference)}/abstract"
    if preprint := re.fullmatch(r"(?:arxiv:)?(\d{4}\.\d{4,5})", reference, re.IGNORECASE):
        return f"https://arxiv.org/abs/{preprint[1]}"
    return None


def _ascii_url(url: str) -> str:
    """Percent-encode what is no ASCII: DaCHS would answer ``?`` for it."""
    return url if url.isascii() else "".join(char if char.isascii() else quote(char) for char in url)


def media_type(url: str) -> str | None:
    """Media type by the suffix of a URL's path; a page without a suffix may be anything."""
    before, _, name = url.partition("#")[0].partition("?")[0].rpartition("/")
    _, dot, suffix = name.rpartition(".")
    is_host = before.endswith("/")  # https://example.html
    return None if is_host else _MEDIA_TYPES.get(dot + suffix.lower())


def _filled(text: str, values: TemplateValues) -> str | None:
    """A URL by its template; none where the template needs a time that the file does not tell."""
    template = parsed(text)
    return None if values.lack(template) else template.render_url(values)


def _text(row: Mapping[str, Cell], column: str) -> str | None:
    value = row.get(column)
    return value if isinstance(value, str) and value else None
