"""Plans of mappings, and small files that follow no convention."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from cdflib import cdfwrite

from epncore.model.collection import parse
from epncore.model.row import Cell
from grammars.plan import Plan, compile_plans
from grammars.protocol import SourceFile

COLLECTION = """
schema = "x"
title = "t"
description = "d"
creators = ["c"]
created = 2024-01-01
licence = "CC-BY-4.0"
subjects = ["solar-system-astronomy"]
spatial_frame_type = "celestial"

[[columns]]
name = "own_speed"
type = "double"
unit = "km/s"
description = "A speed"

[[product]]
sources = ["*"]
granule_gid = "g"
"""
TYPES = {"i4": 4, "f4": 21, "f8": 22, "epoch": 31, "tt2000": 33, "char": 51}


def plan_of(text: str, path: str = "collection.toml") -> Plan:
    return compile_plans(parse(tomllib.loads(text), path), path)[0]


def mapped(mapping: str, grammar: str = "mapped_fits") -> Plan:
    return plan_of(f'{COLLECTION}grammar = "{grammar}"\n[product.mapping]\n{mapping}')


@dataclass
class Found:
    """A row by column, and where its values came from."""

    row: dict[str, Cell]
    sources: dict[str, str]

    def __getitem__(self, column: str) -> Cell:
        return self.row[column]


def look(path: Path, plan: Plan) -> Found:
    stat = path.stat()
    with plan.opened(SourceFile(path, path.name, stat.st_size, 0)) as granule:
        explained = plan.explain(granule)
    return Found({e.column.name: e.value for e in explained}, {e.column.name: e.source for e in explained})


def write_fits(
    folder: Path, cards: dict[str, Any], tables: dict[str, list[fits.Column]] | None = None, name: str = "a.fits"
) -> Path:
    """A FITS with these cards in the primary, and tables by EXTNAME."""
    primary = fits.PrimaryHDU(np.zeros((4, 3), "i2"))
    primary.header.update(cards)
    hdus = [primary]
    hdus += [fits.BinTableHDU.from_columns(columns, name=extname) for extname, columns in (tables or {}).items()]
    path = folder / name
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def write_cdf(
    folder: Path, attributes: dict[str, Any], variables: dict[str, tuple[str, Any, dict[str, Any]]], name: str = "a.cdf"
) -> Path:
    """A CDF; variables by name: type as in TYPES, records, attributes."""
    path = folder / name
    path.unlink(missing_ok=True)
    cdf = cdfwrite.CDF(path, cdf_spec={"Encoding": 6, "Majority": "Row_major"})
    cdf.write_globalattrs({k: dict(enumerate(v if isinstance(v, list) else [v])) for k, v in attributes.items()})
    for variable, (kind, records, attrs) in variables.items():
        values = np.asarray(records)
        letters = values.itemsize // 4 if kind == "char" else 1
        spec = {
            "Variable": variable, "Data_Type": TYPES[kind], "Num_Elements": letters,
            "Rec_Vary": True, "Dim_Sizes": list(values.shape[1:]),
        }  # fmt: skip
        cdf.write_var(spec, var_attrs=attrs, var_data=values)
    cdf.close()
    return path
