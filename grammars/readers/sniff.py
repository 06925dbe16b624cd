"""What a file is by its first bytes, whatever its suffix."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from epncore.model.errors import UnavailableError, UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

HEAD_BYTES = 512
GZIP_MAGIC = b"\x1f\x8b"

# First bytes, and what people call a file that starts so.
_KNOWN = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself: fetch it with `git lfs pull`"),
    (b"SIMPLE  =", "FITS"),
    (b"\xcd\xf3\x00\x01", "CDF"),
    (b"\xcd\xf2\x60\x02", "CDF"),
    (b"\x00\x00\xff\xff", "CDF"),
    (b"CDF\x01", "NetCDF, not CDF"),
    (b"CDF\x02", "NetCDF, not CDF"),
    (b"\x89HDF", "HDF5"),
    (b"PDS_VERSION_ID", "a PDS3 label"),
    (b"! Skeleton table", "a skeleton table, the text of a CDF: make the CDF from it with `skeletoncdf`"),
    (b"<?xml", "XML"),
    (b"<!DOCTYPE html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
)


def first_bytes(path: Path, *, inflate: bool = False) -> bytes:
    """The first `HEAD_BYTES` of a file, of its content where it is gzip and `inflate` is set.

    Raises
    ------
    UnavailableError
        Where it cannot be opened.
    UnreadableError
        Where its gzip stream is damaged at the very start.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise UnavailableError(f"cannot be read ({error.strerror})", path=str(path)) from None
    if not inflate:
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise UnreadableError(f"damaged gzip stream ({error})", path=str(path), place="byte 0") from None


def describe(head: bytes, inner: bytes) -> str:
    """Say what a file looks like that no reader takes."""
    if not head:
        return "an empty file (0 bytes)"
    for magic, name in _KNOWN:
        if inner.lower().startswith(magic.lower()):
            return f"it is {name}"
    kind = "text" if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in inner) else "binary data"
    packed = " inside gzip" if inner is not head else ""
    return f"of no format that is read here: {kind}{packed} that starts with {inner[:16]!r}"
