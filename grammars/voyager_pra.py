"""Voyager 1 and 2, Planetary Radio Astronomy: the low band, 1.2 to 1326 kHz, sweep by sweep or averaged over 48 s, and
high rate frames at four frequencies.

PDS3 products. Sweeps (data sets VGn-p-PRA-3-RDR-LOWBAND-6SEC): a table of ASCII integers. A record holds a date, the
second of that day to the nearest second, and eight sweeps of a status word and 70 powers in millibels, from the highest
frequency to the lowest. A sweep whose status word is zero holds nothing. Averages (VGn-p-PRA-4-SUMM-BROWSE-48SEC):
big-endian integers of 2 bytes, which are year (since 1900), day, hour, minute and second, four of the spacecraft, and
70 powers for each sense of circular polarisation. Frames: `grammars.voyager_pra_frames`.

Format: labels of the sweeps, which describe them in two ways (a CONTAINER for Jupiter, columns SWEEP1 to SWEEP8 for the
others) and both count some bytes wrong: the layout is the same in all. INFO.TXT of VG_1502 for the averages. The width
of a channel stands in the catalogue of PDS under VG1-J-PRA-4-SUMM-BROWSE-48SEC-V1.0, and how long the receiver dwells
at each in that of NASA under the high band of Voyager 2 at Jupiter.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError, UnreadableError
from epncore.model.row import Missing
from grammars import pds3
from grammars.axes import Steps, row_steps
from grammars.calendar_times import jd
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.readers.spans import spans
from grammars.steps import ends
from grammars.voyager_pra_frames import STEP_S, frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from epncore.model.columns import Column
    from grammars.protocol import Answer
    from grammars.readers.pds3 import Pds3Header, Table

_DATA_SET = re.compile(r"VG[12]-[JSUN]-PRA-(?:3-RDR-LOWBAND-6SEC|4-SUMM-BROWSE-48SEC|2-RDR-HIGHRATE-60MS)")

_SWEEPS_ROW_BYTES = 2286  # 6 for the date, 6 for the second, 8 sweeps of 71 numbers of 4, CR and LF
_SWEEPS, _SWEEP_BYTES, _HEAD_BYTES = 8, 284, 12
_SWEEP_S, _FIRST_S = 6.0, 3.9  # the high band comes first in a sweep: "some 3.9 seconds", says the label
_DWELL_S = 0.025

_AVERAGES_ROW_BYTES = 298
_AVERAGE_S = 48.0

_LOWEST_HZ, _STEP_HZ, _CHANNELS = 1200.0, 19200.0, 70
_HIGHEST_HZ = _LOWEST_HZ + (_CHANNELS - 1) * _STEP_HZ
_WIDTH_HZ = 1000.0
_FLUX = "phot.flux.density;em.radio"


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells, of the low band where it says nothing else. Times are JD, UTC; the rest s and Hz."""

    time_min: float
    time_max: float
    step: float
    exposure: Answer
    product_type: str = "ds"
    measurements: tuple[str, ...] = (_FLUX, "phot.flux.density;phys.polarization.circular")
    spectral_range: tuple[float, float] = (_LOWEST_HZ, _HIGHEST_HZ)
    spectral_steps: Steps | tuple[float, float] | None = (_STEP_HZ, _STEP_HZ)
    resolution: tuple[float, float] | None = (_LOWEST_HZ / _WIDTH_HZ, _HIGHEST_HZ / _WIDTH_HZ)


