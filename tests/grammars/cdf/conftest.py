"""Small CDF files written by cdflib, and the rows that collections make of them."""

from __future__ import annotations

import functools
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cdf_maker
import numpy as np
import pytest
from astropy.time import Time
from cdf_maker import Var
from cdflib import cdfepoch

from epncore.model.collection import parse
from epncore.model.row import Cell
from grammars.plan import Plan, compile_plans
from grammars.protocol import SourceFile

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
GLOBALS = {
    "Logical_source": "xx_h1_yy", "Source_name": "XX>Example craft", "Descriptor": "YY>Example receiver",
    "Data_type": "L2>Level 2 data",
}  # fmt: skip


Write = Callable[..., Path]


def write_cdf(
    folder: Path, variables: Sequence[Var], attributes: Mapping[str, Any] = GLOBALS, name: str = "a.cdf", **spec: Any
) -> Path:
    return cdf_maker.write_cdf(folder, variables, attributes, name, **spec)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return functools.partial(write_cdf, tmp_path)


def tt2000(*parts: int) -> int:
    return int(cdfepoch.compute_tt2000([*parts, *[0] * (9 - len(parts))]))


def series(count: int = 5, step_s: float = 60.0, attrs: Mapping[str, Any] | None = None) -> list[Var]:
    """A time variable from 2020-01-01T00:00:00, and one data variable on it."""
    epoch = tt2000(2020, 1, 1) + (np.arange(count) * step_s * 1e9).astype(np.int64)
    return [
        Var("Epoch", "tt2000", epoch, {"VAR_TYPE": "support_data", **(attrs or {})}),
        Var("B", "f4", np.ones(count, np.float32), {"VAR_TYPE": "data", "DEPEND_0": "Epoch", "UNITS": "nT"}),
    ]


def data(name: str = "B", clock: str = "Epoch", values: Any = None, count: int = 5, **attrs: Any) -> Var:
    """A data variable on a time variable."""
    values = np.ones(count, np.float32) if values is None else values
    return Var(name, "f4", values, {"VAR_TYPE": "data", "DEPEND_0": clock, **attrs})


def spectra(
    unit: str, table: Any, attrs: dict[str, Any] | None = None, varies: bool = False, kind: str = "f4", **of_data: Any
) -> list[Var]:
    table = np.atleast_2d(np.asarray(table))
    values = np.ones((len(table) if varies else 3, table.shape[1]), np.float32)
    of_axis = {"UNITS": unit, "VAR_TYPE": "support_data", **(attrs or {})}
    return [
        series(len(values), 10.0)[0],
        Var("axis", kind, table, of_axis, varies=varies),
        data("S", values=values, DEPEND_1="axis", **of_data),
    ]


def jd(text: str) -> float:
    """Of an UTC date, by astropy."""
    return float(Time(text, scale="utc").jd)


def plan_for(grammar: str = "istp", constants: Mapping[str, Any] | None = None, **options: Any) -> Plan:
    product = {
        "sources": ["*"],
        "grammar": grammar,
        "granule_gid": "g",
        "options": options,
        "constants": constants or {},
    }
    data = {
        "schema": "x", "title": "t", "description": "d", "creators": ["c"], "created": "2024-01-01",
        "licence": "CC-BY-4.0", "subjects": ["solar-system-astronomy"], "product": [product],
    }  # fmt: skip
    return compile_plans(parse(data, "collection.toml"))[0]


def source(path: Path) -> SourceFile:
    stat = path.stat()
    return SourceFile(path, path.name, stat.st_size, stat.st_mtime_ns)


@dataclass
class Found:
    """A row by column, and where its values came from."""

    row: dict[str, Cell]
    sources: dict[str, str]

    def __getitem__(self, column: str) -> Cell:
        return self.row[column]


def look(path: Path, plan: Plan | None = None, **options: Any) -> Found:
    plan = plan or plan_for(**options)
    with plan.opened(source(path)) as granule:
        explained = plan.explain(granule)
    return Found({e.column.name: e.value for e in explained}, {e.column.name: e.source for e in explained})


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Files of the sample collections by schema."""
    return {
        name: runpy.run_path(str(SAMPLES / name / "make.py"))["make"](tmp_path_factory.mktemp(name))
        for name in ("nda_routine", "voyager_pws")
    }
