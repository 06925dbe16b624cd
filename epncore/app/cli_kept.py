"""Commands that keep a collection over the years: migrate, watch, quarantine."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, NoReturn

import click

from epncore.app import log, show, show_kept
from epncore.app.cli_options import (
    FOLDER,
    Command,
    database_at,
    dsn_option,
    json_option,
    limits_options,
    log_option,
    workers_option,
)
from epncore.app.stopping import on_stop
from epncore.app.work import Limits
from epncore.model.printable import counted, safe

if TYPE_CHECKING:
    from pathlib import Path

    from epncore.app.summary import Summary


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

    done = run(folder, database_at(dsn), dry_run=dry_run)
    if as_json:
        click.echo(show.to_json(asdict(done)))
    else:
        show_kept.migration(show.console(), str(folder), done, dry_run=dry_run)


@click.command(cls=Command, example="epncore watch ecallisto --settle 10")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@dsn_option
@workers_option
@limits_options
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
    folder: Path, dsn: str | None, workers: int | None, file_timeout: float, memory_limit: int, settle: float,
    every: float | None, log_json: str | None, *, poll: bool,
) -> None:  # fmt: skip
    """Ingest files as they arrive, until Ctrl-C or SIGTERM.

    Waits while the database or a folder is away. Messages go to standard error.
    """
    from epncore.app.watch import Settings
    from epncore.app.watch import watch as run
    from epncore.model.collection import load

    def say(text: str) -> None:
        if log_json != log.STANDARD_ERROR:
            click.echo(f"epncore: {safe(text)}", err=True)

    def report(found: Summary, before: Summary | None) -> None:
        for line in show_kept.news(found, before):
            say(line)

    def leave() -> NoReturn:
        # Whatever an ingest that was stopped leaves behind, the next one settles.
        log.tell("stopped watching", collection=name)
        with suppress(OSError):  # the terminal may be gone
            say("stopped. What was committed stays")
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(0)  # as in cli.py: not through the farewells of what was interrupted too

    name = load(folder).schema_name
    stopped = on_stop(leave)
    settings = Settings(settle, every, poll, workers, Limits(file_timeout, memory_limit))
    try:
        run(folder, database_at(dsn), settings, say, report)
    except (KeyboardInterrupt, Exception):
        if not stopped:
            raise
        leave()


@click.group()
def quarantine() -> None:
    """Files that something is wrong with: list them, have them read again."""


_patterns = click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
_reason = click.option("--reason", default="", metavar="TEXT", help="Only files whose reason holds this text.")


@quarantine.command("list", cls=Command, example="epncore quarantine list ecallisto 'data/2024/*' --reason cut")
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
    found = listed(database_at(dsn), name, patterns, reason)
    if as_json:
        click.echo(show.to_json({"schema": name, "quarantined": [asdict(bad) for bad in found]}))
    elif found:
        show_kept.bad_files(show.console(), found)
    else:
        click.echo(show_kept.no_bad_file(patterns, reason))


@quarantine.command("retry", cls=Command, example="epncore quarantine retry ecallisto --reason 'cannot be read'")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@_patterns
@_reason
@dsn_option
@workers_option
@limits_options
@json_option
def quarantine_retry(
    folder: Path, patterns: tuple[str, ...], reason: str, dsn: str | None, workers: int | None, file_timeout: float,
    memory_limit: int, *, as_json: bool,
) -> None:  # fmt: skip
    """Read bad files again though they have not changed, by an ingest of the collection.

    Ends with 0 where all of them gave rows, else with 3.
    """
    from epncore.app.ingest import ingest
    from epncore.app.quarantine import forgotten, listed
    from epncore.model.collection import load

    name, database = load(folder).schema_name, database_at(dsn)
    chosen = forgotten(database, name, patterns, reason)
    if chosen:
        ingest(folder, database, workers=workers, limits=Limits(file_timeout, memory_limit))
    paths = {bad.path for bad in chosen}
    still = [bad for bad in listed(database, name) if bad.path in paths]
    if as_json:
        answer = {"schema": name, "retried": len(chosen), "quarantined": [asdict(bad) for bad in still]}
        click.echo(show.to_json(answer))
    elif chosen:
        click.echo(f"{counted(len(chosen), 'bad file')} read again, {len(chosen) - len(still)} mended")
        if still:
            show_kept.bad_files(show.console(), still)
    else:
        click.echo(show_kept.no_bad_file(patterns, reason))
    sys.exit(3 if still else 0)
