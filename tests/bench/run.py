"""Measures what docs/performance.md promises: ratios of one run on one machine. Run by `make bench`.

Prints a table and writes build/bench.json. `SIZE=medium` and `SIZE=small` are for a try: what a
command takes to begin is most of what they measure.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import against_dachs
import checking
import loading
import many_files
import queries
import reading
from laboratory import Laboratory
from measure import SIZES, Measure, Sizes, machine, say, show, write

from epncore.testing.dachs_lab import DachsLab

ROOT = Path(__file__).resolve().parents[2]
SPACEPY = ROOT / "build" / "spacepy"

# In this order: some go on with what those before them made.
MEASURES: dict[str, Callable[[Laboratory, Sizes], Measure | list[Measure]]] = {
    "ecallisto": against_dachs.ecallisto,
    "reading": reading.ecallisto,
    "istp": against_dachs.istp,
    "psql": loading.against_psql,
    "again": loading.again,
    "check": checking.minute,
    "queries": queries.portal,
    "memory": many_files.memory,
    "rerun": many_files.rerun,
}


def main() -> None:
    """Run the measures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("measures", nargs="*", default=[], help=f"of {', '.join(MEASURES)}; by default all")
    given = parser.parse_args()
    if unknown := set(given.measures) - set(MEASURES):
        parser.error(f"no measure {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    if missing := DachsLab.missing():
        parser.exit(1, f"bench: this machine lacks {'; '.join(missing)}\n")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are to end with this run, however it ends
    place = Path(tempfile.mkdtemp(prefix="epnbench-"))
    place.chmod(0o755)  # DaCHS's user reads the files
    started = time.monotonic()
    try:
        with DachsLab(place / "lab") as lab:
            bench = Laboratory(lab, place, SPACEPY if SPACEPY.is_dir() else None)
            measures, left_out = measure_all(bench, SIZES[given.size], given.measures or list(MEASURES))
            about = machine({**bench.versions(), "size": f"{given.size}: {SIZES[given.size]}"})
    finally:
        shutil.rmtree(place)
    about["seconds"] = f"{time.monotonic() - started:.0f}"
    show(measures, left_out, about)
    write(given.output, measures, left_out, about)


def measure_all(bench: Laboratory, sizes: Sizes, names: list[str]) -> tuple[list[Measure], dict[str, str]]:
    """All measures, and those that cannot be taken here, with the reason."""
    found: list[Measure] = []
    left_out: dict[str, str] = {}
    for name in names:
        if name == "istp" and bench.spacepy is None:
            left_out[name] = "DaCHS's cdfHeaderGrammar needs spacepy; `make bench` fetches it"
            continue
        say(f"{name} ...")
        taken = MEASURES[name](bench, sizes)
        for each in taken if isinstance(taken, list) else [taken]:
            say(f"{each.name}: {each.ours:,.4g} against {each.other:,.4g} {each.unit}, ratio {each.ratio:.2f}")
            found.append(each)
    return found, left_out


if __name__ == "__main__":
    main()
