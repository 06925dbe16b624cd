"""Rows of the table with what the ledger knows of their files: what rows and links are made anew from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from epncore.app.embargo import HIDDEN
from epncore.app.scan import Seen
from epncore.app.states import listed, names
from epncore.app.worker import Job
from grammars.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from epncore.app.schema import Tables
    from epncore.model.columns import Column

AT_ONCE = 2000
"""Rows that are fetched at once."""


def jobs_anew(conn: psycopg.Connection, tables: Tables, columns: Sequence[Column]) -> Iterator[Job]:
    """Files whose rows follow the config without being read; in the order of paths.

    Parameters
    ----------
    conn : psycopg.Connection
        With the temporary tables of `diff.Differences`.
    tables : Tables
    columns : sequence of Column
        Of epn_core.

    Yields
    ------
    Job
        Without what is kept where table and ledger do not agree: then the file is read.
    """
    cells = [column.name for column in columns]
    # What the server keeps in a type of its own does not come back as it went in.
    foreign = frozenset(c.name for c in columns if not tables.is_plain(c))
    statement = sql.SQL(
        "SELECT e.granule_uid IS NOT NULL AND l.given IS NOT NULL, l.given, l.digest, l.release_date,"
        " {seen}, {cells} FROM diff d JOIN {ledger} l USING (path)"
        " LEFT JOIN {epn_core} e ON e.granule_uid = l.granule_uid"
        " WHERE d.work = 'anew' ORDER BY d.path COLLATE \"C\""
    ).format(seen=listed(Seen._fields, "d"), cells=listed(cells, "e"), **names(tables.schema))
    with conn.cursor(name="kept", withhold=True) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(statement)
        for is_known, given, digest, release_date, *line in cursor:
            seen = Seen(*line[: len(Seen._fields)])
            hidden = foreign | set(HIDDEN) if release_date is not None else foreign
            row = dict(zip(cells, line[len(Seen._fields) :], strict=True))
            yield Job(seen, Kept(row, given, digest, hidden) if is_known else None)
