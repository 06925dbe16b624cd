"""Which folders are without files because a disk may be away: what was below them is not taken for deleted.

Asked of the folders of files that the scan no longer saw; where none vanished, nothing is looked at.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from epncore.app.scan import ledger_prefix, relative_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from epncore.model.collection import Collection


class Hidden(NamedTuple):
    """A folder whose files may be on a disk that is away.

    Attributes
    ----------
    folder : str
        As the ledger has it, without a slash behind it.
    place : str
        The same, or a folder above it: what was found to be odd.
    why : str
        What is odd about it.
    """

    folder: str
    place: str
    why: str

    def __str__(self) -> str:
        thing = "link" if self.why == _DANGLING else "empty folder" if self.why == _EMPTY else "folder"
        return (
            f"{self.place} {self.why}, and files below it have rows, which stay. Is a disk not mounted? "
            f"Remove the {thing} if its files are really gone"
        )


_EMPTY = "is empty"
_DANGLING = "is a link to a place that is not there"
_HOLDS_FILES = ""


def hidden(collection: Collection, home: Path, folders: Iterable[str]) -> Iterator[Hidden]:
    """Look at folders whose files vanished, or at the first one above that is there.

    Parameters
    ----------
    collection : Collection
    home : pathlib.Path
        Of the collection.toml.
    folders : iterable of str
        As the ledger has them, without a slash behind them.

    Yields
    ------
    Hidden
        Of those that are empty or cannot be read, and where a link leads nowhere. A product's root is none of them: a
        scan that finds no files below it says so itself.
    """
    roots = {ledger_prefix(product.root).rstrip("/"): product.root for product in collection.product}
    known: dict[str, str | None] = {}
    for folder in folders:
        place, why = folder, None
        while place and place not in roots and why is None:
            if place not in known:
                known[place] = _odd(_on_disk(home, place, roots))
            why = known[place]
            if why is None:
                place = place.rpartition("/")[0]
        if why:
            yield Hidden(folder, place, why)


def _on_disk(home: Path, place: str, roots: dict[str, str]) -> Path:
    above = place
    while above and above not in roots:
        above = above.rpartition("/")[0]
    root = roots.get(above, ".")
    return home / root / relative_path(root, place)


def _odd(path: Path) -> str | None:
    """What is odd about a folder; None where nothing is there at all."""
    try:
        with os.scandir(path) as entries:
            return _EMPTY if next(entries, None) is None else _HOLDS_FILES
    except FileNotFoundError:
        return _DANGLING if path.is_symlink() else None
    except NotADirectoryError:
        return None
    except OSError as error:
        return f"cannot be read ({error.strerror})"
