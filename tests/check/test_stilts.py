"""What STILTS says becomes findings; a run of it that hangs, floods or breaks off is reported as not run.

A program of our own stands in for what the real one does not do at will; `tests/conformance` asks the real one.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from epncore.check import stilts
from epncore.check.report import Report
from epncore.check.stilts import datalinklint, read_lines, second_opinion, taplint

URL = "https://vo.example.org/dl?ID=a"

SAID = """\
This is the STILTS DataLink validator, 3.4.7-debian/?
Section MDQ: Check table query result columns against declared metadata
I-MDQ-XXXX-01 For information
E-DLCT-01 Incorrect Content-Type text/xml
W-MDQ-CCAS-02 Declared/result column
F-LOC-NOTP-01 No table with name ivoa.obsplan
E-DLCT-02 Again
S-QGE-QTIM-1 Summary

Totals: Errors: 2; Warnings: 1; Failures: 1
"""


@pytest.fixture
def report() -> Report:
    return Report("https://vo.example.org/tap", rows={"one.epn_core": 3, "two.epn_core": 0})


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "stilts"


def write(program: Path, script: str) -> str:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def test_errors_warnings_and_failures_are_read() -> None:
    assert [(line.level, line.code, line.text) for line in read_lines(SAID)] == [
        ("E", "E-DLCT", "Incorrect Content-Type text/xml"),
        ("W", "W-MDQ-CCAS", "Declared/result column"),
        ("F", "F-LOC-NOTP", "No table with name ivoa.obsplan"),
        ("E", "E-DLCT", "Again"),
    ]


def test_findings_by_code_and_failures_as_not_run(report: Report, program: Path) -> None:
    datalinklint(
        write(program, f"cat <<'END'\n{SAID}END"), report, [("one.epn_core", URL), ("one.epn_core", URL + "b")]
    )
    assert {(each.rule.id, each.table, each.examples) for each in report.findings} == {
        ("stilts.datalinklint", "one.epn_core", (URL, URL + "b"))
    }
    assert [(each.rule.severity, each.column, each.count) for each in report.findings] == [
        ("error", "E-DLCT", 4),
        ("warning", "W-MDQ-CCAS", 2),
    ]
    assert [each.reason for each in report.not_run] == ["F-LOC-NOTP No table with name ivoa.obsplan"] * 2
    assert report.passed == []


def test_taplint_is_asked_for_stages_that_it_has_and_for_the_tables_of_the_report(
    report: Report, program: Path, tmp_path: Path
) -> None:
    script = f"""
    echo "$@" >> {tmp_path}/asked
    case "$*" in *help=stages*) echo '  * TMV: one'; echo '  * TME: two'; echo '  * EPN: three';;
    *) echo 'Totals: Errors: 0';; esac"""
    taplint(write(program, script), report)
    assert (tmp_path / "asked").read_text().splitlines() == [
        "-batch taplint help=stages",
        "-batch taplint stages=TME EPN tables=one.epn_core two.epn_core report=EWF maxrepeat=50 "
        "tapurl=https://vo.example.org/tap",
    ]
    assert report.passed == [("stilts.taplint", "https://vo.example.org/tap")]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("yes E-DLCT-01 again", "stilts datalinklint says more than 1 MiB"),
        ("echo java.lang.OutOfMemoryError; exit 1", "stilts datalinklint broke off: java.lang.OutOfMemoryError"),
        ("true", "stilts datalinklint broke off: "),
    ],
)
def test_a_run_that_does_not_end_well_has_not_passed(report: Report, program: Path, script: str, reason: str) -> None:
    datalinklint(write(program, script), report, [("one.epn_core", URL)])
    assert [(each.rule, each.reason) for each in report.not_run] == [("stilts.datalinklint", reason)]
    assert report.passed == []


def test_a_run_that_hangs_is_ended_with_its_children(
    report: Report, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stilts, "MOST_SECONDS", 0.5)
    datalinklint(write(program, f"sleep 600 & echo $! > {tmp_path}/child; wait"), report, [("one.epn_core", URL)])
    assert [each.reason for each in report.not_run] == ["stilts datalinklint was not done after 0.5 s"]
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not is_running(child):
            return
        time.sleep(0.05)
    pytest.fail("the child is still there")


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    "url", ["https://x.example.org/;touch hacked|", "<touch hacked", "https://x.example.org/a b", "-", "/etc/passwd"]
)
def test_what_stilts_would_run_or_open_is_not_handed_to_it(
    report: Report, program: Path, tmp_path: Path, url: str
) -> None:
    datalinklint(write(program, f"touch {tmp_path}/ran"), report, [("one.epn_core", url)])
    assert not (tmp_path / "ran").exists()
    assert "is no URL that can be handed to stilts" in report.not_run[0].reason


def test_without_stilts_it_says_how_to_install_it(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    second_opinion(report, [("one.epn_core", URL)])
    assert [each.rule for each in report.not_run] == ["stilts.taplint", "stilts.datalinklint"]
    assert "apt install stilts" in report.not_run[0].reason
    assert report.findings == []
