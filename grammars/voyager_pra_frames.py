"""High rate frames of Voyager PRA: one file each, with a header of 28 bytes and 800 lines of pairs of samples.

Format: SPASE description of VG2-U-PRA-2-RDR-HIGHRATE-60MS-V1.0 (hpde.io, NASA/NumericalData/Voyager2/PRA), which has
what the catalogue of PDS says; INFO.TXT of VGPR_1201 has the same header, but a bandwidth in Hz where these have kHz.
The receiver takes a pair of frequencies at once each 1/7200 s, 400 pairs a line of 60 ms, with a gap at its end; for
half of the frame the first pair, then it may switch to a second one. All numbers are unsigned and big-endian; 0 is no
data.
"""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError
from grammars.calendar_times import jd

if TYPE_CHECKING:
    from grammars.readers.pds3 import Pds3Header

STEP_S = 1 / 7200
_LINE_S, _PAIRS, _LINES_MAX = 0.06, 400, 800
_LINE_BYTES = 4 * _PAIRS
# Year, day of year, hour, minute, second, spacecraft, FDS count in two parts, four frequencies [Hz], bandwidth [kHz].
_HEADER = struct.Struct(">HHBBBBHBIIIIB")
_HALVES = ("F1_F2_TIME_SERIES", "F3_F4_TIME_SERIES")
_HIGHEST_HZ = 40.5e6


@dataclass(frozen=True, slots=True)
class Frame:
    """What one file tells.

    Attributes
    ----------
    start, stop : float, d
        JD UTC: of the first line that has data, and of the end of the last.
    frequencies_hz : tuple of float
        Of the halves that have data.
    width_hz : float
    """

    start: float
    stop: float
    frequencies_hz: tuple[float, ...]
    width_hz: float


def frame(header: Pds3Header) -> Frame:
    """Read the header of a frame, and which of its lines hold data.

    Raises
    ------
    FileError
        Where the tables are none of a frame, or the header holds no time or frequency of Voyager.
    NotGranuleError
        Where each sample is zero.
    """
    date, second_of_day, frequencies_hz, width_hz = _header(header)
    lines: list[int] = []
    found: list[float] = []
    before = 0
    for half, name in enumerate(_HALVES):
        table = header.table(name)
        if table.row_bytes != _LINE_BYTES or before + table.rows > _LINES_MAX:
            raise HeaderError(
                f"{table.rows} rows of {table.row_bytes} bytes, not up to {_LINES_MAX} lines of {_LINE_BYTES} in all",
                place=f"label, {name}",
            )
        filled = np.flatnonzero(table.read(0, table.rows).any(axis=1)) + before
        lines += filled.tolist()
        found += frequencies_hz[2 * half : 2 * half + 2] if filled.size else ()
        before += table.rows
    if not lines:
        raise NotGranuleError("each sample is zero: nothing was received", place=_HALVES[0])
    start, stop = lines[0] * _LINE_S, lines[-1] * _LINE_S + _PAIRS * STEP_S
    return Frame(jd(date, second_of_day + start), jd(date, second_of_day + stop), tuple(found), width_hz)


def _header(header: Pds3Header) -> tuple[dt.date, float, tuple[float, ...], float]:
    table = header.table("HEADER_TABLE")
    if table.row_bytes != _HEADER.size:
        raise HeaderError(f"a row of {table.row_bytes} bytes, not of {_HEADER.size}", place="label, HEADER_TABLE")
    year, day, hour, minute, second, _, _, _, *hertz, width_khz = _HEADER.unpack(table.read(0, 1).tobytes())
    is_time = 1977 <= year <= 1999 and 1 <= day <= 366 and hour < 24 and minute < 60 and second <= 60
    if not is_time or not all(0 < one <= _HIGHEST_HZ for one in hertz):
        raise HeaderError(
            f"year {year}, day {day}, {hour} h {minute} min {second} s, {', '.join(map(str, hertz))} Hz",
            place="HEADER_TABLE", hint=f"Frequencies up to {_HIGHEST_HZ / 1e6:g} MHz, big-endian",
        )  # fmt: skip
    date = dt.date(year, 1, 1) + dt.timedelta(days=day - 1)
    return date, hour * 3600.0 + minute * 60.0 + second, tuple(map(float, hertz)), width_khz * 1e3
