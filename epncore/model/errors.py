"""The errors of the toolkit, one small tree. Each says what is wrong, where, and what to do next.

::

    EpnCoreError
    ├── UsageError              the command was asked for something it cannot do        exit 2
    ├── ConfigError             a collection.toml (or a grammar) is wrong               exit 2
    ├── FileError               one file gives no row; the others go on                 quarantine
    │   ├── UnreadableError         the bytes are not what the format says
    │   ├── UnavailableError        the file cannot be opened now; its row stays, and it is tried again
    │   ├── NotGranuleError         readable, but nothing to publish (a master, no records)
    │   ├── HeaderError             a value in the header cannot be right
    │   ├── UnknownFormatError      no grammar takes it
    │   └── RuleBrokenError         the row breaks a rule of EPNcore
    ├── ServiceError            a TAP service cannot be checked (epncore.check.client)  exit 2
    ├── RefusedError            it refuses one query, or is late with it: not run
    ├── ClusterError            a cluster is down, or its workers do not do             exit 1
    └── DatabaseError           the database is down, or refuses                        exit 1
        ├── NotNowError             it starts or stops, or has no free connection
        │   └── AwayError               no server answers
        └── BusyError               another command writes the collection              exit 4
"""

from __future__ import annotations

import errno


class EpnCoreError(Exception):
    """Something a person can mend.

    Parameters
    ----------
    message : str
        What was found, in one sentence without a full stop.
    path : str, optional
        The file it is about.
    place : str, optional
        Where in the file: a header key, a variable, a key of the config.
    hint : str, optional
        What would be right, or the next step.
    """

    exit_code = 1

    def __init__(self, message: str, *, path: str | None = None, place: str | None = None, hint: str | None = None):
        super().__init__(message, path, place, hint)
        self.message = message
        self.path = path
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.path, self.place) if part).replace("\n", "\\n")
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}. {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; keyword arguments do not survive pickle's default.
        return _rebuild, (type(self), self.message, self.path, self.place, self.hint)


def _rebuild(
    kind: type[EpnCoreError], message: str, path: str | None, place: str | None, hint: str | None
) -> EpnCoreError:
    return kind(message, path=path, place=place, hint=hint)


class UsageError(EpnCoreError):
    """The command was asked for something it cannot do."""

    exit_code = 2


class ConfigError(EpnCoreError):
    """A collection.toml, or a grammar it names, is wrong."""

    exit_code = 2


class FileError(EpnCoreError):
    """One file gives no row; the others go on."""


class UnreadableError(FileError):
    """The bytes are not what the format says: truncated, damaged, empty, or no such format."""


class UnavailableError(FileError):
    """The file cannot be opened now: permission, a disk that is away or full. That says nothing of its content."""


class NotGranuleError(FileError):
    """A sound file with nothing to publish: a master (skeleton), or no records."""


class HeaderError(FileError):
    """A value in the header cannot be right."""


class UnknownFormatError(FileError):
    """No grammar takes this file."""


class RuleBrokenError(FileError):
    """The row breaks a rule of EPNcore."""


class DatabaseError(EpnCoreError):
    """The database is down, or refuses."""


class NotNowError(DatabaseError):
    """The server starts or stops, or has no free connection: in a moment it may."""


class AwayError(NotNowError):
    """No server answers."""


class BusyError(DatabaseError):
    """Another command writes the collection."""

    exit_code = 4


class ClusterError(EpnCoreError):
    """A cluster is down, or its workers do not do."""


def error_of_system(error: BaseException) -> OSError | None:
    """What the system said, where that is behind an error: a disk that fails or is away, a right that is missing.

    That says nothing of a file's content. But libraries raise an OSError for damaged content too: without a number, or
    with EINVAL where they were led to a place that no file has.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno not in {None, errno.EINVAL}:
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
