"""Prepared rows into epn_core: a first load against psql, and a later one against the first."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import prepared
from laboratory import Laboratory, run
from measure import Measure, Sizes, at_least, at_most, in_turns, say, wall_seconds

from epncore.app import indices, schema
from epncore.app.attempt import BATCH_FILES
from epncore.app.diff import Differences
from epncore.app.folders import Scanned, Settled
from epncore.app.outcome import Outcome
from epncore.app.scan import Seen
from epncore.app.session import meanwhile
from epncore.app.store import Store
from epncore.model.bookkeeping import Stamp
from grammars.plan import Plan


def against_psql(bench: Laboratory, sizes: Sizes) -> Measure:
    """Batches of the store, with their lines of the ledger, against a plain file with all rows and no ledger."""
    plan, stamp = prepared.write_config(bench.place / "rows")
    bench.make_tables(bench.place / "rows")
    outcomes = list(prepared.outcomes(plan, stamp, range(sizes.rows)))
    names = [column.name for column in plan.columns]
    seen = _as_scanned(outcome.seen for outcome in outcomes)
    table = bench.place / "rows.csv"
    _write_csv(table, outcomes)

    def ours() -> float:
        bench.empty(prepared.SCHEMA)
        bench.rest(())
        return wall_seconds(lambda: load(bench, plan, stamp, seen, outcomes))

    def psql() -> float:
        bench.empty(prepared.SCHEMA)
        bench.rest((table,))
        copy = f"\\copy {prepared.SCHEMA}.epn_core ({', '.join(names)}) from '{table}' csv"
        return wall_seconds(lambda: run(["psql", "-X", "-q", "-d", bench.database.dsn, "-c", copy]))

    seconds = in_turns(sizes.repeats, psql, ours)
    rates = sizes.rows / seconds[1], sizes.rows / seconds[0]
    return at_least("prepared rows into an empty epn_core, against psql \\copy csv", *rates, 1.5, "rows/s")


def again(bench: Laboratory, sizes: Sizes) -> Measure:
    """0.1 % changed and 1 % new, of the table that `against_psql` left behind; the ledger tells which."""
    plan, stamp = prepared.write_config(bench.place / "rows")
    changed, new = range(0, sizes.rows, 1000), range(sizes.rows, sizes.rows + sizes.rows // 100)
    first = range(sizes.rows)
    later = [*prepared.outcomes(plan, stamp, changed, version=1), *prepared.outcomes(plan, stamp, new)]
    # What a reader would be handed is in `later` already: no file is read in either load.
    seen_again = _as_scanned(prepared.seen_as(n, int(n % 1000 == 0)) for n in range(new.stop))
    outcomes = list(prepared.outcomes(plan, stamp, first))
    bench.empty(prepared.SCHEMA)
    seen = _as_scanned(outcome.seen for outcome in outcomes)
    first_seconds = wall_seconds(lambda: load(bench, plan, stamp, seen, outcomes))
    say(f"first load {first_seconds:.1f} s")
    later_seconds = wall_seconds(lambda: load(bench, plan, stamp, seen_again, later))
    name = "0.1 % changed and 1 % new rows, against their first load"
    return at_most(name, later_seconds, first_seconds, 0.25, "s")


def _as_scanned(seen: Iterable[Seen]) -> list[Seen]:
    """One folder after another, as a scan sees them."""
    return sorted(seen, key=lambda one: one.path)


def load(bench: Laboratory, plan: Plan, stamp: Stamp, seen: list[Seen], outcomes: list[Outcome]) -> None:
    """What an ingest does but for reading: note what is seen, ask the ledger, write batches, see to the indices."""
    with bench.database.connect() as conn:
        tables = schema.prepare(conn, prepared.SCHEMA, plan.columns)
        differences = Differences(conn, prepared.SCHEMA)
        store = Store(conn, tables, plan.columns)
        differences.expect([stamp], prepared.NOW, read_all=False)
        settled = Settled()
        if differences.may_be_settled():
            with meanwhile(conn, differences.fingerprints) as lines:
                scanned = Scanned(seen)
            settled = differences.settled(scanned, lines.result())
        differences.scanned(file for file in seen if file.path not in settled)
        differences.compare()
        conn.commit()
        to_read = sum(1 for _ in differences.to_read())
        if to_read != len(outcomes):
            raise RuntimeError(f"the ledger would have {to_read} files read, not {len(outcomes)}")
        written = iter(outcomes)
        while batch := list(islice(written, BATCH_FILES)):
            store.write(batch)
            conn.commit()
        indices.after_load(conn, prepared.SCHEMA, len(outcomes), differences.row_count())


def _write_csv(path: Path, outcomes: list[Outcome]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        for outcome in outcomes:
            writer.writerow(["" if cell is None else cell for cell in outcome.row or ()])
