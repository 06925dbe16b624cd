"""The browse page: what a reader sees, with and without JavaScript, and what hostile values cannot do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest

from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.page import Pages, write_pages
from epncore.model.collection import load
from epncore.model.errors import DatabaseError

from ..browser import chromium

pytestmark = pytest.mark.live

Collections = Callable[[str], Path]
HOSTILE = '"><script>document.title="owned"</script>&amp;<img src=x onerror="document.title=\'owned\'">{{ 7*7 }}'


def browse(folder: Path, database: Database, output: Path, **options: str) -> tuple[Pages, lxml.html.HtmlElement]:
    pages = write_pages(load(folder), folder, database, output, **options)
    return pages, lxml.html.fromstring(pages.index.read_text("utf-8"))


def test_the_plain_page_lists_each_granule_with_links_and_a_query(
    collection: Collections, database: Database, tmp_path: Path
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    pages, page = browse(folder, database, tmp_path / "page", tap_url="https://tap.example.org/tap")
    items = page.xpath("//main//ul/li")
    assert len(items) == pages.granules == 4
    starts = [item.get("data-start") for item in items]
    assert starts == sorted(starts)
    first = items[0]
    assert "BIR_20110607_062400_10" in first.text_content()
    assert "2011-06-07 06:24:00 to 06:39:00 UTC" in first.text_content()
    assert "20 to 91.81 MHz" in first.text_content()
    links = {a.text_content(): a.get("href") for a in first.xpath(".//a")}
    assert links["File (29 kB)"].endswith("BIR_20110607_062400_10.fit")
    query = parse_qs(urlsplit(links["Row"]).query)["QUERY"][0]
    assert query == "SELECT * FROM ecallisto.epn_core WHERE granule_uid = 'spectrogram_BIR_20110607_062400_10'"
    assert page.xpath("string(//main//pre)") == query
    assert page.xpath("//form")[0].get("hidden") is not None, "without JavaScript there is no filter"


def test_the_same_rows_give_the_same_page(collection: Collections, database: Database, tmp_path: Path) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    one, _ = browse(folder, database, tmp_path / "one")
    two, _ = browse(folder, database, tmp_path / "two")
    assert one.index.read_bytes() == two.index.read_bytes()


def test_a_page_needs_nothing_from_elsewhere_but_pictures(
    collection: Collections, database: Database, tmp_path: Path
) -> None:
    folder = collection("ecallisto")
    ingest(folder, database)
    _, page = browse(folder, database, tmp_path / "page")
    assert page.xpath("//link | //script[@src] | //iframe | //object") == []


def test_a_large_collection_gets_a_page_a_year(
    collection: Collections, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epncore.app.page.PAGE_GRANULES", 3)
    folder = collection("ecallisto")
    ingest(folder, database)
    pages, page = browse(folder, database, tmp_path / "page")
    names = [path.name for path in pages.files]
    assert names == ["index.html", "2011.html", "2015.html", "2022.html", "2024.html"]
    assert [a.get("href") for a in page.xpath("//ul//a")] == names[1:]
    year = lxml.html.parse(tmp_path / "page" / "2015.html")
    assert len(year.xpath("//main//ul/li")) == 1


def test_before_the_first_ingest_there_is_nothing_to_show(
    collection: Collections, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseError, match="there is no table"):
        browse(collection("ecallisto"), database, tmp_path / "page")


def test_hostile_values_stay_text(collection: Collections, database: Database, tmp_path: Path) -> None:
    folder = collection("ecallisto")
    path = folder / "collection.toml"
    text = re.sub(r"(?m)^title = .*$", lambda _: f"title = '''{HOSTILE}'''", path.read_text("utf-8"), count=1)
    path.write_text(text, "utf-8")
    ingest(folder, database)
    with database.connect() as conn:
        conn.execute(
            "UPDATE ecallisto.epn_core SET target_name = %s, instrument_name = %s, access_url = 'javascript:alert(1)'"
            " WHERE granule_uid LIKE '%%BIR%%'",
            (HOSTILE, HOSTILE),
        )
    pages, page = browse(folder, database, tmp_path / "page")
    assert len(page.xpath("//script")) == 1
    assert page.xpath("//img[@onerror]") == []
    assert page.xpath("string(//h1)") == HOSTILE
    assert [a for a in page.xpath("//a/@href") if not a.startswith("https://")] == []
    shown = chromium("--dump-dom", pages.index.as_uri(), profile=tmp_path / "profile")
    title = lxml.html.fromstring(shown).xpath("string(//title)")
    assert title == HOSTILE, "no script of the values has run"


def test_the_filter_works_in_a_browser(collection: Collections, database: Database, tmp_path: Path) -> None:
    folder = collection("nda_routine")
    ingest(folder, database)
    pages, _ = browse(folder, database, tmp_path / "page")
    profile = tmp_path / "profile"

    def shown(fragment: str) -> list[str]:
        page = lxml.html.fromstring(chromium("--dump-dom", f"{pages.index.as_uri()}#{fragment}", profile=profile))
        assert page.xpath("//form")[0].get("hidden") is None
        items = [li for li in page.xpath("//main//ul/li") if li.get("hidden") is None]
        assert page.xpath("string(//output)") == f"{len(items)} of 3 granules"
        return [li.get("data-target") for li in items]

    assert sorted(shown("")) == ["Jupiter", "Jupiter", "Sun"]
    assert shown("target=Sun") == ["Sun"]
    assert shown("from=2020-11-01&to=2020-12-31") == ["Jupiter"]
    assert shown("low=50") == []
    assert len(shown("low=20&high=30")) == 3


def test_the_page_is_readable_on_a_phone(collection: Collections, database: Database, tmp_path: Path) -> None:
    folder = collection("nda_routine")
    ingest(folder, database)
    pages, _ = browse(folder, database, tmp_path / "page")
    # The page tells in its title how wide it is and how wide the window; its own policy lets it.
    probe = "<script>document.title = document.documentElement.scrollWidth <= innerWidth ? 'fits' : 'wide'</script>"
    text = pages.index.read_text("utf-8").replace("</body>", f"{probe}</body>")
    narrow = tmp_path / "page" / "narrow.html"
    narrow.write_text(text.replace("<body>", '<body style="width: 360px">'), "utf-8")
    shown = chromium("--dump-dom", "--window-size=500,900", narrow.as_uri(), profile=tmp_path / "profile")
    assert lxml.html.fromstring(shown).xpath("string(//title)") == "fits"
    assert lxml.html.fromstring(text).xpath("//meta[@name='viewport']/@content") == [
        "width=device-width, initial-scale=1"
    ]
