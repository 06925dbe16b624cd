"""Work on many files at once, in worker processes; a file that kills, hangs or bloats its process stops no other."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Protocol

from epncore.app.process import DiedError, Process
from epncore.app.work import Item, Result

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from concurrent.futures import Future

    from epncore.app.work import Work


class Pool(Protocol[Item, Result]):
    """Where chunks of items are worked on.

    Attributes
    ----------
    work : Work
    slots : int
        Chunks that are worked on at once.
    """

    work: Work[Item, Result]
    slots: int

    def submit(self, items: Sequence[Item]) -> Any:
        """Hand out some items; gives a ticket that can be cancelled (`cancel`)."""
        ...

    def results(self, items: Sequence[Item], ticket: Any) -> list[Result]:
        """Wait for what became of them."""
        ...


def in_order(items: Iterator[Item], pool: Pool[Item, Result]) -> Generator[Result]:
    """Results in the order of their items, whatever is ready first; a bounded number of them waits."""
    chunks = iter(lambda: list(islice(items, pool.work.chunk)), [])
    waiting: deque[tuple[list[Item], Any]] = deque()
    try:
        for chunk in chunks:
            waiting.append((chunk, pool.submit(chunk)))
            if len(waiting) > 2 * pool.slots + pool.work.ahead:
                yield from pool.results(*waiting.popleft())
        while waiting:
            yield from pool.results(*waiting.popleft())
    finally:
        for _, ticket in waiting:
            ticket.cancel()


@contextmanager
def local_pool(work: Work[Item, Result], workers: int | None = None) -> Iterator[Pool[Item, Result]]:
    """Worker processes on this machine, as many as cores by default; they are begun when there is work for them.

    Leaving ends them, also in the middle of a file.
    """
    slots = workers or len(os.sched_getaffinity(0))
    crew = Crew(work)
    threads = ThreadPoolExecutor(slots, "pool")
    try:
        yield _Local(work, slots, crew, threads)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        crew.end()
        threads.shutdown(wait=True)
        crew.close()


class _Local(Generic[Item, Result]):
    def __init__(
        self, work: Work[Item, Result], slots: int, crew: Crew[Item, Result], threads: ThreadPoolExecutor
    ) -> None:
        self.work, self.slots, self.crew, self.threads = work, slots, crew, threads
        self.begun = False

    def submit(self, items: Sequence[Item]) -> Future[list[Result]]:
        if not self.begun:
            self.crew.make_ready(self.slots)  # before there are other threads, see `children.begin`
            self.begun = True
        return self.threads.submit(self.crew.run, items)

    def results(self, _: Sequence[Item], ticket: Future[list[Result]]) -> list[Result]:
        return ticket.result()


class Crew(Generic[Item, Result]):
    """Worker processes, one for each thread that calls `run`.

    Parameters
    ----------
    work : Work
    """

    def __init__(self, work: Work[Item, Result]) -> None:
        self.work = work
        self._own = threading.local()
        self._idle: list[Process[Item, Result]] = []
        self._all: set[Process[Item, Result]] = set()
        self._ended = False
        self._lock = threading.Lock()

    def make_ready(self, count: int) -> None:
        """Begin processes before there is a thread for each."""
        self._idle = [Process(self.work.limits) for _ in range(count)]
        self._all.update(self._idle)

    def run(self, items: Sequence[Item]) -> list[Result]:
        """Work on items in the process of this thread.

        Where that dies, the item that it had begun last is suspect, and is worked on once more, alone in a fresh
        process. It is to blame only where it ends that one too: the first may have suffered from an item before, or
        from outside.

        Raises
        ------
        CancelledError
            Where the crew was ended.
        """
        if not items:
            return []
        process = self._process()
        try:
            return process.run(items)
        except DiedError as died:
            self._drop(process)
            suspect = max(died.begun, 1) - 1
        alone = self._alone(items[suspect])
        return [*self.run(items[:suspect]), alone, *self.run(items[suspect + 1 :])]

    def _alone(self, item: Item) -> Result:
        process = self._process()
        try:
            return process.run([item])[0]
        except DiedError as died:
            self._drop(process)
            return self.work.task.failed(item, died.reason)

    def _process(self) -> Process[Item, Result]:
        process: Process[Item, Result] | None = getattr(self._own, "process", None)
        if process is None:
            self._check()
            with self._lock:
                process = self._idle.pop() if self._idle else Process(self.work.limits)
                self._all.add(process)
            process.begin(self.work)
            self._own.process = process
        self._check()
        return process

    def _check(self) -> None:
        with self._lock:
            if self._ended:
                raise CancelledError

    def _drop(self, process: Process[Item, Result]) -> None:
        self._own.process = None
        with self._lock:
            self._all.discard(process)
        process.end()

    def end(self) -> None:
        """End all processes; threads that wait for one are told."""
        with self._lock:
            self._ended = True
            processes = list(self._all)
        for process in processes:
            process.kill()

    def close(self) -> None:
        """Close what led to the processes, when they are ended and no thread waits for one."""
        for process in self._all:
            process.end()