class VoyagerPra:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "voyager_pra"
    version = 2
    format = "pds3"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: Pds3Header) -> bool:
        """By DATA_SET_ID."""
        return _DATA_SET.match(pds3.data_set(header)) is not None

    def examine(self, header: Pds3Header, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Read the times of some thousand records, and whether their sweeps are empty.

        Raises
        ------
        FileError
            Where the records are of another length, or hold something else than numbers.
        NotGranuleError
            Where each sweep is empty.
        """
        kind = pds3.data_set(header)
        return _frame(header) if "-HIGHRATE-" in kind else _averages(header) if "-BROWSE-" in kind else _sweeps(header)

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        described = "DATA_SET_ID, label and INFO.TXT: 70 channels from 1326.0 to 1.2 kHz, 19.2 kHz apart; or header"
        yield fact("dataproduct_type", "product_type", "powers over time and frequency; frames at two at a time")
        yield fact("measurement_type", "measurements", "powers; in the low band of both senses of polarisation")
        yield constant("measurement_unit", "mB", "label, UNIT of the sweeps: millibels")
        yield fact("time_min", "time_min", "earliest sweep that is not empty, and 3.9 s; earliest average or line")
        yield fact("time_max", "time_max", "end of the last sweep or line that is not empty, or of the last average")
        for end in ("min", "max"):
            described_step = "DATA_SET_ID: a sweep takes 6 s, an average 48 s, a pair of a frame 1/7200 s"
            yield fact(f"time_sampling_step_{end}", "step", described_step)
            yield fact(f"time_exp_{end}", "exposure", "catalogue of NASA: 25 ms at each channel")
        yield from ends("spectral_range", "spectral_range", described)
        yield from ends("spectral_sampling_step", "spectral_steps", described)
        yield from ends("spectral_resolution", "resolution", "catalogue of PDS: each channel 1 kHz wide; or header")
        yield constant("instrument_name", ("PRA", "Planetary Radio Astronomy"), "DATA_SET_ID, INSTRUMENT_NAME")
        yield from pds3.steps()


def _sweeps(header: Pds3Header) -> Facts:
    table = header.table("TABLE")
    _check_length(table, _SWEEPS_ROW_BYTES)
    times = [moment for span in spans(table.rows) for moment in _starts(table, *span)]
    if not times:
        raise NotGranuleError("the status word of each sweep is zero: nothing was received", place="TABLE")
    first, last = min(times), max(times)
    return Facts(jd(first[0], first[1] + _FIRST_S), jd(last[0], last[1] + _SWEEP_S), _SWEEP_S, _DWELL_S)


def _averages(header: Pds3Header) -> Facts:
    table = header.table("TIME_SERIES")
    _check_length(table, _AVERAGES_ROW_BYTES)
    times = []
    for begin, end in spans(table.rows):
        fields = np.ascontiguousarray(table.read(begin, end)[:, :10]).view(">i2").astype(int)
        for number, (year, day, hour, minute, second) in enumerate(fields.tolist(), begin + 1):
            valid = 77 <= year <= 99 and 1 <= day <= 366 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60
            if not valid:
                raise HeaderError(
                    f"year {year}, day {day}, {hour} h {minute} min {second} s",
                    place=f"TIME_SERIES, record {number}",
                    hint="Years since 1900, days from 1, big-endian",
                )
            date = dt.date(1900 + year, 1, 1) + dt.timedelta(days=day - 1)
            times.append((date, hour * 3600.0 + minute * 60.0 + second))
    first, last = min(times), max(times)
    exposure = Missing("an average over 48 s; how much of it the receiver took is not told")
    return Facts(jd(*first), jd(last[0], last[1] + _AVERAGE_S), _AVERAGE_S, exposure)


def _frame(header: Pds3Header) -> Facts:
    found = frame(header)
    hertz = np.array(found.frequencies_hz)
    low, high = float(hertz.min()), float(hertz.max())
    exposure = Missing("samples come through a filter of 0.1 ms; how long one takes is not told")
    width_hz = found.width_hz
    return Facts(
        found.start, found.stop, STEP_S, exposure, "ts", (_FLUX,), (low, high), row_steps(hertz),
        (low / width_hz, high / width_hz) if width_hz else None,
    )  # fmt: skip


def _check_length(table: Table, wanted_bytes: int) -> None:
    if table.row_bytes != wanted_bytes:
        place = f"label, {table.name}, ROW_BYTES"
        raise HeaderError(f"rows of {table.row_bytes} bytes, not of {wanted_bytes}", place=place)


def _starts(table: Table, first: int, last: int) -> Iterator[tuple[dt.date, float]]:
    """Starts of the sweeps in some records that are not empty."""
    for number, row in enumerate(table.read(first, last), first + 1):
        place = f"TABLE, record {number}"
        date, second = _date(row, place), _integer(row[6:_HEAD_BYTES], f"{place}, SECOND")
        for sweep in range(_SWEEPS):
            start = _HEAD_BYTES + sweep * _SWEEP_BYTES
            if _integer(row[start : start + 4], f"{place}, sweep {sweep + 1}, status"):
                yield date, second + sweep * _SWEEP_S


def _date(row: NDArray[np.uint8], place: str) -> dt.date:
    """YYMMDD; the two Voyagers left in 1977 and had seen their last planet in 1989."""
    number = _integer(row[:6], f"{place}, DATE")
    try:
        return dt.date(1900 + number // 10000, number // 100 % 100, number % 100)
    except ValueError:
        raise HeaderError(f"{number:06d} is no date", place=f"{place}, DATE", hint="YYMMDD is wanted") from None


def _integer(field: NDArray[np.uint8], place: str) -> int:
    text = field.tobytes().decode("latin-1").strip()
    if not text.isascii() or not text.isdigit():
        raise UnreadableError(f"{text!r} is no whole number", place=place)
    return int(text)


GRAMMAR = VoyagerPra()
