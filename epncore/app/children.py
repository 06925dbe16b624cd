"""How a worker process comes to be: by a fork of this one where that is safe, which has imported all it needs, or anew.

Both kinds run `epncore.app.process_child` in a session of their own: Ctrl-C at the terminal is for the parent, which
then ends them.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from contextlib import suppress
from itertools import pairwise
from typing import NoReturn, Protocol

from epncore.app import process_child
from epncore.app.stopping import held_back, stops


class Child(Protocol):
    """A process that this one has begun."""

    def wait(self) -> int:
        """Wait for its end; its exit status, negative where a signal ended it."""
        ...

    def kill(self) -> None:
        """End it, where it has not ended yet."""
        ...


def begin(pipes: tuple[int, int, int]) -> Child:
    """Begin a worker process.

    Parameters
    ----------
    pipes : tuple of int
        The descriptors that `process_child.serve` takes. The caller closes its own.
    """
    # A fork has the locks of all threads, and those that hold them are not there to let go.
    if sys.platform == "linux" and threading.active_count() == 1:
        return _Forked(pipes)
    # -P: whatever lies in the present folder, the process imports the toolkit's own modules.
    command = [sys.executable, "-P", "-m", "epncore.app.process_child", *map(str, pipes)]
    return subprocess.Popen(command, pass_fds=pipes, start_new_session=True)  # noqa: S603 -- this Python, a module of ours


class _Forked:
    def __init__(self, pipes: tuple[int, int, int]) -> None:
        self._status: int | None = None
        self._reaping = threading.Lock()
        gc.freeze()  # what is there now is not looked at, and so not copied
        with warnings.catch_warnings():
            # From Python 3.12 on: threads of numeric libraries count too, which see to a fork themselves.
            warnings.simplefilter("ignore", DeprecationWarning)
            # What is raised while hooks of the fork run is lost, and in the fork it would go on as its parent.
            with held_back():
                self.pid = os.fork()
                if self.pid == 0:
                    _live(pipes)
        gc.unfreeze()

    def wait(self) -> int:
        if self._status is None:
            with suppress(ChildProcessError):  # another thread has reaped it
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._reaping:  # it is dead: nobody holds this for long, and `kill` need not wait
            if self._status is None:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return self._status

    def kill(self) -> None:
        with self._reaping:  # until it is reaped, its number is nobody else's
            if self._status is None:
                os.kill(self.pid, signal.SIGKILL)


def _close_all_but(kept: set[int]) -> None:
    """Let go of the parent's ends of all pipes and of its connections: that they close must be seen when it ends."""
    for low, high in pairwise([*sorted(kept), os.sysconf("SC_OPEN_MAX")]):
        if low + 1 < high:  # an empty range may be taken for an endless one
            os.closerange(low + 1, high)


def _live(pipes: tuple[int, int, int]) -> NoReturn:
    """What a fork does, until it ends: nothing of what its parent was about to do."""
    status = 1
    try:
        os.setsid()
        _close_all_but({0, 1, 2, *pipes})
        for each in (*stops(), signal.SIGALRM):
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops())
        process_child.serve(*pipes)
        status = 0
    except Exception:  # noqa: BLE001 -- said as an interpreter would
        traceback.print_exc()
    finally:
        os._exit(status)
