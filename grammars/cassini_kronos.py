"""Cassini RPWS, High Frequency Receiver: the hourly files of the Kronos database, levels N1 to N3.

N2 files hold the time, frequency, integration time and bandwidth of each measurement; all measurements of a sweep share
the time of its start. The others hold indices into the N2 file of the same hour, or (N1) counts of the instrument:
their times are those of the hour, and their frequencies a constant of the collection.

Format: as in `grammars.readers.kronos`. ``t97`` is in days, and 1.0 is the start of 1997 (maser4py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.row import Missing
from grammars.axes import as_written, row_steps
from grammars.calendar_times import jd, jd_after
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.readers.kronos import hour
from grammars.record_times import cadence
from grammars.steps import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epncore.model.columns import Column
    from grammars.axes import Steps
    from grammars.protocol import Answer
    from grammars.readers.kronos import KronosHeader

_ZERO = dt.date(1996, 12, 31)  # day 0 of t97
_LEVEL = {"N1": 2, "N2": 3}
_UNIT: dict[str, Answer] = {"N1": Missing("counts of the instrument"), "N2": "V**2.Hz**-1"}
_POWER = ("phys.electField;em.radio",)
_STOKES = ("phot.flux.density;em.radio", "phys.polarization.stokes")


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells. Times are JD, UTC; steps and exposures s; spectral values Hz."""

    level: int
    unit: Answer
    measurements: tuple[str, ...]
    time_min: float
    time_max: float
    time_steps: Steps | None = None
    exposure: tuple[float, float] | None = None
    spectral_range: tuple[float, float] | None = None
    spectral_steps: Steps | None = None
    resolution: tuple[float, float] | None = None


class CassiniKronos:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "cassini_kronos"
    version = 1
    format = "kronos"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: KronosHeader) -> bool:  # noqa: ARG002  by format
        """Each file that the reader takes."""
        return True

    def examine(self, header: KronosHeader, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Read the records.

        Raises
        ------
        HeaderError
            Where they are of several hours, or times and frequencies are none of Cassini's.
        """
        return _measured(header) if header.level == "N2" else _derived(header)

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        yield constant("dataproduct_type", ("ds",), "measurements over time and frequency")
        yield fact("measurement_type", "measurements", "level: powers of the antennas, or Stokes parameters")
        yield fact("measurement_unit", "unit", "description of the level")
        yield fact("processing_level", "level", "level: receiver units (N1), calibrated (N2), derived (N3)")
        yield fact("time_min", "time_min", "earliest t97 (N2), else the hour ydh")
        yield fact("time_max", "time_max", "latest t97 and one step (N2), else the end of the hour ydh")
        yield from ends("time_sampling_step", "time_steps", "steps of t97, from sweep to sweep")
        yield from ends("time_exp", "exposure", "smallest and largest dt")
        yield from ends("spectral_range", "spectral_range", "smallest and largest f")
        yield from ends("spectral_sampling_step", "spectral_steps", "steps between different f")
        yield from ends("spectral_resolution", "resolution", "smallest and largest f / df")
        names = ("RPWS", "Radio and Plasma Wave Science", "HFR", "High Frequency Receiver")
        yield constant("instrument_name", names, "the receiver of the Kronos database")
        yield constant("instrument_host_name", ("CO", "Cassini"), "the spacecraft of the Kronos database")
        yield constant("time_scale", "UTC", "spacecraft event times are UTC")
        yield constant("time_refposition", "Cassini", "spacecraft event time: no light time is taken off")


def _derived(header: KronosHeader) -> Facts:
    first = hour(int(header.records()["ydh"][0]))
    assert first is not None  # noqa: S101  the reader has looked at it
    last = first + dt.timedelta(hours=1)
    return Facts(
        level=_LEVEL.get(header.level, 5),
        unit=_UNIT.get(header.level, "V**2.m**-2.Hz**-1"),
        measurements=_POWER if header.level == "N1" else _STOKES,
        time_min=jd(first.date(), first.hour * 3600.0),
        time_max=jd(last.date(), last.hour * 3600.0),
    )


def _measured(header: KronosHeader) -> Facts:
    records = header.records()
    nominal = hour(int(records["ydh"][0]))
    assert nominal is not None  # noqa: S101  the reader has looked at it
    start = (nominal.date() - _ZERO).days + nominal.hour / 24
    days, hertz = records["t97"], as_written(records["f"]) * 1e3
    wrong = ~((np.abs(days - start) < 0.25) & (hertz > 0) & (hertz < 20e6) & (records["df"] > 0) & (records["dt"] >= 0))
    if wrong.any():
        place = int(np.argmax(wrong))
        raise HeaderError(
            f"t97 is {days[place]:g} d, f {hertz[place]:g} Hz, df {records['df'][place]:g} kHz",
            place=f"record {place + 1}",
            hint=f"Times of the hour {nominal:%Y-%j %H}, frequencies up to 16.1 MHz, little-endian",
        )  # fmt: skip
    seconds = days * 86400.0
    steps = cadence([seconds])
    ratio, exposure_s = hertz / (as_written(records["df"]) * 1e3), as_written(records["dt"]) / 1e3
    return Facts(
        level=_LEVEL["N2"],
        unit=_UNIT["N2"],
        measurements=_POWER,
        time_min=jd_after(_ZERO, float(seconds.min())),
        time_max=jd_after(_ZERO, float(seconds.max()) + (steps.median if steps else 0.0)),
        time_steps=steps,
        exposure=(float(exposure_s.min()), float(exposure_s.max())),
        spectral_range=(float(hertz.min()), float(hertz.max())),
        spectral_steps=row_steps(hertz),
        resolution=(float(f"{ratio.min():.6g}"), float(f"{ratio.max():.6g}")),  # as many digits as f and df have
    )


GRAMMAR = CassiniKronos()
