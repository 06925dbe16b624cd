"""The commands that judge services: ``epncore check`` and ``epncore rules``."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click
from rich.console import Console

from epncore.app import show
from epncore.app.cli_options import Command, json_option
from epncore.model.errors import UsageError
from epncore.model.files import replace
from epncore.model.printable import safe
from epncore.model.severity import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from epncore.check.client import Limits

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(cls=Command, example="epncore check http://your.server/tap ecallisto --html report.html")
@click.argument("url", metavar="TAP_URL")
@click.argument("schemas", metavar="[SCHEMA ...]", nargs=-1)
@json_option
@click.option("--html", type=FILE, help="Also write the report to FILE, as one page of HTML.")
@click.option("--junit", "junit_file", type=FILE, help="Also write it to FILE as JUnit XML, for CI.")
@click.option("--baseline", type=FILE, help="Findings that are accepted: a TOML file, see docs/check.md.")
@click.option(
    "--fail-on", type=click.Choice([*SEVERITIES, "never"]), default="error", show_default=True,
    help="The least severity with which the command ends with 1.",
)  # fmt: skip
@click.option("--timing", is_flag=True, help="Show which rules took the server longest.")
@click.option("--timeout", type=click.FloatRange(1), default=60, show_default=True, help="Seconds for one request.")
@click.option("--max-rows", type=click.IntRange(1000), default=10_000, show_default=True, help="Rows of one answer.")
@click.option("--max-requests", type=click.IntRange(1), default=3000, show_default=True, help="Requests in all.")
@click.option("--record", metavar="URL_OR_FILE", help="Registry record of the table, where the server has none.")
@click.option("--only", metavar="PATTERN", multiple=True, help="Run only rules whose id is like this: 'columns.*'.")
@click.option("--portal", is_flag=True, help="Instead, send the queries that the VESPA portal would send.")
@click.option("--stilts", is_flag=True, help="Add what STILTS finds, where it is installed.")
@click.option("--follow-links", is_flag=True, help="Also ask whether the addresses in rows answer as they should.")
@click.option("--max-links", type=click.IntRange(1), default=20, show_default=True, help="Rows whose links are asked.")
def check(
    url: str, schemas: tuple[str, ...], html: Path | None, junit_file: Path | None, baseline: Path | None,
    fail_on: Literal["error", "warning", "advice", "never"], timeout: float, max_rows: int, max_requests: int,
    record: str | None, only: tuple[str, ...], max_links: int, *, as_json: bool, timing: bool, portal: bool,
    stilts: bool, follow_links: bool,
) -> None:  # fmt: skip
    """Ask whether the EPN-TAP tables of a TAP service keep the standard, which rows do not, and what to do.

    All tables named epn_core are checked, or those of the given SCHEMAs. Ends with 0 where nothing was found, with 1
    where something was (see --fail-on), with 2 where the service could not be checked.

    With --portal there may be several addresses, each with its schemas behind it.
    """
    from epncore.check.check import Options
    from epncore.check.check import check as run
    from epncore.check.client import Limits
    from epncore.check.render.as_json import as_json as to_dict
    from epncore.check.render.junit import junit
    from epncore.check.render.page import page
    from epncore.check.render.summary import is_at_least
    from epncore.check.render.terminal import terminal

    limits = Limits(timeout_seconds=timeout, most_rows=max_rows, most_requests=max_requests)
    if portal:
        _portal((url, *schemas), limits, as_json=as_json)
    links = max_links if follow_links else 0
    options = Options(limits, links, record, baseline, only, stilts)
    with _progress() as say:
        report = run(url, schemas, options, say)
    threshold = None if fail_on == "never" else fail_on
    if as_json:
        click.echo(show.to_json(to_dict(report)))
    else:
        terminal(Console(), report, timing=timing)
    if html:
        replace(html, page(report, options.today.isoformat()).encode())
    if junit_file:
        replace(junit_file, junit(report, threshold))
    sys.exit(1 if any(is_at_least(each.rule.severity, threshold) for each in report.findings) else 0)


def _portal(words: Sequence[str], limits: Limits, *, as_json: bool) -> NoReturn:
    """What the portal would see of one or many services."""
    from epncore.check.portal import exit_code, portal_view, services_of
    from epncore.check.render import portal as render

    services = services_of(words)
    with _progress() as say:
        found = portal_view(services, limits, say)
    if as_json:
        click.echo(show.to_json({"portal": render.portal_json(found)}))
    else:
        render.portal(Console(), found)
    sys.exit(exit_code(found))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being asked, in a line that goes away; nothing where standard error is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as line:
        yield lambda text: line.update(safe(text))


@click.command(cls=Command, example="epncore rules pair.time")
@click.argument("rule_id", metavar="[ID]", required=False)
@json_option
def rules(rule_id: str | None, *, as_json: bool) -> None:
    """List all rules by kind, or tell everything about the one with this ID.

    What `epncore check --stilts` adds is explained by the manual of STILTS, by its codes.
    """
    from epncore.check.render.rules import rule_json, rule_told, rules_table
    from epncore.model.config_errors import did_you_mean
    from epncore.model.rules import RULES

    wanted = [rule for rule in RULES if rule_id in (None, rule.id)]
    if not wanted:
        likely = did_you_mean(str(rule_id), [rule.id for rule in RULES])
        raise UsageError(f"there is no rule {rule_id!r}{likely}", hint="`epncore rules` lists them")
    if as_json:
        told = [rule_json(rule) for rule in wanted]
        click.echo(show.to_json(told[0] if rule_id else {"rules": told}))
    elif rule_id:
        rule_told(Console(), wanted[0])
    else:
        rules_table(Console())
