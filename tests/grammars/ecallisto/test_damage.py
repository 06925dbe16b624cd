"""A sample of e-CALLISTO, packed and damaged."""

from __future__ import annotations

import contextlib
import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from epncore.model.errors import FileError
from epncore.model.row import Cell
from epncore.model.rules.checker import RowChecker
from grammars.plan import Plan

from ..fits_family.conftest import turned

BIR = "BIR_20110607_062400_10.fit"
RowOf: TypeAlias = Callable[[Path], dict[str, Cell]]


def test_plain_and_gzip_give_the_same_row_but_for_the_file(
    made: dict[str, Path], row_of: RowOf, tmp_path: Path
) -> None:
    packed = tmp_path / f"{BIR}.gz"
    packed.write_bytes(gzip.compress(made[BIR].read_bytes()))
    one, other = row_of(made[BIR]), row_of(packed)
    differing = {name for name in one if one[name] != other[name]}
    assert differing <= {"file_name", "access_url", "access_estsize", "modification_date"}


def test_numbers_in_the_other_byte_order_break_a_rule(
    made: dict[str, Path], row_of: RowOf, plan: Plan, tmp_path: Path
) -> None:
    path = tmp_path / BIR
    path.write_bytes(turned(made[BIR].read_bytes()))
    row = tuple(row_of(path)[column.name] for column in plan.columns)
    assert "range.spectral_range_max" in {each.rule.id for each in RowChecker(plan.columns).broken(row)}


def test_damage_anywhere_ends_as_a_row_or_a_reason(made: dict[str, Path], row_of: RowOf, tmp_path: Path) -> None:
    """Bytes overwritten at random, mostly in the cards: no other error, no crash of the C library."""
    rng, sound, path = random.Random(1977), made[BIR].read_bytes(), tmp_path / BIR
    table = sound.index(b"XTENSION")
    for _ in range(300):
        damaged = bytearray(sound)
        for _ in range(rng.choice([1, 2, 10])):
            start = rng.choice([0, table])
            damaged[rng.randrange(start, start + 4500)] = rng.choice([*b" 0'9-", rng.randrange(256)])
        path.write_bytes(damaged)
        with contextlib.suppress(FileError):
            row_of(path)
