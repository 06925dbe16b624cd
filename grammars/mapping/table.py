"""The whole of a ``[product.mapping]``: checked against the columns of the table, and compiled to steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationInfo, model_validator

from epncore.model.collection import check_cells, no_column
from epncore.model.columns import COLUMNS, Column
from epncore.model.config_errors import PlacedError
from epncore.model.row import Missing
from epncore.model.units import duration_factor_s, frequency_factor_hz, unit_factor
from grammars.common import prefer
from grammars.mapping.axes import spectral_axis, time_axis
from grammars.mapping.axis_steps import spectral_steps, time_steps
from grammars.mapping.keys import Entry, Origin, SpectralAxis, TimeAxis
from grammars.mapping.moments import NUMERIC
from grammars.mapping.numbers import converter
from grammars.mapping.values import answer, is_time
from grammars.protocol import COLUMNS_KEY, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from grammars.istp_spectrum import Spectrum
    from grammars.mapping.source import Source, Times
    from grammars.protocol import Answer, Granule

AXES = ("time_axis", "spectral_axis")


class MappingTable(BaseModel):
    """A mapping: an entry a column, and two axes. FITS and CDF derive their own, with their own entries and axes.

    The columns are not known to the model but by the context of its validation (`grammars.protocol.COLUMNS_KEY`);
    without one they are those of EPNcore.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    _columns: Mapping[str, Column] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _names_columns(cls, data: object, info: ValidationInfo) -> object:
        columns = _known(info)
        for name in data if isinstance(data, dict) else ():
            complaint = no_column(name, {**columns, **dict.fromkeys(AXES)}) if name not in AXES else ""
            if complaint:
                raise PlacedError(name, complaint)
        return data

    @model_validator(mode="after")
    def _fits_columns(self, info: ValidationInfo) -> Self:
        self._columns = _known(info)
        for name, entry in self.entries.items():
            _check_entry(entry, self._columns[name], self._columns)
        time, spectral = self.axes
        if time is not None:
            _check_time_axis(time, self.origin)
        if spectral is not None and spectral.unit is not None:
            unit = spectral.unit
            if frequency_factor_hz(unit) is None and unit_factor(unit, "m") is None:
                raise PlacedError("spectral_axis.unit", f"{unit!r} is no unit of frequencies, nor of wavelengths")
        return self

    @property
    def entries(self) -> dict[str, Entry]:
        """By the names of their columns."""
        return self.model_extra or {}

    @property
    def axes(self) -> tuple[TimeAxis | None, SpectralAxis | None]:
        """Of time and of frequency."""
        return getattr(self, "time_axis", None), getattr(self, "spectral_axis", None)

    @property
    def origin(self) -> Origin | None:
        """What the time axis counts from."""
        return getattr(self.axes[0], "origin", None)

    def examine(self, source: Source) -> Facts:
        """Look at the axes once.

        Raises
        ------
        FileError
            Where one cannot be right.
        """
        time, spectral = self.axes
        return Facts(
            source,
            Missing("the mapping has no time_axis") if time is None else time_axis(source, time, self.origin),
            Missing("the mapping has no spectral_axis") if spectral is None else spectral_axis(source, spectral),
        )

    def steps(self) -> Iterator[Step]:
        """A step a column; where an entry and an axis both fill one, the entry is asked first."""
        of_axes = {step.column: step for step in self._axis_steps()}
        for name, entry in self.entries.items():
            step, of_axis = _step(entry, self._columns[name]), of_axes.pop(name, None)
            yield prefer(step, of_axis) if of_axis else step
        yield from of_axes.values()

    def _axis_steps(self) -> Iterator[Step]:
        time, spectral = self.axes
        if time is not None:
            yield from time_steps("time_axis")
        if spectral is not None:
            yield from spectral_steps("spectral_axis")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the axes of one file tell, and the file for everything else."""

    source: Source
    times: Times | Missing
    spectrum: Spectrum | Missing


def _known(info: ValidationInfo) -> Mapping[str, Column]:
    columns: Mapping[str, Column] = (info.context or {}).get(COLUMNS_KEY, COLUMNS)
    return columns


def _step(entry: Entry, column: Column) -> Step:
    def value(granule: Granule) -> Answer:
        return answer(granule.facts.source, entry, column)

    return Step(column.name, entry.described(), value)


def _check_entry(entry: Entry, column: Column, columns: Mapping[str, Column]) -> None:
    """What an entry does with a value makes sense for its column.

    Raises
    ------
    PlacedError
        With the key that does not.
    """
    name = column.name
    if entry.values and (entry.unit or entry.format):
        raise PlacedError(f"{name}.values", "a table of values needs no unit or format: it says what is written")
    if entry.unit:
        _check_unit(entry.unit, column)
    if entry.format and not is_time(column):
        raise PlacedError(f"{name}.format", f"{name} is no time; formats are for times")
    if len(entry.names) > 1 and not column.hash_list and (not is_time(column) or entry.values):
        raise PlacedError(name, f'{name} is no list: name one, or join them by text = "{{A}} {{B}}"')
    for found, written in entry.values.items():
        try:
            check_cells({name: written}, "values", columns)
        except ValueError as error:
            raise PlacedError(f"{name}.values.{found}", str(error).removeprefix(f"values.{name}: ")) from None


def _check_unit(unit: str, column: Column) -> None:
    place = f"{column.name}.unit"
    if is_time(column):
        raise PlacedError(place, f"{column.name} is a time, which has a format: iso, {', '.join(NUMERIC)}, %Y-%m-%d...")
    if column.type not in {"double", "integer"}:
        raise PlacedError(place, f"{column.name} is no number")
    if not column.unit:
        raise PlacedError(place, f"{column.name} has no unit")
    if converter(unit, column) is None:
        raise PlacedError(place, f"{unit!r} does not convert to {column.unit!r}, the unit of {column.name}")


def _check_time_axis(axis: TimeAxis, origin: Origin | None) -> None:
    if axis.format is not None and (origin is not None or axis.unit is not None or axis.is_line):
        raise PlacedError(
            "time_axis.format", "with a format the values are times by themselves: no unit, origin or step"
        )
    if axis.is_line and (origin is None or axis.unit is None):
        raise PlacedError("time_axis", "a line of times needs its unit, and an origin: what its zero is")
    if axis.unit is not None and duration_factor_s(axis.unit) is None:
        raise PlacedError("time_axis.unit", f"{axis.unit!r} is no unit of durations; s, ms, min, h or d for example")
