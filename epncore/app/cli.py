"""The command ``epncore``. Each command parses its words, calls one function and prints what that gave.

A command imports what it runs when it runs, so that one that needs no database or no rules does not wait for them.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from epncore import __version__
from epncore.app import cli_check, cli_kept, log, show, show_kept
from epncore.app.cli_options import (
    FOLDER,
    database_at,
    dsn_option,
    json_option,
    limits_options,
    log_option,
    workers_option,
)
from epncore.app.cli_options import Command as _Command
from epncore.app.stopping import on_stop
from epncore.app.work import Limits
from epncore.model.errors import EpnCoreError, UsageError
from epncore.model.printable import safe

GARBAGE_AFTER = 50_000
"""So many new objects are there before Python looks for cycles among them."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """Publish files of radio astronomy as EPN-TAP: from headers to rows, to a DaCHS server, to VESPA."""


@cli.command(cls=_Command, example="epncore new solar_monitor --from data/2024/spectra_0131.fits")
@click.argument("name")
@click.option("--grammar", help="Grammar that reads the files; by default the one that takes FILE, else istp.")
@click.option(
    "--from", "sample", type=click.Path(path_type=Path), metavar="FILE",
    help="A real file: what it tells is left to it, and what it does not tell is said in comments.",
)  # fmt: skip
def new(name: str, grammar: str | None, sample: Path | None) -> None:
    """Write a commented collection.toml into a new folder NAME."""
    from epncore.app.new import new as write

    path = write(Path(), name, grammar, sample)
    click.echo(f"{path} is written. Edit it, then: epncore ingest {name}")


@cli.command(cls=_Command, example="epncore inspect BIR_20110607_062400_10.fit --collection ecallisto")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--collection", "folder", type=FOLDER, help="Folder of a collection.toml.")
@click.option("--unused", is_flag=True, help="List the keys of the header that no column used, too.")
@json_option
def inspect(file: Path, folder: Path | None, *, unused: bool, as_json: bool) -> None:
    """Show the row of one FILE and, for each value, where it came from.

    Ends with 3 where the row breaks a rule and an ingest would quarantine it.
    """
    from epncore.app.inspect import inspect as look

    found = look(file, folder, unused=unused)
    if as_json:
        click.echo(show.to_json(show.inspection_json(found)))
    else:
        show.inspection(show.console(), str(file), found)
    sys.exit(3 if any(broken.rule.severity == "error" for broken in found.broken) else 0)


@cli.command(cls=_Command, example="epncore grammars")
def grammars() -> None:
    """List the grammars that are installed: the format of their files, the instrument, and their version."""
    from grammars.registry import grammars as installed

    table = Table(header_style="bold")
    for heading in ("grammar", "format", "instrument", "version"):
        table.add_column(heading)
    for name, grammar in installed().items():
        first_line = (sys.modules[type(grammar).__module__].__doc__ or "").strip().split("\n")[0]
        table.add_row(name, grammar.format, safe(first_line), str(grammar.version))
    show.console().print(table)


@cli.command(cls=_Command, example="epncore ingest ecallisto --workers 2")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@dsn_option
@workers_option
@click.option(
    "--scheduler", metavar="ADDRESS", help="Read on the workers of this dask.distributed scheduler: tcp://HOST:PORT."
)
@limits_options
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--strict", is_flag=True, help="End with 3 for old quarantine too, and quarantine for warnings.")
@click.option("--prune", is_flag=True, help="Remove the rows of files that are no longer there.")
@click.option("--verify", is_flag=True, help="Read all files again and compare content and rows, whatever times say.")
@click.option(
    "--rebuild-ledger", is_flag=True, help="Read all files again and make table and ledger agree; the rows stay there."
)
@log_option
@json_option
def ingest(
    folder: Path, dsn: str | None, workers: int | None, scheduler: str | None, file_timeout: float, memory_limit: int,
    log_json: str | None, *, dry_run: bool, strict: bool, prune: bool, verify: bool, rebuild_ledger: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Fill the table of a collection: read what is new or changed, write what differs.

    Ends with 0 where nothing was newly quarantined, with 3 where something was, where --verify found an altered file,
    or where table and ledger do not agree, with 4 where another command writes the collection.
    """
    from epncore.app.ingest import ingest as run
    from epncore.model.collection import load

    if workers and scheduler:
        raise UsageError("--workers is of this machine, --scheduler of others", hint="Give one of them")
    name = load(folder).schema_name
    database = database_at(dsn)
    with show.progress_bar(wanted=not as_json and log_json != log.STANDARD_ERROR) as bar:
        found = run(
            folder, database, workers=workers, scheduler=scheduler, limits=Limits(file_timeout, memory_limit),
            dry_run=dry_run, strict=strict, prune=prune, verify=verify, rebuild=rebuild_ledger, progress=bar,
        )  # fmt: skip
    if as_json:
        click.echo(show.to_json(show.summary_json(found)))
    else:
        show.summary(show.console(), name, found, dry_run=dry_run)
    disagrees = found.lacking or found.unknown
    sys.exit(3 if found.newly_quarantined or found.altered or disagrees or (strict and found.quarantined) else 0)


