"""A worker process: works on the items that :mod:`epncore.app.process` hands it, and may die of any of them.

Over one pipe come pickles: a `Work`, then lists of items. Over another go pickles: None where the work was begun (or
the error why not), then a list of results for each list of items. A byte over the third says that the next item of a
list is begun: by them the other side knows which one was the last.

The kernel ends this process by SIGALRM when an item takes too long, also inside of a library that never comes back. It
ends itself with `OUT_OF_MEMORY` when an item wants more than it may have, when the pipes are closed, and when nobody
asked anything for a while.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from epncore.app.pipes import silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from epncore.app.work import Work

OUT_OF_MEMORY = 70
"""Exit status."""

IDLE_SECONDS = 60.0
"""After so long without a request the process ends: on a cluster, nobody else would end it."""


def serve(requests_fd: int, answers_fd: int, begun_fd: int) -> None:
    """Work on what is asked, until nobody asks any more.

    Parameters
    ----------
    requests_fd, answers_fd, begun_fd : int
        Descriptors of pipes.
    """
    silence()
    try:
        with os.fdopen(requests_fd, "rb") as requests, os.fdopen(answers_fd, "wb") as answers:
            _serve(requests, answers, begun_fd)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # whoever asked is gone
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _serve(requests: BinaryIO, answers: BinaryIO, begun: int) -> None:
    # These pickles come from our own parent over our own pipe.
    work: Work[Any, Any] = pickle.load(requests)  # noqa: S301
    try:
        run = work.task.begin()
    except Exception as error:  # noqa: BLE001 -- the parent raises it
        _answer(answers, error)
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _limit_memory(work.limits.memory_mb)
    _answer(answers, None)
    while select.select([requests], [], [], IDLE_SECONDS)[0]:
        items = pickle.load(requests)  # noqa: S301
        _answer(answers, _results(run, items, begun, work.limits.timeout_seconds))


def _results(run: Callable[[Any], Any], items: list[Any], begun: int, timeout_seconds: float) -> list[Any]:
    results = []
    for item in items:
        os.write(begun, b".")
        signal.setitimer(signal.ITIMER_REAL, timeout_seconds)
        results.append(run(item))
    signal.setitimer(signal.ITIMER_REAL, 0)
    return results


def _limit_memory(memory_mb: int) -> None:
    """Bound what the process may own: address space that is only reserved, or shared, costs nothing and counts not."""
    limit = memory_mb * 2**20
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or limit <= hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _answer(answers: BinaryIO, answer: object) -> None:
    pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
