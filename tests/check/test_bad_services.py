"""Services that are away, are none, or answer badly: a clear sentence, and no rule that passed without an answer."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator

import pytest

from epncore.check.check import Options, check
from epncore.check.client import ServiceError
from epncore.check.report import Report
from epncore.model.rules import RULES

from .asking import HTML, QUICK, TABLE, Serve, always, look, not_run
from .replies import Answer, Recorded, Reply, Server, a_field, bomb, flood, refusal, spoilt, trickle, votable

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE VOTABLE [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 12))
    + b']><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><DESCRIPTION>&l;</DESCRIPTION></VOTABLE>'
)
GOOD = votable([a_field("n", "long")], [(0,)])
assert isinstance(GOOD.body, bytes)


def endless(parts: Callable[[], Iterator[bytes]], **headers: str) -> Answer:
    return lambda _: Reply(parts(), headers=headers)


BAD: dict[str, tuple[Answer, str]] = {
    "no TAP service": (always(Reply(b"not here", 404, "text/plain")), "404"),
    "HTML": (always(HTML), "no VOTable"),
    "HTML, as an error": (always(Reply(HTML.body, 500, "text/html")), "500"),
    "nothing": (always(Reply(b"")), "no VOTable"),
    "a VOTable without a table": (
        always(Reply(b'<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"/>')), "no VOTable",
    ),
    "a VOTable that is cut": (always(Reply(GOOD.body[:-60])), "no VOTable"),
    "a VOTable of an unknown type": (always(votable([a_field("n", "quaternion")], [(0,)])), "no VOTable"),
    "a text where a number is due": (always(votable([a_field("n", "long")], [("many",)])), "no VOTable"),
    "a VOTable in another encoding than it says": (
        always(Reply('<?xml version="1.0" encoding="utf-8"?><VOTABLE>Nançay'.encode("latin-1"))), "no VOTable",
    ),
    "a VOTable of entities": (always(Reply(LAUGHS)), "no VOTable"),
    "a file of the server": (
        always(Reply(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><VOTABLE>&b;</VOTABLE>')), "no VOTable",
    ),
    "a redirect to itself": (
        lambda request: Reply(status=307, headers={"Location": request.path}), "redirects more than 5 times",
    ),
    "a redirect to a file": (always(Reply(status=302, headers={"Location": "file:///etc/passwd"})), "does not answer"),
    "more than is read": (endless(flood), "longer than 1 MiB"),
    "gzip of more than is read": (
        always(Reply(bomb(50 << 20), headers={"Content-Encoding": "gzip"})), "longer than 1 MiB",
    ),
    "gzip that is none": (always(Reply(b"plain", headers={"Content-Encoding": "gzip"})), "does not answer"),
    "a byte now and then": (endless(trickle), "no answer within 0.4 s"),
    "a byte now and then of many": (endless(trickle, **{"Content-Length": "100000"}), "no answer within 0.4 s"),
    "less than it says": (always(Reply(GOOD.body, headers={"Content-Length": "99999"})), "does not answer"),
    "more than it says": (always(Reply(GOOD.body, headers={"Content-Length": "99"})), "no VOTable"),
}  # fmt: skip


def attempt(server: Server) -> tuple[Report, str]:
    """The report; where the check ended early, an empty one and the words of the error."""
    try:
        return look(server), ""
    except ServiceError as error:
        return Report(server.url), str(error)


@pytest.mark.parametrize(("bad", "words"), BAD.values(), ids=BAD)
def test_a_service_that_answers_badly_cannot_be_checked(served: Serve, bad: Answer, words: str) -> None:
    server = served(bad)
    with pytest.raises(ServiceError, match=words) as raised:
        look(server)
    assert raised.value.exit_code == 2
    assert server.url in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert len(server.asked) <= 12


@pytest.mark.parametrize(("bad", "words"), BAD.values(), ids=BAD)
def test_one_answer_that_is_bad_is_no_rule_that_passed(served: Serve, bad: Answer, words: str) -> None:
    server = served(spoilt(Recorded("dachs"), "GROUP BY target_class ORDER|DISTINCT TOP 2001 target_class FROM", bad))
    report, words_told = attempt(server)
    assert words in (words_told or not_run(report)["term.target_class"])
    assert ("term.target_class", TABLE) not in report.passed
    assert words_told or ("term.dataproduct_type", TABLE) in report.passed


@pytest.mark.parametrize(("bad", "words"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("path", ["/tap/tables", "/oai.xml"])
def test_metadata_that_cannot_be_read_leave_their_rules_out(served: Serve, path: str, bad: Answer, words: str) -> None:
    report = look(served(spoilt(Recorded("dachs"), path, bad)))
    rules = [rule.id for rule in RULES if rule.id.startswith("registry." if path == "/oai.xml" else "metadata.vosi")]
    assert [rule for rule in not_run(report) if rule in rules] == rules
    assert not {rule for rule, _ in report.passed} & set(rules)


def test_an_address_where_nothing_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/tap"
        with pytest.raises(ServiceError, match=r"Connection refused. Is the address right, and the service up?"):
            check(url)


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/tap", "http://[::1/tap", "ftp://127.0.0.1/tap", "nda", ""]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ServiceError, match="does not answer"):
        check(url, options=Options(limits=QUICK))


def test_a_service_that_accepts_and_says_nothing() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(ServiceError, match=r"no answer within 0.4 s"):
        check(f"http://127.0.0.1:{silent.getsockname()[1]}/tap", options=Options(limits=QUICK))


def test_a_service_that_goes_away_in_the_middle(served: Serve) -> None:
    recorded, count = Recorded("dachs"), itertools.count()
    server = served(lambda request: recorded(request) if next(count) < 20 else Reply(b"bye", 503, "text/plain"))
    with pytest.raises(ServiceError, match="503"):
        look(server)


PARTS = (
    "utype.*",
    "null.granule_uid",
    "term.target_class",
    "region.*",
    "unique.granule_uid",
    "registry.title",
    "metadata.*",
)


def test_whichever_query_is_refused_the_others_are_asked_or_the_check_says_why_not(served: Serve) -> None:
    """A refusal is of one query: it never ends a check as an error of its own."""
    recorded = Recorded("dachs")
    options = Options(limits=QUICK, only=PARTS)
    clean = check(served(recorded).url, options=options)
    place, ended = 0, 0
    while True:
        server = served(refusing(recorded, place))
        try:
            report = check(server.url, options=options)
        except ServiceError:
            ended += 1
        else:
            assert not report.findings
            assert {*report.passed} | {(each.rule, each.table) for each in report.not_run} == {
                *clean.passed, *((each.rule, each.table) for each in clean.not_run),
            }  # fmt: skip
            if len(server.queries) <= place:
                break
        place += 1
    assert 0 < ended < place


def refusing(recorded: Recorded, place: int) -> Answer:
    """A service that refuses one query, the one in this place."""
    count = itertools.count()
    return lambda request: refusal("no") if request.query and next(count) == place else recorded(request)
