"""Cassini RPWS, High Frequency Receiver: the hourly files of the Kronos database, levels N1 to N3.

N2 files hold the time, frequency, integration time and bandwidth of each measurement, N1 files codes of its time and
frequency; all measurements of a sweep share the time of its start. The others hold indices into the N2 file of the same
hour: their times are those of the hour, and their frequencies a constant of the collection.

Format: as in `grammars.readers.kronos`. ``t97`` is in days, and 1.0 is the start of 1997; the codes ``ti`` and ``fi``
of N1 are as maser-data reads them (maser4py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.row import Missing
from grammars.axes import as_written, row_steps
from grammars.calendar_times import jd, jd_after
from grammars.pictures import Block, NoPicture, Picture, positive, usual_step
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.readers.kronos import hour
from grammars.record_times import cadence
from grammars.steps import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from epncore.model.columns import Column
    from grammars.axes import Steps
    from grammars.protocol import Answer
    from grammars.readers.kronos import KronosHeader

_ZERO = dt.date(1996, 12, 31)  # day 0 of t97
# Bands A, B and C of the receiver: each from one frequency to 4.5 times it, by 8, 16 or 32 filters. Above, by 25 kHz.
_LOW_HZ, _BAND_RATIO, _FILTERS, _STEP_HZ = 3600.0, 4.5, (8, 16, 32), 25e3
_LEVEL = {"N1": 2, "N2": 3}
_UNIT: dict[str, Answer] = {"N1": Missing("counts of the instrument"), "N2": "V**2.Hz**-1"}
_NO_AXES = Missing("times and frequencies stand in the N2 file of the same hour")
_CODED = Missing("N1 holds codes of the receiver: the N2 file of the same hour tells it")
_POWER = ("phys.electField;em.radio",)
_STOKES = ("phys.electField;em.radio", "phys.polarization.stokes")  # by its unit S is of a field (docs/adr/0040)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells. Times are JD, UTC; steps and exposures s; spectral values Hz."""

    level: int
    unit: Answer
    measurements: tuple[str, ...]
    time_min: float
    time_max: float
    time_steps: Steps | Missing | None = _NO_AXES
    exposure: tuple[float, float] | Missing = _NO_AXES
    spectral_range: tuple[float, float] | Missing = _NO_AXES
    spectral_steps: Steps | Missing | None = _NO_AXES
    resolution: tuple[float, float] | Missing = _NO_AXES


class CassiniKronos:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "cassini_kronos"
    version = 3
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
        return _measured(header) if header.level in {"N1", "N2"} else _derived(header)

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        yield constant("dataproduct_type", ("ds",), "measurements over time and frequency")
        yield fact("measurement_type", "measurements", "level: powers of the antennas, or Stokes parameters")
        yield fact("measurement_unit", "unit", "description of the level")
        yield fact("processing_level", "level", "level: receiver units (N1), calibrated (N2), derived (N3)")
        yield fact("time_min", "time_min", "earliest t97 (N2) or ti (N1), else the hour ydh")
        yield fact("time_max", "time_max", "latest t97 or ti and one step, else the end of the hour ydh")
        yield from ends("time_sampling_step", "time_steps", "steps of t97 or ti, from sweep to sweep")
        yield from ends("time_exp", "exposure", "smallest and largest dt")
        yield from ends("spectral_range", "spectral_range", "smallest and largest f (N2) or fi (N1)")
        yield from ends("spectral_sampling_step", "spectral_steps", "steps between different f or fi")
        yield from ends("spectral_resolution", "resolution", "smallest and largest f / df")
        names = ("RPWS", "Radio and Plasma Wave Science", "HFR", "High Frequency Receiver")
        yield constant("instrument_name", names, "the receiver of the Kronos database")
        yield constant("instrument_host_name", ("CO", "Cassini"), "the spacecraft of the Kronos database")
        yield constant("time_scale", "UTC", "spacecraft event times are UTC")
        yield constant("time_refposition", "Cassini", "spacecraft event time: no light time is taken off")

    def pictures(self, header: KronosHeader, options: GrammarOptions) -> Iterator[Picture | NoPicture]:  # noqa: ARG002
        """The powers of the two antennas of N2 files; of others the N2 file holds the times and frequencies."""
        if header.level != "N2":
            yield NoPicture(header.level, "the powers stand in the N2 file of the same hour")
            return
        records = np.sort(header.records(), order="t97", kind="stable")
        seconds = records["t97"] * 86400.0
        for antenna, field in (("X", "autoX"), ("Z", "autoZ")):
            yield _power(records, seconds, f"Power, antenna {antenna}", field)


