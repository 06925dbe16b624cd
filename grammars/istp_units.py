"""On which scale the values of a variable are drawn, by what the file declares: SCALETYP, and UNITS."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from astropy import units as u

from epncore.model.units import parse_unit

if TYPE_CHECKING:
    from grammars.pictures import Scale

# Powers and spectral densities: flux, voltage, electric and magnetic field.
_POWERS = (u.W, u.W / u.m**2, u.Jy, u.V**2, u.V**2 / u.Hz, (u.V / u.m) ** 2, (u.V / u.m) ** 2 / u.Hz, u.T**2 / u.Hz)
_DECIBEL = re.compile(r"\bdB|decibel", re.IGNORECASE)
# astropy cannot read the power of a quotient.
_SQUARE = re.compile(r"\(([^()/]+)/([^()/]+)\)\*\*2")
_SOLAR_FLUX = re.compile(r"\bs\.?f\.?u\.?\b", re.IGNORECASE)


def picture_scale(unit: str, scale_type: str) -> Scale:
    """The scale of a quantity.

    Parameters
    ----------
    unit : str
        UNITS as the file writes it.
    scale_type : str
        SCALETYP: ``lin``, ``linear``, ``log``; empty where the file declares none.

    Returns
    -------
    {"linear", "dB", "log"}
        Decibels are logarithmic already: linear. Else as declared; else dB for linear powers.
    """
    declared = scale_type.strip().lower()
    if _DECIBEL.search(unit) or declared.startswith("lin"):
        return "linear"
    if is_power(unit):
        return "dB"
    return "log" if declared.startswith("log") else "linear"


def is_power(unit: str) -> bool:
    """Whether a unit is one of power or of its spectral density."""
    if _SOLAR_FLUX.search(unit):
        return True
    parsed = _parsed(unit)
    return parsed is not None and any(parsed.is_equivalent(power) for power in _POWERS)


def _parsed(text: str) -> u.UnitBase | None:
    """A unit as files write it: ``W/m^2/Hz``, ``(mV/m)**2/Hz``, ``V^2/Hz``."""
    plain = _SQUARE.sub(r"\1**2/\2**2", text.strip().replace("^", "**"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)  # of two slashes: they mean what they seem to
        try:
            unit = u.Unit(plain, parse_strict="raise")
        except (ValueError, TypeError):
            return parse_unit(text)
    return unit if isinstance(unit, u.UnitBase) else None
