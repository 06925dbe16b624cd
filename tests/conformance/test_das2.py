"""The das2 service of a granule, by pyvo and by a plain client; the redirect is followed to a small das2 server."""

from __future__ import annotations

import json
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import pytest

from .das2_server import STREAM
from .linked import CALIBRATED, ODD, Service

pytestmark = pytest.mark.live


def test_pyvo_walks_from_rows_to_links_and_through_the_das2_service(
    linked: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pyvo fetches this from ivoa.net; the tests need no network.
    text = files("epncore.testing").joinpath("vocabularies/datalink_core.json").read_text()
    monkeypatch.setattr("pyvo.dal.adhoc.vocabularies.get_vocabulary", lambda name: json.loads(text))
    rows = linked.search(f"SELECT granule_uid FROM linked.epn_core WHERE granule_uid = '{CALIBRATED}'")
    (links,) = rows.iter_datalinks()
    assert [link.semantics for link in links.bysemantics("#this")] == ["#this", "#this"]
    assert {link.semantics for link in links.bysemantics("#preview")} == {
        "#preview-plot", "#preview-image", "#thumbnail",
    }  # fmt: skip
    asked = len(linked.das2.asked)
    stream = links.get_first_proc().process(
        start_time="2020-02-15T06:30:10", end_time="2020-02-15T06:30:20.5Z", resolution="0.25"
    )
    assert stream.read() == STREAM
    assert linked.das2.asked[asked:] == [
        {
            "server": "dataset", "dataset": "nda/calibrated x", "params": "a=1&b #2",
            "start_time": "2020-02-15T06:30:10.000Z", "end_time": "2020-02-15T06:30:20.500Z", "resolution": "0.25",
        }
    ]  # fmt: skip


def test_the_plain_das2_link_is_one_that_a_das2_server_takes(linked: Service) -> None:
    (url,) = (link["access_url"] for link in linked.links(CALIBRATED) if link["local_semantics"] == "das2")
    assert linked.session.get(url, timeout=30).content == STREAM


@pytest.mark.parametrize("uid", [*ODD, CALIBRATED])
def test_the_redirect_is_followed_for_any_id(linked: Service, uid: str) -> None:
    answer = linked.session.get(f"{linked.lab.url}/linked/q/dl/dlget", params={"ID": uid}, timeout=30)
    assert (answer.status_code, answer.content) == (200, STREAM)
    assert [step.status_code for step in answer.history] == [303]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"start_time": "2020-02-15"}, {"start_time": "2020-02-15T00:00:00.000Z"}),
        ({"START_TIME": "2020-02-15T06:30"}, {"start_time": "2020-02-15T06:30:00.000Z"}),
        ({"resolution": "1e-2"}, {"resolution": "1e-2"}),
        ({"resolution": ""}, {}),
        ({"start_time": " 2020-02-15T06:30:00.5Z "}, {"start_time": "2020-02-15T06:30:00.500Z"}),
    ],
)
def test_what_a_client_asks_for_reaches_the_das2_server(
    linked: Service, given: dict[str, str], expected: dict[str, str]
) -> None:
    answer = linked.das2_answer(CALIBRATED, **given)
    assert answer.status_code == 303, answer.text
    asked = {name: value for name, (value,) in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert asked == {
        "server": "dataset", "dataset": "nda/calibrated x", "params": "a=1&b #2",
        "start_time": "2020-02-15T06:30:00.000Z", "end_time": "2020-02-15T06:31:40.000Z", **expected,
    }  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"start_time": "yesterday"},
        {"start_time": "2020-02-15&server=id"},
        {"start_time": "2020-02-15\r\nSet-Cookie: a=b"},
        {"start_time": "2020-13-45"},
        {"start_time": "2020-02-15T06:30:00\x00"},
        {"end_time": "2020-02-15T06:29:59"},
        {"end_time": "' ; DROP TABLE linked.links --"},
        {"end_time": "\\schema"},
        {"resolution": "-1"},
        {"resolution": "0"},
        {"resolution": "nan"},
        {"resolution": "1e99"},
        {"resolution": "9" * 400},
        {"resolution": "1 2"},
        {"resolution": "$(id)"},
        {"server": "https://evil.example.org/"},
        {"dataset": "other"},
    ],
)
def test_a_hostile_value_is_refused(linked: Service, given: dict[str, str]) -> None:
    answer = linked.das2_answer(CALIBRATED, **given)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.text.startswith(("UsageFault: ", "UsageError: "))
    assert "Set-Cookie" not in answer.headers
