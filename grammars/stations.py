"""Where a station stands, from geocentric coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import erfa
import numpy as np

from epncore.model.row import Missing

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from grammars.protocol import Answer

_EARTH_M = (6.3e6, 6.4e6)
"""How far from its centre its surface is."""
_WGS84 = 1  # as erfa numbers ellipsoids; that of ETRS89 differs by 0.1 mm
_DECIMALS = 4  # of a degree: ten metres, less than an array is wide


def longitude_latitude(positions_m: ArrayLike, source: str) -> tuple[Answer, Answer]:
    """The middle of places on Earth.

    Parameters
    ----------
    positions_m : array_like, shape (n, 3), m
        Geocentric X, Y, Z; those that are nowhere near the surface (zeros of unused places) are left out.
    source : str
        What they are, for people.

    Returns
    -------
    longitude, latitude : Answer, deg
        East and north; Missing where no place is on Earth.
    """
    positions = np.asarray(positions_m, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        distances_m = np.linalg.norm(positions, axis=1)
    known = positions[(_EARTH_M[0] < distances_m) & (distances_m < _EARTH_M[1])]
    if not len(known):
        return (Missing(f"{source}: no place on Earth"),) * 2
    longitude, latitude, _ = erfa.gc2gd(_WGS84, known.mean(axis=0))
    return round(float(np.degrees(longitude)), _DECIMALS), round(float(np.degrees(latitude)), _DECIMALS)
