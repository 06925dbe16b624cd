"""An open file, asked in the words of a mapping: FITS and CDF each answer in their own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from epncore.model.errors import HeaderError
from epncore.model.row import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epncore.model.row import Missing
    from grammars.axes import Steps
    from grammars.mapping.keys import Keys


@dataclass(frozen=True, slots=True)
class Array:
    """Values of a table column or a variable.

    Attributes
    ----------
    values : ndarray
        Numbers (float64, NaN for fills) or texts; of tables of frequencies one a row.
    unit : str
        As the file has it, or empty.
    label : str
        For people.
    """

    values: NDArray[Any]
    unit: str
    label: str

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        return bool(self.values.dtype.kind == "U")


@dataclass(frozen=True, slots=True)
class Times:
    """What a time axis tells.

    Attributes
    ----------
    start, stop : float, d
        JD UTC of the first sample, and of the end of the last.
    steps : Steps or None
        Between samples, s.
    start_source, stop_source, steps_source : str
    """

    start: float
    stop: float
    steps: Steps | None
    start_source: str
    stop_source: str
    steps_source: str


class Source(Protocol):
    """One open file."""

    def named(self, name: str, where: Keys) -> tuple[object, ...]:
        """Values of a card or an attribute; none where it is not there or blank."""
        ...

    def column(self, where: Keys) -> Array | Missing:
        """Values of a table column or a variable."""
        ...

    def clock(self, where: Keys) -> Times | None:
        """What the array tells where it is one of times by its type; None where it is not."""
        ...


def refused(error: ValueError, place: str) -> HeaderError:
    """A value that cannot be right, with its place; a second argument of the error is the hint."""
    message, *hints = error.args
    return HeaderError(str(message), place=place, hint=str(hints[0]) if hints else None)


def only(values: tuple[object, ...]) -> object:
    """The one value that is there.

    Raises
    ------
    ValueError
        Where there are several.
    """
    if len(values) != 1:
        raise ValueError(f"{len(values)} values, {show(values[0])} first, where one is wanted")
    return values[0]
