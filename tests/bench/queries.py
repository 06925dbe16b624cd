"""Queries of the portal, sent to DaCHS by TAP, with our indices and without any but the primary key."""

from __future__ import annotations

import csv
import io
import statistics
import time
import urllib.parse
import urllib.request
from pathlib import Path

import prepared
import psycopg
from laboratory import Laboratory, logged_ms
from measure import Measure, Sizes, at_least, say
from psycopg import sql

from epncore.app import indices

DAY = "time_min <= 2451645.5 AND time_max >= 2451644.5"  # within the smallest size, too
SELECTIVE = {
    "target and day": f"target_name = 'Jupiter' AND {DAY}",
    "hash list": "1 = ivo_hashlist_has(lower(target_name), 'ganymede')",
    "hash list and day": f"1 = ivo_hashlist_has(lower(target_name), 'jupiter') AND {DAY}",
    "spectral overlap and day": f"spectral_range_min <= 3e7 AND spectral_range_max >= 2e7 AND {DAY}",
    "spectral overlap, few bands": "spectral_range_max <= 1.3e4 AND spectral_range_min <= 2e1 AND target_name = 'Mars'",
}
BROAD = {
    "one target of all": "1 = ivo_hashlist_has(lower(target_name), 'sun')",
    "spectral overlap": "spectral_range_min <= 3e7 AND spectral_range_max >= 2e7",
    "type": "dataproduct_type = 'ds'",
}
MOST_ROWS = 1000
"""Rows of an answer, as portals ask: without it a broad query measures how fast VOTables are written."""


def portal(bench: Laboratory, sizes: Sizes) -> list[Measure]:
    """One measure a query: in the database, of what DaCHS makes of the ADQL; of broad ones, the whole answer."""
    log = bench.lab.home / "log" / "postgres.log"
    queries = SELECTIVE | BROAD
    _let_log(bench, "0")
    try:
        bench.rest(())
        with_ours = {name: _ask(bench, condition, sizes.repeats, log) for name, condition in queries.items()}
        _drop_ours(bench)
        bench.rest(())
        without = {name: _ask(bench, condition, sizes.repeats, log) for name, condition in queries.items()}
    finally:
        _let_log(bench, None)
        with bench.database.connect() as conn:
            indices.renew(conn, prepared.SCHEMA, analyze=True)
    found = []
    for name in queries:
        (ours_ms, ours_whole, ours_rows), (other_ms, other_whole, other_rows) = with_ours[name], without[name]
        if ours_rows != other_rows:
            raise RuntimeError(f"{name}: {ours_rows} rows with our indices, {other_rows} without")
        say(f"{name}, {ours_rows} rows: whole answer {ours_whole:.3f} s, without our indices {other_whole:.3f} s")
        if name in SELECTIVE:
            rates = 1e3 / ours_ms, 1e3 / other_ms
            found.append(at_least(f"query by TAP, in the database: {name}", *rates, 10.0, "1/s"))
        else:  # not slower, but for what two measures of one thing differ by
            rates = 1 / ours_whole, 1 / other_whole
            found.append(at_least(f"query by TAP, whole answer: {name}", *rates, 0.9, "1/s"))
    return found


def _ask(bench: Laboratory, condition: str, repeats: int, log: Path) -> tuple[float, float, int]:
    """Median ms in the database, s of the fastest whole answer, and how many rows came.

    Both sides cannot take turns, since indices of a million rows lie between: what else the machine does meets one.
    """
    columns = "granule_uid, access_url, target_name, time_min, time_max"
    query = f"SELECT {columns} FROM {prepared.SCHEMA}.epn_core WHERE {condition}"
    rows = _rows(bench, query)  # the first one finds nothing in the caches of DaCHS and of PostgreSQL
    inside, whole = [], []
    for _ in range(4 * repeats + 1):
        place = log.stat().st_size
        started = time.perf_counter()
        rows = _rows(bench, query)
        whole.append(time.perf_counter() - started)
        inside.append(logged_ms(log, place))
    return statistics.median(inside), min(whole), rows


def _rows(bench: Laboratory, query: str) -> int:
    words = {"LANG": "ADQL", "REQUEST": "doQuery", "FORMAT": "csv", "MAXREC": str(MOST_ROWS), "QUERY": query}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{bench.lab.tap_url}/sync", urllib.parse.urlencode(words).encode(), timeout=300) as answer:
        return sum(1 for _ in csv.reader(io.StringIO(answer.read().decode()))) - 1


def _let_log(bench: Laboratory, least_ms: str | None) -> None:
    """Whether PostgreSQL writes down how long each statement of DaCHS took."""
    with psycopg.connect(bench.lab.superuser_dsn, autocommit=True) as conn:
        if least_ms is None:
            conn.execute("ALTER DATABASE gavo RESET log_min_duration_statement")
        else:
            conn.execute(f"ALTER DATABASE gavo SET log_min_duration_statement = {least_ms}")
    bench.lab.stop_serving()
    bench.lab.serve()


def _drop_ours(bench: Laboratory) -> None:
    with bench.database.connect() as conn:
        rows = conn.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND tablename = 'epn_core'"
            " AND indexname <> 'epn_core_pkey'",
            (prepared.SCHEMA,),
        ).fetchall()
        for (name,) in rows:
            conn.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(prepared.SCHEMA, name)))
