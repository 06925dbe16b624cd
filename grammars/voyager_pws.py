"""Voyager 1 and 2, Plasma Wave Subsystem: waveforms of the wideband receiver and spectra of the spectrum analyser.

PDS3 products. Waveforms (data sets VGn-...-PWS-1-EDR-WFRM-60MS): a file is a frame of 48 s; its first record is an
engineering header, each further one a line of 1600 samples of 4 bits, taken within 55.56 of 60 ms. Spectra (data sets
VGn-...-PWS-2-RDR-SA-4.0SEC and -SAFULL): records of 24 little-endian integers of 2 bytes, which are the time, the
spacecraft clock and a value for each of 16 channels from 10 Hz to 56.2 kHz.

Format: labels; DATATIPS.TXT of the volumes VGPW_1001 (waveforms: lines 1 to 800 of a frame) and VGPW_0101 (spectra:
fields of a record, frequencies of the channels). Where a line stands in its frame was seen in a real file:
bytes 19 to 24 of a record are the spacecraft clock (16 bits, modulo 60, line), big-endian.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.row import Missing
from grammars import pds3
from grammars.axes import Steps, row_steps
from grammars.calendar_times import jd, jd_after
from grammars.pictures import BLOCK_BYTES, Block, Picture, usual_step
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.readers.spans import spans
from grammars.record_times import cadence, reach
from grammars.steps import ends
from grammars.waveforms import Starts, waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from epncore.model.columns import Column
    from grammars.pictures import NoPicture
    from grammars.readers.pds3 import Pds3Header, Table

_DATA_SET = re.compile(r"VG[12]-[A-Z/]+-PWS-[12]-(?:EDR-WFRM-60MS|RDR-SA-4\.0SEC|RDR-SAFULL)")

_LINES, _LINE_S, _LINE_SAMPLES = 800, 0.06, 1600
_SAMPLE_S = 1 / 28800
_SAMPLE_BYTES = 32  # of a sample on its way into a picture: its time and its value as numbers of 8 bytes, and copies

_RECORD_BYTES = 48
_CHANNELS_HZ = (
    10.0, 17.8, 31.1, 56.2, 100.0, 178.0, 311.0, 562.0,
    1000.0, 1780.0, 3110.0, 5620.0, 10000.0, 17800.0, 31100.0, 56200.0,
)  # fmt: skip
_NO_AXIS = Missing("a waveform has no axis of frequencies")
_ZERO = dt.date(1900, 1, 1)
_YEARS = (77, 199)  # since then
_HOURS = (24, 24 + 366 * 24)  # of a year, which starts with hour 24


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells. Times are JD, UTC; steps s; spectral values Hz."""

    product_type: str
    measurement_unit: str
    time_min: float
    time_max: float
    time_steps: Steps | None
    spectral_range: tuple[float, float] | Missing
    spectral_steps: Steps | Missing | None
    receiver: tuple[str, ...]


