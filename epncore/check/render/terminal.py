"""A report for a person at a terminal; without colour it says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from epncore.check.render.summary import by_gravity, by_reason, counted, families, summary
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
    _excused(console, "The server's: this version of its software cannot do otherwise", report.servers, report.rows)
    _excused(console, "Accepted by the baseline", report.accepted, report.rows)
    _not_run(console, report.not_run, report.rows)
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


def _lines(console: Console, lines: Iterable[tuple[str, str]], indent: int = 4) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=7)
    grid.add_column(overflow="fold")
    for name, text in lines:
        grid.add_row(name, safe(text))
    console.print(Padding(grid, (0, 0, 0, indent)))


def _excused(console: Console, heading: str, excused: list[Excused], tables: Iterable[str]) -> None:
    if excused:
        console.print()
        console.print(heading, style="bold")
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in excused:
        finding = each.finding
        alike.setdefault((finding.rule.id, finding.found, each.reason), []).append(finding.table)
    for (rule, found, reason), those in alike.items():
        console.print(safe(f"  {rule}"))
        _lines(console, [("found", found), ("on", _named(those, tables)), ("why", reason)])


def _not_run(console: Console, not_run: list[NotRun], tables: Iterable[str]) -> None:
    if not_run:
        console.print()
        console.print("Not run, so neither right nor wrong", style="bold")
    for reason, those in by_reason(not_run).items():
        on = _named([each.table for each in those], tables)
        _lines(console, [("rules", ", ".join(families(each.rule for each in those))), ("on", on), ("why", reason)], 2)


def _named(names: Iterable[str], tables: Iterable[str]) -> str:
    """Names of tables, or how many they are where they are all, and many."""
    some, whole = set(names), set(tables)
    return f"all {len(whole)} tables" if some == whole and len(whole) > 1 else ", ".join(sorted(some))


def _timing(console: Console, report: Report) -> None:
    console.print()
    console.print(f"Slowest rules, of {sum(report.seconds.values()):.1f} s in all", style="bold", highlight=False)
    slowest = sorted(report.seconds.items(), key=lambda each: (-each[1], each[0]))
    for rule, seconds in slowest[:SLOWEST]:
        console.print(safe(f"  {seconds:8.3f} s  {rule}"))


def _colour(report: Report) -> str:
    worst = next((severity for severity, _, _ in by_gravity(report)), None)
    return f"bold {COLOURS[worst]}" if worst else "bold green"
