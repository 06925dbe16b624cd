"""Voyager 1 and 2, Planetary Radio Astronomy: the low band, 1.2 to 1326 kHz, sweep by sweep or averaged over 48 s, and
high rate frames at four frequencies.

PDS3 products. Sweeps (data sets VGn-p-PRA-3-RDR-LOWBAND-6SEC): a table of ASCII integers. A record holds a date, the
second of that day to the nearest second, and eight sweeps of a status word and 70 powers in millibels, from the highest
frequency to the lowest. A sweep whose status word is zero holds nothing. Averages (VGn-p-PRA-4-SUMM-BROWSE-48SEC):
big-endian integers of 2 bytes, which are year (since 1900), day, hour, minute and second, four of the spacecraft, and
70 powers for each sense of circular polarisation, left-handed first. Within a sweep the senses take turns: where bits 9
and 10 of its status word are equal, the first channel is right-handed (maser-data 0.5.2, ``VgPra3RdrLowband6secV1``).
Frames: `grammars.voyager_pra_frames`.

Format: labels of the sweeps, which describe them in two ways (a CONTAINER for Jupiter, columns SWEEP1 to SWEEP8 for the
others) and both count some bytes wrong: the layout is the same in all. INFO.TXT of VG_1502 for the averages. The width
of a channel stands in the catalogue of PDS under VG1-J-PRA-4-SUMM-BROWSE-48SEC-V1.0, and how long the receiver dwells
at each in that of NASA under the high band of Voyager 2 at Jupiter.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError, UnreadableError
from epncore.model.row import Missing
from epncore.model.units import SECONDS_PER_DAY
from grammars import pds3
from grammars.axes import Steps, row_steps
from grammars.calendar_times import jd_after
from grammars.pictures import BLOCK_BYTES, Block, NoPicture, Picture, positive
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

_AVERAGES_ROW_BYTES, _AVERAGES_HEAD_BYTES = 298, 18
_AVERAGE_S = 48.0

_LOWEST_HZ, _STEP_HZ, _CHANNELS = 1200.0, 19200.0, 70
_HIGHEST_HZ = _LOWEST_HZ + (_CHANNELS - 1) * _STEP_HZ
_HZ = _HIGHEST_HZ - _STEP_HZ * np.arange(_CHANNELS, dtype=np.float64)
_WIDTH_HZ = 1000.0
_FLUX = "phot.flux.density;em.radio"

_ZERO = dt.date(1977, 1, 1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells, of the low band where it says nothing else. Times are JD, UTC; the rest s and Hz.

    The first time is in s from `_ZERO`; none of a frame, which is not drawn.
    """

    time_min: float
    time_max: float
    first_s: float | None
    step: float
    exposure: Answer
    product_type: str = "ds"
    measurements: tuple[str, ...] = (_FLUX, "phot.flux.density;phys.polarization.circular")
    spectral_range: tuple[float, float] = (_LOWEST_HZ, _HIGHEST_HZ)
    spectral_steps: Steps | tuple[float, float] | None = (_STEP_HZ, _STEP_HZ)
    resolution: tuple[float, float] | Missing = (_LOWEST_HZ / _WIDTH_HZ, _HIGHEST_HZ / _WIDTH_HZ)


class VoyagerPra:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "voyager_pra"
    version = 3
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
        yield constant("measurement_unit", "0.01dB", "label, UNIT of the sweeps: millibels, in VOUnits")
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

    def pictures(self, header: Pds3Header, options: GrammarOptions) -> Iterator[Picture | NoPicture]:
        """The powers in each sense of circular polarisation."""
        facts = self.examine(header, options)
        if facts.first_s is None:
            yield NoPicture("Power", "a frame of the high rate holds two frequencies at a time")
            return
        is_average = "-BROWSE-" in pds3.data_set(header)
        table, blocks = (
            (header.table("TIME_SERIES"), _averaged) if is_average else (header.table("TABLE"), _swept)
        )  # fmt: skip
        for sense in ("left", "right"):
            yield Picture(
                f"Power, {sense}-handed", "mB", "linear", facts.time_min, 0.0,
                (facts.time_max - facts.time_min) * SECONDS_PER_DAY, facts.step,
                partial(blocks, table, facts.first_s, sense), _HZ,
            )  # fmt: skip


