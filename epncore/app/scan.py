"""Looks over the folders of a collection: which files are there, of what size and age. Opens none of them.

Nothing that grows with the number of files is kept: neither paths nor entries of a folder.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from epncore.app.companions import companion_names, companion_pattern
from epncore.model.bookkeeping import MOST_NS
from epncore.model.errors import ConfigError
from epncore.model.globs import matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from epncore.model.collection import Collection


class Seen(NamedTuple):
    """A file that a product's patterns name, or a folder that cannot be entered.

    Attributes
    ----------
    path : str
        Key in the ledger: the product's root as the config writes it, and the path below; any name that is no UTF-8
        is written with backslashes. That of a folder ends in a slash.
    product : int
        Number of the product in the config.
    size_bytes, mtime_ns, inode, ctime_ns : int
        As the file system says; -1 where it does not.
    companions : str, optional
        The same numbers of each companion, with spaces between; companions with semicolons between.
    family, version : str, optional
        Of products that keep the latest version only: the path without its version, and that.
    """

    path: str
    product: int
    size_bytes: int
    mtime_ns: int
    inode: int = -1
    ctime_ns: int = -1
    companions: str | None = None
    family: str | None = None
    version: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that cannot be entered."""
        return self.path.endswith("/")


class ProductFiles:
    """The files of one product: which they are, and what the file system tells of each.

    Parameters
    ----------
    collection : Collection
    number : int
        Of the product.
    folder : pathlib.Path
        Of the collection.toml; roots are relative to it.
    """

    def __init__(self, collection: Collection, number: int, folder: Path) -> None:
        self.number, self.product = number, collection.product[number]
        self.root = folder / self.product.root
        self.real_root = self.root.resolve()
        self.prefix = ledger_prefix(self.product.root)
        self._matches = matcher(self.product.sources)
        self._companions = companion_pattern(self.product)
        self._version = re.compile(self.product.version_in_name) if self.product.keep == "latest" else None

    def names(self, relative: str) -> bool:
        """Whether the file at this path below the root is a granule's: named by a pattern, and no companion."""
        if not self._matches(relative):
            return False
        return self._companions is None or not self._companions.fullmatch(relative)

    def key(self, relative: str) -> str:
        """Path in the ledger of a file at this path below the root."""
        is_plain = relative.isascii() and "\\" not in relative
        return self.prefix + (relative if is_plain else _written(relative))

    def look(self, relative: str, entry: os.DirEntry[str] | Path) -> Seen:
        """What the file system tells of a file."""
        key = self.key(relative)
        companions = self._look_at_companions(relative) if self._companions else None
        family = self._family(key) if self._version else (None, None)
        try:
            status = entry.stat()
        except OSError:
            # A dangling link, or a file that just went: the reader will say which.
            return Seen(key, self.number, -1, -1, -1, -1, companions, *family)
        if not stat.S_ISREG(status.st_mode):
            return Seen(key, self.number, -1, -1, -1, -1, companions, *family)
        inode, mtime, ctime = status.st_ino, status.st_mtime_ns, status.st_ctime_ns
        return Seen(
            key, self.number, status.st_size, mtime if -MOST_NS < mtime < MOST_NS else _within(mtime),
            inode if inode < 2**63 else _signed(inode), ctime if -MOST_NS < ctime < MOST_NS else _within(ctime),
            companions, *family,
        )  # fmt: skip

    def _look_at_companions(self, relative: str) -> str:
        return ";".join(_numbers(self.root / name) for name in companion_names(self.product, relative))

    def _family(self, key: str) -> tuple[str | None, str | None]:
        """The last version in the name counts: ``x_V01_V02`` is version 2 of ``x_V01``."""
        folder, slash, name = key.rpartition("/")
        found = list(self._version.finditer(name)) if self._version else []
        version = ".".join(re.findall("[0-9]+", found[-1][1] or "")) if found else ""
        if not version:
            return None, None
        start, end = found[-1].span()
        return folder + slash + name[:start] + name[end:], version


