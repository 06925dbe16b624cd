"""Very many tiny files: what a second run over them costs, and how much memory the first one takes."""

from __future__ import annotations

from pathlib import Path

import made_files
from laboratory import WORKERS, Laboratory, peak_mbyte
from measure import Measure, Sizes, at_most, in_turns, say, wall_seconds

from epncore.app.ingest import ingest
from epncore.app.summary import Summary


def memory(bench: Laboratory, sizes: Sizes) -> Measure:
    """Peak of all processes of a first ingest, of many files against few."""
    folders = {count: bench.place / f"tiny{count}" for count in (sizes.few, sizes.many)}
    peaks = {}
    for count, folder in folders.items():
        say(f"{count} tiny files are made")
        made_files.tiny(folder, count)
        schema = bench.make_tables(folder)
        bench.empty(schema)
        peaks[count] = peak_mbyte(bench.ingest_command(folder))
    name = f"peak memory, {sizes.many:,} files against {sizes.few:,}"
    return at_most(name, peaks[sizes.many], peaks[sizes.few], 1.2, "MB")


def rerun(bench: Laboratory, sizes: Sizes) -> Measure:
    """Over the files that `memory` ingested, against a walk that looks at each and compares nothing.

    Both in this process: what a command takes to begin does not grow with the files.
    """
    folder = bench.place / f"tiny{sizes.many}"

    def ours() -> float:
        found: list[Summary] = []
        seconds = wall_seconds(lambda: found.append(ingest(folder, bench.database, workers=WORKERS)))
        if found[0].unchanged != sizes.many:
            raise RuntimeError(f"{sizes.many - found[0].unchanged} files are not seen as unchanged")
        return seconds

    before = _written(bench)
    seconds = in_turns(sizes.repeats, ours, lambda: wall_seconds(lambda: _walk(folder)))
    after = _written(bench)
    say(f"rows of epn_core written by {sizes.repeats} re-runs: {after[0] - before[0]}; "
        f"WAL of the whole server: {after[1] - before[1]} bytes")  # fmt: skip
    return at_most(
        f"re-run over {sizes.many:,} unchanged files, against scandir and stat", seconds[0], seconds[1], 2.0, "s"
    )


def _walk(folder: Path) -> int:
    return sum(1 for _ in made_files.walk_bare(str(folder / "data")))


def _written(bench: Laboratory) -> tuple[int, int]:
    """Changes of rows of epn_core so far, and bytes of WAL."""
    with bench.database.connect() as conn:
        conn.execute("SELECT pg_stat_force_next_flush()")
        row = conn.execute(
            "SELECT n_tup_ins + n_tup_upd + n_tup_del, pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
            " FROM pg_stat_user_tables WHERE schemaname = 'bench_tiny' AND relname = 'epn_core'"
        ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
