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

from .replies import Recorded, Reply, Server, spoilt

pytest_plugins = ["pytester"]

Serve = Callable[..., Server]
TABLE = "nda_routine.epn_core"
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
    assert "(count: 3)" in text
    assert "mend: Write a term of the list" in text
    assert "for example: srn_nda_routine" in text
    assert f"all of them: SELECT * FROM {TABLE} WHERE" in text
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
