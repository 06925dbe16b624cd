"""Patterns of paths: what names the files of a product."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def matcher(patterns: Sequence[str]) -> Callable[[str], object]:
    """A function that tells whether a path below the root is named by one of a product's patterns.

    Raises
    ------
    re.error
        Where one has brackets that name no signs, such as ``[z-a]``.
    """
    return re.compile("|".join(_pattern(pattern) for pattern in patterns)).fullmatch


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
