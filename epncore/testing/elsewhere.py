"""Prints the row of a file as JSON, by a clock that may be ahead and in the locale of the environment.

``python -m epncore.testing.elsewhere COLLECTION_DIR FILE SECONDS_AHEAD``, for `epncore.testing.grammar`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import locale
import sys
import time
from pathlib import Path
from typing import Any


def set_clock_ahead(seconds: float) -> None:
    """Let all that Python's own modules say of the present be later. To be called before others import them."""
    ahead_ns, real_ns = int(seconds * 1e9), time.time_ns
    time.time_ns = lambda: real_ns() + ahead_ns
    time.time = lambda: time.time_ns() / 1e9
    for name in ("gmtime", "localtime", "ctime"):
        setattr(time, name, _by_default_now(getattr(time, name)))
    dt.datetime = _ahead(dt.datetime)  # type: ignore[misc]
    dt.date = _ahead(dt.date)  # type: ignore[misc]


def _by_default_now(function: Any) -> Any:
    return lambda seconds=None: function(time.time() if seconds is None else seconds)


def _ahead(real: Any) -> Any:
    """A class as `real`, of which other modules' objects are instances too, with a present of its own."""

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

    class Ahead(real, metaclass=Kind):  # type: ignore[misc]
        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(time.time())

        if issubclass(real, dt.datetime):

            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Any:
                return cls.fromtimestamp(time.time(), tz)

            @classmethod
            def utcnow(cls) -> Any:
                return cls.now(dt.UTC).replace(tzinfo=None)

    return Ahead


def main() -> None:
    """Print the row."""
    folder, path, seconds = sys.argv[1:]
    if float(seconds):
        set_clock_ahead(float(seconds))
    with contextlib.suppress(locale.Error):  # the machine does not have every language
        locale.setlocale(locale.LC_ALL, "")
    from epncore.app.inspect import inspect
    from epncore.app.show import to_json

    row = {each.column.name: each.value for each in inspect(Path(path), Path(folder)).values}
    json.loads(text := to_json(row))
    print(text)


if __name__ == "__main__":
    main()
