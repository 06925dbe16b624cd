"""What the commands of ``epncore`` share: their kind, and options that several of them have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from epncore.app import log
from epncore.app.work import Limits

if TYPE_CHECKING:
    from epncore.app.database import Database


class _Folder(click.Path):
    """The folder of a collection; its collection.toml stands for it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path: Any = super().convert(value, param, ctx)
        return path.parent if path.name == "collection.toml" and not path.is_dir() else path


FOLDER = _Folder(path_type=Path, file_okay=True, dir_okay=True)


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


def database_at(dsn: str | None) -> Database:
    """The database that ``--dsn`` gives. Its driver is imported only by the commands that ask for this."""
    from epncore.app.database import resolve

    return resolve(dsn)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

workers_option = click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that read files; by default one a core."
)

_LIMITS = Limits()


def limits_options(function: Any) -> Any:
    """``--file-timeout`` and ``--memory-limit``: what one file may cost."""
    timeout = click.option(
        "--file-timeout", type=click.FloatRange(1), default=_LIMITS.timeout_seconds, show_default=True,
        metavar="SECONDS", help="Time for one file; one that takes longer is quarantined.",
    )  # fmt: skip
    memory = click.option(
        "--memory-limit", type=click.IntRange(256), default=_LIMITS.memory_mb, show_default=True, metavar="MB",
        help="Memory of a process that reads files; a file that takes more is quarantined.",
    )  # fmt: skip
    return timeout(memory(function))


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
