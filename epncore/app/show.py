"""What the commands print: tables and sentences for people, and JSON for programs."""

from __future__ import annotations

import datetime as dt
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from epncore.app.summary import by_reach
from epncore.model.printable import counted, safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epncore.app import preview as previewing
    from epncore.app.indices import IndexUse, Renewed
    from epncore.app.inspect import Inspection
    from epncore.app.relink import Relinked
    from epncore.app.status import CollectionStatus
    from epncore.app.summary import Quarantined, Summary
    from epncore.model.row import Cell

LISTED = 20
"""Lines of a list on a terminal; the rest is counted."""


WIDE = 10_000
"""Characters of a line where no terminal breaks it."""


def console() -> Console:
    """Standard output; in a pipe, a file or a journal, no line and no name in a table is cut to pieces."""
    found = Console()
    return found if found.is_terminal or "COLUMNS" in os.environ else Console(width=WIDE)


def to_json(data: object) -> str:
    """JSON, dates in ISO 8601."""
    return json.dumps(data, indent=2, default=_plain, ensure_ascii=False)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else str(value)


def written(cell: Cell) -> str:
    """A cell for people: dates in ISO 8601, numbers with all their digits."""
    return cell.isoformat() if isinstance(cell, dt.datetime) else str(cell)


def inspection_json(found: Inspection) -> dict[str, Any]:
    """``{"rows": [{column: {"value", "source"}}], "broken": [{"rule", "found", "mend"}], "note", "unused"}``."""
    row = {e.column.name: {"value": e.value, "source": e.source} for e in found.values}
    broken = [{"rule": b.rule.id, "found": b.found, "mend": b.rule.mend} for b in found.broken]
    unused = {} if found.unused is None else {"unused": found.unused}
    return {"rows": [row], "broken": broken, "note": found.note, **unused}


