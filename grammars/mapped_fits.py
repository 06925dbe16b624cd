"""Any FITS, by the mapping of a collection.toml: header cards, columns of tables, templates.

Format: FITS Standard 4.0. `grammars.mapping` has what is common to FITS and CDF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, PlainValidator

from epncore.model.row import Missing, show
from grammars.axes import as_written
from grammars.long_tables import read_column
from grammars.mapping.keys import Entry, Keys, Names, Origin, SpectralAxis, Text, TimeAxis
from grammars.mapping.source import Array
from grammars.mapping.table import Facts, MappingTable
from grammars.protocol import GrammarOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.model.columns import Column
    from grammars.mapping.source import Times
    from grammars.protocol import Step
    from grammars.readers.fits import FitsHeader

_KEYWORD = re.compile(r"[!-<>-~]+(?: [!-<>-~]+)*")


def _hdu(value: object) -> int | str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"an HDU is a number from 0, or its EXTNAME, not {show(value)}")


def _keywords(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _KEYWORD.fullmatch(name):
            raise ValueError(f"{name!r} is no keyword of a card, as OBJECT or ESO DET NAME are")
    return tuple(name.removeprefix("HIERARCH ") for name in names)


HduId = Annotated[int | str, PlainValidator(_hdu)]
Keywords = Annotated[Names, AfterValidator(_keywords)]


class _InHdu(Keys):
    """Keys that say where in a FITS file something stands.

    Attributes
    ----------
    hdu : int or str, optional
        Number or EXTNAME; by default the primary for cards, and for a column the first table that has it.
    """

    hdu: HduId | None = None

    def shown(self, *names: str) -> str:
        """``card OBJECT of HDU 0``, ``column TIME of HDU 'SPECTRA'``."""
        if not names and self.array:
            return f"column {self.array} of {'a table' if self.hdu is None else f'HDU {self.hdu!r}'}"
        names = names or self.names
        return f"card{'s' if len(names) > 1 else ''} {', '.join(names)} of HDU {self.hdu or 0!r}"


class _Cards(_InHdu):
    key: Keywords = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Keywords."""
        return self.key


class _Column(_InHdu):
    column: Text | None = None

    @property
    def array(self) -> str | None:
        """The column."""
        return self.column


class FitsEntry(Entry, _Column, _Cards):
    """Where one column of the table gets its value."""

    example: ClassVar[str] = '{ key = "OBJECT" }'
    ways: ClassVar[str] = "key (a card, or several), column (of a table) or text (a template of cards)"


class FitsOrigin(Origin, _Cards):
    """What the time axis counts from."""

    example: ClassVar[str] = '{ key = "DATE-OBS" }'
    ways: ClassVar[str] = 'key (cards with a time) or moment ("2000-01-01T12:00:00")'


class FitsTimeAxis(TimeAxis, _Column):
    """The axis of times."""

    example: ClassVar[str] = '{ column = "TIME", unit = "s", origin = { key = "DATE-OBS" } }'
    ways: ClassVar[str] = "column (of a table), or step and count (cards or numbers)"
    origin: FitsOrigin | None = None


class FitsSpectralAxis(SpectralAxis, _Column, _Cards):
    """The axis of frequencies."""

    example: ClassVar[str] = '{ column = "FREQUENCY", unit = "MHz" }'
    ways: ClassVar[str] = "column (of a table), key (cards with the ends), or start, step and count"


class FitsMapping(MappingTable):
    """A mapping for FITS."""

    __pydantic_extra__: dict[str, FitsEntry]
    time_axis: FitsTimeAxis | None = None
    spectral_axis: FitsSpectralAxis | None = None


class MappedFitsOptions(GrammarOptions):
    """Nothing but the mapping."""

    mapping: FitsMapping


@dataclass(frozen=True, slots=True)
class FitsSource:
    """An open FITS, asked in the words of a mapping."""

    header: FitsHeader

    def named(self, name: str, where: Keys) -> tuple[object, ...]:
        """The value of a card, also where a config spells its keyword in lower case."""
        hdu = self._hdu(where, 0)
        if hdu is None:
            return ()
        value = self.header.get(name, hdu)
        value = self.header.get(name.upper(), hdu) if value is None else value
        return () if value is None or value == "" else (value,)

    def column(self, where: Keys) -> Array | Missing:
        """A column of a table: each of its rows may hold many values."""
        hdu, label = self._hdu(where, None), where.shown()
        given = getattr(where, "hdu", None)
        if given is not None and hdu is None:
            return Missing(f"no HDU {given!r}")
        # Every word of a list counts; of times some tell all.
        read = read_column(self.header, str(where.array), hdu, whole=not isinstance(where, TimeAxis))
        if read is None:
            return Missing(f"no {label}")
        if given is None:
            label = f"column {where.array} of HDU {read.hdu}"
        values, label = read.values, f"{label}{read.note}"
        if values.dtype.kind in "iuf":
            # One value a row is one axis; many a row are tables, one a row.
            numbers = (
                as_written(values).reshape(len(values), -1) if values.ndim > 1 else as_written(values).reshape(1, -1)
            )
            return Array(numbers, self.header.column_unit(str(where.array), hdu) or "", label)
        if values.dtype.kind == "U":
            return Array(np.char.strip(values), "", label)
        return Missing(f"{label} holds {values.dtype}, neither numbers nor texts")

    def clock(self, where: Keys) -> Times | None:  # noqa: ARG002  no column of a FITS table is a time by its type
        """None: FITS has no type of times."""
        return None

    def _hdu(self, where: Keys, default: int | None) -> int | None:
        """Number of the HDU that a config means; None where it is not there."""
        given = getattr(where, "hdu", None)
        if given is None:
            return default
        if isinstance(given, int):
            return given if given < len(self.header.hdus) else None
        wanted = given.upper()
        return next((h.number for h in self.header.hdus if str(h.get("EXTNAME") or "").upper() == wanted), None)


class MappedFits:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "mapped_fits"
    version = 2
    format = "fits"
    generic = True
    options: type[GrammarOptions] = MappedFitsOptions
    columns: tuple[Column, ...] = ()
    example = files("grammars.mapping").joinpath("example_fits.toml").read_text("utf-8")
    """What `epncore new` writes."""

    def recognises(self, header: FitsHeader) -> bool:  # noqa: ARG002  the config says what the file is
        """Whatever a config names: this grammar is never asked otherwise."""
        return True

    def examine(self, header: FitsHeader, options: MappedFitsOptions) -> Facts:
        """Look at the axes once.

        Raises
        ------
        FileError
            Where one cannot be right.
        """
        return options.mapping.examine(FitsSource(header))

    def steps(self, options: MappedFitsOptions) -> Iterator[Step]:
        """Those of the mapping."""
        return options.mapping.steps()


GRAMMAR = MappedFits()