@cli.command(cls=_Command, example="epncore preview ecallisto -o /var/gavo/inputs")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="Writes DIR/SCHEMA/previews, where DaCHS serves it; by default COLLECTION_DIR/previews.",
)  # fmt: skip
@dsn_option
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that draw; by default one a core.")
@limits_options
@json_option
def preview(
    folder: Path, output: Path | None, dsn: str | None, workers: int | None, file_timeout: float, memory_limit: int,
    *, as_json: bool,
) -> None:  # fmt: skip
    """Draw a preview and a thumbnail of each granule that is new or changed.

    Where the config has previews or a thumbnail_url, the links in the database are told the sizes of the pictures.
    Ends with 3 where a file could not be drawn.
    """
    from epncore.app.preview import FOLDER as PREVIEWS
    from epncore.app.preview import preview as run
    from epncore.model.collection import load

    collection = load(folder)
    has_links = any(product.previews or product.thumbnail_url for product in collection.product)
    database = database_at(dsn) if has_links or dsn else None
    home = folder.parent if folder.suffix == ".toml" else folder
    target = (output / collection.schema_name if output else home) / PREVIEWS
    with show.progress_bar(wanted=not as_json) as bar:
        limits = Limits(file_timeout, memory_limit)
        found = run(folder, target, database, workers=workers, limits=limits, progress=bar)
    if as_json:
        click.echo(show.to_json(show.previews_json(found)))
    else:
        show.previews(show.console(), str(target), found)
    sys.exit(3 if found.failed else 0)


@cli.command(cls=_Command, example="epncore status ecallisto")
@click.argument("folder", type=FOLDER, metavar="[COLLECTION_DIR]", required=False)
@dsn_option
@click.option(
    "--max-age",
    type=click.FloatRange(0),
    metavar="HOURS",
    help="End with 3 where a collection had no finished ingest within so many hours, or table and ledger differ.",
)
@json_option
def status(folder: Path | None, dsn: str | None, max_age: float | None, *, as_json: bool) -> None:
    """Show what the database holds, and how the last ingest ended: of one collection, or of all."""
    from epncore.app.status import status as look
    from epncore.model.collection import load

    name = load(folder).schema_name if folder else None
    found = look(database_at(dsn), name)
    if as_json:
        click.echo(show.to_json({"collections": [asdict(each) for each in found]}))
    elif found:
        show.status(show.console(), found)
        show_kept.last_runs(show.console(), found)
    else:
        click.echo(f"No table {name}.epn_core there yet." if name else "No collection there yet.")
    if max_age is not None:
        sys.exit(0 if found and all(each.is_fine(max_age) for each in found) else 3)


@cli.command(cls=_Command, example="epncore links ecallisto")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@dsn_option
@json_option
def links(folder: Path, dsn: str | None, *, as_json: bool) -> None:
    """Make all Datalink links of a collection anew, from its config and table alone: no file is read."""
    from epncore.app.relink import relink
    from epncore.model.collection import load

    name = load(folder).schema_name
    found = relink(folder, database_at(dsn))
    if as_json:
        click.echo(show.to_json(asdict(found)))
    else:
        show.relinked(show.console(), name, found)


@cli.command(cls=_Command, example="epncore index ecallisto --report")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@click.option("--report", is_flag=True, help="Change nothing: show size and use of each index.")
@click.option("--sql", "as_sql", is_flag=True, help="Change nothing: print the SQL, for the owner of the table to run.")
@dsn_option
@json_option
def index(folder: Path, dsn: str | None, *, report: bool, as_sql: bool, as_json: bool) -> None:
    """Make the indices of a collection that are missing: also one for each target, for hash-list queries.

    An ingest does this too, at its end, where its role owns the table.
    """
    from epncore.app import indices
    from epncore.app.session import alone, database_errors
    from epncore.model.collection import load

    if report and as_sql:
        raise UsageError("--report and --sql do not go together", hint="Give one of them")
    name = load(folder).schema_name
    with database_errors(), database_at(dsn).connect() as conn:
        if report:
            found = indices.report(conn, name)
            if as_json:
                click.echo(show.to_json({"indices": [asdict(each) for each in found]}))
            else:
                show.index_report(show.console(), name, found)
        elif as_sql:
            click.echo(indices.as_sql(conn, name))
        else:
            with alone(conn, name):
                renewed = indices.renew(conn, name, analyze=True)
            if as_json:
                click.echo(show.to_json(asdict(renewed)))
            else:
                show.indexed(show.console(), name, renewed)


