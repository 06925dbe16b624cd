"""A whole `epncore check` of the prepared rows by TAP, against a minute; and which rules it spends it on."""

from __future__ import annotations

import statistics
import time

import prepared
from laboratory import Laboratory
from measure import Measure, Sizes, at_most, say

from epncore.check.check import check

MINUTE_S = 60.0
SLOWEST = 5


def minute(bench: Laboratory, sizes: Sizes) -> Measure:
    """Seconds of a check of all rules that need no links."""
    taken = []
    for _ in range(sizes.repeats):
        started = time.perf_counter()
        report = check(bench.lab.tap_url, [prepared.SCHEMA])
        taken.append(time.perf_counter() - started)
    slowest = sorted(report.seconds.items(), key=lambda item: -item[1])[:SLOWEST]
    say(f"{sum(report.rows.values())} rows; slowest: " + ", ".join(f"{rule} {took:.2f} s" for rule, took in slowest))
    return at_most("check of a table by all rules", statistics.median(taken), MINUTE_S, 1.0, "s")