def inspection(console: Console, path: str, found: Inspection) -> None:
    """Print a row as a table: column, value with unit, source."""
    table = Table(title=safe(f"{path}, read by grammar {found.grammar}"), title_justify="left", header_style="bold")
    table.add_column("column", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("where it came from", overflow="fold")
    for each in found.values:
        if each.value is None:
            table.add_row(each.column.name, "", safe(each.source), style="dim")
        else:
            unit = f" {each.column.unit}" if each.column.unit else ""
            table.add_row(each.column.name, safe(written(each.value) + unit), safe(each.source))
    console.print(table)
    for broken in found.broken:
        rule = broken.rule
        console.print(Text(f"{rule.severity}: ", "bold red" if rule.severity == "error" else "yellow"), end="")
        console.print(safe(f"rule {rule.id}: {broken.found}, but {rule.checks}. {rule.mend}."))
    if not found.broken:
        console.print("The row keeps all rules.", style="green")
    if found.note:
        console.print(safe(found.note), style="yellow")
    if found.unused is not None:
        console.print("No column uses:" if found.unused else "Some column uses each key of the header.")
        for key in found.unused:
            console.print(" ", safe(key), highlight=False)


def summary_json(summary: Summary) -> dict[str, Any]:
    """As the README documents it."""
    added = ("renamed", "superseded", "unavailable", "pruned", "lacking", "unknown", "undigested")
    return {
        "new": summary.new,
        "changed": summary.changed,
        "unchanged": summary.unchanged,
        "vanished": summary.vanished_count,
        "withheld": summary.withheld,
        "rows": summary.rows,
        "seconds": round(summary.seconds, 3),
        "quarantined": _without_row(summary.quarantined),
        "notes": summary.notes,
        "quarantined_count": summary.quarantined_count,
        **{name: getattr(summary, name) for name in added},
        "altered": _without_row(summary.altered),
        "altered_count": summary.altered_count,
        "vanished_paths": summary.vanished,
    }


def _without_row(files: Sequence[Quarantined]) -> list[dict[str, str]]:
    return [{"path": q.path, "where": q.where, "reason": q.reason} for q in files]


def summary(console: Console, name: str, found: Summary, *, dry_run: bool) -> None:
    """Print what an ingest did."""
    head = f"{name}: a dry run, nothing was written" if dry_run else name
    console.print(safe(head), style="bold")
    counts = [("new", found.new), ("changed", found.changed), ("unchanged", found.unchanged)]
    seldom = ("renamed", "withheld", "superseded", "unavailable", "pruned")
    counts += [(what, getattr(found, what)) for what in seldom if getattr(found, what)]
    counts += [("quarantined", found.quarantined_count), ("vanished", found.vanished_count)]
    console.print("  " + ", ".join(f"{count} {what}" for what, count in counts), soft_wrap=True)
    console.print(
        f"  {counted(found.rows, 'row')} in {name}.epn_core, after {found.seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    if found.undigested:
        console.print(
            f"  {counted(found.undigested, 'file')} had no digest yet: the next --verify can compare their content",
            soft_wrap=True,
        )
    if found.quarantined:
        new = f" ({found.newly_quarantined or 'none'} of them new)"
        both = 0 < found.unreadable_count < found.quarantined_count
        _without_or_unread(console, "" if both else new, found)
        if both:
            console.print(f"New among all these: {found.newly_quarantined}", style="yellow")
    if found.altered:
        console.print("Not what they were, though nothing told so:", style="yellow")
        _list(console, [f"{q.path}: {q.reason}" for q in found.altered], found.altered_count)
    if found.vanished:
        console.print(
            "No longer there; a row stays (--prune removes it), a file that had none is forgotten:", style="yellow"
        )
        _list(console, found.vanished, found.vanished_count)
    for note in found.notes:
        console.print(safe(note), style="yellow", soft_wrap=True)


def _without_or_unread(console: Console, more: str, found: Summary | CollectionStatus, name: str = "") -> None:
    """List files that have no row, and files that cannot be read now."""
    without, unread = by_reach(found.quarantined)
    kinds = (
        ("without a row", without, found.quarantined_count - found.unreadable_count),
        ("cannot be read now; a row that it had stays", unread, found.unreadable_count),
    )
    for what, files, count in kinds:
        if count:
            console.print(safe(f"{name}, {what}" if name else what[0].upper() + what[1:]) + f"{more}:", style="yellow")
            _list(console, [f"{q.path}, {q.where}: {q.reason}" for q in files], count)


def relinked(console: Console, name: str, found: Relinked) -> None:
    """Print what `epncore links` did."""
    console.print(safe(name), style="bold")
    console.print(
        f"  links of {found.changed} of {found.granules} granules differed and are written, "
        f"and {found.relations} between granules, after {found.seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    if found.left:
        console.print(f"  {found.left} granules are of no product of the config: ingest settles them", style="yellow")


def indexed(console: Console, name: str, found: Renewed) -> None:
    """Print what `epncore index` did."""
    console.print(safe(name), style="bold")
    counts = ((found.made, "made"), (found.dropped, "dropped"), (found.left, "left"))
    told = ", ".join(f"{len(names)} {what}" for names, what in counts if names) or "nothing was missing"
    console.print(f"  {told}, after {found.seconds:.1f} s", highlight=False)
    _list(console, [f"{what} {each}" for names, what in counts for each in names])
    if found.left:
        console.print("Others hold the table: run it again for those that were left.", style="yellow")


def index_report(console: Console, name: str, found: Sequence[IndexUse]) -> None:
    """Print indices with their size and use."""
    table = Table(title=safe(name), title_justify="left", header_style="bold")
    for heading in ("table", "index", "columns, condition", "kbyte", "scans", "last use"):
        table.add_column(heading, justify="right" if heading in {"kbyte", "scans"} else "left", overflow="fold")
    for each in found:
        what = each.columns + (f" where {each.predicate}" if each.predicate else "")
        used = f"{each.last_use:%Y-%m-%d}" if each.last_use else ""
        cells = (each.table, each.name, what, f"{each.size_bytes // 1024}", f"{each.scans}", used)
        table.add_row(*map(safe, cells), style="yellow" if each.unused else None)
    console.print(table)
    unused = [each for each in found if each.unused]
    if unused:
        kbyte = sum(each.size_bytes for each in unused) // 1024
        console.print(f"{len(unused)} were never used since statistics were reset: {kbyte} kbyte.", style="yellow")


def previews_json(found: previewing.Summary) -> dict[str, Any]:
    """As the README documents it."""
    return {
        "drawn": found.drawn,
        "unchanged": found.unchanged,
        "withheld": found.withheld,
        "linked": found.linked,
        "seconds": round(found.seconds, 3),
        "without": [{"path": one.path, "reason": one.reason} for one in found.without],
        "failed": [{"path": one.path, "where": one.where, "reason": one.reason} for one in found.failed],
    }


def previews(console: Console, target: str, found: previewing.Summary) -> None:
    """Print what was drawn."""
    counts = [("drawn", found.drawn), ("unchanged", found.unchanged), ("without a picture", len(found.without))]
    counts += [("withheld", found.withheld)] if found.withheld else []
    counts += [("failed", len(found.failed))]
    console.print("  " + ", ".join(f"{count} {what}" for what, count in counts))
    console.print("  in ", safe(target), f", after {found.seconds:.1f} s", sep="", highlight=False, soft_wrap=True)
    if found.linked:
        console.print(f"  {found.linked} links know their size now")
    if found.without:
        console.print("Nothing to draw:", style="yellow")
        _list(console, [f"{one.path}: {one.reason}" for one in found.without])
    if found.failed:
        console.print("Could not be drawn:", style="yellow")
        _list(console, [f"{one.path}, {one.where}: {one.reason}" for one in found.failed])


def status(console: Console, found: Sequence[CollectionStatus]) -> None:
    """Print the state of collections as a table."""
    from epncore.app.agreement import sentences  # whoever has states to show has imported psycopg; others need none

    table = Table(header_style="bold")
    for heading in ("collection", "rows", "files", "bad", "withheld", "first day", "last day"):
        table.add_column(heading, justify="left" if heading in {"collection", "first day", "last day"} else "right")
    for each in found:
        days = ((moment or "")[:10] for moment in (each.first, each.last))
        counted = (each.rows, each.files, each.quarantined_count, each.withheld)
        table.add_row(each.schema, *map(str, counted), *days)
    console.print(table)
    for each in found:
        _without_or_unread(console, "", each, each.schema)
        for sentence in sentences(each.lacking, each.unknown):
            console.print(safe(f"{each.schema}: {sentence}"), style="yellow")


def _list(console: Console, lines: Sequence[str], count: int = 0) -> None:
    for line in lines[:LISTED]:
        console.print("  ", safe(line), sep="", soft_wrap=True)
    if (more := max(count, len(lines)) - LISTED) > 0:
        console.print(f"  ... and {more} more (with --json)")


class Bar:
    """A progress bar for `ingest` and `preview`."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.task: TaskID = bar.add_task("looking for files", total=None)

    def found(self, files: int) -> None:
        """Show how many files there are."""
        self.bar.update(self.task, total=files, description="working", refresh=True)

    def done(self, files: int) -> None:
        """Move on."""
        self.bar.update(self.task, advance=files, description="working", refresh=True)

    def waits(self, seconds: float, reason: str) -> None:
        """Show that the database is away."""
        self.bar.update(self.task, description=f"the database is away, tried again in {seconds:g} s", refresh=True)
        self.bar.console.print(safe(reason), style="yellow")


@contextmanager
def progress_bar(*, wanted: bool) -> Iterator[Bar | None]:
    """A bar on standard error where that is a terminal and one is wanted."""
    console = Console(stderr=True)
    if not (wanted and console.is_terminal):
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # No thread draws it: worker processes are forked, see `epncore.app.children`.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        yield Bar(bar)
