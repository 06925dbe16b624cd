"""Links as clients see them: pyvo, stilts and a plain HTTP client against a live DaCHS."""

from __future__ import annotations

import time
from urllib.parse import quote

import psycopg
import pytest

from epncore.app.database import resolve
from epncore.app.ingest import ingest
from epncore.app.relink import relink
from epncore.check.report import Report
from epncore.check.servers import split_servers
from epncore.check.stilts import datalinklint

from .linked import ARCS, CALIBRATED, MANY, ODD, RAW, Service, rows_of, semantics

pytestmark = pytest.mark.live


def test_each_kind_of_link_is_there(linked: Service) -> None:
    found = [link for link in linked.links(CALIBRATED) if not link["service_def"]]
    stem = quote(f"{ARCS} ?&1", safe="")
    das2 = (
        f"{linked.das2.url}?server=dataset&dataset=nda/calibrated%20x"
        "&start_time=2020-02-15T06:30:00.000Z&end_time=2020-02-15T06:31:40.000Z&params=a%3D1%26b%20%232"
    )
    assert [(link["semantics"], link["access_url"], link["content_type"]) for link in found] == [
        ("#this", f"https://example.org/data/calibrated/{stem}.cdf", "application/x-cdf"),
        ("#this", f"https://example.org/fits/{stem}.fits", "application/fits"),
        ("#preview-plot", f"https://example.org/plots/{stem}.png", "image/png"),
        ("#preview-image", f"https://example.org/images/{stem}.png", "image/png"),
        ("#thumbnail", f"https://example.org/thumbs/{stem}.jpg", "image/jpeg"),
        ("#proc", das2, "application/vnd.das2.das2stream"),
        ("#documentation", "https://example.org/guide.pdf", "application/pdf"),
        ("#documentation", "https://example.org/nda?a=1&b=2", None),
        ("#documentation", "https://doi.org/10.25935/dv2f-x016", None),
        ("#documentation", "https://ui.adsabs.harvard.edu/abs/2000GMS...119..321L/abstract", None),
        ("#progenitor", f"https://example.org/data/raw/{stem}.cdf", "application/x-cdf"),
    ]
    size = (linked.folders["linked"] / "data" / f"{CALIBRATED}.cdf").stat().st_size
    assert (found[0]["content_length"], found[-1]["content_length"]) == (size, size)
    assert [link["local_semantics"] for link in found if link["semantics"] == "#proc"] == ["das2"]
    (derived,) = (link for link in linked.links(RAW) if link["semantics"] == "#derivation")
    assert derived["access_url"] == f"https://example.org/data/calibrated/{stem}.cdf"


def test_pyvo_finds_the_links_of_many_rows(linked: Service) -> None:
    rows = linked.search("SELECT TOP 40 granule_uid FROM linked.epn_core WHERE granule_uid LIKE 'many%'")
    found = [link["ID"] for links in rows.iter_datalinks() for link in links if link.semantics == "#thumbnail"]
    assert sorted(found) == sorted(row["granule_uid"] for row in rows)


def test_unknown_ids_are_not_found(linked: Service) -> None:
    unknown = ["no such granule", "Nançay", "a' OR '1'='1", "%s", "../../etc", ""]
    found = linked.links(*unknown)
    assert {link["ID"] for link in found} <= {*unknown, "Nan?ay", None}
    assert len(found) >= len(unknown) - 1
    for link in found:
        assert link["error_message"].startswith("NotFoundFault: ")
        assert (link["access_url"], link["service_def"], link["semantics"]) == (None, None, "#this")
    assert linked.das2_answer("no such granule").status_code == 404
    assert linked.das2_answer(RAW).status_code == 404, "a product without das2"


@pytest.mark.parametrize("uid", ODD)
def test_any_id_finds_its_links_also_by_its_datalink_url(linked: Service, uid: str) -> None:
    # All of them: TAP of DaCHS 2.7 finds no row by a literal with a percent sign.
    rows = linked.search("SELECT granule_uid, datalink_url FROM linked.epn_core WHERE granule_uid NOT LIKE 'many%'")
    (url,) = (row["datalink_url"] for row in rows if row["granule_uid"] == uid)
    answer = linked.session.get(url, timeout=30)
    found = rows_of(answer.content)
    assert {link["ID"] for link in found} == {uid}
    assert url == f"{linked.lab.url}/linked/q/dl/dlmeta?ID={quote(uid, safe='')}"
    assert semantics(found).count("#this") == 2


def test_500_ids_in_one_request(linked: Service) -> None:
    started = time.monotonic()
    found = linked.links(*MANY)
    took = time.monotonic() - started
    assert sorted(link["ID"] for link in found if link["semantics"] == "#thumbnail") == sorted(MANY)
    assert sum(bool(link["service_def"]) for link in found) == len(MANY)
    assert took < 20, f"{took:.1f} s"


