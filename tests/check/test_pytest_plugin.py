"""The pytest plug-in, in processes of its own, against recorded services."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from .asking import TABLE, Serve
from .replies import FOLDER, Recorded, Reply, spoilt

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Pytest in an empty folder with this plug-in alone, as strict as our own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def call(*words: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess(
            "-p", "epncore.check.pytest_plugin", "-p", "no:cacheprovider", "--strict-config", "-W", "error", *words
        )

    return call


def test_the_entry_point_of_pytest_leads_to_the_plug_in() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert {name: hasattr(import_module(place), "pytest_addoption") for name, place in points.items()} == {
        "epncore": True
    }


def test_the_plug_in_costs_nothing_where_it_is_not_asked() -> None:
    code = (
        "import sys, epncore.check.pytest_plugin as p; print({'pyvo', 'astropy', 'lxml', 'requests'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


def test_a_rule_and_table_are_a_test_in_an_empty_folder(served: Serve, run: Callable[..., pytest.RunResult]) -> None:
    server = served(Recorded("dachs").change("UPDATE nda_routine.epn_core SET target_class = 'gasgiant'"))
    done = run("-v", "--epn-tap-url", server.url, "--epn-schema", "nda_routine")
    text = done.stdout.str()
    assert re.search(rf"epn\[{TABLE}::term.target_class\] FAILED", text)
    assert re.search(rf"epn\[{TABLE}::null.target_class\] PASSED", text)
    assert "target_class = 'gasgiant'" in text
    assert "count: 3" in text
    assert "mend: Write a term of the list" in text
    assert "examples: srn_nda_routine" in text
    assert f"ADQL: SELECT * FROM {TABLE} WHERE" in text
    assert "Traceback" not in text
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    assert len([query for query in server.queries if query.startswith("SELECT TOP 1 *")]) == 1


def test_tests_beside_it_run_too(
    served: Serve, run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_mine():\n    pass")
    clean = run("--epn-tap-url", served(Recorded("dachs")).url, "--epn-fail-on", "error")
    alone = run()
    assert alone.parseoutcomes() == {"passed": 1}
    assert clean.parseoutcomes()["passed"] > 100


def test_what_could_not_be_asked_is_skipped_with_its_reason(
    served: Serve, run: Callable[..., pytest.RunResult]
) -> None:
    done = run("-rs", "--epn-tap-url", served(Recorded("dachs", {"HAVING": "no \x9b31m HAVING"})).url)
    assert "HAVING" in done.stdout.str()
    assert "\x9b" not in done.stdout.str()
    assert done.parseoutcomes()["skipped"] >= 2


def test_the_least_severity_that_fails_can_be_chosen(served: Serve, run: Callable[..., pytest.RunResult]) -> None:
    server = served(Recorded("dachs").change("UPDATE nda_routine.epn_core SET measurement_type = NULL"))
    name = f"epn\\[{TABLE}::filled.measurement_type\\]"
    for least, outcome in (("warning", "PASSED"), ("advice", "FAILED")):
        done = run("-v", "--epn-tap-url", server.url, "--epn-fail-on", least)
        assert re.search(f"{name} {outcome}", done.stdout.str())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--epn-tap-url", "URL"], "no VOTable"),
        (["--epn-tap-url", "URL", "--epn-schema", "a b"], "'a b' is no schema name"),
        (["--epn-schema", "nda"], "--epn-schema needs --epn-tap-url"),
    ],
)
def test_a_service_that_cannot_be_asked_is_a_usage_error(
    served: Serve, run: Callable[..., pytest.RunResult], words: list[str], sentence: str
) -> None:
    url = served(lambda _: Reply(b"<html>", content_type="text/html")).url
    done = run(*(url if word == "URL" else word for word in words))
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert sentence in done.stderr.str()
    assert "Traceback" not in done.stderr.str()


def test_accepted_findings_and_the_servers_pass_and_say_why(
    served: Serve, run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    recorded = Recorded("dachs").change("UPDATE nda_routine.epn_core SET target_class = 'gasgiant'")
    # The UCD of a draft, which DaCHS 2.7 writes.
    recorded.change("UPDATE tap_schema.columns SET ucd = 'pos.distance;stat.min' WHERE column_name = 'c1min'")
    server = served(recorded)
    pytester.makefile(
        ".toml",
        baseline="""
        [[accept]]
        rule = "term.target_class"
        reason = "a class \\u009b31m of our own"
        until = 2999-12-31
        """,
    )
    done = run("-v", "-rP", "--epn-tap-url", server.url, "--epn-baseline", "baseline.toml")
    text = done.stdout.str()
    assert re.search(rf"epn\[{TABLE}::term.target_class\] PASSED", text)
    assert "accepted: a class \\x9b31m of our own (until 2999-12-31)" in text
    assert "the server's: " in text
    assert "\x9b" not in text


@pytest.mark.parametrize(
    ("baseline", "sentence"),
    [
        (None, "baseline.toml: no such file. Write one"),
        ('[[accept]]\nrule = "no.rule"\nreason = "r"\nuntil = 2999-12-31', "there is no rule 'no.rule'"),
    ],
)
def test_a_baseline_that_is_none_is_a_usage_error(
    served: Serve, run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, baseline: str | None, sentence: str
) -> None:
    if baseline:
        pytester.makefile(".toml", baseline=baseline)
    server = served(Recorded("dachs"))
    done = run("--epn-tap-url", server.url, "--epn-baseline", "baseline.toml")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert sentence in done.stderr.str()
    assert server.asked == []


def test_the_record_can_come_from_a_file(
    served: Serve, run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    record = (FOLDER / "dachs" / "record.oai").read_text("utf-8")
    pytester.path.joinpath("record.xml").write_text(
        record.replace("<creator>", "<author>").replace("</creator>", "</author>"), "utf-8"
    )
    server = served(Recorded("dachs"), software="Apache/2.2")
    words = ["-v", "-k", "registry.", "--epn-tap-url", server.url, "--epn-fail-on", "warning"]
    assert run(*words).parseoutcomes().keys() <= {"skipped", "deselected"}
    done = run(*words, "--epn-record", "record.xml")
    assert f"epn[{TABLE}::registry.creators] FAILED" in done.stdout.str()
    assert f"epn[{TABLE}::registry.title] PASSED" in done.stdout.str()


def test_links_are_followed_where_that_is_asked_for(served: Serve, run: Callable[..., pytest.RunResult]) -> None:
    recorded = Recorded("dachs")
    server = served(recorded)
    recorded.change("UPDATE nda_routine.epn_core SET thumbnail_url = NULL, datalink_url = NULL")
    recorded.database.execute("UPDATE nda_routine.epn_core SET access_url = ? || '/gone/' || granule_uid", [server.url])
    words = ["-v", "-k", "link.access_url", "--epn-tap-url", server.url]
    assert run(*words).parseoutcomes().keys() <= {"skipped", "deselected"}
    done = run(*words, "--epn-follow-links", "2")
    assert f"epn[{TABLE}::link.access_url] FAILED" in done.stdout.str()
    assert "it answers status 404" in done.stdout.str()
    assert len({request.path for request in server.asked if "/gone/" in request.path}) == 2


def test_the_words_of_a_usage_error_cannot_command_a_terminal(
    served: Serve, run: Callable[..., pytest.RunResult]
) -> None:
    words = Reply(b"\x1b[31m\xc2\x9b31mgone", 500, "text/plain")
    done = run("--epn-tap-url", served(lambda _: words).url)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "31mgone" in done.stderr.str()
    assert not {"\x1b", "\x9b"} & set(done.stderr.str())


def test_tests_can_be_chosen_by_name(served: Serve, run: Callable[..., pytest.RunResult]) -> None:
    done = run("-k", "unique.granule_uid", "--epn-tap-url", served(Recorded("dachs")).url)
    assert done.parseoutcomes()["passed"] == 1


def test_another_process_is_told_and_does_not_ask(
    served: Serve, run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """What pytest-xdist does with each of its processes, as far as this plug-in sees it."""
    pytester.makeconftest(
        "def pytest_configure(config):\n"
        "    verdict = {'table': 't.epn_core', 'rule': 'r', 'state': 'failed', 'text': 'told'}\n"
        "    config.workerinput = {'epn_verdicts': [verdict]}\n"
    )
    server = served(spoilt(Recorded("dachs"), "", lambda _: Reply(b"", 500)))
    done = run("-v", "--epn-tap-url", server.url)
    assert "epn[t.epn_core::r] FAILED" in done.stdout.str()
    assert server.asked == []
