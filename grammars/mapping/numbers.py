"""Numbers with units: as cards and attributes hold them, and as columns want them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from epncore.model.row import show
from epncore.model.units import LIGHT_M_S, duration_factor_s, unit_factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from epncore.model.columns import Column

_QUANTITY = re.compile(
    r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eEdD][+-]?\d{1,3})?)\s*([^\W\d].{0,40})?", re.ASCII
)
_OF_SPECTRUM = {"spectral_range_min", "spectral_range_max"}


class Quantity(NamedTuple):
    """A number, and the unit that stands with it: empty for none."""

    value: float
    unit: str


def quantity(found: object) -> Quantity:
    """A number, also where a text holds it: ``1``, ``195.3125 kHz``.

    Raises
    ------
    ValueError
        Where it is none; a second argument is a hint.
    """
    match = _QUANTITY.fullmatch(found.strip()) if isinstance(found, str) else None
    if match:
        return Quantity(float(match[1].upper().replace("D", "E")), (match[2] or "").strip())
    try:
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return Quantity(float(found), "")
    except OverflowError:
        pass
    raise ValueError(f"{show(found)} is no number", "A number is wanted, or a text as '195.3 kHz'")


def number(found: object) -> float:
    """A number without a unit.

    Raises
    ------
    ValueError
        Where it is none, or has a unit.
    """
    value, unit = quantity(found)
    if unit:
        raise ValueError(f"{show(found)} is no plain number")
    return value


def quantities(found: object) -> list[Quantity]:
    """The numbers of a list as ``[0.00 MHz, 100.00 MHz]``, or the one that is there.

    Raises
    ------
    ValueError
        Where one of them is none.
    """
    if not isinstance(found, str):
        return [quantity(found)]
    return [quantity(word) for word in re.split(r"[,;]", found.strip().strip("[](){}")) if word.strip()]


def converter(unit: str, column: Column) -> Callable[[float], float] | None:
    """How numbers in a unit become those of a column; None where the unit is of another kind.

    The ends of a spectral range may be wavelengths; steps and widths may not, since equal wavelengths apart are
    not equal frequencies apart. Energies are never frequencies here: they are mostly those of particles.
    """
    factor = unit_factor(unit, column.unit)
    if factor is not None:
        return lambda value: value * factor
    wavelength_m = unit_factor(unit, "m")
    if column.name in _OF_SPECTRUM and wavelength_m is not None:
        return lambda value: _of_wavelength(value * wavelength_m)
    return None


def _of_wavelength(wavelength_m: float) -> float:
    if not wavelength_m > 0:
        raise ValueError(f"{wavelength_m:g} m is no wavelength")
    return LIGHT_M_S / wavelength_m


def seconds(unit: str) -> float:
    """How many seconds a unit is.

    Raises
    ------
    ValueError
        Where it is none of durations.
    """
    factor = duration_factor_s(unit)
    if factor is None:
        raise ValueError(f"{unit!r} is no unit of durations", "s, ms, min, h or d for example")
    return factor


def convert(found: Quantity, unit: str | None, column: Column) -> float:
    """A number in the unit of a column.

    Parameters
    ----------
    found : Quantity
        Its own unit goes before `unit`.
    unit : str or None
        As the config says; without any, the number is in the column's unit already.
    column : Column

    Raises
    ------
    ValueError
        Where the units are not of one kind.
    """
    given = found.unit or unit
    if not given or not math.isfinite(found.value):
        return found.value
    to_column = converter(given, column)
    if to_column is None:
        wanted = f"has {column.unit!r}" if column.unit else "has no unit"
        raise ValueError(f"the unit {given!r} does not fit {column.name}, which {wanted}")
    return to_column(found.value)
