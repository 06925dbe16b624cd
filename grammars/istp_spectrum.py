"""The frequencies of an ISTP CDF: the axes of its data whose unit is one of frequency, and nothing else.

An axis of energies, of components or of plain numbers fills no ``spectral_*`` column: those are in Hz.

Format: ISTP/IACG guidelines (DEPEND_1 to DEPEND_3, UNITS, SI_CONVERSION).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from astropy import units as u

from epncore.model.errors import HeaderError
from epncore.model.units import frequency_factor_hz, parse_unit
from grammars.axes import Recent, remembered, rounded, row_steps
from grammars.cdf_times import union
from grammars.istp_data import axes, each_once, in_limits, limits, named, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grammars.axes import Steps
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable

MAX_TABLES = 1000
"""Of more different frequency tables in one file, the first are enough to know the steps."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What the frequency axes tell.

    Attributes
    ----------
    low, high : float, Hz
        Smallest and largest frequency of the tables: centres of channels, as the files have them.
    steps : Steps or None
        Between frequencies of one table, Hz.
    source : str
    """

    low: float
    high: float
    steps: Steps | None
    source: str


def spectrum(header: CdfHeader, data: list[Variable], chosen: str | None) -> Spectrum | None:
    """The frequencies of all data variables together; None where no axis is one of frequency.

    Raises
    ------
    HeaderError
        Where a config names an axis that is not there or has no unit of frequency.
    """
    found: dict[str, Spectrum] = {}
    for axis in [named(header, chosen, "option spectral_variable")] if chosen else _candidates(header, data):
        factor = factor_hz(header, axis)
        if factor is None and chosen:
            unit = header.text(axis, "UNITS")
            raise HeaderError(
                f"variable {axis.name} has the unit {unit!r}, which is none of frequency",
                path=header.path,
                place="option spectral_variable",
            )
        one = _of_axis(header, axis, factor) if factor is not None and axis.records else None
        if one is not None:
            found[axis.name] = one
    if not found:
        return None
    low, high = min(one.low for one in found.values()), max(one.high for one in found.values())
    sources = "; ".join(one.source for one in found.values())
    return Spectrum(low, high, union(one.steps for one in found.values()), sources)


def _candidates(header: CdfHeader, data: list[Variable]) -> list[Variable]:
    by_name = {axis.name: axis for variable in data for axis in axes(header, variable)}
    return list(by_name.values())


def factor_hz(header: CdfHeader, axis: Variable) -> float | None:
    """How many Hz one unit of an axis is: by UNITS, or by SI_CONVERSION where UNITS is no unit that one can read."""
    unit = header.text(axis, "UNITS")
    factor = frequency_factor_hz(unit)
    if factor is not None or parse_unit(unit) is not None:
        return factor
    number, arrow, si_unit = header.text(axis, "SI_CONVERSION").partition(">")
    base = frequency_factor_hz(si_unit) if arrow else None
    try:
        scale = float(number)
    except ValueError:
        return None
    return base * scale if base is not None and np.isfinite(scale) and scale > 0 else None


def is_energy(header: CdfHeader, axis: Variable) -> bool:
    """Whether an axis is one of particle energies."""
    unit = parse_unit(header.text(axis, "UNITS"))
    return unit is not None and unit.is_equivalent(u.J)


_Ends: TypeAlias = "tuple[float, float, Steps | None]"
_KNOWN: Recent[_Ends | None] = Recent()


def _of_axis(header: CdfHeader, axis: Variable, factor: float) -> Spectrum | None:
    rows, note = rows_of(header, axis)
    bounds = limits(header, axis)
    source = f"variable {axis.name} [{header.text(axis, 'UNITS')}]{f', {note}' if note else ''}"

    def made() -> _Ends | None:
        values = in_limits(each_once(rows), bounds)
        if values.shape[1] == 1:  # a frequency a record, as of receivers that write one value a time: together an axis
            values = np.unique(values).reshape(1, -1)
        return _ends_and_steps(values * factor)

    found = _KNOWN.answer(rows.tobytes(), (rows.dtype, rows.shape, factor, repr(bounds)), made)
    return Spectrum(*found, source) if found else None


def of_tables(values: NDArray[np.float64], source: str) -> Spectrum | None:
    """What tables of frequencies tell, one a row of `values` (Hz); zeros, negatives and NaN are padding."""
    found = _ends_and_steps(values)
    return Spectrum(*found, source) if found else None


@remembered
def _ends_and_steps(values: NDArray[np.float64]) -> _Ends | None:
    values = rounded(np.where(values > 0, values, np.nan))
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max()), union(_row_steps(values))) if known.size else None


def _row_steps(values: NDArray[np.float64]) -> list[Steps | None]:
    """Steps of each different table: tables that change with the mode are not mixed."""
    tables = {row.tobytes(): row for row in np.nan_to_num(values, nan=-1.0)}
    return [row_steps(row[row > 0]) for row in list(tables.values())[:MAX_TABLES]]
