"""What worker processes are told: what to do with each file, and how much time and memory one may take."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")
Result = TypeVar("Result")
_Item = TypeVar("_Item", contravariant=True)
_Result = TypeVar("_Result", covariant=True)


class Task(Protocol[_Item, _Result]):
    """Work on single items. It goes by pickle to other processes, and to other machines."""

    def begin(self) -> Callable[[_Item], _Result]:
        """Make what a process needs once, and give the function that it calls for each item."""
        ...

    def failed(self, item: _Item, reason: str, /) -> _Result:
        """Give the result of an item that no process survived."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    Attributes
    ----------
    timeout_seconds : float
        Time of one file.
    memory_mb : int
        Memory of the process that reads it, the libraries included.
    """

    timeout_seconds: float = 60.0
    memory_mb: int = 4096


@dataclass(frozen=True, slots=True)
class Work(Generic[Item, Result]):
    """What a pool does.

    Attributes
    ----------
    task : Task
    limits : Limits
    chunk : int
        Items that a process is handed at once.
    ahead : int
        Chunks that are worked on while nobody asks for their results, beside two a process.
    """

    task: Task[Item, Result]
    limits: Limits
    chunk: int
    ahead: int = 0


def pass_on_memory_error(error: BaseException) -> None:
    """Let an error go on as one of memory, where one of memory is behind it, whatever a library made of it.

    A process may be bloated by the files that it read before: a fresh one has to say whether this file is too large.

    Raises
    ------
    MemoryError
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno == errno.ENOMEM):
            raise MemoryError from error
        cause = cause.__cause__ or cause.__context__
