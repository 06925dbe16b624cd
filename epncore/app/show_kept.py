"""What the commands that keep a collection print for people."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.table import Table

from epncore.app.show import LISTED
from epncore.model.printable import counted, printable, safe

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


def news(found: Summary, before: Summary | None) -> list[str]:
    """What an ingest did and found, line by line, where that is not what the one before it did and found."""
    counts = {"new": found.new, "changed": found.changed, "renamed": found.renamed}
    counts["newly quarantined"] = found.newly_quarantined
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    known = set(before.quarantined) if before else set()
    bad = [each for each in found.quarantined if each not in known] if found.newly_quarantined else []
    notes = [note for note in found.notes if before is None or note not in before.notes]
    if before and not (said or notes or _lasting(found) != _lasting(before)):
        return []
    gone = f"; {found.vanished_count} vanished" if found.vanished else ""
    lines = [f"{said or 'nothing new'}; {counted(found.rows, 'row')}{gone}, after {found.seconds:.1f} s"]
    words = {"unavailable": "cannot be read now"}
    lines += [
        f"{words.get(each.status, 'without a row')}: {each.path}, {each.where}: {each.reason}" for each in bad[:LISTED]
    ]
    if len(bad) > LISTED:
        lines.append(f"... and {len(bad) - LISTED} more: `epncore quarantine list` shows them")
    return lines + notes


def _lasting(found: Summary) -> tuple[int, int, int]:
    return found.vanished_count, found.quarantined_count, found.rows


def no_bad_file(patterns: Sequence[str], reason: str) -> str:
    """What to say where none is found."""
    asked = [*map(repr, patterns), *([f"--reason {reason!r}"] if reason else [])]
    return printable(f"No bad file matches {', '.join(asked)}." if asked else "No file is in quarantine.")


def bad_files(console: Console, found: Sequence[BadFile]) -> None:
    """Print bad files one by one, or by reason where they are many."""
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
    from epncore.app.quarantine import kind_of  # as in show.py: it brings psycopg

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
                console.print("  ", safe(f"{counted(count, 'file')}: {kind}"), sep="", soft_wrap=True)