def _power(records: NDArray[Any], seconds: NDArray[np.float64], name: str, field: str) -> Picture:
    first_s, last_s, step_s = float(seconds[0]), float(seconds[-1]), usual_step(seconds) or 0.0
    hertz = as_written(records["f"]) * 1e3
    sweeps = [0, *(np.flatnonzero(np.diff(seconds)) + 1).tolist(), len(seconds)]

    def blocks() -> Iterator[Block]:
        powers = positive(records[field].astype(np.float64))
        for start, stop in pairwise(sweeps):
            yield Block(seconds[start : start + 1] - first_s, powers[np.newaxis, start:stop], hertz[start:stop])

    return Picture(
        name, str(_UNIT["N2"]), "dB", jd_after(_ZERO, first_s), 0.0, last_s - first_s + step_s, step_s, blocks,
        np.unique(hertz),
    )  # fmt: skip


def _derived(header: KronosHeader) -> Facts:
    first = hour(int(header.records()["ydh"][0]))
    assert first is not None  # noqa: S101  the reader has looked at it
    last = first + dt.timedelta(hours=1)
    return Facts(
        level=5,
        unit="V**2.m**-2.Hz**-1",
        measurements=_STOKES,
        time_min=jd(first.date(), first.hour * 3600.0),
        time_max=jd(last.date(), last.hour * 3600.0),
    )


def _measured(header: KronosHeader) -> Facts:
    records, is_coded = header.records(), header.level == "N1"
    nominal = hour(int(records["ydh"][0]))
    assert nominal is not None  # noqa: S101  the reader has looked at it
    start_s = (nominal.date() - _ZERO).days * 86400.0 + nominal.hour * 3600.0
    seconds = _coded_seconds(records) if is_coded else records["t97"] * 86400.0
    hertz = _coded_hertz(records["fi"]) if is_coded else as_written(records["f"]) * 1e3
    sound = (np.abs(seconds - start_s) < 6 * 3600.0) & (hertz > 0) & (hertz < 20e6)
    sound &= is_coded or (records["df"] > 0) & (records["dt"] >= 0)
    if not sound.all():
        place = int(np.argmin(sound))
        width = "" if is_coded else f", its df {records['df'][place]:g} kHz"
        raise HeaderError(
            f"the time is day {seconds[place] / 86400.0:g} of 1997, the frequency {hertz[place]:g} Hz{width}",
            place=f"record {place + 1}",
            hint=f"Times of the hour {nominal:%Y-%j %H}, frequencies up to 16.1 MHz, little-endian",
        )  # fmt: skip
    steps = cadence([seconds])
    return Facts(
        level=_LEVEL[header.level],
        unit=_UNIT[header.level],
        measurements=_POWER,
        time_min=jd_after(_ZERO, float(seconds.min())),
        time_max=jd_after(_ZERO, float(seconds.max()) + (steps.median if steps else 0.0)),
        time_steps=steps,
        exposure=_CODED if is_coded else _ends(as_written(records["dt"]) / 1e3),
        spectral_range=_ends(hertz),
        spectral_steps=row_steps(hertz),
        # as many digits as f and df have
        resolution=_CODED if is_coded else _ends(hertz / (as_written(records["df"]) * 1e3), digits=6),
    )


def _ends(values: NDArray[np.float64], digits: int = 15) -> tuple[float, float]:
    return float(f"{values.min():.{digits}g}"), float(f"{values.max():.{digits}g}")


def _coded_seconds(records: NDArray[Any]) -> NDArray[np.float64]:
    """Seconds since day 0 of t97, of ti (yydddsssss, yy since 1996) and hundredths c; NaN where it is none."""
    coded = records["ti"].astype(np.int64)
    years, days, seconds = coded // 10**8 + 1996, coded // 10**5 % 1000, coded % 10**5
    starts = ((years - 1970).astype("datetime64[Y]").astype("datetime64[D]") - np.datetime64(_ZERO)).astype(float)
    is_time = (days >= 1) & (days <= 366) & (seconds < 86400) & (records["c"] < 100)
    return np.where(is_time, (starts + days - 1) * 86400.0 + seconds + records["c"] / 100, np.nan)


def _coded_hertz(codes: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Frequencies, to 0.1 Hz, of fi: band, step of 25 kHz, filters and filter as bcccffnn; NaN where it is none."""
    coded = codes.astype(np.int64)
    band, step, filters, number = coded // 10**7, coded // 10**4 % 1000, coded // 100 % 100, coded % 100
    share = (number + 0.5) / np.maximum(filters, 1)
    is_low = band <= 2  # A, B, C
    hertz = np.where(is_low, _LOW_HZ * _BAND_RATIO ** (np.minimum(band, 2) + share), (step + share - 0.5) * _STEP_HZ)
    known = (number < filters) & (~is_low | np.isin(filters, _FILTERS))
    return np.where(known, hertz.round(1), np.nan)


GRAMMAR = CassiniKronos()
