"""Commands that keep a collection over the years: migrate, watch, quarantine."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console

from epncore.app import database as databases
from epncore.app import log, show, show_kept
from epncore.app.cli_options import FOLDER, Command, dsn_option, json_option, log_option, workers_option
from epncore.model.printable import safe

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=Command, example="epncore migrate ecallisto --dry-run")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@dsn_option
@click.option("--dry-run", is_flag=True, help="Show what would be done, change nothing.")
@json_option
def migrate(folder: Path, dsn: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Give the tables the columns of the config, and keep rows, grants, indices and triggers.

    Needed when optional or own columns have changed, or after an update of this toolkit that says so. Under DaCHS:
    write the descriptor by `epncore rd`, migrate, then `dachs imp -m`.
    """
    from epncore.app.migrate import migrate as run

    done = run(folder, databases.resolve(dsn), dry_run=dry_run)
    if as_json:
        click.echo(show.to_json(asdict(done)))
    else:
        show_kept.migration(Console(), str(folder), done, dry_run=dry_run)


@click.command(cls=Command, example="epncore watch ecallisto --settle 10")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@dsn_option
@workers_option
@click.option(
    "--settle",
    type=click.FloatRange(0.1),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="Read a file once its size and time have stood still for so long.",
)
@click.option("--poll", is_flag=True, help="Look at all folders now and then; network disks are always polled.")
@click.option(
    "--every",
    type=click.FloatRange(0.1),
    metavar="SECONDS",
    help="Look at all folders so often in any case; by default each 30 s when polling, else each 900 s.",
)
@log_option
def watch(
    folder: Path, dsn: str | None, workers: int | None, settle: float, every: float | None, log_json: str | None,
    *, poll: bool,
) -> None:  # fmt: skip
    """Ingest files as they arrive, until Ctrl-C or SIGTERM.

    Waits while the database or a folder is away. Messages go to standard error.
    """
    from epncore.app.watch import Settings
    from epncore.app.watch import watch as run
    from epncore.model.collection import load

    stopped = threading.Event()

    def stop(_: int, __: object) -> None:
        stopped.set()
        raise KeyboardInterrupt

    def say(text: str) -> None:
        if log_json != log.STANDARD_ERROR:
            click.echo(f"epncore: {safe(text)}", err=True)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    name = load(folder).schema_name
    try:
        run(
            folder,
            databases.resolve(dsn),
            Settings(settle, every, poll, workers),
            say,
            lambda summary: say(show_kept.news(summary)),
        )
    except (KeyboardInterrupt, Exception):
        if not stopped.is_set():
            raise
        # Whatever an ingest that was stopped leaves behind, the next one settles.
        log.tell("stopped watching", collection=name)
        say("stopped. What was committed stays")
        _leave()


def _leave() -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # as in cli.py: not through the farewells of what was interrupted too


@click.group()
def quarantine() -> None:
    """Files that something is wrong with: list them, have them read again."""


_patterns = click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
_reason = click.option("--reason", default="", metavar="TEXT", help="Only files whose reason holds this text.")


@quarantine.command("list", cls=Command, example="epncore quarantine list ecallisto 'data/2024/*' --reason truncated")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@_patterns
@_reason
@dsn_option
@json_option
def quarantine_list(folder: Path, patterns: tuple[str, ...], reason: str, dsn: str | None, *, as_json: bool) -> None:
    """Show bad files with place, reason and since when; grouped by reason where they are many.

    PATTERN is a path as the list shows it, with *, ? and [...].
    """
    from epncore.app.quarantine import listed
    from epncore.model.collection import load

    name = load(folder).schema_name
    found = listed(databases.resolve(dsn), name, patterns, reason)
    if as_json:
        click.echo(show.to_json({"schema": name, "quarantined": [asdict(bad) for bad in found]}))
    else:
        show_kept.bad_files(Console(), found)


@quarantine.command("retry", cls=Command, example="epncore quarantine retry ecallisto --reason 'cannot be opened'")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@_patterns
@_reason
@dsn_option
@workers_option
@json_option
def quarantine_retry(
    folder: Path, patterns: tuple[str, ...], reason: str, dsn: str | None, workers: int | None, *, as_json: bool
) -> None:
    """Read bad files again though they have not changed, by an ingest of the collection.

    Ends with 0 where all of them gave rows, else with 3.
    """
    from epncore.app.ingest import ingest
    from epncore.app.quarantine import forgotten, listed
    from epncore.model.collection import load

    name, database = load(folder).schema_name, databases.resolve(dsn)
    chosen = forgotten(database, name, patterns, reason)
    if chosen:
        ingest(folder, database, workers=workers)
    paths = {bad.path for bad in chosen}
    still = [bad for bad in listed(database, name) if bad.path in paths]
    if as_json:
        answer = {"schema": name, "retried": len(chosen), "quarantined": [asdict(bad) for bad in still]}
        click.echo(show.to_json(answer))
    else:
        click.echo(f"{len(chosen)} files were read again, {len(chosen) - len(still)} of them are mended")
        if still:
            show_kept.bad_files(Console(), still)
    sys.exit(3 if still else 0)
