"""What commands that write share: one writer a collection, trouble that passes, what the driver says in a sentence."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, LiteralString, TypeVar

import psycopg
from psycopg import errors

from epncore.model.errors import AwayError, BusyError, DatabaseError, NotNowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")

LOCK_TRIES = 5

WAITS_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each new try after trouble that passes: a server that is restarted answers again within seconds."""

LOST = (
    errors.AdminShutdown,  # the server is stopped or restarted, or an operator ended this session
    errors.CrashShutdown,  # another session crashed: the server ends all of them, and recovers
    errors.CannotConnectNow,  # it starts, or recovers
    errors.ConnectionException,  # class 08: the connection broke
    errors.ConnectionDoesNotExist,
    errors.ConnectionFailure,
    errors.TooManyConnections,  # others will end theirs
    errors.IdleInTransactionSessionTimeout,  # the server ends sessions that say nothing while files are read
    errors.IdleSessionTimeout,
)
"""Errors of a server that ended the connection, or takes none now."""

PASSING = (
    *LOST,
    errors.SerializationFailure,  # lost against another transaction; it would not the next time
    errors.DeadlockDetected,
    errors.LockNotAvailable,  # lock_timeout: an index build or a VACUUM FULL was longer
)
"""Errors of the server after which the same may well succeed. Each other one is told at once."""


def passes(error: Exception) -> bool:
    """Whether an error is one of the listed ones, or of a connection that is lost (which has no SQLSTATE)."""
    lost = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    return lost or isinstance(error, (*PASSING, NotNowError, BusyError))


def was_lost(error: Exception) -> bool:
    """Whether it is the connection that is gone, or could not be made; not one statement that the server ended."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return state is None or state.startswith("08") or isinstance(error, LOST)


def outlast(attempt: Callable[[], T], done: Callable[[], int], wait: Callable[[float, str], None]) -> T:
    """Try again after trouble that passes: a bounded number of times, after growing waits.

    Parameters
    ----------
    attempt : callable
        Connects, goes on where the last attempt came to, and gives what `outlast` gives.
    done : callable
        A number that grows with what is committed; whenever it grew, the tries are counted anew.
    wait : callable
        Is told the seconds of each wait and its reason.

    Raises
    ------
    psycopg.Error, DatabaseError
        What the attempt raised, at once: where it does not pass, or where there was no server from the first.
    DatabaseError
        Where it did not pass in all the tries.
    """
    tries, before = 0, done()
    while True:
        try:
            return attempt()
        except (psycopg.Error, NotNowError, BusyError) as error:
            if done() > before:
                tries, before = 0, done()
            if not passes(error) or (tries == 0 and isinstance(error, (AwayError, BusyError))):
                raise
            if tries == len(WAITS_SECONDS):
                seconds = f"{sum(WAITS_SECONDS):g} s"
                found = f"went away, and is not back after {seconds}" if was_lost(error) else f"refuses for {seconds}"
                raise DatabaseError(
                    f"the database {found}: {first_line(error)}",
                    hint="What was committed stays; run the same command again to go on",
                ) from error
            wait(WAITS_SECONDS[tries], first_line(error))
        time.sleep(WAITS_SECONDS[tries])
        tries += 1


@contextmanager
def meanwhile(conn: psycopg.Connection, ask: Callable[[], T]) -> Iterator[Future[T]]:
    """Ask the server something while this thread does what needs no connection; the answer is there at the end.

    Parameters
    ----------
    conn : psycopg.Connection
        Which nobody else uses meanwhile. What it was asked is cancelled where this thread breaks off.
    ask : callable

    Yields
    ------
    concurrent.futures.Future
    """
    with ThreadPoolExecutor(1, "meanwhile") as thread:
        answer = thread.submit(ask)
        try:
            yield answer
        except BaseException:
            with suppress(psycopg.Error):
                conn.cancel()
            raise


def lock_key(name: str) -> str:
    """What the advisory lock of a collection's writer is made of, by ``hashtextextended(key, 0)``."""
    return f"epncore ingest {name}"


@contextmanager
def alone(conn: psycopg.Connection, name: str) -> Iterator[None]:
    """One writer a collection at a time; the lock goes with the connection, whatever ends it.

    Raises
    ------
    BusyError
        Where another one has the lock.
    """
    key = lock_key(name)
    for _ in range(LOCK_TRIES):
        row = conn.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone()
        if row and row[0]:
            break
        # A server takes a moment to see that the client of an earlier run has gone.
        time.sleep(0.2)
    else:
        raise BusyError(
            f"another epncore command writes collection {name}{_by_whom(conn, key)}",
            hint="Wait for it, then start this one again",
        )
    # Whoever is refused reads this; the server cuts it at 63 bytes.
    who = f"epncore, process {os.getpid()} on {socket.gethostname()}"
    conn.execute("SELECT set_config('application_name', %s, false)", (who,))
    yield
    conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))


def _by_whom(conn: psycopg.Connection, key: str) -> str:
    row = conn.execute(_HOLDER, (key,)).fetchone()
    since, application, pid = row or (None, None, None)
    if since is None:  # gone by now, or another role, of which the server does not tell
        return f" (process {pid} of the server)" if pid else ""
    return f" since {since} UTC by {application!r} (process {pid} of the server)"


_HOLDER: LiteralString = (
    "SELECT to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), a.application_name, a.pid"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.objsubid = 1"
    " AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended(%s, 0)"
)


@contextmanager
def database_errors() -> Iterator[None]:
    """What the driver says, as a sentence and a next step."""
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"the database refuses: {first_line(error)}",
            hint="`epncore db grant` prints the SQL for a role that may load",
        ) from error
    except errors.DiskFull as error:
        raise DatabaseError(
            f"the disk of the database is full: {first_line(error)}",
            hint="What was committed stays; free some space there, then run the same command again to go on",
        ) from error
    except psycopg.OperationalError as error:
        hint = "What was committed stays; run the same command again to go on"
        if isinstance(error, errors.QueryCanceled):
            hint += (
                ". Where it was the statement_timeout of this role, let it have none:"
                " `ALTER ROLE ... SET statement_timeout = 0`"
            )
        what = "went away" if was_lost(error) else "ended a statement"
        raise DatabaseError(f"the database {what}: {first_line(error)}", hint=hint) from error
    except psycopg.Error as error:
        raise DatabaseError(
            f"the database refuses a batch: {first_line(error)}", hint="Nothing of that batch was written"
        ) from error


def first_line(error: Exception) -> str:
    """What the server said, without its details."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
