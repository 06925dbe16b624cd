"""Worker processes, as their parent sees them: which file one died of, and that it dies of that file alone."""

from __future__ import annotations

import os
import pickle
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic

from epncore.app import children
from epncore.app.process_child import OUT_OF_MEMORY
from epncore.app.work import Item, Result
from epncore.model.errors import EpnCoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epncore.app.work import Limits, Work


class DiedError(Exception):
    """A worker process ended in the middle of its work.

    Attributes
    ----------
    begun : int
        Items that it had begun.
    reason : str
        What a file did to it, if one did.
    status : int
        Its exit status, negative where a signal ended it.
    """

    def __init__(self, begun: int, reason: str, status: int) -> None:
        super().__init__(begun, reason, status)
        self.begun, self.reason, self.status = begun, reason, status


class Process(Generic[Item, Result]):
    """One worker process.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        (requests, asking), (telling, answers), (counting, begun) = os.pipe(), os.pipe(), os.pipe()
        try:
            self.child = children.begin((requests, answers, begun))
        finally:
            for descriptor in (requests, answers, begun):
                os.close(descriptor)
        self.requests, self.answers = os.fdopen(asking, "wb"), os.fdopen(telling, "rb")
        self.begun = os.fdopen(counting, "rb", buffering=0)

    def begin(self, work: Work[Item, Result]) -> None:
        """Tell it what it is for.

        Raises
        ------
        EpnCoreError
            Where the work cannot be begun.
        """
        try:
            error = self._ask(work)
        except DiedError as died:
            raise EpnCoreError(
                f"a worker process ended before it could begin ({_how(died.status)})",
                hint="Its own words, if it had any, stand above; is there memory left on this machine?",
            ) from None
        if error is not None:
            self.end()
            raise error

    def run(self, items: Sequence[Item]) -> list[Result]:
        """Work on some items.

        Raises
        ------
        DiedError
            Where the process ended: by the last item that it had begun, or by something outside.
        """
        results: list[Result] = self._ask(list(items))
        self.begun.read(len(items))
        return results

    def _ask(self, question: object) -> Any:
        try:
            pickle.dump(question, self.requests, pickle.HIGHEST_PROTOCOL)
            self.requests.flush()
            return pickle.load(self.answers)  # noqa: S301 -- of our own child, over our own pipe
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            status = self.child.wait()
            begun = len(self.begun.read())
            self.end()
            raise DiedError(begun, _reason(status, self.limits), status) from None

    def kill(self) -> None:
        """End the process, from any thread; the one that waits for its answer finds it dead."""
        self.child.kill()
        self.child.wait()

    def end(self) -> None:
        """End the process, and close what led to it."""
        self.kill()
        for pipe in (self.begun, self.requests, self.answers):
            with suppress(OSError):  # what a dead process did not take any more
                pipe.close()


def _reason(status: int, limits: Limits) -> str:
    """What a file did to its process, from the exit status of that."""
    if status == -signal.SIGALRM:
        return f"this file took longer than {limits.timeout_seconds:g} s (--file-timeout)"
    if status == OUT_OF_MEMORY:
        return f"this file took more than {limits.memory_mb} MB of memory (--memory-limit)"
    did = "killed" if status < 0 else "ended"
    return f"this file {did} the process that worked on it ({_how(status)})"


def _how(status: int) -> str:
    return _SIGNALS.get(-status, f"signal {-status}") if status < 0 else f"exit status {status}"


_SIGNALS = {each.value: each.name for each in signal.Signals}
