"""Which variables of an ISTP CDF are its data, and the variables they depend on.

Format: ISTP/IACG guidelines, "Variables" and "Variable attributes" (VAR_TYPE, DEPEND_0, DEPEND_i, DISPLAY_TYPE).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError
from grammars.axes import as_written
from grammars.cdf_times import is_time
from grammars.readers.cdf_data import TEXT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_data import AttributeValue
    from grammars.readers.cdf_records import Variable

MAX_TABLE_BYTES = 1 << 24
"""Most that is read of a support variable, a frequency table say (16 MiB); of a longer one, its first records."""

_SHOWN = 20


def named(header: CdfHeader, name: str, place: str) -> Variable:
    """The variable of a name that a config or an attribute gives.

    Raises
    ------
    HeaderError
        Where there is none; lists those that there are.
    """
    variable = header.variable(name)
    if variable is None:
        raise HeaderError(
            f"no variable {name!r}", path=header.path, place=place, hint=f"There are {listed(header.variables)}"
        )
    return variable


def listed(names: Iterable[str]) -> str:
    """Names for people, the first twenty."""
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return (", ".join(every[:_SHOWN]) or "none") + more


def data_variables(header: CdfHeader, chosen: Sequence[str]) -> list[Variable]:
    """The variables with data in them: those of VAR_TYPE data that depend on a time, or those that a config names.

    Raises
    ------
    HeaderError
        Where the file declares none.
    NotGranuleError
        Where they are all empty: a master.
    """
    declared = [named(header, name, "option data_variables") for name in chosen] or list(_declared(header))
    if not declared:
        raise HeaderError(
            "no variable has VAR_TYPE data and a DEPEND_0",
            path=header.path,
            hint="Name them by the option data_variables",
        )
    filled = [variable for variable in declared if variable.records > 0]
    if not filled:
        raise NotGranuleError(
            "no records: a master (skeleton) CDF, or an empty one",
            path=header.path,
            place=f"variable {declared[0].name}",
        )
    return filled


def _declared(header: CdfHeader) -> Iterator[Variable]:
    for variable in header.variables.values():
        is_data = header.text(variable, "VAR_TYPE").lower() == "data"
        if is_data and not is_time(variable) and header.text(variable, "DEPEND_0"):
            yield variable


def is_declared(header: CdfHeader) -> bool:
    """Whether any variable follows the ISTP guidelines: VAR_TYPE data, or a DEPEND_0."""
    return any(
        header.text(variable, "VAR_TYPE").lower() == "data" or header.text(variable, "DEPEND_0")
        for variable in header.variables.values()
    )


def axes(header: CdfHeader, variable: Variable) -> list[Variable]:
    """The variables that DEPEND_1 to DEPEND_3 name, where they are there and hold numbers."""
    names = (header.text(variable, f"DEPEND_{number}") for number in (1, 2, 3))
    found = (header.variable(name) for name in names if name)
    return [axis for axis in found if axis is not None and axis.data_type not in TEXT_TYPES and not is_time(axis)]


def table(
    header: CdfHeader, variable: Variable, most_bytes: int | None = None, *, different: bool = False
) -> tuple[NDArray[np.float64], str]:
    """Values of a support variable, one row a record, and what was left out.

    With `different`, a row that came before is left out: a table of frequencies that each record repeats is one row.
    Fill values are NaN, and so are values beyond VALIDMIN and VALIDMAX, unless that would leave nothing.
    Numbers are what the writer meant: single precision is read by its shortest decimal (10.075, not 10.07499980926).
    """
    rows, note = rows_of(header, variable, most_bytes)
    return in_limits(each_once(rows) if different else rows, limits(header, variable)), note


def rows_of(header: CdfHeader, variable: Variable, most_bytes: int | None = None) -> tuple[NDArray[Any], str]:
    """Records of a support variable as they stand, one row each, and what was left out."""
    most = max((most_bytes or MAX_TABLE_BYTES) // max(variable.record_bytes, 1), 1)
    raw = header.read(variable, 0, min(variable.records, most) - 1)
    note = f"the first {len(raw)} of {variable.records} records" if variable.records > len(raw) else ""
    return raw.reshape(len(raw), -1), note


def limits(header: CdfHeader, variable: Variable) -> tuple[AttributeValue | None, float | None, float | None]:
    """FILLVAL, and VALIDMIN and VALIDMAX where they are numbers."""
    low, high = (_number(header.attribute(variable, name)) for name in ("VALIDMIN", "VALIDMAX"))
    return header.attribute(variable, "FILLVAL"), low, high


def in_limits(
    rows: NDArray[Any], limits: tuple[AttributeValue | None, float | None, float | None]
) -> NDArray[np.float64]:
    """Rows with NaN for what is a fill value or beyond the limits; see `table`."""
    values = as_written(rows)
    fill, low, high = limits
    if isinstance(fill, (int, float)):
        # The fill may be written with more digits than the values have.
        values[(values == fill) | np.isclose(values, fill, rtol=1e-6, atol=0.0)] = np.nan
    values[np.abs(values) >= 1e30] = np.nan
    inside = _inside(low, high, values)
    return np.where(inside, values, np.nan) if (inside & np.isfinite(values)).any() else values


def each_once(rows: NDArray[Any]) -> NDArray[Any]:
    """Different rows in the order of their first. Bytes are far cheaper to tell apart than `np.unique` sorts rows."""
    content = np.ascontiguousarray(rows).view(np.uint8)
    changed = np.flatnonzero((content[1:] != content[:-1]).any(axis=1)) + 1
    first: dict[bytes, int] = {}
    for number in (0, *changed.tolist()):
        first.setdefault(rows[number].tobytes(), number)
    return rows[list(first.values())]


def _inside(low: float | None, high: float | None, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside = np.ones(values.shape, bool)
    if low is not None:
        inside &= ~(values < low)
    if high is not None and (low is None or high > low):
        inside &= ~(values > high)
    return inside


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        return None
    return float(value)
