"""Any CDF, by the mapping of a collection.toml: attributes, variables, templates. No ISTP attribute is needed.

Format: "CDF User's Guide", NASA/GSFC. `grammars.mapping` has what is common to FITS and CDF.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from epncore.model.row import Missing
from grammars.cdf_times import axis as axis_of
from grammars.cdf_times import is_time, jd, later
from grammars.istp_data import table
from grammars.mapping.keys import Entry, Keys, Names, Origin, SpectralAxis, Text, TimeAxis
from grammars.mapping.source import Array, Times
from grammars.mapping.table import Facts, MappingTable
from grammars.protocol import GrammarOptions
from grammars.readers.cdf_data import MAX_READ_BYTES, TEXT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.model.columns import Column
    from grammars.protocol import Step
    from grammars.readers.cdf import CdfHeader


class _Variable(Keys):
    """Keys that say where in a CDF something stands.

    Attributes
    ----------
    variable : str, optional
        Whose values are meant; or, beside attribute or text, whose attributes.
    """

    variable: Text | None = None

    @property
    def array(self) -> str | None:
        """The variable, where its values are meant."""
        by_attributes = self.names or getattr(self, "text", None) or getattr(self, "step", None) is not None
        return None if by_attributes else self.variable

    def shown(self, *names: str) -> str:
        """``global attribute X``, ``attribute X of variable V``, ``variable V``."""
        if not names and self.array:
            return f"variable {self.array}"
        names = names or self.names
        of = f" of variable {self.variable}" if self.variable else ""
        return f"{'' if of else 'global '}attribute{'s' if len(names) > 1 else ''} {', '.join(names)}{of}"


class _Attributes(_Variable):
    attribute: Names = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of attributes."""
        return self.attribute


class CdfEntry(Entry, _Attributes):
    """Where one column of the table gets its value."""

    example: ClassVar[str] = '{ attribute = "TARGET" }'
    ways: ClassVar[str] = (
        "attribute (global, or of a variable), variable (its values) or text (a template of attributes)"
    )


class CdfOrigin(Origin, _Attributes):
    """What the time axis counts from."""

    example: ClassVar[str] = '{ attribute = "START" }'
    ways: ClassVar[str] = 'attribute (with a time) or moment ("2000-01-01T12:00:00")'


class CdfTimeAxis(TimeAxis, _Variable):
    """The axis of times."""

    example: ClassVar[str] = '{ variable = "Epoch" }'
    ways: ClassVar[str] = "variable, or step and count (attributes or numbers)"
    origin: CdfOrigin | None = None


class CdfSpectralAxis(SpectralAxis, _Attributes):
    """The axis of frequencies."""

    example: ClassVar[str] = '{ variable = "Frequency", unit = "kHz" }'
    ways: ClassVar[str] = "variable, attribute (with the ends), or start, step and count"


class CdfMapping(MappingTable):
    """A mapping for CDF."""

    __pydantic_extra__: dict[str, CdfEntry]
    time_axis: CdfTimeAxis | None = None
    spectral_axis: CdfSpectralAxis | None = None


class MappedCdfOptions(GrammarOptions):
    """Nothing but the mapping."""

    mapping: CdfMapping


@dataclass(frozen=True, slots=True)
class CdfSource:
    """An open CDF, asked in the words of a mapping."""

    header: CdfHeader

    def named(self, name: str, where: Keys) -> tuple[object, ...]:
        """All values of an attribute, in one row."""
        owner = getattr(where, "variable", None)
        if owner is None:
            entries: tuple[Any, ...] = self.header.entries(name)
        else:
            variable = self.header.variable(owner)
            value = None if variable is None else self.header.attribute(variable, name)
            entries = () if value is None else (value,)
        every = [part for entry in entries for part in (entry if isinstance(entry, tuple) else (entry,))]
        return tuple(part for part in every if not isinstance(part, str) or part.strip())

    def column(self, where: Keys) -> Array | Missing:
        """Values of a variable, fill values removed."""
        variable, label = self.header.variable(str(where.array)), where.shown()
        if variable is None:
            return Missing(f"no {label}")
        if not variable.records or not variable.record_bytes:
            return Missing(f"{label} has no records")
        if variable.data_type in TEXT_TYPES:
            texts = np.char.decode(self.header.read(variable), "latin-1")
            return Array(np.char.strip(texts, " \0"), "", label)
        if is_time(variable):
            return Missing(f"{label} holds times by its type: name it in time_axis")
        values, note = table(self.header, variable, MAX_READ_BYTES // 2)
        if note and isinstance(where, TimeAxis):
            raise ValueError(f"{variable.records} records of {variable.record_bytes} bytes are too many for an axis")
        if values.shape[1] == 1:  # one value a record: the records are the axis
            values = values.reshape(1, -1)
        return Array(values, self.header.text(variable, "UNITS"), f"{label}, {note}" if note else label)

    def clock(self, where: Keys) -> Times | None:
        """EPOCH, EPOCH16 and TT2000 are times by their type."""
        variable = self.header.variable(where.array) if where.array else None
        if variable is None or not is_time(variable):
            return None
        found, label, kind = axis_of(self.header, variable), where.shown(), variable.data_type
        if found is None:
            raise ValueError("not one record is a time that can be right")
        note = f" ({found.note})" if found.note else ""
        stop = later(found.last, found.steps.median if found.steps else 0.0, kind)
        length = f" + the median step of {found.steps.median:g} s" if found.steps else ", its length unknown"
        return Times(
            jd(found.first, kind), jd(stop, kind), found.steps, f"{label}, earliest record{note}",
            f"{label}, latest record{length}{note}",
            f"steps of {label}" if found.steps else f"{label} holds one time only",
        )  # fmt: skip


class MappedCdf:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "mapped_cdf"
    version = 1
    format = "cdf"
    generic = True
    options: type[GrammarOptions] = MappedCdfOptions
    columns: tuple[Column, ...] = ()
    example = files("grammars.mapping").joinpath("example_cdf.toml").read_text("utf-8")
    """What `epncore new` writes."""

    def recognises(self, header: CdfHeader) -> bool:  # noqa: ARG002  the config says what the file is
        """Whatever a config names: this grammar is never asked otherwise."""
        return True

    def examine(self, header: CdfHeader, options: MappedCdfOptions) -> Facts:
        """Look at the axes once.

        Raises
        ------
        FileError
            Where one cannot be right.
        """
        return options.mapping.examine(CdfSource(header))

    def steps(self, options: MappedCdfOptions) -> Iterator[Step]:
        """Those of the mapping."""
        return options.mapping.steps()


GRAMMAR = MappedCdf()
