"""Ends a request when its time is over, wherever its answer hangs.

The time limit of requests is for the silence between two bytes: a server that sends one now and then would keep its
client for ever, in the headers as in the body.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator


class DeadlineAdapter(HTTPAdapter):
    """Knows the sockets of its connections, and shuts them down when the time of a request is over."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._over = threading.Event()
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As in requests, but with connections that tell of their sockets."""
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """As in requests, but with connections that tell of their sockets."""
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if is_new:
            self._watch(manager)
        return manager

    def _watch(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            scheme: self._watched(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
        }

    def _watched(self, pool: Any) -> Any:
        sockets = self._sockets

        class Connection(pool.ConnectionCls):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                sockets.add(self.sock)

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As in requests; but what a late answer redirects to is not asked any more."""
        if self._over.is_set():
            raise requests.Timeout
        return super().send(*args, **kwargs)

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """A block in which requests, with their redirects and the reading of answers, may take so long together.

        Raises
        ------
        requests.Timeout
            Where it took longer, whatever came of it.
        """
        self._over.clear()
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if self._over.is_set():
                raise requests.Timeout from None
            raise
        finally:
            timer.cancel()
        if self._over.is_set():
            raise requests.Timeout

    def _end(self) -> None:
        self._over.set()
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
