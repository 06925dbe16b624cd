"""What the author of a grammar, or of a mapping, may assert of the row of a file.

::

    from epncore.testing.grammar import assert_granule

    def test_my_grammar():
        assert_granule(Path("my_collection"), Path("my_collection/data/a.fits"), empty={"time_exp_min", "time_exp_max"})

Each function takes the folder of a collection.toml and a file that it names, and raises AssertionError with all that is
wrong at once.
"""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from epncore.app.inspect import inspect
from epncore.app.new import is_wanted

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_YEARS_AHEAD_SECONDS = 30 * 365.25 * 86400
SURROUNDINGS = (
    ("here and now", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}, 0.0),
    ("in Auckland", {"TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONHASHSEED": "2"}, 0.0),
    ("30 years later", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "3"}, _YEARS_AHEAD_SECONDS),
    ("in French", {"TZ": "UTC", "LC_ALL": "fr_FR.UTF-8", "PYTHONHASHSEED": "4"}, 0.0),
)
"""Name, environment and seconds that the clock is ahead. A locale that the machine lacks is left out by it."""


def assert_granule(folder: Path, path: Path, *, empty: Collection[str] = (), left: Collection[str] = ()) -> None:
    """Assert all of the following of one file.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    path : pathlib.Path
        The file.
    empty : collection of str
        As for `assert_complete`.
    left : collection of str
        As for `assert_header_used`.
    """
    assert_complete(folder, path, empty)
    assert_pairs_whole(folder, path)
    assert_independent(folder, path)
    assert_header_used(folder, path, left)


def assert_complete(folder: Path, path: Path, empty: Collection[str] = ()) -> None:
    """The row keeps all rules, and each column that spectra should fill has a value.

    Parameters
    ----------
    folder, path : pathlib.Path
    empty : collection of str
        Columns that neither the data nor any document tells. One that has a value is an error too: the list stays true.
    """
    found = inspect(path, folder)
    cells = {each.column.name: each for each in found.values}
    wrong = [
        f"{name} is empty: {each.source}"
        for name, each in cells.items()
        if each.value is None and is_wanted(each.column) and name not in empty
    ]
    wrong += [
        f"{name} is said to be empty, and is {cells[name].value!r}"
        for name in sorted(empty)
        if name in cells and cells[name].value is not None
    ]
    wrong += [
        f"rule {broken.rule.id} is broken: {broken.found}, but {broken.rule.checks}"
        for broken in found.broken
        if broken.rule.severity in {"error", "warning"}
    ]
    _nothing(wrong, path)


def assert_pairs_whole(folder: Path, path: Path) -> None:
    """Of each pair of min and max both ends have a value or none, and they stand in their order."""
    broken = [each for each in inspect(path, folder).broken if each.rule.id.startswith("pair.")]
    _nothing([f"{each.found}, but {each.rule.checks}" for each in broken], path)


def assert_independent(folder: Path, path: Path) -> None:
    """The same file gives the same row in other processes: at another time, in another zone, in another language."""
    rows = {
        name: _row_elsewhere(folder, path, environment, ahead_seconds)
        for name, environment, ahead_seconds in SURROUNDINGS
    }
    first = rows[SURROUNDINGS[0][0]]
    _nothing(
        [
            f"{column} is {value!r}, but {first[column]!r} {SURROUNDINGS[0][0]}: {name}"
            for name, row in rows.items()
            for column, value in row.items()
            if value != first[column]
        ],
        path,
    )


def _row_elsewhere(folder: Path, path: Path, environment: dict[str, str], ahead_seconds: float) -> dict[str, object]:
    words = [sys.executable, "-m", "epncore.testing.elsewhere", str(folder), str(path), str(ahead_seconds)]
    done = subprocess.run(  # noqa: S603  # this Python, and no shell
        words, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"{path}: no row: {done.stderr.strip().splitlines()[-1:]}")
    row: dict[str, object] = json.loads(done.stdout)
    return row


def assert_header_used(folder: Path, path: Path, left: Collection[str] = ()) -> None:
    """Each key of the header gives something to a column, or is known to give nothing.

    Parameters
    ----------
    folder, path : pathlib.Path
    left : collection of str
        Keys that no column uses, as `epncore inspect --unused` lists them; also patterns: ``card CRPIX*``.
    """
    unused = inspect(path, folder, unused=True).unused or []
    known = {key for pattern in left for key in fnmatch.filter(unused, pattern)}
    _nothing([f"no column uses {key}" for key in unused if key not in known], path)


def _nothing(wrong: list[str], path: Path) -> None:
    if wrong:
        raise AssertionError("\n".join([f"{path}:", *(f"  {text}" for text in wrong)]))
