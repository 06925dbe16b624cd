"""das2 streams: the samples, and small ones to write."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from epncore.model.collection import load
from epncore.model.row import Cell
from grammars.plan import compile_plans
from grammars.protocol import SourceFile

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
PLANS = {name: compile_plans(load(SAMPLES / name))[0] for name in ("galileo_pws", "juno_waves")}
Row: TypeAlias = dict[str, Cell]
RowOf: TypeAlias = Callable[[bytes | Path], Row]

STREAM = b'<stream version="2.2"><properties String:title="made" /></stream>'
PACKET = (
    b'<packet><x type="sun_real8" units="t2000"/><yscan type="sun_real4" yUnits="kHz" zUnits="V m**-1"'
    b' nitems="3" yTags="10, 20, 40"/></packet>'
)


def header(number: str, xml: bytes) -> bytes:
    return f"[{number}]{len(xml):06d}".encode() + xml


def record(seconds: float, tag: bytes = b":01:") -> bytes:
    return tag + np.array([seconds], ">f8").tobytes() + np.zeros(3, ">f4").tobytes()


def stream(*seconds: float, packet: bytes = PACKET) -> bytes:
    """A stream with one kind of records."""
    return header("00", STREAM) + header("01", packet) + b"".join(map(record, seconds))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample streams by name."""
    folder = tmp_path_factory.mktemp("das2")
    paths = [path for name in PLANS for path in runpy.run_path(str(SAMPLES / name / "make.py"))["make"](folder)]
    return {path.name: path for path in paths}


@pytest.fixture
def row_of(tmp_path: Path) -> RowOf:
    """The row of a stream, given as bytes or by its path."""

    def row(content: bytes | Path) -> Row:
        path = content if isinstance(content, Path) else tmp_path / "stream.d2s"
        if isinstance(content, bytes):
            path.write_bytes(content)
        plan = PLANS["galileo_pws" if path.name.startswith(("gll_", "galileo_")) else "juno_waves"]
        cells = plan.read(SourceFile(path, path.name, path.stat().st_size, path.stat().st_mtime_ns))
        return dict(zip((column.name for column in plan.columns), cells, strict=True))

    return row
