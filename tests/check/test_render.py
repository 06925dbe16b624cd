"""One report in four forms: each says all of it, and no value of a service gets out of its place."""

from __future__ import annotations

import io
import json
from pathlib import Path

import lxml.html
import pytest
from lxml import etree
from rich.console import Console

from epncore.check.render.as_json import as_json
from epncore.check.render.junit import junit
from epncore.check.render.page import page
from epncore.check.render.terminal import terminal
from epncore.check.report import Excused, NotRun, Report
from epncore.model.rules import RULES

from ..browser import chromium
from .conftest import HOSTILE, finding


def printed(report: Report, width: int = 80, *, timing: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, color_system="truecolor", force_terminal=True)
    plain = Console(file=io.StringIO(), width=width)
    terminal(console, report, timing=timing)
    terminal(plain, report, timing=timing)
    assert "\x1b[" in console.file.getvalue()
    return plain.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_gets_the_gravest_first_and_lines_that_fit(dirty: Report, width: int) -> None:
    said = printed(dirty, width)
    places = [said.index(word) for word in ("ERROR dam.epn_core", "ERROR solar", "WARNING dam", "ADVICE dam")]
    assert places == sorted(places)
    assert "columns.unit (ra), count 1" in said
    for words in (
        "measurement_unit = 'digits'",
        "uid one",
        "SELECT 1",
        "DaCHS 2.7 writes no xtypes",
        "moved in spring",
    ):
        assert words in said
    assert "on       all 2 tables" in said
    assert "Note: baseline: an entry has ended" in said
    assert "3 errors, 1 warning, 1 advice; 2 rules passed on 2 tables, 3 not run" in said
    assert max(map(len, said.splitlines())) <= width
    assert "Slowest" not in said


def test_a_terminal_tells_the_slowest_rules_first(dirty: Report) -> None:
    said = printed(dirty, timing=True)
    assert said.index("1.500 s  columns.unit") < said.index("0.250 s  pair.time")


def test_a_clean_report_is_short(clean: Report) -> None:
    assert printed(clean).splitlines() == [
        "http://localhost/tap (DaCHS 2.7)",
        "  dam.epn_core: 4 rows",
        "",
        "0 errors, 0 warnings, 0 advice; 2 rules passed on 1 table, 0 not run",
    ]


def test_a_query_is_copied_whole_or_not_shown(dirty: Report) -> None:
    long = "SELECT * FROM dam.epn_core WHERE target_name IN (" + ", ".join(["'Jupiter'"] * 20) + ")"
    dirty.findings[0] = type(dirty.findings[0])(
        rule=dirty.findings[0].rule, table="dam.epn_core", column="", found="x", count=1, adql=long
    )
    assert long in printed(dirty)
    dirty.findings[0] = type(dirty.findings[0])(
        rule=dirty.findings[0].rule, table="dam.epn_core", column="", found="x", count=1, adql=long * 9
    )
    assert "characters: see --json or --html" in printed(dirty)


def test_json_has_the_documented_keys(dirty: Report) -> None:
    told = json.loads(json.dumps(as_json(dirty)))
    assert told.keys() >= {"service", "tables", "findings", "not_run", "servers", "accepted", "notes", "seconds"}
    assert told["tables"] == ["dam.epn_core", "solar.epn_core"]
    assert told["rows"] == {"dam.epn_core": 4, "solar.epn_core": 1}
    first = told["findings"][0]
    assert first.keys() >= {"rule", "severity", "table", "column", "count", "examples", "adql"}
    assert (first["rule"], first["severity"], first["examples"]) == ("filled.time_min", "advice", ["uid one"])
    assert told["not_run"][0] == {"rule": "registry.title", "table": "dam.epn_core", "reason": "no record"}
    assert told["accepted"][0]["reason"] == "moved in spring (until 2027-01-31)"


def test_many_tables_that_are_alike_are_told_at_once() -> None:
    tables = [f"s{number}.epn_core" for number in range(30)]
    links = [rule.id for rule in RULES if rule.id.startswith("link.")]
    report = Report(
        "http://localhost/tap",
        rows=dict.fromkeys(tables, 1),
        servers=[Excused(finding("metadata.vosi", table), "DaCHS writes no xtypes") for table in tables],
        not_run=[NotRun(rule, table, "not followed") for table in tables for rule in links],
    )
    said = printed(report, 80)
    assert "rules    link.*\n" in "\n".join(line.rstrip() for line in said.splitlines()) + "\n"
    assert said.count("on       all 30 tables") == 2
    assert len(said.splitlines()) < len(tables) + 20