@cli.command(cls=_Command, example="epncore rd ecallisto -o /var/gavo/inputs")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Writes DIR/SCHEMA/q.rd.")
@click.option(
    "--load",
    type=click.Choice(["external", "dachs"]),
    default="external",
    show_default=True,
    help="Who reads the files: epncore ingest, or DaCHS through a worker of this toolkit.",
)
@click.option(
    "--worker-python",
    default=sys.executable,
    metavar="PYTHON",
    help="With --load dachs: Python with this toolkit, as DaCHS's user can run it; by default this one.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=60,
    show_default=True,
    help="With --load dachs: seconds for one file.",
)
def rd(folder: Path, output: Path, load: str, worker_python: str, timeout: float) -> None:
    """Write the resource descriptor that a DaCHS operator imports."""
    from epncore.app.stamps import stamps
    from epncore.model.collection import FILE_NAME
    from epncore.model.collection import load as load_config
    from grammars.plan import compile_plans
    from rd_templates.dachs_way import dachs_way
    from rd_templates.render import write_rd

    collection = load_config(folder)
    plans = compile_plans(collection, str(folder / FILE_NAME))
    way = None
    if load == "dachs":
        # -I: whatever lies in the folder or the environment of DaCHS, the worker imports the toolkit's own modules.
        way = dachs_way(collection, folder, stamps(collection, plans), [worker_python, "-I"], timeout)
    path = write_rd(collection, plans[0].columns, output, way)
    name = collection.schema_name
    click.echo(f"{path} is written. On the server, with it in the inputs folder:")
    if way:
        click.echo(f"  dachs imp -c {name}/q && dachs pub {name}/q")
        click.echo("DaCHS reads the files. Its user must be able to run, and the program to read the collection:")
        click.echo(f"  {worker_python}")
    else:
        click.echo(f"  dachs imp {name}/q && dachs pub {name}/q")
        click.echo(f"then load it:  epncore ingest {folder} --dsn DSN")


@cli.command(cls=_Command, example="epncore page ecallisto -o /var/www/ecallisto")
@click.argument("folder", type=FOLDER, metavar="COLLECTION_DIR")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Writes DIR/index.html.")
@click.option("--tap-url", metavar="URL", help="TAP service that holds the collection, for links to rows.")
@dsn_option
def page(folder: Path, output: Path, tap_url: str | None, dsn: str | None) -> None:
    """Write a static page to browse the collection, with the thumbnails that were drawn."""
    from epncore.app.page import write_pages
    from epncore.model.collection import load

    pages = write_pages(load(folder), folder, database_at(dsn), output, tap_url)
    click.echo(f"{pages.index} is written: {pages.granules} granules, {pages.pictures} with a drawn thumbnail.")


for each in (cli_check.check, cli_check.rules, cli_kept.migrate, cli_kept.watch, cli_kept.quarantine):
    cli.add_command(each)


@cli.group()
def db() -> None:
    """Start, stop and find the embedded PostgreSQL; grant a role what loading needs."""


@db.command(cls=_Command, example="epncore db start")
def start() -> None:
    """Start the embedded PostgreSQL (a running one is left as it is)."""
    from epncore.app import embedded

    server = embedded.start()
    click.echo(f"PostgreSQL runs. Connect with:  psql '{server.dsn}'")


@db.command(cls=_Command, example="epncore db stop")
def stop() -> None:
    """Stop the embedded PostgreSQL; its data stay."""
    from epncore.app import embedded

    click.echo("PostgreSQL is stopped; its data stay." if embedded.stop() else "It did not run.")


@db.command(cls=_Command, example='psql "$(epncore db dsn)"')
def dsn() -> None:
    """Print how to connect to the running embedded PostgreSQL."""
    from epncore.app import embedded

    click.echo(embedded.dsn())


@db.command(cls=_Command, example="epncore db grant ecallisto epncore_loader | psql gavo")
@click.argument("schema")
@click.argument("role", default="epncore_loader")
def grant(schema: str, role: str) -> None:
    """Print SQL for a ROLE that may load SCHEMA, and nothing else."""
    from epncore.app.database import grant_sql

    click.echo(grant_sql(schema, role))


def main() -> None:
    """Run the command; a person's mistake ends in a sentence, not a traceback."""
    # What is imported stays, as do most rows: looking for garbage at every 700 objects, the default, only costs time.
    gc.set_threshold(GARBAGE_AFTER)
    stopped = on_stop(_say_stopped)
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _say_stopped()
    except Exception as error:
        if stopped:  # what broke when worker processes or a connection were interrupted as well is no news
            _say_stopped()
        if not isinstance(error, EpnCoreError):
            raise
        # A list of problems has lines; a line break in a path or a value is written out by `EpnCoreError`.
        console = Console(stderr=True, soft_wrap=True)
        for number, line in enumerate(str(error).split("\n")):
            console.print("" if number else "epncore: ", safe(line), sep="", style="red")
        sys.exit(error.exit_code)


def _say_stopped() -> NoReturn:
    signal.setitimer(signal.ITIMER_REAL, 0)
    with suppress(OSError):  # the terminal may be gone
        click.echo("epncore: stopped. What was committed stays; run the same command again to go on.", err=True)
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(130)  # not through the farewells of threads and pools, which were interrupted too and may wait for ever


if __name__ == "__main__":
    main()
