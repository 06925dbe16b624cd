"""One file and its row: each value with where it came from, and the rules that the row breaks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from epncore.app.companions import companion_names
from epncore.app.embargo import HIDDEN, held_until
from epncore.app.new import alone, bare_collection
from epncore.app.scan import product_files
from epncore.app.source_rows import SourceRows
from epncore.app.sources import source_file
from epncore.model import collection as config
from epncore.model.config_types import is_grammar_path
from epncore.model.errors import FileError, UnknownFormatError, UsageError
from epncore.model.rules import Broken, RowChecker
from epncore.model.source_table import PREFIX
from grammars.plan import Explained, Plan, compile_plans
from grammars.protocol import Companion
from grammars.readers.rows import RowHeader
from grammars.registry import by_name_only, grammar_for, reader_for
from grammars.unused import unused_keys

if TYPE_CHECKING:
    from pathlib import Path

    from epncore.app.scan import ProductFiles
    from epncore.model.collection import Collection, Product
    from grammars.protocol import SourceFile


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file becomes.

    Attributes
    ----------
    grammar : str
        That made the row.
    values : list of Explained
        In the order of the columns.
    broken : list of Broken
        Rules that the row breaks; empty for a row that can be published.
    note : str
        What an ingest would do otherwise now: leave out an embargoed row, or a file that no product names. Else empty.
    unused : list of str, optional
        Keys of the header that no column used, where they were asked for.
    """

    grammar: str
    values: list[Explained]
    broken: list[Broken]
    note: str = ""
    unused: list[str] | None = None


def inspect(
    path: Path, folder: Path | None = None, now: dt.datetime | None = None, *, unused: bool = False
) -> Inspection:
    """Read one file as an ingest would, and keep where each value came from.

    Parameters
    ----------
    path : pathlib.Path
        The file; or of a row of a table ``table:GRANULE_GID/KEY``, as the ledger has it.
    folder : pathlib.Path, optional
        Of a collection.toml. Without one, the grammar that recognises the file is asked alone, with its defaults.
    now : datetime.datetime, optional
        Naive, UTC: the moment by which embargoes are judged; the present by default.
    unused : bool
        Whether to find the keys of the header that no column uses.

    Raises
    ------
    UsageError
        Where there is no such file.
    FileError
        Where it can give no row.
    ConfigError
        Where the config is wrong.
    """
    if folder is not None and str(path).startswith(PREFIX):
        return _inspect_row(str(path), folder, now, unused=unused)
    try:
        path.stat()
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", path=str(path)) from None
    if not path.is_file():
        raise UsageError("is no file", path=str(path), hint="inspect takes one file; `epncore ingest` takes folders")
    if folder is None:
        collection = bare_collection(_grammar_name(path))
        plan, file, note = compile_plans(collection)[0], alone(path), ""
    else:
        collection = config.load(folder)
        plan, file, note = _plan_of(path, folder, collection)
    try:
        found = _inspection(plan, file, collection, now, unused=unused)
        return replace(found, note=" ".join(filter(None, (note, found.note))))
    except FileError as error:
        raise type(error)(error.message, path=str(path), place=error.place, hint=error.hint) from None


def _inspect_row(path: str, folder: Path, now: dt.datetime | None, *, unused: bool) -> Inspection:
    """The same of a row of a table, by its path in the ledger."""
    collection = config.load(folder)
    plans = compile_plans(collection, str(folder / config.FILE_NAME))
    job = SourceRows(folder, collection).one(path)
    file = source_file(folder, collection, job.seen)
    return _inspection(plans[job.seen.product], file, collection, now, RowHeader(job.row or {}), unused=unused)


def _inspection(
    plan: Plan, file: SourceFile, collection: Collection, now: dt.datetime | None, header: RowHeader | None = None,
    *, unused: bool,
) -> Inspection:  # fmt: skip
    with plan.opened(file, header) as granule:
        values = plan.explain(granule)
    keys = unused_keys(plan, file, header) if unused else None
    values, note = _as_published(collection, values, now or dt.datetime.now(dt.UTC).replace(tzinfo=None))
    broken = RowChecker(plan.columns).broken([value.value for value in values])
    return Inspection(plan.grammar.name, values, broken, note, keys)