@pytest.mark.parametrize("uid", [RAW, CALIBRATED])
def test_a_listed_granule_says_until_when(linked: Service, uid: str) -> None:
    first, *others = linked.links(uid, schema="listed")
    assert (first["semantics"], first["access_url"]) == ("#this", None)
    assert first["error_message"].startswith("AuthorizationFault: proprietary until 2021-02-15")
    assert set(semantics(others)) == {"#documentation"}
    (row,) = linked.search(f"SELECT access_url FROM listed.epn_core WHERE granule_uid = '{uid}'")
    assert not row["access_url"]


def test_a_granule_that_is_left_out_says_until_when(linked: Service) -> None:
    (only,) = linked.links(CALIBRATED, schema="left_out")
    assert only["error_message"].startswith("AuthorizationFault: proprietary until 2021-02-15")
    assert len(linked.search("SELECT granule_uid FROM left_out.epn_core")) == 0
    assert linked.das2_answer(CALIBRATED, schema="left_out").status_code == 403


def test_a_row_by_hand_under_embargo_shows_no_data(linked: Service) -> None:
    with psycopg.connect(linked.lab.admin_dsn) as conn:
        conn.execute(
            "CREATE TEMP TABLE one AS SELECT * FROM listed.epn_core LIMIT 1;"
            "UPDATE one SET granule_uid = 'by hand', release_date = now() + interval '1 day';"
            "INSERT INTO listed.epn_core SELECT * FROM one;"
            "INSERT INTO listed.links (id, ord, access_url, semantics) VALUES ('by hand', 0, 'http://x/', '#this')"
        )
    (only,) = linked.links("by hand", schema="listed")
    assert only["error_message"].startswith("AuthorizationFault: ")
    assert only["access_url"] is None


def test_links_appear_with_the_first_ingest_after_the_release(linked: Service) -> None:
    ingest(linked.folders["left_out"], resolve(linked.lab.admin_dsn))
    found = linked.links(CALIBRATED, schema="left_out")
    assert {"#this", "#progenitor", "#proc"} <= set(semantics(found))
    assert linked.das2_answer(CALIBRATED, schema="left_out").status_code == 303


def test_new_urls_reach_clients_without_reading_a_file(linked: Service) -> None:
    path = linked.folders["linked"] / "collection.toml"
    text = path.read_text()
    data = path.parent / "data"
    hidden = data.rename(data.with_name("away"))
    try:
        path.write_text(text.replace("example.org/plots", "new.example.org/plots"))
        done = relink(path.parent, resolve(linked.lab.admin_dsn))
        assert (done.granules, done.changed, done.relations) == (2, 1, 0)
        (plot,) = (link for link in linked.links(CALIBRATED) if link["semantics"] == "#preview-plot")
        assert plot["access_url"].startswith("https://new.example.org/plots/")
    finally:
        path.write_text(text)
        hidden.rename(data)
    assert relink(path.parent, resolve(linked.lab.admin_dsn)).changed == 1


def test_datalink_url_moves_with_the_server(linked: Service) -> None:
    lab = linked.lab
    settings = lab.home / "gavo.rc"
    text = settings.read_text()

    def stored() -> set[str]:
        rows = linked.search("SELECT datalink_url FROM listed.epn_core")
        return {row["datalink_url"].partition("?")[0] for row in rows}

    assert stored() == {f"{lab.url}/listed/q/dl/dlmeta"}
    try:
        settings.write_text(text.replace(f"serverURL: {lab.url}", "serverURL: https://vo.example.org"))
        lab.dachs("imp", "-m", "listed/q")
        assert stored() == {"https://vo.example.org/listed/q/dl/dlmeta"}
    finally:
        settings.write_text(text)
        lab.dachs("imp", "-m", "listed/q")
    assert stored() == {f"{lab.url}/listed/q/dl/dlmeta"}


def test_datalink_url_is_no_reason_to_write(linked: Service) -> None:
    again = ingest(linked.folders["linked"], resolve(linked.lab.admin_dsn))
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)


@pytest.mark.parametrize("ids", [[CALIBRATED], [RAW], ["no such granule"], [RAW, CALIBRATED, "a#b"]])
def test_stilts_finds_nothing_but_the_lines_known_of_dachs(linked: Service, ids: list[str]) -> None:
    query = "&".join(f"ID={quote(uid, safe='')}" for uid in ids)
    report = Report(linked.lab.tap_url, software=f"DaCHS {linked.lab.version()}")
    datalinklint("stilts", report, [("linked.epn_core", f"{linked.lab.url}/linked/q/dl/dlmeta?{query}")])
    split_servers(report)
    assert (report.findings, report.not_run) == ([], [])
    assert report.servers


def test_dropping_the_collection_leaves_nothing(linked: Service) -> None:
    linked.lab.dachs("drop", "listed/q")
    with psycopg.connect(linked.lab.admin_dsn) as conn:
        query = "SELECT count(*) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'listed'"
        assert conn.execute(query).fetchone() == (0,)
