"""The axes of an e-CALLISTO image, which stand in its binary table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from grammars.readers.fits import FitsHeader


def axis(
    header: FitsHeader, name: str, length_key: str, factor_of: Callable[[str], float | None], factor: float
) -> NDArray[np.float64] | None:
    """Finite values of an axis in s or Hz."""
    values = pixels(header, name, length_key, factor_of, factor)
    return None if values is None else values[np.isfinite(values)]


def pixels(
    header: FitsHeader, name: str, length_key: str, factor_of: Callable[[str], float | None], factor: float
) -> NDArray[np.float64] | None:
    """Values of an axis in s or Hz: as many as the image has pixels, since further ones belong to none."""
    column = header.column(name)
    if column is None:
        return None
    unit = header.column_unit(name)
    given = factor_of(unit) if unit else factor
    if given is None or column.dtype.kind not in "iuf":
        found = f"its unit is {unit!r}" if given is None else f"it holds {column.dtype}, not numbers"
        raise HeaderError(f"{name} is no axis: {found}", place=name)
    length = header.get(length_key)
    if isinstance(length, int) and column.size < length:
        raise HeaderError(f"{name} has {column.size} values for {length} pixels", place=f"{name}, {length_key}")
    values = column.ravel()[: length if isinstance(length, int) else None].astype(np.float64)
    return values * given
