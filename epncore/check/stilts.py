"""A second opinion: what taplint and datalinklint of STILTS say of the same service, where STILTS is installed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from epncore.check.report import NotRun, Report, by_column
from epncore.model.rules import Rule, Severity
from epncore.model.rules.facts import Complaint

TAPLINT = Rule(
    id="stilts.taplint",
    section="TAP 1.1",
    checks="taplint of STILTS finds nothing",
    why="TOPCAT and STILTS read the service as taplint does",
    mend="Look the code up in the manual of STILTS, under taplint",
)
DATALINKLINT = Rule(
    id="stilts.datalinklint",
    section="DataLink 1.1",
    checks="datalinklint of STILTS finds nothing",
    why="TOPCAT reads Datalink documents as datalinklint does",
    mend="Look the code up in the manual of STILTS, under datalinklint",
)
STILTS_RULES = (TAPLINT, DATALINKLINT)

STAGES = ("TME", "TMS", "TMC", "CAP", "QGE", "MDQ", "EPN")
"""Stages of taplint that concern EPN-TAP tables, start no jobs, upload nothing and fetch no schema from elsewhere."""

INSTALL = "stilts is not installed: `apt install stilts`, or https://www.star.bristol.ac.uk/mbt/stilts/"

MOST_SECONDS = 300.0
MOST_BYTES = 1 << 20
MOST_REPEATED = 50
"""Lines of one code that STILTS tells."""

# STILTS takes a name that begins with < or ends with | for a command to run: only what needs no escape in a URL goes.
_SAFE_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_LINE = re.compile(r"(?P<level>[EWF])-(?P<code>(?:[A-Z0-9]{3}-)?[A-Z0-9]{4})-\d+\s+(?P<text>.*)")


SEVERITY_OF: Mapping[str, Severity] = {"E": "error", "W": "warning"}

Said: TypeAlias = tuple[str, str]
"""What a task says, as far as it came, and why it did not end well (or an empty text)."""


class Line(NamedTuple):
    """An error, warning or failure that STILTS tells."""

    level: str
    code: str
    text: str


def read_lines(output: str) -> Iterator[Line]:
    """The lines that tell of errors (E), warnings (W) and failures (F); summaries and information are left out."""
    for line in output.splitlines():
        if found := _LINE.fullmatch(line.strip()):
            yield Line(found["level"], f"{found['level']}-{found['code']}", found["text"])


def second_opinion(report: Report, urls: Iterable[tuple[str, str]]) -> None:
    """Add to a report what STILTS finds.

    Parameters
    ----------
    report : Report
        Of which service, and by its `rows` on which tables.
    urls : iterable of (str, str)
        Table and datalink_url, for datalinklint.
    """
    program = shutil.which("stilts")
    if program is None:
        report.not_run += [NotRun(rule.id, report.service, INSTALL) for rule in STILTS_RULES]
        return
    taplint(program, report)
    datalinklint(program, report, urls)


def taplint(program: str, report: Report) -> None:
    """Add what taplint says of the tables of a report, by the stages that this version of STILTS has."""
    offered = re.findall(r"^\s*\* ([A-Z]{3}):", _run(program, "taplint", "help=stages")[0], re.MULTILINE)
    said = _run(
        program, "taplint", f"stages={' '.join(stage for stage in STAGES if stage in offered)}",
        f"tables={' '.join(report.rows)}", "report=EWF", f"maxrepeat={MOST_REPEATED}", f"tapurl={report.service}",
    )  # fmt: skip
    _judge(report, TAPLINT, report.service, {report.service: said})


def datalinklint(program: str, report: Report, urls: Iterable[tuple[str, str]]) -> None:
    """Add what datalinklint says of documents, given by table and datalink_url."""
    by_table: dict[str, dict[str, Said]] = {}
    for table, url in urls:
        if _SAFE_URL.fullmatch(url):
            said = _run(program, "datalinklint", "report=EWF", f"maxrepeat={MOST_REPEATED}", f"votable={url}")
            by_table.setdefault(table, {})[url] = said
        else:
            report.not_run.append(NotRun(DATALINKLINT.id, table, f"{url!r} is no URL that can be handed to stilts"))
    for table, documents in by_table.items():
        _judge(report, DATALINKLINT, table, documents)


def _run(program: str, task: str, *arguments: str) -> Said:
    """What a task says, as far as it came, and why it did not end well."""
    with subprocess.Popen(  # noqa: S603  # a list of arguments; no shell
        [program, "-batch", task, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        late = threading.Event()
        timer = threading.Timer(MOST_SECONDS, _end, [process, late])
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101
            output = process.stdout.read(MOST_BYTES)
        finally:
            timer.cancel()
            _end(process)
    text = output.decode("utf-8", "replace")
    if late.is_set():
        return text, f"stilts {task} was not done after {MOST_SECONDS:g} s"
    if len(output) == MOST_BYTES:
        return text, f"stilts {task} says more than {MOST_BYTES >> 20} MiB"
    if "Totals: " not in text and "Usage:" not in text:
        return text, f"stilts {task} broke off: {' '.join(text.split())[-300:]}"
    return text, ""


def _end(process: subprocess.Popen[bytes], late: threading.Event | None = None) -> None:
    """The program is a shell script around Java: its group ends whole."""
    if late is not None:
        late.set()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _judge(report: Report, rule: Rule, table: str, said: Mapping[str, Said]) -> None:
    """What was said of one table, by the address of which it was said."""
    lines = [(url, line) for url, (output, _) in said.items() for line in read_lines(output)]
    # A failure is a test that STILTS could not make.
    unmade = [trouble for _, trouble in said.values() if trouble]
    unmade += [f"{line.code} {line.text}" for _, line in lines if line.level == "F"]
    report.not_run += [NotRun(rule.id, table, reason) for reason in unmade]
    for level, severity in SEVERITY_OF.items():
        those = [Complaint(line.text, line.code, url) for url, line in lines if line.level == level]
        report.findings += by_column(replace(rule, severity=severity), table, those)
    if not lines and not unmade:
        report.passed.append((rule.id, table))
