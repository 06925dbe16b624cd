"""Looks over the folders of a collection: which files are there, of what size and age. Opens none of them."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from epncore.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from epncore.model.collection import Collection


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that a product's patterns name.

    Attributes
    ----------
    path : str
        Key in the ledger: the product's root as the config writes it, and the path below; any name that is no UTF-8
        is written with backslashes.
    product : int
        Number of the product in the config.
    size_bytes, mtime_ns : int
        As the file system says; -1 where it does not.
    """

    path: str
    product: int
    size_bytes: int
    mtime_ns: int


def scan(collection: Collection, folder: Path) -> Iterator[Seen]:
    """Walk the roots of all products, each folder once, in the order of names.

    Parameters
    ----------
    collection : Collection
    folder : pathlib.Path
        Of the collection.toml; roots are relative to it.

    Yields
    ------
    Seen

    Raises
    ------
    ConfigError
        Where a root is no folder, or two products claim one file.
    """
    roots = [(folder / product.root).resolve() for product in collection.product]
    claimed: dict[Path, int] = {}
    for number, product in enumerate(collection.product):
        root = folder / product.root
        if not root.is_dir():
            raise ConfigError(
                f"{product.root!r} is no folder here",
                path=str(folder / "collection.toml"),
                place=f"product.{number}.root",
                hint="Is a disk not mounted? Nothing was changed",
            )
        matches = matcher(product.sources)
        # Only products whose folders overlap can claim one file; for the others nothing has to be remembered.
        shared = any(_overlap(roots[number], other) for place, other in enumerate(roots) if place != number)
        for relative, entry in _walk(root):
            if entry is None:
                # A folder that cannot be entered may hold granules: its outcome says so.
                yield Seen(ledger_key(product.root, relative), number, -1, -1)
                continue
            if not matches(relative):
                continue
            seen = look_at(product.root, relative, number, entry)
            if shared and (first := claimed.setdefault(roots[number] / relative, number)) != number:
                raise ConfigError(
                    f"products {first} and {number} both claim {seen.path}",
                    path=str(folder / "collection.toml"),
                    place=f"product.{number}.sources",
                    hint="Let the patterns tell the files apart",
                )
            yield seen


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def look_at(root: str, relative: str, product: int, entry: os.DirEntry[str] | Path) -> Seen:
    """What the file system tells of a file at `relative` below a product's root.

    Parameters
    ----------
    root : str
        As the config writes it.
    relative : str
    product : int
        Number of the product.
    entry : os.DirEntry or pathlib.Path
        The file.

    Returns
    -------
    Seen
    """
    key = ledger_key(root, relative)
    try:
        status = entry.stat()
    except OSError:
        # A dangling link, or a file that just went: the reader will say which.
        return Seen(key, product, -1, -1)
    if not stat.S_ISREG(status.st_mode):
        return Seen(key, product, -1, -1)
    return Seen(key, product, status.st_size, status.st_mtime_ns)


def ledger_key(root: str, relative: str) -> str:
    """Path of a file as the ledger writes it."""
    joined = posixpath.normpath(posixpath.join(root, relative))
    return os.fsencode(joined).decode("utf-8", "backslashreplace")


def relative_path(root: str, key: str) -> str:
    """Path below the product's root, from its key in the ledger."""
    below = posixpath.normpath(root)
    return key if below == "." else key[len(below.rstrip("/")) + 1 :]


def matcher(patterns: Sequence[str]) -> Callable[[str], object]:
    """A function that tells whether a path below the root is named by one of a product's patterns."""
    return re.compile("|".join(_pattern(pattern) for pattern in patterns)).fullmatch


def _walk(root: Path) -> Iterator[tuple[str, os.DirEntry[str] | None]]:
    """Files below a folder, None for a folder that cannot be read.

    Links to folders are followed, but no folder is entered twice on one way down.
    """
    pending: list[tuple[str, str, tuple[tuple[int, int], ...]]] = [(str(root), "", ())]
    while pending:
        place, prefix, above = pending.pop()
        try:
            with os.scandir(place) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
            status = Path(place).stat()
        except OSError:
            yield prefix, None
            continue
        identity = (status.st_dev, status.st_ino)
        if identity in above:
            continue
        folders = []
        for entry in here:
            if _is_folder(entry):
                folders.append((entry.path, f"{prefix}{entry.name}/", (*above, identity)))
            else:
                yield prefix + entry.name, entry
        pending += reversed(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _pattern(glob: str) -> str:
    """A glob as a regular expression: ``*`` and ``?`` stay in a folder, ``**`` crosses folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", glob.removeprefix("./"))
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = "".join(
        known.get(part)
        or (re.sub(r"^\[!", "[^", part) if part.startswith("[") and part.endswith("]") else re.escape(part))
        for part in parts
    )
    return f"(?s:{text})"
