"""The links of a granule: the file first, each document once, words that DaCHS can answer."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from datalink import das2
from datalink.links import Link, link_rows
from epncore.model.bookkeeping import LINKS
from epncore.model.collection import Collection, parse
from epncore.model.errors import ConfigError

ROW = {"granule_uid": "edr_one", "access_url": "https://example.org/one.cdf", "access_format": "application/x-cdf"}


def collection(**keys: Any) -> Collection:
    config = {
        "schema": "nda",
        "title": "Dynamic spectra",
        "description": "Of Jupiter.",
        "creators": ["Lamy, L."],
        "created": "2024-07-16",
        "licence": "CC-BY-4.0",
        "subjects": ["solar-system-astronomy"],
        "product": [{"sources": ["*.cdf"], "grammar": "istp", "granule_gid": "edr"}],
    }
    return parse(config | keys, "collection.toml")


def links(
    row: dict[str, Any] = ROW, size_bytes: int | None = None, embargoed: bool = False, **keys: Any
) -> list[dict[str, Any]]:
    of = collection(**keys)
    found = link_rows(row, of, of.product[0], "2020/02/one.cdf", size_bytes, embargoed=embargoed)
    return [dict(zip(LINKS.names, cells, strict=True)) for cells in found]


def urls(found: list[dict[str, Any]]) -> list[str]:
    return [link["access_url"] for link in found if link["semantics"] == "#documentation"]


def test_fields_stand_in_the_order_of_the_table() -> None:
    assert ("id", "ord", *Link._fields) == LINKS.names


def test_the_file_is_this() -> None:
    (this,) = links(size_bytes=12_345_678_901)
    assert {name: value for name, value in this.items() if value is not None} == {
        "id": "edr_one",
        "ord": 0,
        "access_url": "https://example.org/one.cdf",
        "description": "The data",
        "semantics": "#this",
        "content_type": "application/x-cdf",
        "content_length": 12_345_678_901,
    }


def test_an_unknown_size_is_unknown() -> None:
    assert links()[0]["content_length"] is None


def test_a_listed_granule_has_documents_only() -> None:
    found = links({"granule_uid": "edr_one", "access_url": None}, reference_url="https://example.org/")
    assert [(link["semantics"], link["ord"]) for link in found] == [("#documentation", 0)]


def test_documents_follow_in_the_order_of_the_config() -> None:
    found = links(
        documentation=[
            {"url": "https://example.org/guide.PDF?v=1", "title": "Guide of Nançay"},
            {"url": "https://example.org/é", "title": "Page"},
        ],
        reference_url="https://example.org/",
        doi="10.25935/dv2f-x016",
        bibcode="2000A&AS..100..100L",
    )
    assert [link["ord"] for link in found] == [0, 1, 2, 3, 4, 5]
    assert urls(found) == [
        "https://example.org/guide.PDF?v=1",
        "https://example.org/%C3%A9",
        "https://example.org/",
        "https://doi.org/10.25935/dv2f-x016",
        "https://ui.adsabs.harvard.edu/abs/2000A%26AS..100..100L/abstract",
    ]
    # Datalink of DaCHS answers ? for letters beyond ASCII.
    assert found[1]["description"] == "Guide of Nancay"
    assert (found[1]["content_type"], found[2]["content_type"]) == ("application/pdf", None)


def test_a_document_named_twice_is_linked_once() -> None:
    keys = {
        "documentation": [{"url": "https://example.org/", "title": "Guide"}],
        "reference_url": "https://example.org/",
    }
    assert [link["description"] for link in links(**keys)] == ["The data", "Guide"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("10.1051/0004-6361/202039740", ["https://doi.org/10.1051/0004-6361/202039740"]),
        ("doi:10.1000/a#b", ["https://doi.org/10.1000/a"]),
        ("10.1000/a<b", ["https://doi.org/10.1000/a%3Cb"]),
        ("2000A&AS..100..100L", ["https://ui.adsabs.harvard.edu/abs/2000A%26AS..100..100L/abstract"]),
        ("arXiv:2101.01234", ["https://arxiv.org/abs/2101.01234"]),
        ("2101.01234", ["https://arxiv.org/abs/2101.01234"]),
        ("0704.0001", ["https://arxiv.org/abs/0704.0001"]),
        ("https://example.org/paper", ["https://example.org/paper"]),
        ("10.1000/a#10.1000/b", ["https://doi.org/10.1000/a", "https://doi.org/10.1000/b"]),
        ("Lamy et al., in preparation", []),
    ],
)
def test_a_reference_leads_where_its_kind_says(reference: str, expected: list[str]) -> None:
    assert urls(links({**ROW, "bib_reference": reference}, bibcode="1999A&AS..100..100L")) == expected


PRODUCT = {"sources": ["*.cdf"], "grammar": "istp", "granule_gid": "edr"}
DAS2 = {"server": "https://das2.example.org/das2/server", "dataset": "nda/{gid}/{year}"}
TIMES = {"time_min": 2458894.7708333335, "time_max": 2458894.7719907407}


def of_product(row: dict[str, Any], embargoed: bool = False, **keys: Any) -> list[dict[str, Any]]:
    return [link for link in links(row, embargoed=embargoed, product=[PRODUCT | keys]) if link["ord"] or embargoed]


def test_further_formats_previews_and_a_thumbnail_follow_the_file() -> None:
    found = of_product(
        {**ROW, **TIMES, "obs_id": "a b", "thumbnail_url": "https://example.org/t.JPG"},
        formats=[{"url": "https://example.org/{year}/{stem}.fits", "format": "application/fits", "title": "Façade"}],
        previews=[
            {"url": "https://example.org/{path}.png", "kind": "plot"},
            {"url": "https://example.org/{obs_id}", "kind": "image", "title": "Quick look", "format": "image/webp"},
        ],
    )
    wanted = ("semantics", "access_url", "content_type", "description")
    assert [tuple(link[name] for name in wanted) for link in found] == [
        ("#this", "https://example.org/2020/one.fits", "application/fits", "Facade"),
        ("#preview-plot", "https://example.org/2020/02/one.cdf.png", "image/png", "Preview"),
        ("#preview-image", "https://example.org/a%20b", "image/webp", "Quick look"),
        ("#thumbnail", "https://example.org/t.JPG", "image/jpeg", "Thumbnail"),
    ]


def test_das2_is_a_link_for_its_clients_and_a_service_for_others() -> None:
    link, service = of_product({**ROW, **TIMES}, das2={**DAS2, "params": {"params": "--rh &"}})
    assert link["access_url"] == (
        "https://das2.example.org/das2/server?server=dataset&dataset=nda/edr/2020"
        "&start_time=2020-02-15T06:30:00.000Z&end_time=2020-02-15T06:31:40.000Z&params=--rh%20%26"
    )
    assert (link["semantics"], link["local_semantics"], link["content_type"]) == (
        "#proc", "das2", "application/vnd.das2.das2stream",
    )  # fmt: skip
    assert (service["semantics"], service["service_def"], service["access_url"]) == ("#proc", "das2", DAS2["server"])
    assert json.loads(service["service_args"]) == {
        "server": "dataset", "dataset": "nda/edr/2020", "params": "--rh &",
        "start_time": "2020-02-15T06:30:00.000Z", "end_time": "2020-02-15T06:31:40.000Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"time_min": 2458849.5, "time_max": 2458849.5}, ("2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00.001Z")),
        ({"time_min": 2457754.5, "time_max": 2457755.5}, ("2017-01-01T00:00:00.000Z", "2017-01-02T00:00:00.000Z")),
        ({"time_min": 2458849.5, "time_max": None}, None),
        ({}, None),
        ({"time_min": -1e9, "time_max": 1e9}, None),
        ({"time_min": 5373484.499999999, "time_max": 5373484.499999999}, None),
    ],
)
def test_the_interval_is_one_that_a_das2_server_takes(times: dict[str, Any], expected: object) -> None:
    assert das2.interval(times) == expected


def test_what_needs_a_time_is_left_out_where_the_file_tells_none() -> None:
    formats = [{"url": "https://example.org/{year}.fits", "format": "application/fits", "title": "x"}]
    assert of_product(ROW, formats=formats, das2=DAS2) == []


def test_an_embargoed_granule_links_to_documents_alone() -> None:
    row = {**ROW, **TIMES, "thumbnail_url": "https://example.org/t.png"}
    previews = [{"url": "https://example.org/{stem}.png"}]
    assert of_product(row, embargoed=True, das2=DAS2, previews=previews) == []


def test_every_term_is_one_of_the_vocabulary() -> None:
    text = files("epncore.testing").joinpath("vocabularies/datalink_core.json").read_text()
    terms = {f"#{term}" for term in json.loads(text)["terms"]}
    found = links(
        {**ROW, **TIMES, "thumbnail_url": "https://example.org/t.png"},
        reference_url="https://example.org/",
        product=[
            {
                **PRODUCT,
                "das2": DAS2,
                "formats": [{"url": "https://example.org/", "format": "text/csv", "title": "CSV"}],
                "previews": [{"url": "https://example.org/", "kind": kind} for kind in ("image", "plot")],
            }
        ],
    )
    assert {link["semantics"] for link in found} | {"#progenitor", "#derivation"} <= terms


@pytest.mark.parametrize(
    ("keys", "place", "message"),
    [
        ({"das2": {**DAS2, "server": "ftp://x"}}, "product.0.das2.server", "a URL starts with http"),
        ({"das2": {**DAS2, "server": "https://x/?a=b"}}, "product.0.das2.server", "go to params"),
        ({"das2": {**DAS2, "dataset": "{nope}"}}, "product.0.das2.dataset", "no field; known here: {schema}"),
        ({"das2": {"server": "https://x/"}}, "product.0.das2.dataset", "this key is needed"),
        ({"das2": {**DAS2, "sever": "x"}}, "product.0.das2.sever", "did you mean server?"),
        ({"das2": {**DAS2, "params": {"Start_Time": "x"}}}, "product.0.das2.params", "Start_Time"),
        (
            {"formats": [{"url": "https://x/{", "format": "a/b", "title": "x"}]},
            "product.0.formats.0.url",
            "no template",
        ),
        (
            {"formats": [{"url": "https://x/", "format": "FITS", "title": "x"}]},
            "product.0.formats.0.format",
            "media type",
        ),
        ({"previews": [{"url": "https://x/", "kind": "movie"}]}, "product.0.previews.0.kind", "'image' or 'plot'"),
        ({"previews": [{"uri": "https://x/"}]}, "product.0.previews.0.ur", "url"),
        ({"derived_from": ["raw"]}, "product.0.derived_from", "no product has the granule_gid 'raw'"),
        ({"derived_from": ["edr"]}, "product.0.derived_from", "cannot derive from itself"),
        ({"constants": {"datalink_url": "https://x/"}}, "constants.datalink_url", "the server fills it"),
    ],
)
def test_a_mistake_names_the_key_and_what_is_right(keys: dict[str, Any], place: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        collection(product=[PRODUCT | keys])
    assert caught.value.place is not None
    assert caught.value.place.startswith(place)
    assert message in str(caught.value)


def test_only_keys_of_links_leave_rows_alone() -> None:
    before = collection(product=[PRODUCT])
    for after, rows_differ, links_differ in (
        (collection(product=[PRODUCT | {"das2": DAS2}]), False, True),
        (collection(product=[PRODUCT], doi="10.25935/dv2f-x016"), False, True),
        (collection(product=[PRODUCT | {"access_url": "https://x/{name}"}]), True, False),
        (collection(product=[PRODUCT], datalink=False), True, False),
    ):
        assert (after.fingerprint(after.product[0]) != before.fingerprint(before.product[0])) is rows_differ
        assert (after.links_fingerprint() != before.links_fingerprint()) is links_differ
