"""Expected rows, one JSON file beside each sample: ``{"column": value, ...}`` in the order of the columns."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from epncore.model.row import Cell


def check_expectation(row: Mapping[str, Cell], path: Path, update: bool) -> None:
    """Compare a row with its expectation, value by value; floats exactly, column order too.

    Parameters
    ----------
    row : mapping of str to Cell
        By column name, in column order, None included.
    path : pathlib.Path
        Of the JSON file.
    update : bool
        Write the file anew instead.

    Raises
    ------
    AssertionError
        With each column that differs, or where there is no such file.
    """
    found = {name: cell.isoformat() if isinstance(cell, dt.datetime) else cell for name, cell in row.items()}
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n", "ascii")
        return
    if not path.exists():
        raise AssertionError(f"{path} is not there: pytest --update-expectations writes it; then read it")
    expected = json.loads(path.read_text("ascii"))
    differing = [
        f"  {name}: expected {_shown(expected, name)}, found {_shown(found, name)}"
        for name in dict.fromkeys([*expected, *found])
        if _shown(expected, name) != _shown(found, name)  # the texts: 2 is not 2.0
    ]
    if differing:
        raise AssertionError("\n".join([f"{path.name}: {len(differing)} columns differ", *differing]))
    if list(expected) != list(found):
        raise AssertionError(f"{path.name}: the columns stand in another order: {list(found)}")


def _shown(row: Mapping[str, object], name: str) -> str:
    return repr(row[name]) if name in row else "no such column"
