"""Processor time of reader and grammar a file, against opening the file and reading the bytes that are needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from laboratory import Laboratory
from measure import Measure, Sizes, at_most, in_turns

from epncore.model import collection as config
from grammars.plan import Plan, compile_plans
from grammars.protocol import SourceFile
from grammars.readers.fits import FitsReader
from grammars.readers.fits_cards import BLOCK_BYTES

MOST_FILES = 7000


def ecallisto(bench: Laboratory, sizes: Sizes) -> Measure:
    """Of the files that `against_dachs.ecallisto` made; in the cache of the system for both sides.

    Each turn takes other files: what is remembered of names and dates must not come from an earlier turn.
    """
    folder = bench.place / "ecallisto"
    paths = sorted((folder / "data").glob("*.fit"))[:MOST_FILES]
    (plan,) = compile_plans(config.load(folder))
    files = [SourceFile(path, path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    parts = [_needed(path) for path in paths]
    turns = 2 * sizes.repeats + 1
    share = len(paths) // turns
    for path in paths:  # into the cache, whole: a read of some kilobytes may go beyond what is needed
        path.read_bytes()
    slices = [slice(turn * share, (turn + 1) * share) for turn in range(turns)]
    mine, bare = iter(slices), iter(slices)

    def ours_of_turn() -> float:
        chosen = files[next(mine)]
        return _cpu_us(lambda: _read(plan, chosen), len(chosen))

    def bare_of_turn() -> float:
        chosen = next(bare)
        return _cpu_us(lambda: _read_bare(parts[chosen], paths[chosen]), share)

    ours, other = in_turns(turns, ours_of_turn, bare_of_turn)
    return at_most("CPU of reader and grammar, e-CALLISTO, against reading the bytes", ours, other, 12.0, "us/file")


def _cpu_us(work: Callable[[], None], files: int) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1e6 / files


def _read(plan: Plan, files: list[SourceFile]) -> None:
    for file in files:
        plan.read(file)


def _read_bare(parts: list[list[tuple[int, int]]], paths: list[Path]) -> None:
    for path, needed in zip(paths, parts, strict=True):
        with path.open("rb") as stream:
            for offset, length in needed:
                stream.seek(offset)
                stream.read(length)


def _needed(path: Path) -> list[tuple[int, int]]:
    """Where the headers are, and the table behind the second one; the image is not read."""
    with FitsReader().open(path) as header:
        image, table = header.hdus
        start = image.data_offset_bytes + -(-image.data_bytes // BLOCK_BYTES) * BLOCK_BYTES
        return [(0, image.data_offset_bytes), (start, table.data_offset_bytes - start + table.data_bytes)]
