"""Services that are away, are none, or answer badly: a clear sentence, and no rule that passed without an answer."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator

import pytest

from epncore.check.check import Options, check
from epncore.check.client import MOST_LATE, USER_AGENT, Client, Limits, RefusedError, ServiceError, Tap
from epncore.check.report import Report
from epncore.model.errors import UsageError
from epncore.model.rules import RULES

from . import replies
from .replies import Answer, Recorded, Reply, Request, Server, a_field, bomb, flood, refusal, spoilt, trickle, votable

Serve = Callable[..., Server]

QUICK = Limits(timeout_seconds=0.4, most_bytes=1 << 20)
TABLE = "nda_routine.epn_core"

HTML = Reply(b"<!DOCTYPE html><html><body><p>Please log in<br></body></html>", content_type="text/html")
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE VOTABLE [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 12))
    + b']><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><DESCRIPTION>&l;</DESCRIPTION></VOTABLE>'
)
GOOD = votable([a_field("n", "long")], [(0,)])
assert isinstance(GOOD.body, bytes)


def always(reply: Reply) -> Answer:
    return lambda _: reply


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


def look(server: Server, *schemas: str, limits: Limits = QUICK) -> Report:
    return check(server.url, schemas, Options(limits=limits))


def not_run(report: Report) -> dict[str, str]:
    """Rules that could not be asked, with the reason; those on links are not asked for here."""
    return {each.rule: each.reason for each in report.not_run if "--follow-links" not in each.reason}


def told(report: Report) -> list[str]:
    """The rules of the report, each as often as it is told."""
    found = [rule for rule, _ in report.passed] + [finding.rule.id for finding in report.findings]
    return sorted({*found}) + sorted(not_run(report))


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


def test_a_service_with_more_metadata_than_it_may_have(served: Serve) -> None:
    names = [(f"s{n}", f"s{n}.epn_core", "table", "", "") for n in range(2100)]
    fields = [a_field(name) for name in ("schema_name", "table_name", "table_type", "description", "utype")]
    many = always(votable(fields, names))
    with pytest.raises(ServiceError, match="more than 2000 lines"):
        look(served(spoilt(Recorded("dachs"), "tap_schema", many)))


def test_metadata_that_the_service_cuts(served: Serve) -> None:
    cut = always(votable([a_field("schema_name"), a_field("table_name")], [("nda_routine", TABLE)], "OVERFLOW"))
    with pytest.raises(ServiceError, match="gives no more than 1 rows"):
        look(served(spoilt(Recorded("dachs"), r"tap_schema\.tables", cut)))


def test_an_answer_that_the_service_cuts_lets_no_rule_pass(served: Serve) -> None:
    cut = always(votable([a_field("target_class"), a_field("n", "long")], [("planet", 2)], "OVERFLOW"))
    report = look(served(spoilt(Recorded("dachs"), "TOP 2001 target_class FROM|TOP 2001 target_class, COUNT", cut)))
    assert "no more than 1 rows" in not_run(report)["term.target_class"]
    assert ("term.target_class", TABLE) not in report.passed


ODD: dict[str, tuple[Reply, str]] = {
    "no row": (votable([a_field("n", "long")], []), "has 0 rows"),
    "two rows": (votable([a_field("n", "long")], [(0,), (1,)]), "has 2 rows"),
    "another column": (votable([a_field("items", "long")], [(0,)]), "has no column n, but items"),
    "a text": (votable([a_field("n")], [("many",)]), "'many' in n"),
    "nothing": (votable([a_field("n")], [("",)]), "in n"),
    "a fraction": (votable([a_field("n", "double")], [(0.5,)]), "0.5 in n"),
    "no number": (votable([a_field("n", "double")], [("NaN",)]), "None in n"),
    "an endless number": (votable([a_field("n", "double")], [("Inf",)]), "inf in n"),
}


@pytest.mark.parametrize(("odd", "words"), ODD.values(), ids=ODD)
def test_a_count_that_is_none_lets_no_row_rule_pass(served: Serve, odd: Reply, words: str) -> None:
    broken = Recorded("dachs").change("UPDATE nda_routine.epn_core SET target_class = NULL")
    report = look(served(spoilt(broken, r"COUNT\(\*\) AS n FROM \S+ WHERE", always(odd))))
    assert words in not_run(report)["null.target_class"]
    assert ("null.target_class", TABLE) not in report.passed


def test_rows_of_other_columns_let_no_row_rule_pass(served: Serve) -> None:
    for rows in ([], [("Welcome",)]):
        other = always(votable([a_field("motd")], rows))
        report = look(served(spoilt(Recorded("dachs"), r"^SELECT TOP \d+ [a-z].* WHERE \(", other)))
        assert "has no column" in not_run(report)["null.target_class"]
        assert ("null.target_class", TABLE) not in report.passed


@pytest.mark.parametrize(("odd", "words"), ODD.values(), ids=ODD)
def test_a_number_of_rows_that_is_none_ends_the_check(served: Serve, odd: Reply, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        look(served(spoilt(Recorded("dachs"), r"COUNT\(\*\) AS n FROM \S+$", always(odd))))


@pytest.mark.parametrize("pattern", ["GROUP BY|DISTINCT TOP", "TOP 2001 granule_uid, s_region", "HAVING"])
def test_answers_with_other_columns_let_no_rule_pass(served: Serve, pattern: str) -> None:
    other = always(votable([a_field("motd")], [("Welcome",)]))
    clean, report = look(served(Recorded("dachs"))), look(served(spoilt(Recorded("dachs"), pattern, other)))
    left_out = not_run(report)
    assert left_out
    assert all("has no column" in reason for reason in left_out.values())
    assert told(report) == sorted({*told(clean)} - {*left_out}) + sorted(left_out)


def test_examples_that_cannot_be_read_do_not_hide_a_finding(served: Serve) -> None:
    broken = Recorded("dachs").change("UPDATE nda_routine.epn_core SET target_class = NULL")
    report = look(served(spoilt(broken, "TOP 5 granule_uid", always(votable([a_field("motd")], [("Welcome",)])))))
    (finding,) = (each for each in report.findings if each.rule.id == "null.target_class")
    assert (finding.count, finding.examples) == (3, ())


@pytest.mark.parametrize(
    "name",
    [
        "x' OR '1'='1",
        'a"b',
        "a;DROP TABLE b",
        "\x9b31mred",
        "é" * 5000,
        "schéma",
        "a\nb",
        "a b",
        "<script>",
        "[bold]",
        "",
    ],
)
def test_hostile_names_of_tables_are_told_and_not_asked_for(served: Serve, name: str) -> None:
    recorded = Recorded("dachs")
    recorded.database.execute(
        "INSERT INTO tap_schema.tables (schema_name, table_name, utype) VALUES (?, ?, '')", (name, f"{name}.epn_core")
    )
    server = served(recorded)
    report = look(server)
    assert list(report.rows) == [TABLE]
    (note,) = report.notes
    assert "was not checked" in note
    assert note.isprintable()
    assert len(note) < 400
    assert not [query for query in server.queries if name and name in query]
    recorded.change(f"DELETE FROM tap_schema.tables WHERE table_name = '{TABLE}'")
    with pytest.raises(ServiceError, match=r"no table named epn_core; .* was not checked"):
        look(server)


@pytest.mark.parametrize(
    "name", ["x' OR '1'='1", 'a"b; DROP', "\x9b31m", "N" * 100_000, "count(*)", "a\nb", "", "select"]
)
def test_hostile_names_of_columns_are_told_and_not_asked_for(served: Serve, name: str) -> None:
    recorded = Recorded("dachs")
    recorded.database.execute(
        f"INSERT INTO tap_schema.columns (table_name, column_name, datatype) VALUES ('{TABLE}', ?, 'char')", (name,)
    )
    server = served(recorded)
    report = look(server)
    assert [each.column for each in report.findings if each.rule.id == "own.name"] == [name]
    assert max(map(len, server.queries)) < 20_000
    assert not [query for query in server.queries if len(name) > 8 and name in query]


@pytest.mark.parametrize("schema", ["x' OR 1=1 --", "", "a.b", "1a", "a b", "é"])
def test_a_schema_that_cannot_be_one_is_not_asked_for(served: Serve, schema: str) -> None:
    server = served(Recorded("dachs"))
    with pytest.raises(UsageError, match="is no schema name"):
        look(server, schema)
    assert server.asked == []


def test_a_schema_that_is_not_there(served: Serve) -> None:
    with pytest.raises(ServiceError, match=r"no table nosuch\.epn_core\. EPN-TAP tables there: nda_routine\.epn_core"):
        look(served(Recorded("dachs")), "nosuch")


# Services that know less


def test_an_old_service_in_upper_case_is_checked_as_far_as_it_tells(served: Serve) -> None:
    report = look(served(Recorded("old"), software="Apache/2.2"))
    assert report.rows == {"NDA_ROUTINE.epn_core": 3}
    assert {each.rule.id for each in report.findings if each.rule.severity == "error"} <= {
        "columns.unit", "columns.xtype", "constant.service_title", "own.name",
    }  # fmt: skip
    assert {rule for rule, _ in report.passed} >= {"columns.mandatory", "metadata.result", "term.target_class"}
    assert {rule.split(".")[0] for rule in not_run(report)} == {"metadata", "registry"}
    broken = Recorded("old").change("UPDATE NDA_ROUTINE.EPN_CORE SET TARGET_CLASS = 'gasgiant', TARGET_NAME = ''")
    rules = {each.rule.id: each.count for each in look(served(broken)).findings}
    assert (rules["term.target_class"], rules["filled.target_name"]) == (3, 3)


def test_without_group_by_values_are_looked_at_all_the_same(served: Serve) -> None:
    broken = Recorded("dachs", {"GROUP BY": "no GROUP BY here"}).change(
        "UPDATE nda_routine.epn_core SET target_class = 'gasgiant' WHERE target_name = 'Jupiter'"
    )
    report = look(served(broken))
    (finding,) = (each for each in report.findings if each.rule.id == "term.target_class")
    whole = recorded_rows(broken, "target_class = 'gasgiant'")
    assert finding.count == whole > 0
    assert {rule: reason for rule, reason in not_run(report).items() if "GROUP BY" in reason}.keys() == {
        "unique.granule_uid", "unique.access_url", "constant.service_title",
    }  # fmt: skip


def recorded_rows(recorded: Recorded, condition: str) -> int:
    return int(recorded.database.execute(f"SELECT count(*) FROM {TABLE} WHERE {condition}").fetchone()[0])


@pytest.mark.parametrize("reply", [refusal("query too long"), Reply(HTML.body, 414, "text/html")], ids=["DALI", "HTML"])
def test_a_service_that_takes_short_queries_only_is_asked_shorter_ones(served: Serve, reply: Reply) -> None:
    recorded = Recorded("dachs").change("UPDATE nda_routine.epn_core SET c1min = 500, c1max = NULL")
    broken = look(served(recorded))
    report = look(served(lambda request: reply if len(request.query) > 600 else recorded(request)))
    assert told(report) == told(broken)
    assert {each.rule.id for each in report.findings} >= {"pair.c1"}


def test_a_function_that_the_service_lacks_leaves_its_rules_out(served: Serve) -> None:
    report = look(served(Recorded("dachs", {r"\bNOT \(": "NOT is not known"})))
    assert {rule.split(".")[0] for rule in not_run(report)} == {"url"}
    assert all("NOT is not known" in reason for reason in not_run(report).values())


# Manners


def test_a_check_says_who_asks_one_query_at_a_time_with_a_limit_of_rows(served: Serve) -> None:
    server = served(Recorded("dachs"))
    look(server)
    assert server.most_at_once == 1
    assert {request.headers["User-Agent"] for request in server.asked} == {USER_AGENT}
    assert "IVOA-test" in USER_AGENT
    assert all(int(request.parameters["MAXREC"]) <= Limits().most_rows for request in server.asked if request.query)
    assert len(server.asked) < 100


def test_the_number_of_requests_is_bounded(served: Serve) -> None:
    server = served(Recorded("dachs"))
    with pytest.raises(ServiceError, match="made 20 requests and is not done"):
        look(server, limits=Limits(most_requests=20))
    assert len(server.asked) == 20


def test_redirects_are_requests_too(served: Serve) -> None:
    recorded = Recorded("dachs")

    def moved(request: Request) -> Reply:
        if request.path.startswith("/tap"):
            return Reply(status=307, headers={"Location": "/new" + request.path})
        return recorded(request)

    server = served(moved)
    with pytest.raises(ServiceError, match="requests and is not done"):
        look(server, limits=Limits(most_requests=30))
    assert len(server.asked) <= 31


def test_a_service_that_is_slow_with_every_query_but_simple_ones_is_left_alone(served: Serve) -> None:
    server = served(spoilt(Recorded("dachs"), r"epn_core WHERE .* OR |GROUP BY|DISTINCT TOP", endless(trickle)))
    with pytest.raises(ServiceError, match=rf"{MOST_LATE} answers did not come within 0.25 s"):
        look(server, limits=Limits(timeout_seconds=0.25))


def test_the_time_of_a_request_is_that_of_all_its_redirects(served: Serve) -> None:
    def slow(_: Request) -> Reply:
        replies.time.sleep(0.2)
        return Reply(status=302, headers={"Location": "/tap/sync"})

    with Client(Limits(timeout_seconds=0.3)) as client, pytest.raises(RefusedError, match=r"no answer within 0.3 s"):
        client.get(served(slow).url)


def test_a_query_that_is_refused_leaves_the_service_usable(served: Serve) -> None:
    with Client(QUICK) as client:
        tap = Tap(served(spoilt(Recorded("dachs"), "slow", endless(trickle))).url, client)
        with pytest.raises(RefusedError, match="no answer within"):
            tap.rows("SELECT slow FROM nda_routine.epn_core")
        assert tap.count("SELECT COUNT(*) AS n FROM nda_routine.epn_core") == 3
