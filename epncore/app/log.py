"""What a program tells a log: events with fields, each a line of JSON, to a file or to standard error.

Nothing is written where no log was asked for. Connection strings are never a field of an event.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.handlers
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from epncore.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

STANDARD_ERROR = "-"
"""Stands for standard error, where the name of a file could stand."""

_LOGGER = logging.getLogger("epncore.events")
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False


class JsonLines(logging.Formatter):
    """Writes an event as one line of JSON in ASCII, whatever its fields hold."""

    def format(self, record: logging.LogRecord) -> str:
        """``{"time", "level", "event", ...}``; time in ISO 8601, UTC."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields: Mapping[str, object] = getattr(record, "fields", {})
        # ASCII: no line break of any kind, no half of a surrogate pair, no escape sequence gets through.
        return json.dumps({"time": time, "level": record.levelname.lower(), "event": record.getMessage(), **fields})


class _Once(logging.StreamHandler):  # type: ignore[type-arg]
    """Says once where the log cannot be written; the work that it tells of goes on."""

    said = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event."""
        try:
            super().emit(record)
        except OSError:  # the file was moved away, and a new one cannot be made
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  as `logging` calls it
        """Say what is wrong, at the first time."""
        if self.said:
            return
        self.said = True
        error = sys.exception()
        why = getattr(error, "strerror", None) or error
        with suppress(OSError, ValueError):
            print(f"epncore: the log cannot be written ({why}). The work goes on without it", file=sys.stderr)


class _File(_Once, logging.handlers.WatchedFileHandler):
    """Writes to a file."""


def open_log(target: str) -> None:
    """Write events from now on.

    Parameters
    ----------
    target : str
        A file, which lines are added to; it is opened anew when it was moved away, as logrotate does. Or
        `STANDARD_ERROR`.

    Raises
    ------
    UsageError
        Where the file cannot be written.
    """
    handler: logging.Handler
    if target == STANDARD_ERROR:
        handler = _Once()
    else:
        try:
            handler = _File(Path(target), encoding="ascii")
        except OSError as error:
            raise UsageError(
                f"the log cannot be written ({error.strerror})",
                path=target,
                hint="Name a file after --log-json, or write --log-json=- for standard error",
            ) from None
    handler.setFormatter(JsonLines())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)


def is_open() -> bool:
    """Whether anybody reads what is told."""
    return _LOGGER.isEnabledFor(logging.INFO)


def tell(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write an event, where a log is open.

    Parameters
    ----------
    event : str
        One word or two, the same for all events of a kind; docs/operating.md lists them.
    level : int
        Of `logging`.
    **fields : object
        What JSON can hold.
    """
    _LOGGER.log(level, event, extra={"fields": fields})
