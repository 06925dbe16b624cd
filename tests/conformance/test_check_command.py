"""The command ``epncore check`` on a served table, with all forms of its report and all its ways to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lxml.html
import pytest
from lxml import etree

from .linked import Service

pytestmark = pytest.mark.live

Check = Callable[..., "subprocess.CompletedProcess[str]"]
ONLY = ["--only", "text.*", "--only", "null.*", "--only", "unique.granule_uid", "--only", "registry.title"]
"""One granule of the table has a # in its granule_uid; the registry has no record of it."""


@pytest.fixture(scope="module")
def check(linked: Service) -> Check:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).parent / "epncore", "check", linked.lab.tap_url, "linked", *ONLY, *words]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": "100"},
        )  # fmt: skip

    return run


def test_one_run_gives_all_forms_of_one_report(check: Check, linked: Service, tmp_path: Path) -> None:
    html, junit = tmp_path / "report.html", tmp_path / "report.xml"
    done = check("--json", "--html", html, "--junit", junit)
    assert done.returncode == 1, done.stderr
    assert done.stderr == "", "no progress where nobody looks"
    report = json.loads(done.stdout)
    (rows,) = linked.search("SELECT COUNT(*) AS n FROM linked.epn_core")["n"]
    assert report["tables"] == ["linked.epn_core"]
    assert report["rows"] == {"linked.epn_core": rows}
    assert report["software"].startswith("DaCHS")
    (found,) = [each for each in report["findings"] if each["rule"] == "text.granule_uid"]
    assert (found["severity"], found["count"], found["examples"]) == ("error", 1, ["a#b"])
    assert list(linked.search(found["adql"])["granule_uid"]) == ["a#b"]
    assert [each["rule"] for each in report["not_run"]] == ["registry.title"]
    page = lxml.html.fromstring(html.read_text("utf-8"))
    told = [each.text_content() for each in page.xpath("//main//article//h3/code")]
    assert sorted(told) == sorted(each["rule"] for each in report["findings"])
    failed = etree.parse(junit).xpath("//testcase[failure]/@name")
    assert set(failed) == {each["rule"] for each in report["findings"] if each["severity"] == "error"}
    assert etree.parse(junit).xpath("//testcase[skipped]/@name") == ["registry.title"]


def test_people_are_told_and_a_baseline_accepts(check: Check, tmp_path: Path) -> None:
    done = check("--timing")
    assert done.returncode == 1
    for words in ("ERROR linked.epn_core", "text.granule_uid, count 1", "a#b", "Slowest rules", "1 not run"):
        assert words in done.stdout
    baseline = tmp_path / "baseline.toml"
    entry = '[[accept]]\nrule = "{}"\nreason = "a test needs it"\nuntil = 9999-12-31\nmost = 1\n'
    baseline.write_text(entry.format("text.granule_uid") + entry.format("text.obs_id"), "utf-8")
    accepted = check("--baseline", baseline)
    assert accepted.returncode == 0, accepted.stdout
    assert "a test needs it (until 9999-12-31)" in accepted.stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--fail-on", "never"], 0, ""),
        (["nowhere"], 2, "no table nowhere.epn_core"),
        (["--max-requests", "3"], 2, "requests and is not done"),
        (["--html", "/dev/null/report.html"], 2, "/dev/null/report.html: cannot be written"),
    ],
)
def test_the_exit_code_says_what_became_of_it(check: Check, words: list[str], code: int, message: str) -> None:
    done = check(*words)
    assert done.returncode == code, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
