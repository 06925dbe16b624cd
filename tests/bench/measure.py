"""What a measure is, how times are taken, and how all is shown and written."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes
    ----------
    files : int
        For measures against DaCHS's own grammars.
    few, many : int
        Tiny files, for memory and for re-runs.
    rows : int
        Prepared rows of a table.
    repeats : int
        Times that each side is measured, in turns; the median counts.
    """

    files: int
    few: int
    many: int
    rows: int
    repeats: int


SIZES = {
    "full": Sizes(files=40_000, few=10_000, many=200_000, rows=1_000_000, repeats=3),
    "medium": Sizes(files=4000, few=4000, many=40_000, rows=200_000, repeats=2),
    "small": Sizes(files=150, few=500, many=4000, rows=20_000, repeats=1),
}


@dataclass(frozen=True)
class Measure:
    """One comparison. `ratio` is `ours` divided by `other`, both in `unit`.

    Attributes
    ----------
    target : float
        What the ratio should reach.
    met : bool
    """

    name: str
    ours: float
    other: float
    ratio: float
    target: float
    unit: str
    met: bool


def at_least(name: str, ours: float, other: float, target: float, unit: str) -> Measure:
    """A measure of speed: more is better."""
    return Measure(name, ours, other, ours / other, target, unit, ours / other >= target)


def at_most(name: str, ours: float, other: float, target: float, unit: str) -> Measure:
    """A measure of cost: less is better."""
    return Measure(name, ours, other, ours / other, target, unit, ours / other <= target)


def say(text: str) -> None:
    """Progress, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def wall_seconds(work: Callable[[], object]) -> float:
    """How long something takes by the clock on the wall."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(repeats: int, *sides: Callable[[], float]) -> list[float]:
    """Medians of several sides, measured in turns: what else the machine does meets all of them."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(repeats):
        for values, side in zip(taken, sides, strict=True):
            values.append(side())
    return [statistics.median(values) for values in taken]


def machine(extra: dict[str, str]) -> dict[str, str]:
    """What this run was made on."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())  # fmt: skip
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("epncore", "fitsio", "numpy", "psycopg"))
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return {
        "cpu": f"{cores} x {cpu}",
        "load average at the end": load,
        "python": platform.python_version(),
        "libraries": libraries,
        **extra,
    }


def show(measures: list[Measure], left_out: dict[str, str], about: dict[str, str]) -> None:
    """Print a table."""
    console = Console(width=max(Console().width, 120))
    table = Table(header_style="bold", title="Measured on this machine, in this run", title_justify="left")
    for heading in ("measure", "ours", "other", "unit", "ratio", "to reach", ""):
        table.add_column(heading, justify="left" if heading in {"measure", "unit", ""} else "right", overflow="fold")
    for each in measures:
        bound = "at least" if each.met == (each.ratio >= each.target) else "at most"
        table.add_row(
            each.name, f"{each.ours:,.4g}", f"{each.other:,.4g}", each.unit, f"{each.ratio:.2f}",
            f"{bound} {each.target:g}", "yes" if each.met else "[red]no[/red]",
        )  # fmt: skip
    console.print(table)
    for name, why in left_out.items():
        console.print(f"Left out: {name}: {why}", style="yellow")
    for key, value in about.items():
        console.print(f"{key}: {value}", highlight=False)


def write(path: Path, measures: list[Measure], left_out: dict[str, str], about: dict[str, str]) -> None:
    """Write the same for programs."""
    path.parent.mkdir(exist_ok=True)
    content = {"measures": [asdict(each) for each in measures], "left_out": left_out, "about": about}
    path.write_text(json.dumps(content, indent=2) + "\n")
    print(f"written: {path}", file=sys.stderr)
