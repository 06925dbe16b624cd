"""What the descriptor needs to know when DaCHS itself reads the files: which, with what program, and which not again.

The other way, `external`, needs none of this: there the descriptor is a function of the config alone.
"""

from __future__ import annotations

import glob
import itertools
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epncore.model.bookkeeping import Stamp
from epncore.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from epncore.model.collection import Collection

WORKER_MODULE = "epncore.app.dachs_worker"

DEEPEST = 9
"""Folders that a ``**`` reaches down. DaCHS's own way, ``recurse``, is no way: on a link that leads nowhere, 2.7 walks
over the whole file system, without end; and it does not go below linked folders."""


@dataclass(frozen=True, slots=True)
class DachsWay:
    """How DaCHS gets rows from the toolkit.

    Attributes
    ----------
    command : str
        The worker's program and arguments, a JSON list: it never passes a shell.
    timeout : float
        Seconds for one file.
    patterns : tuple of str
        Absolute shell patterns, as DaCHS expands them.
    ignored : str
        A query for the files that need not be read again, for ``fromdbUpdating``.
    """

    command: str
    timeout: float
    patterns: tuple[str, ...]
    ignored: str


def dachs_way(
    collection: Collection, folder: Path, plans: Sequence[Stamp], python: Sequence[str], timeout: float = 60
) -> DachsWay:
    """Find out what the descriptor must say.

    Parameters
    ----------
    collection : Collection
    folder : pathlib.Path
        Of the collection.toml.
    plans : sequence of Stamp
        By product: what the ledger must say of a file that need not be read again.
    python : sequence of str
        Program, and arguments if need be, that runs the toolkit's Python.
    timeout : float
        Seconds for one file.

    Returns
    -------
    DachsWay

    Raises
    ------
    UsageError
        Where a path cannot be written into a descriptor, or a product keeps the latest versions only.
    """
    for number, product in enumerate(collection.product):
        if product.table is not None:
            raise UsageError(
                f"product.{number}.table: DaCHS reads files, not the rows of another database, by this way",
                hint="Load from outside, with `epncore ingest`",
            )
        if product.keep == "latest":
            raise UsageError(
                f'product.{number}.keep = "latest" is more than DaCHS can do by itself: it looks at one file at a time',
                hint="Load from outside, with `epncore ingest`",
            )
    # Absolute, but links are kept: DaCHS treats the paths that it finds in the same way.
    place = os.path.abspath(folder)  # noqa: PTH100
    roots = [os.path.abspath(os.path.join(place, product.root)) for product in collection.product]  # noqa: PTH100, PTH118
    command = [*python, "-m", WORKER_MODULE, place, *map(str, plans)]
    for text in (*roots, *command):
        _check_writable(text)
    patterns = dict.fromkeys(
        f"{glob.escape(root)}/{pattern}"
        for root, product in zip(roots, collection.product, strict=True)
        for source in product.sources
        for pattern in _without_double_stars(source.removeprefix("./"))
    )
    ignored = _ignored(collection, roots, plans)
    # DaCHS expands macros in properties; two backslashes stand for one.
    listed = json.dumps(command, ensure_ascii=False).replace("\\", "\\\\")
    return DachsWay(listed, timeout, tuple(patterns), ignored)


def _check_writable(text: str) -> None:
    if not text.isprintable():
        raise UsageError(
            "this path cannot be written into a descriptor",
            path=text.encode("utf-8", "backslashreplace").decode(),
            hint="Rename it without control characters and in UTF-8, or load from outside",
        )


def _without_double_stars(pattern: str) -> Iterator[str]:
    """A pattern for each depth: DaCHS knows ``*``, ``?`` and ``[...]``, which stay in a folder.

    Patterns of a product that say the same in more words are harmless: the shim takes each file once.
    """
    parts = re.split(r"(\*\*/?)", pattern)
    stars = parts[1::2]
    for depths in itertools.product(range(DEEPEST + 1), repeat=len(stars)):
        if sum(depths) <= DEEPEST:
            crossed = ("*/" * n if star == "**/" else "*" + "/*" * n for star, n in zip(stars, depths, strict=True))
            yield "".join(itertools.chain.from_iterable(itertools.zip_longest(parts[::2], crossed, fillvalue="")))


def _ignored(collection: Collection, roots: Sequence[str], plans: Sequence[Stamp]) -> str:
    """Files that an ingest would call unchanged: of this plan, and not waiting for a release date that has come.

    DaCHS compares paths relative to its inputs folder, where they are below it, and modification times as floats,
    which are off by less than a microsecond.
    """
    places = " ".join(
        f"WHEN {number} THEN {_literal(root + '/')} || substr(path, {_below(product.root)})"
        for number, (root, product) in enumerate(zip(roots, collection.product, strict=True))
    )
    known = ", ".join(
        f"({', '.join([str(number), *map(_literal, map(str, plan))])})" for number, plan in enumerate(plans)
    )
    made_by = ", ".join(f"{name}::text" for name in Stamp._fields)
    inputs = r"'\getConfig{inputsDir}/'"
    lines = (
        f"SELECT CASE WHEN starts_with(place, {inputs}) THEN substr(place, length({inputs}) + 1) ELSE place END, stamp",
        f"FROM (SELECT CASE product {places} END AS place,",
        "    timestamp '1970-01-01' + (mtime_ns / 1000 + 2) * interval '1 microsecond' AS stamp",
        f"  FROM {collection.schema_name}.ledger",
        f"  WHERE status IN ('row', 'withheld') AND (product, {made_by}) IN ({known})",
        "    AND (release_date IS NULL OR release_date > now() AT TIME ZONE 'UTC')) AS known",
    )
    return "\n          ".join(lines)


def _below(root: str) -> int:
    """Where in a ledger's path the part below the root begins, as SQL counts."""
    return 1 if root == "." else len(root.rstrip("/")) + 2


def _literal(text: str) -> str:
    r"""A text in SQL that psycopg2 and DaCHS's macros look over first: they read ``%`` and ``\`` as their own."""
    return "'" + text.replace("'", "''").replace("%", "%%").replace("\\", "\\\\") + "'"
