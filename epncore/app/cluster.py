"""Work on many files on a dask.distributed cluster: the same work, in the same order, with the same care.

A worker of the cluster reads nothing itself: it has worker processes of its own (`epncore.app.pool.Crew`), as an ingest
on one machine has. So a bad file harms no other user of the cluster, and is told from its neighbours in the same way.
"""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic

from epncore import __version__
from epncore.app.pool import Crew
from epncore.app.work import Item, Result
from epncore.model.errors import ClusterError, EpnCoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from distributed import Client

    from epncore.app.pool import Pool
    from epncore.app.work import Work

ANSWER_SECONDS = 5
"""So long a scheduler may take to answer, and its first worker to be there."""


@contextmanager
def cluster_pool(work: Work[Item, Result], address: str) -> Iterator[Pool[Item, Result]]:
    """Worker processes on the machines of a cluster.

    Raises
    ------
    UsageError
        Where distributed is not installed, or the address is none.
    ClusterError
        Where the scheduler does not answer, has no workers, or these have another version of the toolkit.
    """
    client = _connect(address)
    try:
        _check_workers(client, address)
        pool = _Cluster(work, client, address)
        try:
            yield pool
        finally:
            with suppress(Exception):  # whatever ended the work ended the connection too, perhaps
                client.run(_end, client.id)
    finally:
        client.close(timeout=ANSWER_SECONDS)


class _Cluster(Generic[Item, Result]):
    def __init__(self, work: Work[Item, Result], client: Client, address: str) -> None:
        self.work, self.client, self.address = work, client, address
        self.slots = sum(client.ncores().values())

    def submit(self, items: Sequence[Item]) -> Any:
        return self.client.submit(_run, __version__, self.client.id, self.work, list(items), pure=False)

    def results(self, items: Sequence[Item], ticket: Any) -> list[Result]:
        """Wait for results; of items that took down the workers themselves, each is tried alone."""
        from distributed import KilledWorker

        try:
            results: list[Result] = ticket.result()
        except KilledWorker:
            if len(items) == 1:
                return [self.work.task.failed(items[0], "this file killed the workers of the cluster")]
            return [result for item in items for result in self.results([item], self.submit([item]))]
        except EpnCoreError:
            raise
        except Exception as error:
            raise ClusterError(
                f"the cluster broke off the work: {type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}",
                path=self.address,
                hint="What was committed stays; run the same command again to go on",
            ) from error
        return results


def _connect(address: str) -> Client:
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise UsageError(
            "--scheduler needs the package distributed, which is not installed here",
            hint="Install it: pip install 'epncore[cluster]'",
        ) from None
    try:
        get_address_host_port(address, strict=True)
    except (ValueError, NotImplementedError) as error:
        raise UsageError(f"{address!r} is no address of a scheduler: {error}", hint="Give tcp://HOST:PORT") from None
    try:
        return Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, TimeoutError):
        raise ClusterError(
            f"no scheduler answers there within {ANSWER_SECONDS} s",
            path=address,
            hint="Start one (`dask scheduler`), or check host and port",
        ) from None


def _check_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=ANSWER_SECONDS)
    except TimeoutError:
        raise ClusterError("the scheduler has no workers", path=address, hint="Start some: `dask worker`") from None
    versions: Any = client.get_versions(packages=["epncore"])
    for worker, found in sorted(versions["workers"].items()):
        _check_version(found["packages"]["epncore"], worker)


def _check_version(found: str | None, worker: str) -> None:
    if found != __version__:
        there = f"version {found}" if found else "no version"
        raise ClusterError(
            f"a worker has {there} of epncore, and here is {__version__}",
            path=worker,
            hint="Install the same version on all machines",
        )


_crews: dict[str, Crew[Any, Any]] = {}
"""By the client whose work they do."""

_ended: set[str] = set()
"""Clients that want no more: what they handed out before may come to its turn only now, and begins no new crew."""

_lock = threading.Lock()


def _run(version: str, client: str, work: Work[Item, Result], items: Sequence[Item]) -> list[Result]:
    """Work on some items, on a worker of the cluster."""
    from distributed import get_worker

    address = str(get_worker().address)
    if version != __version__:  # a worker that came later
        raise ClusterError(
            f"a worker has version {__version__} of epncore, and not {version}",
            path=address,
            hint="Install the same version on all machines",
        )
    with _lock:
        if client in _ended:
            raise CancelledError
        crew = _crews.setdefault(client, Crew(work))
    try:
        return crew.run(items)
    except EpnCoreError as error:
        raise ClusterError(
            f"a worker cannot begin: {error}",
            path=address,
            hint="Collection, files and grammars must be the same there",
        ) from None


def _end(client: str) -> None:
    """End the worker processes that a worker of the cluster has for a client."""
    with _lock:
        _ended.add(client)
        crew = _crews.pop(client, None)
    if crew is not None:
        crew.end()
