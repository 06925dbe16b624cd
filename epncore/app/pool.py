"""Work on many files in worker processes; a file that kills its process stops no other."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Work(Generic[Item, Result]):
    """What worker processes do.

    Attributes
    ----------
    module : str
        Imported once for all of them.
    start : callable
        Begins a process, with `task`.
    task : Any
    run : callable
        Some items to as many results.
    killed : callable
        The result of an item that killed the process.
    chunk : int
        Items that a process is handed at once.
    """

    module: str
    start: Callable[[Any], None]
    task: Any
    run: Callable[[Sequence[Item]], list[Result]]
    killed: Callable[[Item], Result]
    chunk: int


def in_order(items: Iterator[Item], work: Work[Item, Result], workers: int) -> Iterator[Result]:
    """Results in the order of their items; no process is begun where there are none."""
    chunks = iter(lambda: list(islice(items, work.chunk)), [])
    first = next(chunks, None)
    if first is None:
        return
    with _Pool(work, workers) as pool:
        waiting: deque[tuple[list[Item], Future[list[Result]]]] = deque()
        for chunk in chain([first], chunks):
            waiting.append((chunk, pool.submit(chunk)))
            if len(waiting) > 2 * workers:
                yield from pool.result(*waiting.popleft())
        while waiting:
            yield from pool.result(*waiting.popleft())


def _start(start: Callable[[Any], None], task: Any) -> None:
    """Begin a worker process that leaves Ctrl-C to its parent, and ends when that is gone, whatever killed it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    start(task)


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


class _Pool(Generic[Item, Result]):
    """Worker processes that are begun anew when a file has killed one."""

    def __init__(self, work: Work[Item, Result], workers: int) -> None:
        self.work, self.workers = work, workers
        self.context = multiprocessing.get_context("forkserver")
        # One import of the libraries serves all workers.
        self.context.set_forkserver_preload([work.module])

    def __enter__(self) -> _Pool[Item, Result]:
        self.executor = self._begin(self.workers)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            # Stopped in the middle: whatever the workers are at is not wanted, and one may hang.
            for process in list((self.executor._processes or {}).values()):
                process.kill()
        self.executor.shutdown(wait=True, cancel_futures=True)

    def _begin(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, self.context, _start, (self.work.start, self.work.task))

    def submit(self, chunk: list[Item]) -> Future[list[Result]]:
        try:
            return self.executor.submit(self.work.run, chunk)
        except BrokenProcessPool:
            self.executor.shutdown(wait=True)
            self.executor = self._begin(self.workers)
            return self.executor.submit(self.work.run, chunk)

    def result(self, chunk: list[Item], future: Future[list[Result]]) -> list[Result]:
        try:
            return future.result()
        except BrokenProcessPool:
            return [self._alone(item) for item in chunk]

    def _alone(self, item: Item) -> Result:
        """Work on an item in a process of its own: one of its chunk, or of another, killed a worker."""
        with self._begin(1) as executor:
            try:
                return executor.submit(self.work.run, [item]).result()[0]
            except BrokenProcessPool:
                return self.work.killed(item)
