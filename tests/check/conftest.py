"""Services that answer from recorded replies, and reports made by hand, clean and hostile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from epncore.check.report import Excused, Finding, NotRun, Report
from epncore.model.rules import RULES

from .replies import Answer, Server, serve

BY_ID = {rule.id: rule for rule in RULES}
HOSTILE = "\x1b[31m\x07\n\u202e[bold]]]>\"><script>document.title='owned'</script>&amp;{{ 7*7 }}"


def finding(rule: str, table: str = "dam.epn_core", **told: object) -> Finding:
    found = {"column": "", "found": f"{rule} is broken", "count": 2, "examples": ("uid one",), "adql": "SELECT 1"}
    return Finding(rule=BY_ID[rule], table=table, **{**found, **told})  # type: ignore[arg-type]


@pytest.fixture
def clean() -> Report:
    passed = [("null.granule_uid", "dam.epn_core"), ("utype.table", "dam.epn_core")]
    return Report("http://localhost/tap", "DaCHS 2.7", {"dam.epn_core": 4}, passed)


@pytest.fixture
def dirty(clean: Report) -> Report:
    clean.rows["solar.epn_core"] = 1
    clean.findings = [
        finding("filled.time_min"),
        finding("pair.time", "solar.epn_core"),
        finding("columns.unit", column="ra", count=1, examples=(), adql=""),
        finding("columns.unit", column="dec", count=1, examples=(), adql=""),
        finding("vounit.measurement_unit", found="measurement_unit = 'digits'"),
    ]
    clean.servers = [Excused(finding("metadata.vosi"), "DaCHS 2.7 writes no xtypes")]
    clean.accepted = [Excused(finding("url.access_url"), "moved in spring (until 2027-01-31)")]
    clean.not_run = [
        NotRun("registry.title", "dam.epn_core", "no record"),
        NotRun("registry.title", "solar.epn_core", "no record"),
        NotRun("columns.unit", "dam.epn_core", "only some columns"),
    ]
    clean.notes = ["baseline: an entry has ended"]
    clean.seconds = {"pair.time": 0.25, "columns.unit": 1.5}
    return clean


@pytest.fixture
def hostile() -> Report:
    """Every text that a service can send is against us."""
    text = HOSTILE
    bad = finding("pair.time", text, column=text, found=text, examples=(text,), adql=text)
    return Report(
        text, text, {text: 1}, [], [bad], [Excused(bad, text)], [Excused(bad, text)],
        [NotRun("url.access_url", text, text)], [text], {"pair.time": 1.0},
    )  # fmt: skip


@pytest.fixture
def served() -> Iterator[Callable[..., Server]]:
    """A function that puts answers on a port until the test is over."""
    with ExitStack() as stack:

        def start(answer: Answer, **options: Any) -> Server:
            return stack.enter_context(serve(answer, **options))

        yield start
