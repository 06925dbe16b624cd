"""What the scripts that make CDF files share: a writer, ISTP and VESPA attributes, the Sun and Jupiter as sources.

A ``make.py`` finds this beside its folder. All is invented but the layouts; same bytes on every run and machine.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from cdflib import cdfepoch, cdfwrite

TYPES = {"i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 11, "u2": 12, "u4": 14, "f4": 21, "f8": 22, "epoch": 31,
         "epoch16": 22, "tt2000": 33, "char": 51}  # fmt: skip
_NAMES = {"i1": "CDF_BYTE", "i2": "CDF_INT2", "i4": "CDF_INT4", "i8": "CDF_INT8", "u1": "CDF_UINT1", "u2": "CDF_UINT2",
          "u4": "CDF_UINT4", "f4": "CDF_REAL4", "f8": "CDF_DOUBLE", "epoch": "CDF_EPOCH",
          "tt2000": "CDF_TIME_TT2000"}  # fmt: skip
FILL_TT2000, FILL_REAL = -(2**63), -1.0e31


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


def write_cdf(
    folder: Path, variables: Sequence[Var], attributes: Mapping[str, Any], name: str = "a.cdf", **spec: Any
) -> Path:
    """Write a file; of an attribute in a list, each member is an entry."""
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
    if any(var.compress for var in variables):
        _forget_when_compressed(path)
    if any(var.kind == "epoch16" for var in variables):
        _declare_epoch16(path, {number for number, var in enumerate(variables) if var.kind == "epoch16"})
    return path


def _forget_when_compressed(path: Path) -> None:
    """Set the time in the headers of gzip to 0: cdflib has them say when the file was made."""
    content = bytearray(path.read_bytes())
    magic, at = b"\x1f\x8b\x08\x00", -1
    while (at := content.find(magic, at + 1)) >= 0:
        content[at + 4 : at + 8] = bytes(4)
    path.write_bytes(content)


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


def write(
    folder: Path, name: str, variables: Sequence[Var], attributes: Mapping[str, Any], written: str, **spec: Any
) -> Path:
    """Write a file of a collection; `written` is its modification time: ``2024-03-24T06:00:00``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = write_cdf(folder, variables, attributes, name, Checksum=False, **spec)
    modified = moment(written).timestamp()
    os.utime(path, (modified, modified))
    return path


