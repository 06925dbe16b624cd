"""Pairs of columns that hold the range of a variable: distances, sub-observer points, central meridian longitudes.

A config names them: ``[product.options.ranges]`` with ``target_distance = { variable = "ObsDistance", unit = "km" }``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from epncore.model.columns import COLUMNS
from epncore.model.errors import HeaderError
from epncore.model.row import Found, Missing
from epncore.model.units import parse_unit, unit_factor
from grammars.istp_data import named, table
from grammars.protocol import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from grammars.protocol import Answer, Granule
    from grammars.readers.cdf import CdfHeader

_CIRCLE_DEG = 360.0


class Range(BaseModel):
    """Where a pair of columns gets its values.

    Attributes
    ----------
    variable : str
        Its smallest and largest value are written.
    unit : str, optional
        Instead of UNITS of the variable, as ``71492 km`` where that says Rp.
    westward : bool
        Of longitudes: whether the file counts them to the west. EPNcore counts to the east (REC, Axes).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    variable: str
    unit: str | None = None
    westward: bool = False

    @field_validator("unit")
    @classmethod
    def _is_a_unit(cls, unit: str | None) -> str | None:
        if unit is not None and parse_unit(unit) is None:
            raise ValueError(f"{unit!r} is no unit: km, AU or 71492 km for example")
        return unit


def check(ranges: dict[str, Range]) -> dict[str, Range]:
    """Hand back the ranges of a config.

    Raises
    ------
    ValueError
        Where a name is that of no pair of columns, or a unit is of another kind than the column's.
    """
    for name, found in ranges.items():
        low = COLUMNS.get(f"{name}_min")
        if low is None or f"{name}_max" not in COLUMNS or low.type != "double":
            raise ValueError(f"there are no columns {name}_min and {name}_max of numbers")
        if found.unit is not None and unit_factor(found.unit, low.unit) is None:
            raise ValueError(f"{name}_min is in {low.unit}, which {found.unit!r} is no unit of")
    return ranges


def steps(ranges: Mapping[str, Range]) -> Iterator[Step]:
    """Two steps for each range."""
    for name, wanted in ranges.items():
        source = f"variable {wanted.variable}"
        yield Step(f"{name}_min", source, _end(name, wanted, 0))
        yield Step(f"{name}_max", source, _end(name, wanted, 1))


def _end(name: str, wanted: Range, which: int) -> Callable[[Granule], Answer]:
    def answer(granule: Granule) -> Answer:
        found = _read(granule.header, name, wanted)
        return found if isinstance(found, Missing) else Found(found.ends[which], found.source)

    return answer


class _Read(NamedTuple):
    ends: tuple[float, float]
    source: str


def _read(header: CdfHeader, name: str, wanted: Range) -> _Read | Missing:
    variable = named(header, wanted.variable, f"option ranges.{name}")
    if not variable.records or not variable.record_bytes:
        return Missing(f"variable {variable.name} has no records")
    unit, column = wanted.unit or header.text(variable, "UNITS"), COLUMNS[f"{name}_min"]
    factor = unit_factor(unit, column.unit)
    if factor is None:
        raise HeaderError(
            f"variable {variable.name} is in {unit!r}, and the column in {column.unit}", path=header.path,
            place=f"option ranges.{name}", hint="Say which unit it is by the key unit",
        )  # fmt: skip
    values, note = table(header, variable, different=True)
    known = values[np.isfinite(values)] * factor
    if not known.size:
        return Missing(f"variable {variable.name} holds fill values only")
    source = ", ".join(filter(None, (f"variable {variable.name} [{unit}]", note)))
    if not name.endswith("longitude"):
        return _Read((float(known.min()), float(known.max())), source)
    if wanted.westward:
        known, source = -known, f"{source}, counted to the west there"
    return _Read(_arc(known), source)


def _arc(longitudes: NDArray[np.float64]) -> tuple[float, float]:
    """From where to where longitudes go, eastward: the first is the larger where 0 lies between; a turn is all."""
    turned = np.unwrap(longitudes, period=_CIRCLE_DEG)
    low, high = float(turned.min()), float(turned.max())
    if high - low >= _CIRCLE_DEG:
        return 0.0, _CIRCLE_DEG
    return round(low % _CIRCLE_DEG, 9), round(high % _CIRCLE_DEG, 9)
