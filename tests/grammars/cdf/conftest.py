"""Small CDF files written by cdflib, and the rows that collections make of them."""

from __future__ import annotations

import functools
import runpy
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.time import Time
from cdflib import cdfepoch, cdfwrite

from epncore.model.collection import parse
from epncore.model.row import Cell
from grammars.plan import Plan, compile_plans
from grammars.protocol import SourceFile

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
TYPES = {"i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 11, "u2": 12, "f4": 21, "f8": 22, "epoch": 31, "epoch16": 22,
         "tt2000": 33, "char": 51}  # fmt: skip
GLOBALS = {
    "Logical_source": "xx_h1_yy", "Source_name": "XX>Example craft", "Descriptor": "YY>Example receiver",
    "Data_type": "L2>Level 2 data",
}  # fmt: skip


@dataclass
class Var:
    """A variable to write: name, type as in TYPES, records (first axis), attributes."""

    name: str
    kind: str
    data: Any
    attrs: Mapping[str, Any] = field(default_factory=dict)
    varies: bool = True
    is_z: bool = True
    compress: int = 0
    sparse: str = "no_sparse"


Write = Callable[..., Path]


def write_cdf(
    folder: Path, variables: Sequence[Var], attributes: Mapping[str, Any] = GLOBALS, name: str = "a.cdf", **spec: Any
) -> Path:
    path = folder / name
    path.unlink(missing_ok=True)
    cdf = cdfwrite.CDF(path, cdf_spec={"Encoding": 6, "Majority": "Row_major", **spec})
    cdf.write_globalattrs(
        {key: dict(enumerate(value if isinstance(value, list) else [value])) for key, value in attributes.items()}
    )
    for var in variables:
        data = np.asarray(var.data)
        if var.kind == "epoch16":  # cdflib writes these wrongly: as pairs of numbers, declared as times below
            data = np.stack([data.real, data.imag], axis=-1)
        layout = {
            "Variable": var.name, "Data_Type": TYPES[var.kind], "Rec_Vary": var.varies,
            "Num_Elements": max(len(str(x)) for x in data.ravel()) if var.kind == "char" else 1,
            "Compress": var.compress, "Sparse": var.sparse,
        }  # fmt: skip
        dims = list(data.shape[1:])
        layout |= {"Dim_Sizes": dims} if var.is_z else {"Dim_Vary": [True] * len(dims), "Var_Type": "rVariable"}
        cdf.write_var(layout, var_attrs=dict(var.attrs), var_data=None if len(data) == 0 else data)
    cdf.close()
    if any(var.kind == "epoch16" for var in variables):
        _declare_epoch16(path, {number for number, var in enumerate(variables) if var.kind == "epoch16"})
    return path


def _declare_epoch16(path: Path, numbers: set[int]) -> None:
    """Make times with one dimension of size 1 of z variables of pairs: data type and size stand in each VDR."""
    content = bytearray(path.read_bytes())
    at = struct.unpack(">q", content[340:348])[0]
    while at:
        if struct.unpack(">i", content[at + 68 : at + 72])[0] in numbers:
            content[at + 20 : at + 24] = struct.pack(">i", 32)
            content[at + 344 : at + 348] = struct.pack(">i", 1)
            content[at + 47] &= ~2  # no pad value: there is room for half of one
        at = struct.unpack(">q", content[at + 12 : at + 20])[0]
    path.write_bytes(content)


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
