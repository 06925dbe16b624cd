"""Writing files so that nobody sees half of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epncore.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def replace(path: Path, content: bytes) -> Path:
    """Write a file, whole or not at all; one that holds this content already is left alone.

    Raises
    ------
    UsageError
        Where it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        if path.is_file() and path.read_bytes() == content:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", path=str(path)) from None
    return path
