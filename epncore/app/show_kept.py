"""What the commands that keep a collection print for people."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.table import Table

from epncore.app.quarantine import kind_of
from epncore.app.show import LISTED
from epncore.model.printable import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from epncore.app.migrate import Migration
    from epncore.app.quarantine import BadFile
    from epncore.app.status import CollectionStatus
    from epncore.app.summary import Summary


def migration(console: Console, folder: str, done: Migration, *, dry_run: bool) -> None:
    """Print what was done to tables, what is lost by it, and what is to do next."""
    if not done.changes:
        console.print(f"The tables of {done.schema} are as they should be.")
        return
    table = Table(header_style="bold")
    for heading in ("table", "change", "column", "before", "after", "values lost"):
        table.add_column(heading, justify="right" if heading == "values lost" else "left")
    for change in done.changes:
        cells = (change.table, change.what, change.name, change.before or "", change.after or "")
        table.add_row(*map(safe, cells), str(change.values_lost or ""))
    console.print(table)
    if dry_run:
        console.print(f"Nothing was changed. All {done.rows} rows would stay.", highlight=False)
        return
    console.print(f"Done after {done.seconds:.1f} s; all {done.rows} rows stay.", highlight=False)
    if done.under_dachs:
        console.print(f"Tell DaCHS:  dachs imp -m {done.schema}/q", highlight=False)
    if any(change.what in ("added", "retyped") and change.table == "epn_core" for change in done.changes):
        console.print("New columns are empty until the next ingest, which reads all files again:", highlight=False)
        console.print("  epncore ingest ", safe(folder), sep="", highlight=False, soft_wrap=True)


def news(found: Summary) -> str:
    """What an ingest did, in a line."""
    counts = ((found.new, "new"), (found.changed, "changed"), (found.newly_quarantined, "newly quarantined"))
    said = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing new"
    gone = f"; {found.vanished_count} vanished" if found.vanished else ""
    return f"{said}; {found.rows} rows{gone}, after {found.seconds:.1f} s"


def bad_files(console: Console, found: Sequence[BadFile]) -> None:
    """Print bad files one by one, or by reason where they are many."""
    if not found:
        console.print("No file is in quarantine.")
        return
    if len(found) > LISTED:
        _by_reason(console, found)
        return
    table = Table(header_style="bold")
    for heading in ("path", "place", "reason", "since (UTC)"):
        table.add_column(heading, overflow="fold")
    for bad in found:
        table.add_row(safe(bad.path), safe(bad.where), safe(bad.reason), _since(bad))
    console.print(table)


def _by_reason(console: Console, found: Sequence[BadFile]) -> None:
    kinds: dict[str, list[BadFile]] = defaultdict(list)
    for bad in found:
        kinds[kind_of(bad.reason)].append(bad)
    table = Table(header_style="bold")
    for heading in ("files", "reason", "for example", "first since (UTC)"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "files" else "left")
    for kind, files in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0])):
        since = min((_since(bad) for bad in files if bad.since), default="")
        table.add_row(str(len(files)), safe(kind), safe(files[0].path), since)
    console.print(table)
    console.print("One by one: with --reason TEXT, a PATTERN, or --json.")


def _since(bad: BadFile) -> str:
    return f"{bad.since:%Y-%m-%d %H:%M}" if bad.since else ""


def last_runs(console: Console, found: Sequence[CollectionStatus]) -> None:
    """Print how the last ingest of each collection ended, and why files are bad where they are many."""
    for each in found:
        run = each.last_run
        if run is None:
            console.print(f"{each.schema}: no ingest was noted yet")
            continue
        took = "" if run.seconds is None else f" after {run.seconds:.1f} s"
        why = f": {run.reason}" if run.reason else ""
        line = f"{each.schema}: last ingest {run.started:%Y-%m-%d %H:%M} UTC, {run.outcome}{took}{why}"
        console.print(safe(line), style="green" if run.outcome in ("finished", "running") else "yellow", soft_wrap=True)
        if run.outcome != "finished":
            when = f"{each.last_success:%Y-%m-%d %H:%M} UTC" if each.last_success else "never"
            console.print(f"  finished last: {when}", highlight=False)
        if len(each.quarantined) > LISTED:
            for kind, count in each.reasons.items():
                console.print("  ", safe(f"{count} files: {kind}"), sep="", soft_wrap=True)