def _as_published(collection: Collection, values: list[Explained], now: dt.datetime) -> tuple[list[Explained], str]:
    """What an embargo leaves of the row now."""
    release = next(each.value for each in values if each.column.name == "release_date")
    due = held_until(collection, release, now)
    if due is None:
        return values, ""
    if collection.embargoed == "leave_out":
        return values, f"Proprietary until {due:%Y-%m-%d}: an ingest leaves this row out before."
    why = f"proprietary until {due:%Y-%m-%d}: listed without it"
    hidden = [Explained(v.column, None, why) if v.column.name in HIDDEN else v for v in values]
    return hidden, f"Proprietary until {due:%Y-%m-%d}: listed without what leads to its data."


def _grammar_name(path: Path) -> str:
    reader = reader_for(path)
    with reader.open(path) as header:
        return grammar_for(header, reader, str(path)).name


def _plan_of(path: Path, folder: Path, collection: Collection) -> tuple[Plan, SourceFile, str]:
    """The product that names this file, by its path or from elsewhere; where none does, one whose grammar takes it.

    Returns
    -------
    plan : Plan
    file : SourceFile
    note : str
        Where no product names the file: as which it is shown.
    """
    plans = compile_plans(collection, str(folder / config.FILE_NAME))
    products = product_files(collection, folder)
    for files, plan in zip(products, plans, strict=True):
        if path.resolve().is_relative_to(files.real_root):
            relative = path.resolve().relative_to(files.real_root).as_posix()
            if files.names(relative):
                return plan, replace(source_file(folder, collection, files.look(relative, path)), path=path), ""
    for files, plan in zip(products, plans, strict=True):
        relative = _named_elsewhere(path, files)
        if relative:
            return plan, _elsewhere(path, relative, files.product), ""
    plan, product = _taking(path, folder, collection, plans)
    note = f"No product names this file: shown as {product.granule_gid}, which reads such files."
    return plan, _elsewhere(path, path.name, product), note


def _named_elsewhere(path: Path, files: ProductFiles) -> str:
    """How a product would name a file that is not where its sources look: by its last folders and name, or its name."""
    parts = path.absolute().parts[1:]
    tails = ("/".join(parts[start:]) for start in range(len(parts) - 1, -1, -1))
    return next(filter(files.names, tails), "")


def _elsewhere(path: Path, relative: str, product: Product) -> SourceFile:
    """A file that is not where the sources of its product look, and its companions beside it; size -1 where none is."""
    above = path
    for _ in relative.split("/"):
        above = above.parent
    beside = [above / name for name in companion_names(product, relative)]
    companions = tuple(Companion(each, each.stat().st_size if each.is_file() else -1) for each in beside)
    return replace(alone(path), relative=relative, companions=companions)


def _taking(path: Path, folder: Path, collection: Collection, plans: list[Plan]) -> tuple[Plan, Product]:
    """The first product whose grammar takes a file."""
    file_format = reader_for(path).format
    both = list(zip(plans, collection.product, strict=True))
    mapped = [
        (plan, product)
        for plan, product in both
        if (by_name_only(plan.grammar) or is_grammar_path(product.grammar)) and plan.grammar.format == file_format
    ]
    try:
        grammar = _grammar_name(path)
    except UnknownFormatError:
        if not mapped:
            raise
        return mapped[0]
    for each in (*(one for one in both if one[0].grammar.name == grammar), *mapped):
        return each
    names = ", ".join(dict.fromkeys(plan.grammar.name for plan in plans))
    raise UsageError(
        f"no product of the collection names this file, and its grammar is {grammar!r}, not {names}",
        path=str(path),
        hint=f"Look at sources and grammar in {folder / config.FILE_NAME}",
    )