def _swept(table: Table, first_s: float, sense: str) -> Iterator[Block]:
    """Every second channel of each sweep, as its status word says."""
    number = 0
    for rows in table.blocks(BLOCK_BYTES // 2):  # a power of four letters becomes a number of eight bytes
        status, seconds = _starts(rows, number)
        powers = _powers(rows, number)
        is_right_first = np.isin(status >> 9 & 3, (0, 3))
        for first in (0, 1):
            here = is_right_first == ((sense == "right") == (first == 0))
            yield Block(seconds[here] + _FIRST_S - first_s, positive(powers[here, first::2]), _HZ[first::2])
        number += len(rows)


def _averaged(table: Table, first_s: float, sense: str) -> Iterator[Block]:
    start = _AVERAGES_HEAD_BYTES + (2 * _CHANNELS if sense == "right" else 0)
    number = 0
    for rows in table.blocks(BLOCK_BYTES // 4):
        powers = np.ascontiguousarray(rows[:, start : start + 2 * _CHANNELS]).view(">i2").astype(np.float64)
        yield Block(_moments(rows, number) - first_s, positive(powers))
        number += len(rows)


def _sweeps(header: Pds3Header) -> Facts:
    table = header.table("TABLE")
    _check_length(table, _SWEEPS_ROW_BYTES)
    seconds = np.concatenate([_starts(table.read(*span), span[0])[1] for span in spans(table.rows)])
    if not np.isfinite(seconds).any():
        raise NotGranuleError("the status word of each sweep is zero: nothing was received", place="TABLE")
    pds3.check_times(header, _ZERO, seconds, "TABLE")
    first_s, last_s = float(np.nanmin(seconds)), float(np.nanmax(seconds))
    return Facts(
        jd_after(_ZERO, first_s + _FIRST_S), jd_after(_ZERO, last_s + _SWEEP_S), first_s + _FIRST_S, _SWEEP_S, _DWELL_S
    )


def _averages(header: Pds3Header) -> Facts:
    table = header.table("TIME_SERIES")
    _check_length(table, _AVERAGES_ROW_BYTES)
    seconds = np.concatenate([_moments(table.read(*span), span[0]) for span in spans(table.rows)])
    pds3.check_times(header, _ZERO, seconds, "TIME_SERIES", in_order=True)
    first_s, last_s = float(seconds.min()), float(seconds.max())
    exposure = Missing("an average over 48 s; how much of it the receiver took is not told")
    return Facts(jd_after(_ZERO, first_s), jd_after(_ZERO, last_s + _AVERAGE_S), first_s, _AVERAGE_S, exposure)


def _moments(rows: NDArray[np.uint8], first: int) -> NDArray[np.float64]:
    """Times of averages, s from `_ZERO`; `first` is the number of the first record, from 0."""
    fields = np.ascontiguousarray(rows[:, :10]).view(">i2").astype(int)
    seconds = []
    for number, (year, day, hour, minute, second) in enumerate(fields.tolist(), first + 1):
        valid = 77 <= year <= 99 and 1 <= day <= 366 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60
        if not valid:
            raise HeaderError(
                f"year {year}, day {day}, {hour} h {minute} min {second} s",
                place=f"TIME_SERIES, record {number}",
                hint="Years since 1900, days from 1, big-endian",
            )
        days = (dt.date(1900 + year, 1, 1) - _ZERO).days + day - 1
        seconds.append(days * SECONDS_PER_DAY + hour * 3600.0 + minute * 60.0 + second)
    return np.array(seconds)


def _frame(header: Pds3Header) -> Facts:
    found = frame(header)
    hertz = np.array(found.frequencies_hz)
    low, high = float(hertz.min()), float(hertz.max())
    exposure = Missing("samples come through a filter of 0.1 ms; how long one takes is not told")
    width_hz = found.width_hz
    return Facts(
        found.start, found.stop, None, STEP_S, exposure, "ts", (_FLUX,), (low, high), row_steps(hertz),
        (low / width_hz, high / width_hz) if width_hz else Missing("the header tells no width"),
    )  # fmt: skip


def _check_length(table: Table, wanted_bytes: int) -> None:
    if table.row_bytes != wanted_bytes:
        place = f"label, {table.name}, ROW_BYTES"
        raise HeaderError(f"rows of {table.row_bytes} bytes, not of {wanted_bytes}", place=place)


def _starts(rows: NDArray[np.uint8], first: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Status words of sweeps, and when they start, s from `_ZERO`: NaN for the empty ones.

    `first` is the number of the first record, from 0.
    """
    status, seconds = [], []
    for number, row in enumerate(rows, first + 1):
        place = f"TABLE, record {number}"
        day_s = (_date(row, place) - _ZERO).days * SECONDS_PER_DAY + _integer(row[6:_HEAD_BYTES], f"{place}, SECOND")
        for sweep in range(_SWEEPS):
            start = _HEAD_BYTES + sweep * _SWEEP_BYTES
            status.append(_integer(row[start : start + 4], f"{place}, sweep {sweep + 1}, status"))
            seconds.append(day_s + sweep * _SWEEP_S if status[-1] else np.nan)
    return np.array(status), np.array(seconds)


def _powers(rows: NDArray[np.uint8], first: int) -> NDArray[np.float64]:
    """Powers of all sweeps of records, shape (sweeps, channels)."""
    sweeps = np.ascontiguousarray(rows[:, _HEAD_BYTES : _HEAD_BYTES + _SWEEPS * _SWEEP_BYTES])
    try:
        return sweeps.view("S4").astype(np.float64).reshape(-1, 1 + _CHANNELS)[:, 1:]
    except ValueError as error:
        place = f"TABLE, records {first + 1} to {first + len(rows)}"
        raise UnreadableError(f"a power that is no number ({error})", place=place) from None


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
