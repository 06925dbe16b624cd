"""Files a second into an indexed epn_core: `epncore ingest` against `dachs imp` with a grammar of DaCHS's own kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import made_files
from laboratory import Laboratory
from measure import Measure, Sizes, at_least, in_turns, wall_seconds

NOT_IN_GLOBAL_ATTRIBUTES = {
    f"{name}_{end}"
    for name in ("time", "time_sampling_step", "spectral_range", "spectral_sampling_step")
    for end in ("min", "max")
}
"""Columns that cdfHeaderGrammar cannot fill; the toolkit does, from the axes of the data."""


def ecallisto(bench: Laboratory, sizes: Sizes) -> Measure:
    """Plain FITS: header and FREQUENCY by astropy in a custom grammar."""
    rates = _rates(bench, "ecallisto", made_files.ecallisto, sizes, set())
    return at_least("e-CALLISTO FITS, end to end, against dachs imp", *rates, 8.0, "files/s")


def istp(bench: Laboratory, sizes: Sizes) -> Measure:
    """Small CDF: global attributes by cdfHeaderGrammar, which leaves times and spectral range empty."""
    rates = _rates(bench, "istp", made_files.istp, sizes, NOT_IN_GLOBAL_ATTRIBUTES)
    return at_least("ISTP CDF, end to end, against dachs imp", *rates, 2.0, "files/s")


def _rates(
    bench: Laboratory, name: str, make: Callable[[Path, int], None], sizes: Sizes, extra: set[str]
) -> tuple[float, float]:
    """Files a second, ours and theirs; both must have filled the same columns but for `extra`, which are ours."""
    folder = bench.place / name
    make(folder, sizes.files)
    files = sorted((folder / "data").iterdir())
    schema, peer = bench.make_tables(folder), f"dachs_{name}"
    bench.install_peer(peer, folder / "data")

    def ours() -> float:
        bench.empty(schema)
        bench.rest(files)
        return wall_seconds(lambda: bench.ingest(folder))

    def theirs() -> float:
        bench.rest(files)
        return wall_seconds(lambda: bench.import_peer(peer))

    seconds = in_turns(sizes.repeats, ours, theirs)
    mine, other = bench.filled(schema), bench.filled(peer)
    if mine ^ other != extra:
        raise RuntimeError(f"{name}: the sides fill different columns: {sorted((mine ^ other) ^ extra)}")
    return sizes.files / seconds[0], sizes.files / seconds[1]