ELEMENTS = {
    # As the schemas of Jenkins and GitLab have them: attributes that must stand, those that may, children.
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"classname", "time"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def suites(report: Report, fail_on: str | None = "error") -> dict[str, etree._Element]:
    root = etree.fromstring(junit(report, fail_on))  # type: ignore[arg-type]
    for element in root.iter():
        must, may, children = ELEMENTS[element.tag]
        assert must <= set(element.attrib) <= must | may, element.tag
        assert {child.tag for child in element} <= children
    for suite in root:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    assert root.get("tests") == str(len(root.findall("*/testcase")))
    return {suite.get("name"): suite for suite in root}


def test_junit_has_a_suite_a_table_and_a_case_a_rule(dirty: Report) -> None:
    suite = suites(dirty)["dam.epn_core"]
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert len(cases) == len(suite.findall("testcase"))
    assert len(cases["null.granule_uid"]) == 0, "it passed"
    failure = cases["columns.unit"].find("failure")
    assert failure.get("type") == "error"
    assert "column: ra" in failure.text
    assert "column: dec" in failure.text
    assert "only some columns" in cases["columns.unit"].findtext("system-out")
    assert cases["registry.title"].find("skipped").get("message") == "no record"
    assert "the server's: DaCHS 2.7 writes no xtypes" in cases["metadata.vosi"].findtext("system-out")
    assert "accepted: moved in spring" in cases["url.access_url"].findtext("system-out")
    assert cases["metadata.vosi"].find("failure") is None


@pytest.mark.parametrize(("fail_on", "failures"), [("error", 1), ("warning", 2), ("advice", 3), (None, 0)])
def test_junit_fails_as_the_command_does(dirty: Report, fail_on: str | None, failures: int) -> None:
    suite = suites(dirty, fail_on)["dam.epn_core"]
    assert len(suite.findall("testcase/failure")) == failures
    assert "measurement_unit = 'digits'" in etree.tostring(suite, encoding="unicode")


def test_hostile_values_stay_text_in_each_form(hostile: Report) -> None:
    said = printed(hostile, 400)
    assert not set("\x1b\x07\u202e") & set(said)
    assert "[bold]" in said, "no markup"
    (suite,) = suites(hostile).values()
    assert suite.get("name").startswith("\\x1b[31m\\x07\\x0a\\u202e[bold]")
    assert json.loads(json.dumps(as_json(hostile)))["service"] == HOSTILE
    html = lxml.html.fromstring(page(hostile).replace("\x1b", "").replace("\x07", ""))
    assert len(html.xpath("//script")) == 1
    assert html.xpath("//img | //bold") == []
    assert "{{ 7*7 }}" in html.xpath("string(//h1)")


def test_the_page_is_whole_by_itself(dirty: Report) -> None:
    html = lxml.html.fromstring(page(dirty, "2026-11-21"))
    assert html.xpath("//link | //script[@src] | //img | //iframe | //object") == []
    policy = html.xpath("string(//meta[@http-equiv]/@content)")
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert [article.get("data-severity") for article in html.xpath("//main//article")] == [
        "error", "error", "error", "warning", "advice",
    ]  # fmt: skip
    text = html.xpath("string(//body)")
    for words in ("2026-11-21", "uid one", "SELECT 1", "no record", "DaCHS 2.7 writes no xtypes", "moved in spring"):
        assert words in text
    assert html.xpath("//form")[0].get("hidden") is not None, "without JavaScript there is no filter"


def test_the_same_report_gives_the_same_bytes(dirty: Report) -> None:
    assert page(dirty) == page(dirty)
    assert junit(dirty) == junit(dirty)
    assert "202" not in page(Report("http://localhost/tap", "", {"dam.epn_core": 1})).split("</style>")[1]


@pytest.mark.live
@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("", ["columns.unit", "columns.unit", "pair.time", "vounit.measurement_unit", "filled.time_min"]),
        ("error=0&advice=0", ["vounit.measurement_unit"]),
        ("table=solar.epn_core", ["pair.time"]),
        ("words=DIGITS", ["vounit.measurement_unit"]),
    ],
)
def test_the_filter_works_in_a_browser_without_a_server(
    dirty: Report, tmp_path: Path, fragment: str, shown: list[str]
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(dirty), "utf-8")
    html = lxml.html.fromstring(chromium("--dump-dom", f"{path.as_uri()}#{fragment}", profile=tmp_path / "profile"))
    assert html.xpath("//form")[0].get("hidden") is None
    assert html.xpath("//article[not(@hidden)]//h3/code/text()") == shown
    assert html.xpath("string(//output)") == f"{len(shown)} of 5 findings"
    assert all(each.xpath(".//article[not(@hidden)]") for each in html.xpath("//section[not(@hidden)]"))


@pytest.mark.live
def test_no_script_of_a_value_runs_in_a_browser(hostile: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    # What the policy is for: a script that got into the page for all that.
    path.write_text(page(hostile).replace("</main>", "<script>document.title = 'owned'</script></main>"), "utf-8")
    html = lxml.html.fromstring(chromium("--dump-dom", path.as_uri(), profile=tmp_path / "profile"))
    assert html.xpath("string(//title)").startswith("EPN-TAP check of")
    assert html.xpath("string(//output)") == "1 of 1 findings", "the page's own script does run"
