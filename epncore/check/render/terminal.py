"""A report for a person at a terminal; without colour it says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from epncore.check.render.summary import by_gravity, by_reason, counted, summary
from epncore.model.printable import printable, safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from epncore.check.report import Excused, Finding, NotRun, Report
    from epncore.model.rules import Severity

COLOURS = {"error": "red", "warning": "yellow", "advice": "cyan"}

LONGEST_ADQL = 600
"""Characters of a query that a terminal shows: half a query is of no use."""

SLOWEST = 20
"""Rules that are listed with their times."""


def terminal(console: Console, report: Report, *, timing: bool = False) -> None:
    """Print a report.

    Parameters
    ----------
    console : rich.console.Console
    report : Report
    timing : bool
        Also the rules that took the server longest.
    """
    console.print(safe(report.service), f"({printable(report.software)})" if report.software else "", style="bold")
    for table, rows in report.rows.items():
        console.print(safe(f"  {table}: {counted(rows, 'row')}"))
    for severity, table, findings in by_gravity(report):
        console.print()
        console.print(Text(f"{severity.upper()} ", f"bold {COLOURS[severity]}") + safe(table))
        for finding in findings:
            _finding(console, finding, severity)
    _excused(console, "The server's: this version of its software cannot do otherwise", report.servers)
    _excused(console, "Accepted by the baseline", report.accepted)
    _not_run(console, report.not_run)
    for note in report.notes:
        console.print()
        console.print(safe(f"Note: {note}"), style="yellow")
    if timing:
        _timing(console, report)
    console.print()
    console.print(safe(summary(report)), style=_colour(report))
    if report.findings:
        console.print("`epncore rules ID` tells why a rule matters.", style="dim", highlight=False)


def _finding(console: Console, finding: Finding, severity: Severity) -> None:
    column = f" ({finding.column})" if finding.column and not finding.rule.id.endswith(finding.column) else ""
    head = Text("  ") + Text(finding.rule.id, COLOURS[severity]) + safe(f"{column}, count {finding.count}")
    console.print(head)
    lines = [("found", finding.found), ("mend", finding.rule.mend)]
    lines += [("such as", ", ".join(finding.examples))] if finding.examples else []
    if len(finding.adql) > LONGEST_ADQL:
        lines.append(("ADQL", f"{len(finding.adql)} characters: see --json or --html"))
    _lines(console, lines)
    if 0 < len(finding.adql) <= LONGEST_ADQL:
        # Not broken into lines, so that it can be copied.
        console.print(Text("    ADQL     ", "dim") + safe(finding.adql), soft_wrap=True)


def _lines(console: Console, lines: Iterable[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=7)
    grid.add_column(overflow="fold")
    for name, text in lines:
        grid.add_row(name, safe(text))
    console.print(Padding(grid, (0, 0, 0, 4)))


def _excused(console: Console, heading: str, excused: list[Excused]) -> None:
    if excused:
        console.print()
        console.print(heading, style="bold")
    for each in excused:
        finding = each.finding
        console.print(safe(f"  {finding.rule.id}, {finding.table}: {finding.found}"))
        _lines(console, [("why", each.reason)])


def _not_run(console: Console, not_run: list[NotRun]) -> None:
    if not_run:
        console.print()
        console.print("Not run, so neither right nor wrong", style="bold")
    for reason, those in by_reason(not_run).items():
        rules = ", ".join(dict.fromkeys(each.rule for each in those))
        tables = ", ".join(dict.fromkeys(each.table for each in those))
        console.print(safe(f"  {rules}"))
        _lines(console, [("on", tables), ("why", reason)])


def _timing(console: Console, report: Report) -> None:
    console.print()
    console.print(f"Slowest rules, of {sum(report.seconds.values()):.1f} s in all", style="bold", highlight=False)
    slowest = sorted(report.seconds.items(), key=lambda each: (-each[1], each[0]))
    for rule, seconds in slowest[:SLOWEST]:
        console.print(safe(f"  {seconds:8.3f} s  {rule}"))


def _colour(report: Report) -> str:
    worst = next((severity for severity, _, _ in by_gravity(report)), None)
    return f"bold {COLOURS[worst]}" if worst else "bold green"
