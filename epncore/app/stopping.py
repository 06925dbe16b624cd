"""How a command is stopped: by a person, by the system, or by a terminal that is closed."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAREWELL_SECONDS = 2.0
"""So long a stopped command may take to end what it began."""


def stops() -> list[signal.Signals]:
    """Signals after which a command ends in an orderly way; SIGHUP is none of them under nohup, which ignores it."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if ignored else [signal.SIGHUP])]


def on_stop(leave: Callable[[], NoReturn]) -> list[int]:
    """Raise a KeyboardInterrupt at the first of these signals, and let go on nobody who takes too long over it.

    Parameters
    ----------
    leave : callable
        Ends the process, where it has not ended by itself after `FAREWELL_SECONDS`.

    Returns
    -------
    list of int
        The signal, as soon as there was one.
    """
    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        if stopped:
            return  # it is ending: one more would only keep it from saying so
        stopped.append(number)
        # A server that does not answer would let the farewells wait; and in a callback, the exception gets lost.
        signal.signal(signal.SIGALRM, lambda *_: leave())
        signal.setitimer(signal.ITIMER_REAL, FAREWELL_SECONDS)
        raise KeyboardInterrupt

    for each in stops():
        signal.signal(each, stop)
    return stopped


@contextmanager
def held_back() -> Iterator[None]:
    """Let these signals wait for a moment."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stops())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