def _numbers(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "-1 -1 -1 -1"
    times = _within(status.st_mtime_ns), _within(status.st_ctime_ns)
    return f"{status.st_size} {times[0]} {_signed(status.st_ino)} {times[1]}"


def _within(moment_ns: int) -> int:
    """A time as a bigint has room for it: one before 1677 or after 2262 is at the end, and no grammar takes that."""
    return max(-MOST_NS, min(moment_ns, MOST_NS))


def _signed(inode: int) -> int:
    """An inode as the 64 bits of a bigint, which have a sign."""
    return inode - 2**64 if inode >= 2**63 else inode


def product_files(collection: Collection, folder: Path) -> list[ProductFiles]:
    """The files of each product."""
    return [ProductFiles(collection, number, folder) for number in range(len(collection.product))]


def scan(collection: Collection, folder: Path, settled: Container[str] = ()) -> Iterator[Seen]:
    """Walk the roots of all products, each once, in the order in which the file system lists.

    Parameters
    ----------
    collection : Collection
    folder : pathlib.Path
        Of the collection.toml; roots are relative to it.
    settled : container of str, optional
        Files that need not be looked at, by their paths in the ledger.

    Yields
    ------
    Seen

    Raises
    ------
    ConfigError
        Where a root is no folder or cannot be read, or two products claim one file.
    """
    products = [files for files in product_files(collection, folder) if files.product.sources]
    roots: dict[Path, list[ProductFiles]] = {}
    for product in products:
        _check_root(product, folder)
        roots.setdefault(product.real_root, []).append(product)
    for here in roots.values():
        others = [p for p in products if p.real_root != here[0].real_root and _overlap(p, here[0])]
        alone = here[0] if len(here) == 1 and not others else None
        names, key, look = here[0].names, here[0].key, here[0].look
        for relative, entry in _walk(here[0].root, partial(_unreadable_root, here[0], folder)):
            if entry is None:
                # A folder that cannot be entered may hold granules: its outcome says so.
                yield Seen(key(relative), here[0].number, -1, -1)
                continue
            if alone is not None:
                if names(relative) and not (settled and key(relative) in settled):
                    yield look(relative, entry)
                continue
            owners = [product for product in here if product.names(relative)]
            if not owners:
                continue
            if others:
                place = here[0].real_root / relative
                owners += [p for p in others if _below(place, p) is not None and p.names(str(_below(place, p)))]
            if len(owners) > 1:
                raise _claimed(sorted(owners, key=lambda owner: owner.number), owners[0].key(relative), folder)
            if not (settled and owners[0].key(relative) in settled):
                yield owners[0].look(relative, entry)


def _check_root(product: ProductFiles, folder: Path) -> None:
    try:
        os.scandir(product.root).close()
    except OSError as error:
        raise _unreadable_root(product, folder, error) from None


def _unreadable_root(product: ProductFiles, folder: Path, error: OSError) -> ConfigError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        message, hint = "is no folder here", "Is a disk not mounted? Nothing was changed"
    else:
        message, hint = f"cannot be read ({error.strerror})", "Nothing was changed"
    return ConfigError(
        f"{product.product.root!r} {message}",
        path=str(folder / "collection.toml"),
        place=f"product.{product.number}.root",
        hint=hint,
    )


def is_empty(root: Path) -> bool:
    """Whether a folder holds nothing at all, as the place of a disk that is not mounted does."""
    with os.scandir(root) as entries:
        return next(entries, None) is None


def _overlap(one: ProductFiles, other: ProductFiles) -> bool:
    return one.real_root.is_relative_to(other.real_root) or other.real_root.is_relative_to(one.real_root)


def _below(place: Path, product: ProductFiles) -> Path | None:
    return place.relative_to(product.real_root) if place.is_relative_to(product.real_root) else None


def _claimed(owners: Sequence[ProductFiles], path: str, folder: Path) -> ConfigError:
    return ConfigError(
        f"products {owners[0].number} and {owners[1].number} both claim {path}",
        path=str(folder / "collection.toml"),
        place=f"product.{owners[1].number}.sources",
        hint="Let the patterns tell the files apart",
    )


@lru_cache(maxsize=64)
def ledger_prefix(root: str) -> str:
    """What the keys of all files below a product's root begin with."""
    below = posixpath.normpath(root)
    return "" if below == "." else f"{below.rstrip('/')}/"


_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|\\)")


def _written(relative: str) -> str:
    """A path as the ledger has it: no two are written alike, and that of a folder begins all those below it."""
    return "/".join(map(_name_written, relative.split("/")))


def _name_written(name: str) -> str:
    r"""Bytes that are no UTF-8 as ``\xff``; there, and where a name itself looks like that, a backslash as two."""
    raw = os.fsencode(name)
    try:
        if not _ESCAPE.search(raw.decode("utf-8")):
            return name
    except UnicodeDecodeError:
        pass
    return raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def _name_read(written: str) -> str:
    if not _ESCAPE.search(written):
        return written
    raw = re.sub(
        rb"\\(?:x([0-9a-f]{2})|\\)", lambda found: bytes([int(found[1], 16)]) if found[1] else b"\\", written.encode()
    )
    return os.fsdecode(raw)


def relative_path(root: str, key: str) -> str:
    """Path below the product's root, from its key in the ledger."""
    relative = key[len(ledger_prefix(root)) :]
    return "/".join(map(_name_read, relative.split("/"))) if "\\" in relative else relative


def _walk(root: Path, wrong: Callable[[OSError], Exception]) -> Iterator[tuple[str, os.DirEntry[str] | None]]:
    """Files below a folder; None for a folder that cannot be read, with a slash after its path.

    Links to folders are followed, but no folder is entered twice on one way down. Where the root itself cannot be read,
    `wrong` says what to raise.
    """
    pending: list[tuple[str, str, tuple[tuple[int, int], ...]]] = [(str(root), "", ())]
    while pending:
        place, prefix, above = pending.pop()
        try:
            status = Path(place).stat()
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                continue
            with os.scandir(place) as entries:
                for entry in entries:
                    try:
                        is_folder = entry.is_dir()
                    except OSError:
                        is_folder = False
                    if is_folder:
                        pending.append((entry.path, f"{prefix}{entry.name}/", (*above, identity)))
                    else:
                        yield prefix + entry.name, entry
        except OSError as error:
            if not prefix:
                raise wrong(error) from None
            yield prefix, None
