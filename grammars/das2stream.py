"""das2 streams of spectra, series and waveforms over time, by configuration: Galileo PWS, Juno Waves, and the like.

A stream tells times, frequencies and units, and nothing of who observed what: instrument, spacecraft and target are
constants of the collection. The ranges that a stream's properties name (xCacheRange) are those that were asked for, and
are not read.

Format: das2 Interface Control Document 2.2.2, sections 2.2 (x, y and yscan) and 2.4 (units of times).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.row import Found, Missing
from grammars import das2_pictures
from grammars.axes import Steps, row_steps
from grammars.bands import check_band
from grammars.calendar_times import jd_after
from grammars.cdf_times import union
from grammars.das2_axes import ZERO, Clock, hertz, offsets_s
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.steps import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.model.columns import Column
    from grammars.pictures import NoPicture, Picture
    from grammars.protocol import Answer
    from grammars.readers.das2 import Das2Header

# What spectral densities and fields are, by what their unit starts with; the first that does.
_QUANTITIES = (
    ("V**2 m**-2", "phys.electField;em.radio"), ("V m**-1", "phys.electField;em.radio"),
    ("nT**2", "phys.magField;em.radio"), ("nT", "phys.magField"), ("W m**-2", "phot.flux.density;em.radio"),
)  # fmt: skip

_NO_AXIS = Missing("no tags of the values are frequencies")


class Das2Options(GrammarOptions):
    """Options of the grammar.

    Attributes
    ----------
    band_hz : tuple of float, optional
        From where to where the receiver hears: a stream with other frequencies is damaged.
    """

    band_hz: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What one stream tells. Times are JD, UTC; steps s; spectral values Hz."""

    product_type: str | Missing
    measurements: Answer
    unit: Answer
    time_min: float
    time_max: float
    time_steps: Steps | None
    spectral_range: tuple[float, float] | Missing
    spectral_steps: Steps | Missing | None


class Das2Stream:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "das2stream"
    version = 2
    format = "das2"
    generic = True
    options: type[GrammarOptions] = Das2Options
    columns: tuple[Column, ...] = ()

    def recognises(self, header: Das2Header) -> bool:  # noqa: ARG002  by format
        """Any stream: it does not say of which instrument it is."""
        return True

    def examine(self, header: Das2Header, options: GrammarOptions) -> Facts:
        """Look at the kinds of records, and at the times of some or of all.

        Raises
        ------
        HeaderError
            Where times are none, or in a unit that das2 does not have, or frequencies none of the receiver's.
        """
        assert isinstance(options, Das2Options)  # noqa: S101
        found = header.records()
        clocks = [Clock.of(records) for records in found]
        planes = [plane for records in found for plane in records.kind.planes]
        axes = [axis[np.isfinite(axis)] for axis in map(hertz, planes) if axis is not None and np.isfinite(axis).any()]
        within = union(row_steps(offsets) for offsets in map(offsets_s, planes) if offsets is not None)
        units = tuple(dict.fromkeys(plane.unit for plane in planes if plane.unit))
        spectral_range: tuple[float, float] | Missing = _NO_AXIS
        if axes:
            spectral_range = min(float(axis.min()) for axis in axes), max(float(axis.max()) for axis in axes)
            check_band(spectral_range, options.band_hz, "yTags")
        return Facts(
            product_type="ds" if axes else "ts",
            measurements=_measurements(units),
            unit=_vounit(units[0]) if len(units) == 1 else Missing("the quantities have several units, or none"),
            time_min=jd_after(ZERO, min(clock.first_s for clock in clocks)),
            time_max=jd_after(ZERO, max(clock.end_s for clock in clocks)),
            time_steps=within or union(clock.steps for clock in clocks),
            spectral_range=spectral_range,
            spectral_steps=union(row_steps(axis) for axis in axes) if axes else _NO_AXIS,
        )

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        yield fact("dataproduct_type", "product_type", "whether the tags of a yscan are frequencies")
        yield fact("measurement_type", "measurements", "units of the values")
        yield fact("measurement_unit", "unit", "zUnits, or units of y")
        yield fact("time_min", "time_min", "earliest x of the records")
        yield fact("time_max", "time_max", "latest x of the records, and the length of one")
        yield from ends("time_sampling_step", "time_steps", "steps of x, of each kind of record; or yTagInterval")
        yield from ends("spectral_range", "spectral_range", "smallest and largest of the yTags, yUnits")
        yield from ends("spectral_sampling_step", "spectral_steps", "steps of the yTags, yUnits")
        yield constant("time_scale", "UTC", "das2 streams have UTC")

    def pictures(self, header: Das2Header, options: GrammarOptions) -> Iterator[Picture | NoPicture]:  # noqa: ARG002
        """See `grammars.das2_pictures`."""
        return das2_pictures.pictures(header)


def _vounit(text: str) -> Answer:
    """VOUnits have a point between factors where das2 has a space."""
    if re.fullmatch(r"[A-Za-z%]+(?:\*\*-?\d)?(?: [A-Za-z]+(?:\*\*-?\d)?)+", text):
        return Found(text.replace(" ", "."), f"units of the values, {text}, as VOUnits write them")
    return text


def _measurements(units: tuple[str, ...]) -> Answer:
    found = {}
    for unit in units:
        ucd = next((ucd for start, ucd in _QUANTITIES if unit.removeprefix("(").startswith(start)), None)
        if ucd is not None:
            found[ucd] = unit
    if not found:
        return Missing(f"what is measured in {', '.join(units) or 'no unit'} is not known")
    return Found(tuple(found), f"units of the values: {', '.join(found.values())}")


GRAMMAR = Das2Stream()