class VoyagerPws:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "voyager_pws"
    version = 2
    format = "pds3"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: Pds3Header) -> bool:
        """By DATA_SET_ID."""
        return _DATA_SET.match(pds3.data_set(header)) is not None

    def examine(self, header: Pds3Header, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Read clocks of lines, or times of spectra.

        Raises
        ------
        HeaderError
            Where the records hold no such clock or time.
        """
        return _waveform(header) if "-WFRM-" in pds3.data_set(header) else _spectra(header)

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        yield fact("dataproduct_type", "product_type", "DATA_SET_ID: waveforms, or spectra over time")
        yield constant("measurement_type", ("phys.electField;em.radio",), "an electric dipole of two 10 m elements")
        yield fact("measurement_unit", "measurement_unit", "samples and channels are not calibrated")
        yield fact("time_min", "time_min", "START_TIME and the line of the first record; or the time of the first one")
        yield fact("time_max", "time_max", "end of the last line; or time of the last record and one step")
        yield from ends("time_sampling_step", "time_steps", "28800 samples a second; or steps of the records")
        yield from ends("spectral_range", "spectral_range", "lowest and highest channel, DATATIPS.TXT")
        yield from ends("spectral_sampling_step", "spectral_steps", "steps between channels, DATATIPS.TXT")
        yield fact("instrument_name", "receiver", "DATA_SET_ID")
        yield from pds3.steps()

    def pictures(self, header: Pds3Header, options: GrammarOptions) -> Iterator[Picture | NoPicture]:
        """The waveform of a frame and its spectra; or the channels of the spectrum analyser over time."""
        facts = self.examine(header, options)
        if "-WFRM-" in pds3.data_set(header):
            yield from _frame(header.table("TIME_SERIES"), facts)
        else:
            yield _channels(header.table("TABLE"), facts)


def _frame(table: Table, facts: Facts) -> Iterator[Picture | NoPicture]:
    if table.row_bytes < table.prefix_bytes + _LINE_SAMPLES // 2:
        place = "label, TIME_SERIES, ROW_BYTES"
        raise HeaderError(f"rows of {table.row_bytes} bytes hold no {_LINE_SAMPLES} samples of 4 bits", place=place)
    lines = np.concatenate([_clocks(table.read(*span))[:, 2] for span in spans(table.rows)])
    first = int(lines.min())

    def records() -> Iterator[Block]:
        for rows in table.blocks(BLOCK_BYTES // _SAMPLE_BYTES):
            pairs = rows[:, table.prefix_bytes : table.prefix_bytes + _LINE_SAMPLES // 2]
            samples = np.stack([pairs >> 4, pairs & 15], axis=-1).reshape(-1, _LINE_SAMPLES)
            yield Block((_clocks(rows)[:, 2].astype(np.float64) - first) * _LINE_S, samples)

    starts = Starts(facts.time_min, (int(lines.max()) - first) * _LINE_S, _LINE_S)
    yield from waveform(
        "Waveform", facts.measurement_unit, starts, np.arange(_LINE_SAMPLES, dtype=np.float64) * _SAMPLE_S, records
    )


def _channels(table: Table, facts: Facts) -> Picture:
    seconds = np.concatenate([_seconds(_fields(table.read(*span))) for span in spans(table.rows)])
    first_s, last_s, step_s = float(seconds.min()), float(seconds.max()), usual_step(seconds) or 0.0

    def blocks() -> Iterator[Block]:
        for rows in table.blocks(BLOCK_BYTES):
            fields = _fields(rows)
            yield Block(_seconds(fields) - first_s, fields[:, -len(_CHANNELS_HZ) :])

    return Picture(
        "Spectrum analyser", facts.measurement_unit, "linear", facts.time_min, 0.0, last_s - first_s + step_s, step_s,
        blocks, np.array(_CHANNELS_HZ),
    )  # fmt: skip


def _waveform(header: Pds3Header) -> Facts:
    """A frame: it may lack lines at its ends, which its label does not tell."""
    table = header.table("TIME_SERIES")
    looked_at = spans(table.rows)
    counts = np.concatenate([_clocks(table.read(*span)) for span in looked_at])
    frame, lines = counts[:, :2], counts[:, 2]
    valid = (lines >= 1) & (lines <= _LINES) & (frame == frame[0]).all(axis=1) & (frame[:, 1] < 60)
    if not valid.all():
        worst = int(np.argmin(valid))
        raise HeaderError(
            f"spacecraft clock {counts[worst].tolist()}",
            place=f"TIME_SERIES, record {_number(looked_at, worst)}, bytes 19 to 24",
            hint="One frame (16 bits, modulo 60) and lines 1 to 800, big-endian",
        )
    date, second = pds3.time(header, "START_TIME")
    first, last = (int(lines.min()) - 1) * _LINE_S, (int(lines.max()) - 1) * _LINE_S
    return Facts(
        product_type="ts",
        measurement_unit="adu",
        time_min=jd(date, second + first),
        time_max=jd(date, second + last + _LINE_SAMPLES * _SAMPLE_S),
        time_steps=Steps(_SAMPLE_S, _SAMPLE_S, _SAMPLE_S),
        spectral_range=_NO_AXIS,
        spectral_steps=_NO_AXIS,
        receiver=("PWS", "Plasma Wave Subsystem", "Waveform Receiver"),
    )


def _spectra(header: Pds3Header) -> Facts:
    table = header.table("TABLE")
    if table.row_bytes != _RECORD_BYTES:
        raise HeaderError(f"rows of {table.row_bytes} bytes, not of {_RECORD_BYTES}", place="label, TABLE, ROW_BYTES")
    looked_at = spans(table.rows)
    parts = [_fields(table.read(*span)) for span in looked_at]
    fields = np.concatenate(parts)
    years, hours, seconds, milliseconds = fields[:, :4].T
    wrong = ~_is_time(fields)
    if wrong.any():
        worst = int(np.argmax(wrong))
        raise HeaderError(
            f"year {years[worst]:g}, hour {hours[worst]:g}, second {seconds[worst]:g}, {milliseconds[worst]:g} ms",
            place=f"TABLE, record {_number(looked_at, worst)}",
            hint="Years since 1900, hours from 24, little-endian",
        )
    times = [_seconds(span) for span in parts]
    pds3.check_times(header, _ZERO, np.concatenate(times), "TABLE", in_order=True)
    steps = cadence(times)
    first, last = reach(times)
    channels = np.array(_CHANNELS_HZ)
    return Facts(
        product_type="ds",
        measurement_unit="adu",
        time_min=jd_after(_ZERO, first),
        time_max=jd_after(_ZERO, last + (steps.median if steps else 0.0)),
        time_steps=steps,
        spectral_range=(_CHANNELS_HZ[0], _CHANNELS_HZ[-1]),
        spectral_steps=row_steps(channels),
        receiver=("PWS", "Plasma Wave Subsystem", "Spectrum Analyzer"),
    )


def _number(looked_at: list[tuple[int, int]], place: int) -> int:
    """The number in its table, from 1, of a record among those that were looked at."""
    return int(np.concatenate([np.arange(*span) for span in looked_at])[place]) + 1


def _clocks(rows: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Spacecraft clocks of lines, shape (k, 3): 16 bits, modulo 60, line."""
    return np.ascontiguousarray(rows[:, 18:24]).view(">u2")


def _fields(rows: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.ascontiguousarray(rows).view("<i2").astype(np.float64)


def _is_time(fields: NDArray[np.float64]) -> NDArray[np.bool_]:
    years, hours, seconds, milliseconds = fields[:, :4].T
    valid = (years >= _YEARS[0]) & (years <= _YEARS[1]) & (hours >= _HOURS[0]) & (hours < _HOURS[1])
    valid &= (seconds >= 0) & (seconds < 3600) & (milliseconds >= 0) & (milliseconds < 1000)
    return np.asarray(valid, np.bool_)


def _seconds(fields: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds since 1900-01-01, of days of 86400 s; NaN where a record has no time."""
    valid = _is_time(fields)
    years, hours, seconds, milliseconds = np.where(valid, fields[:, :4].T, _HOURS[0])
    starts = {year: (dt.date(1900 + int(year), 1, 1) - _ZERO).days for year in np.unique(years)}
    days = np.array([starts[year] for year in years], np.float64)
    return np.where(valid, days * 86400 + (hours - 24) * 3600 + seconds + milliseconds / 1000, np.nan)


GRAMMAR = VoyagerPws()
