"""What commands that write share: one writer a collection, and what the driver says as a sentence."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from epncore.model.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_TRIES = 5


@contextmanager
def alone(conn: psycopg.Connection, name: str) -> Iterator[None]:
    """One writer a collection at a time; the lock goes with the connection, whatever ends it."""
    key = f"epncore ingest {name}"
    for _ in range(LOCK_TRIES):
        row = conn.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone()
        if row and row[0]:
            break
        # A server takes a moment to see that the client of an earlier run has gone.
        time.sleep(0.2)
    else:
        raise DatabaseError(
            f"another ingest of collection {name} is running",
            hint="Wait for it, then start this one again",
        )
    yield
    conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))


@contextmanager
def database_errors() -> Iterator[None]:
    """What the driver says, as a sentence and a next step."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"the database refuses: {first_line(error)}",
            hint="`epncore db grant` prints the SQL for a role that may load",
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseError(
            f"the database went away or is full: {first_line(error)}",
            hint="What was committed stays; run the same command again to go on",
        ) from error
    except psycopg.Error as error:
        raise DatabaseError(
            f"the database refuses a batch: {first_line(error)}", hint="Nothing of that batch was written"
        ) from error


def first_line(error: psycopg.Error) -> str:
    """What the server said, without its details."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
