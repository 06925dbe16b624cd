"""A config file, from bytes to a table of TOML."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from epncore.model.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def read_toml(path: Path, if_missing: str) -> dict[str, Any]:
    """Read a file of TOML.

    Parameters
    ----------
    path : pathlib.Path
    if_missing : str
        What to do where there is none.

    Raises
    ------
    ConfigError
        Where it cannot be read or is no TOML, with the line that is wrong.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")  # some editors write a byte order mark
    except FileNotFoundError:
        raise ConfigError("no such file", path=str(path), hint=if_missing) from None
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", path=str(path)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8", path=str(path), hint="Save it as UTF-8") from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # beyond TOMLDecodeError: numbers too long, tables too deep
        raise ConfigError(f"no TOML: {error}", path=str(path), hint=_toml_hint(str(error), text)) from None


def _toml_hint(message: str, text: str) -> str:
    """The line that is wrong; most often, quotes were forgotten in it."""
    lines = text.rstrip().replace("\r\n", "\n").split("\n")
    found = re.search(r"at line (\d+), column|at end of document", message)
    if found is None:
        return "See https://toml.io"
    number = min(int(found[1] or len(lines)), len(lines))
    line = lines[number - 1].strip()
    shown = f"Line {number} is: {line if len(line) <= 80 else line[:77] + '...'}"
    if message.startswith("Cannot"):  # a key or a table that is there already
        return shown
    return f'{shown}\nA text stands in quotes, key = "text", and a list of them in brackets, key = ["text"]'
