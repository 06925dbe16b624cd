"""Whether a file that a scan saw may be opened at all: a name of UTF-8, a real file, below its root, complete."""

from __future__ import annotations

import errno
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from epncore.app.companions import companion_names
from epncore.app.scan import ledger_prefix, relative_path
from epncore.model.errors import FileError
from grammars.protocol import Companion, SourceFile

if TYPE_CHECKING:
    from epncore.app.scan import Seen
    from epncore.model.collection import Collection


def source_file(folder: Path, collection: Collection, seen: Seen) -> SourceFile:
    """The file that a scan saw, with its path below the product's root, and its companions."""
    product = collection.product[seen.product]
    relative = relative_path(product.root, seen.path)
    path = Path(f"{_root(folder, product.root)}{relative}")  # quicker than to join paths
    if not _is_utf8(relative):
        relative = seen.path[len(ledger_prefix(product.root)) :]  # as people read it, and as identifiers may hold it
    names = companion_names(product, relative)
    sizes = [int(numbers.split(" ")[0]) for numbers in (seen.companions or "").split(";") if numbers]
    companions = tuple(
        Companion(folder / product.root / name, size) for name, size in zip(names, sizes, strict=bool(sizes))
    )
    return SourceFile(path, relative, seen.size_bytes, seen.mtime_ns, companions)


@lru_cache(maxsize=64)
def _root(folder: Path, root: str) -> str:
    """The root of a product, up to its last slash."""
    return f"{folder / root}{os.sep}"


def check(folder: Path, collection: Collection, seen: Seen, file: SourceFile) -> None:
    """Refuse what must not be opened.

    Raises
    ------
    FileError
        For a name that is no UTF-8, for a pipe or a device (opening it would wait for ever; a size below 0 says that
        the scan saw no file), for a link that leads out of the root, unless the product allows that, and for a file
        that lacks a companion.
    OSError
        Where the system cannot tell: that is no matter of the file.
    """
    product = collection.product[seen.product]
    if not _is_utf8(relative_path(product.root, seen.path)):
        raise FileError("the file name is no UTF-8", place="file name", hint="Rename the file")
    if file.size_bytes < 0 and _kind(file.path) not in {None, stat.S_IFREG, stat.S_IFDIR}:
        raise FileError("it is no file but a pipe, a socket or a device", hint="Leave it out of the sources")
    for companion in file.companions:
        if _kind(companion.path) != stat.S_IFREG:
            raise FileError(
                f"{companion.path.name}, which belongs to it, is missing",
                place="companions",
                hint="The file is read again when that is there",
            )
    if not product.outside_root:
        root = _real_folder(_root(folder, product.root)).rstrip(os.sep) + os.sep
        for path in (file.path, *(companion.path for companion in file.companions)):
            real = _real_path(path)
            if not f"{real}{os.sep}".startswith(root):
                raise FileError(
                    f"a link leads out of the product's root, to {real}",
                    place="file name",
                    hint="Set outside_root = true in the product to allow that",
                )


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _kind(path: Path) -> int | None:
    """Of what kind a path is, as `stat` numbers them; None where nothing is there, or a circle of links."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise


def _real_path(path: Path) -> str:
    """Where a path leads, through all links."""
    return os.path.realpath(path) if path.is_symlink() else f"{_real_folder(str(path.parent))}{os.sep}{path.name}"


@lru_cache(maxsize=1024)
def _real_folder(path: str) -> str:
    """Folders are looked at once in a process, which is begun anew for each run."""
    try:
        return os.path.realpath(path, strict=True)  # else one that cannot be read seems to lead elsewhere
    except FileNotFoundError:  # rows of a table have none
        return os.path.realpath(path)
