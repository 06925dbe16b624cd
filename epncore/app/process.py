"""Worker processes, as their parent sees them: which file one died of, and that it dies of that file alone."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic

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
        What ended it.
    """

    def __init__(self, begun: int, reason: str) -> None:
        super().__init__(begun, reason)
        self.begun, self.reason = begun, reason


class Process(Generic[Item, Result]):
    """One worker process.

    Parameters
    ----------
    work : Work

    Raises
    ------
    EpnCoreError
        Where the work cannot be begun.
    """

    def __init__(self, work: Work[Item, Result]) -> None:
        self.limits = work.limits
        reading, writing = os.pipe()
        self.begun = os.fdopen(reading, "rb", buffering=0)
        try:
            # A session of its own: Ctrl-C at the terminal is for the parent, which then ends this process.
            # -P: whatever lies in the present folder, the process imports the toolkit's own modules.
            self.child = subprocess.Popen(  # noqa: S603 -- this Python, a module of ours
                [sys.executable, "-P", "-m", "epncore.app.process_child", str(writing)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(writing,), start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(writing)
        try:
            error = self._ask(work)
        except DiedError as died:
            raise EpnCoreError(f"a worker process ended before it could begin: {died.reason}") from None
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
        assert self.child.stdin  # noqa: S101
        assert self.child.stdout  # noqa: S101
        try:
            pickle.dump(question, self.child.stdin, pickle.HIGHEST_PROTOCOL)
            self.child.stdin.flush()
            return pickle.load(self.child.stdout)  # noqa: S301 -- of our own child, over our own pipe
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            status = self.child.wait()
            begun = len(self.begun.read())
            self.end()
            raise DiedError(begun, _reason(status, self.limits)) from None

    def kill(self) -> None:
        """End the process, from any thread; the one that waits for its answer finds it dead."""
        self.child.kill()
        self.child.wait()

    def end(self) -> None:
        """End the process, and close what led to it."""
        self.kill()
        for pipe in (self.begun, self.child.stdin, self.child.stdout):
            with suppress(OSError):  # what a dead process did not take any more
                pipe.close()  # type: ignore[union-attr]


def _reason(status: int, limits: Limits) -> str:
    """What a file did to its process, from the exit status of that."""
    if status == -signal.SIGALRM:
        return f"this file took longer than {limits.timeout_seconds:g} s (--file-timeout)"
    if status == OUT_OF_MEMORY:
        return f"this file took more than {limits.memory_mb} MB of memory (--memory-limit)"
    if status < 0:
        name = _SIGNALS.get(-status, f"signal {-status}")
        return f"this file killed the process that worked on it ({name})"
    return f"this file ended the process that worked on it (exit status {status})"


_SIGNALS = {each.value: each.name for each in signal.Signals}
