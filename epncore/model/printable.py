"""Texts that others wrote, as people can be shown them: they reach no terminal as commands, and break no XML."""

from __future__ import annotations

import re

from rich.text import Text

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def printable(text: object) -> str:
    """A text without control characters: they are written out as backslash, x and a number."""
    return _CONTROL.sub(lambda found: _written_out(ord(found[0])), str(text))


def counted(count: int, what: str) -> str:
    """A number of things: ``1 row``, ``2 rows``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def safe(text: object) -> Text:
    """The same for a terminal: no escape sequence, no markup."""
    return Text(printable(text))


def _written_out(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