def moment(text: str) -> dt.datetime:
    """A UTC time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def tt2000(start: str, seconds: Any = 0.0) -> Any:
    """Counts of TT2000, so many seconds after a UTC time."""
    at = moment(start)
    parts = [at.year, at.month, at.day, at.hour, at.minute, at.second, *divmod(at.microsecond, 1000), 0]
    origin = int(cdfepoch.compute_tt2000(parts))
    return origin + np.round(np.asarray(seconds, np.float64) * 1e9).astype(np.int64)


def typed(kind: str, value: float) -> list[Any]:
    """An attribute that is a number of a type."""
    return [value, _NAMES[kind]]


def clock(name: str, start: str, seconds: Any, kind: str = "tt2000", **attrs: Any) -> Var:
    """A variable of times, so many seconds after a UTC time; of CDF_EPOCH and CDF_EPOCH16 with no bounds."""
    said: dict[str, Any] = {"CATDESC": "Default time", "FIELDNAM": name, "LABLAXIS": name, "VAR_TYPE": "support_data",
                            "SCALETYP": "linear", "MONOTON": "INCREASE", "TIME_BASE": "J2000"}  # fmt: skip
    if kind == "tt2000":
        times = tt2000(start, seconds)
        first, last = (int(tt2000(year)) for year in ("1990-01-01T00:00:00", "2050-01-01T00:00:00"))
        said |= {"UNITS": "ns", "FILLVAL": typed(kind, FILL_TT2000)}
        said |= {"VALIDMIN": typed(kind, first), "VALIDMAX": typed(kind, last)}
    else:
        since_0000 = (moment(start) - moment("0001-01-01T00:00:00")).total_seconds() + 366 * 86400.0
        times = since_0000 + np.asarray(seconds, np.float64)
        if kind == "epoch":
            times, said["UNITS"] = np.round(times * 1e3), "ms"
        else:  # whole seconds, and picoseconds
            times, said["UNITS"] = np.floor(times) + 1j * np.round(times % 1.0 * 1e3) * 1e9, "ps"
    return Var(name, kind, np.atleast_1d(times), {**said, **attrs})


def fixed(name: str, unit: str, values: Any, kind: str = "f4", **attrs: Any) -> Var:
    """A support variable that is the same for all records: a table of frequencies."""
    table = np.atleast_1d(np.asarray(values, np.dtype(kind)))[None]
    return Var(name, kind, table, {**_said(name, unit, kind), "VAR_TYPE": "support_data", **attrs}, varies=False)


def varying(name: str, unit: str, values: Any, time: str = "Epoch", kind: str = "f4", **attrs: Any) -> Var:
    """A variable with a value, or an array, for each record; of VAR_TYPE data where `attrs` say nothing else.

    With no `time`, the records are not of one time each.
    """
    said = {**_said(name, unit, kind), "VAR_TYPE": "data", **({"DEPEND_0": time} if time else {}), **attrs}
    return Var(name, kind, np.asarray(values, np.dtype(kind)), said)


def _said(name: str, unit: str, kind: str) -> dict[str, Any]:
    fill = {"f4": FILL_REAL, "f8": FILL_REAL}.get(kind)
    if fill is None:
        bounds = np.iinfo(np.dtype(kind))
        fill = bounds.min if bounds.min else bounds.max
    return {"CATDESC": name, "FIELDNAM": name, "FILLVAL": typed(kind, fill), "LABLAXIS": name, "UNITS": unit or " "}


def type_iii(seconds: np.ndarray, frequency_hz: np.ndarray, distance_au: float = 1.0, at_s: float = 5.0) -> np.ndarray:
    """A burst of type III as a spacecraft hears it: flux density by time and frequency, background 1.

    Electrons of a tenth of the speed of light meet plasma of the frequency f at about 0.2 au / (f / 1 MHz); what they
    emit there rises at once and decays within some 10 s at 10 MHz, a quarter of an hour at 100 kHz. The first of the
    frequencies hears it at `at_s`.
    """
    megahertz = np.asarray(frequency_hz) / 1e6
    height_au = 0.2 / megahertz
    travel_s = 499.0 * (10.0 * height_au + np.abs(distance_au - height_au))
    age_s = seconds[:, None] - (at_s + travel_s - travel_s.min())
    decay_s = 100.0 / megahertz
    rise = np.exp(-0.5 * (np.minimum(age_s, 0.0) / (0.1 * decay_s)) ** 2)
    return 1.0 + 300.0 * rise * np.exp(-np.maximum(age_s, 0.0) / decay_s)


def arcs(seconds: np.ndarray, frequency_hz: np.ndarray, vertices: Sequence[tuple[float, float]]) -> np.ndarray:
    """Jovian decametric arcs, vertex early: each starts at its (s, Hz) and opens to both sides; background 1."""
    level = np.ones((len(seconds), len(frequency_hz)))
    for vertex_s, vertex_hz in vertices:
        away = (np.asarray(frequency_hz) - vertex_hz) / 8e6
        level += 50.0 * np.exp(-0.5 * ((seconds[:, None] - vertex_s - 20.0 * away**2) / 1.6) ** 2 - away**2)
    return level


def vespa(**said: Any) -> dict[str, Any]:
    """Attributes as masters of MASER have them: numbers that are not said are left at zero."""
    zeros = ("time_min", "time_max", "spectral_range_min", "spectral_range_max")
    unset = {f"VESPA_{name}": [typed("f8", 0.0)] for name in zeros}
    for name in ("time_sampling_step_min", "time_sampling_step_max", "spectral_sampling_step_min",
                 "spectral_sampling_step_max"):  # fmt: skip
        unset[f"VESPA_{name}"] = [typed("f4", 0.0)]
    return unset | {f"VESPA_{name}": value for name, value in said.items()}


def noise(seed: int, shape: tuple[int, ...], relative: float = 0.05) -> np.ndarray:
    """Factors around 1."""
    return np.exp(np.random.default_rng(seed).normal(0.0, relative, shape))
