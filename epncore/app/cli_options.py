"""What the commands of ``epncore`` share: their kind, and options that several of them have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from epncore.app import log

FOLDER = click.Path(path_type=Path, file_okay=True, dir_okay=True)


class Command(click.Command):
    """A command whose help ends in an example, kept as it was written."""

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.epilog = f"\b\nExample:\n  {example}"


def dsn_option(function: Any) -> Any:
    """``--dsn``: which database."""
    return click.option(
        "--dsn",
        metavar="DSN",
        help="PostgreSQL to use, as a URL or key=value text; else $EPNCORE_DSN, else the embedded server.",
    )(function)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

workers_option = click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that read files; by default one a core."
)


def _open_log(_: click.Context, __: click.Parameter, target: str | None) -> str | None:
    if target is not None:
        log.open_log(target)
    return target


log_option = click.option(
    "--log-json",
    metavar="[=FILE]",
    is_flag=False,
    flag_value=log.STANDARD_ERROR,
    callback=_open_log,
    help="Write events as lines of JSON to FILE, or with - or nothing to standard error.",
)
