"""Voyager 1 and 2, Planetary Radio Astronomy: sweeps of the low band, 1.2 to 1326 kHz, one every 6 s.

PDS3 products of the data sets VGn-p-PRA-3-RDR-LOWBAND-6SEC-V1.0: a label and a table of ASCII integers. A record holds
a date, the second of that day to the nearest second, and eight sweeps of a status word and 70 powers in millibels, from
the highest frequency to the lowest. A sweep whose status word is zero holds nothing.

Format: the labels of these data sets. They describe the sweeps in two ways (a CONTAINER for Jupiter, columns SWEEP1 to
SWEEP8 for the others), and both count some bytes wrong; the layout is the same in all. The width of a channel stands in
the description of VG1-J-PRA-4-SUMM-BROWSE-48SEC-V1.0, how long the receiver dwells at each in that of the high band of
Voyager 2 at Jupiter (48 s), in the catalogues of PDS and NASA.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError, UnreadableError
from epncore.model.row import Found, Missing
from grammars import pds3
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.readers.spans import spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from epncore.model.columns import Column
    from grammars.protocol import Answer, Granule
    from grammars.readers.pds3 import Pds3Header, Table

_DATA_SET = re.compile(r"VG[12]-[JSUN]-PRA-3-RDR-LOWBAND-6SEC")
_ROW_BYTES = 2286  # 6 for the date, 6 for the second, 8 sweeps of 71 numbers of 4, CR and LF
_SWEEPS, _SWEEP_BYTES, _HEAD_BYTES = 8, 284, 12
_SWEEP_S, _FIRST_S = 6.0, 3.9  # the high band comes first in a sweep: "some 3.9 seconds", says the label
_LOWEST_HZ, _STEP_HZ, _CHANNELS = 1200.0, 19200.0, 70
_HIGHEST_HZ = _LOWEST_HZ + (_CHANNELS - 1) * _STEP_HZ
_WIDTH_HZ, _DWELL_S = 1000.0, 0.025


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells: JD, UTC."""

    time_min: float
    time_max: float


class VoyagerPra:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "voyager_pra"
    version = 1
    format = "pds3"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: Pds3Header) -> bool:
        """By DATA_SET_ID."""
        return _DATA_SET.match(pds3.data_set(header)) is not None

    def examine(self, header: Pds3Header, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Read dates, seconds and status words of some thousand records.

        Raises
        ------
        FileError
            Where the records are of another length, or hold something else than numbers.
        NotGranuleError
            Where each sweep is empty.
        """
        table = header.table("TABLE")
        if table.row_bytes != _ROW_BYTES:
            raise HeaderError(f"rows of {table.row_bytes} bytes, not of {_ROW_BYTES}", place="label, TABLE, ROW_BYTES")
        times = [moment for span in spans(table.rows) for moment in _sweeps(table, *span)]
        if not times:
            raise NotGranuleError("the status word of each sweep is zero: nothing was received", place="TABLE")
        first, last = min(times), max(times)
        return Facts(pds3.jd(first[0], first[1] + _FIRST_S), pds3.jd(last[0], last[1] + _SWEEP_S))

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        polarised = ("phot.flux.density;em.radio", "phot.flux.density;phys.polarization.circular")
        described = "label, DESCRIPTION: 70 channels from 1326.0 to 1.2 kHz, 19.2 kHz apart"
        yield constant("dataproduct_type", ("ds",), "sweeps over time")
        yield constant("measurement_type", polarised, "powers in both senses of circular polarisation, in turn")
        yield constant("measurement_unit", "mB", "label, UNIT of the sweeps: millibels")
        yield fact("time_min", "time_min", "DATE and SECOND of the earliest sweep that is not empty, and 3.9 s")
        yield fact("time_max", "time_max", "start of the last sweep that is not empty, and 6 s")
        yield Step("time_sampling_step_min", "label, SAMPLING_PARAMETER_INTERVAL", _interval)
        yield Step("time_sampling_step_max", "label, SAMPLING_PARAMETER_INTERVAL", _interval)
        yield constant("spectral_range_min", _LOWEST_HZ, described)
        yield constant("spectral_range_max", _HIGHEST_HZ, described)
        yield constant("spectral_sampling_step_min", _STEP_HZ, described)
        yield constant("spectral_sampling_step_max", _STEP_HZ, described)
        for end, hertz in (("min", _LOWEST_HZ), ("max", _HIGHEST_HZ)):
            yield constant(f"spectral_resolution_{end}", hertz / _WIDTH_HZ, "catalogue of PDS: each channel 1 kHz wide")
            yield constant(f"time_exp_{end}", _DWELL_S, "catalogue of NASA: 25 ms at each channel")
        yield constant("instrument_name", ("PRA", "Planetary Radio Astronomy"), "DATA_SET_ID, INSTRUMENT_NAME")
        yield from pds3.steps()


def _sweeps(table: Table, first: int, last: int) -> Iterator[tuple[dt.date, float]]:
    """Starts of the sweeps in some records that are not empty."""
    for number, row in enumerate(table.read(first, last), first):
        date = _date(row, f"TABLE, record {number + 1}")
        second = _integer(row[6:_HEAD_BYTES], f"TABLE, record {number + 1}, SECOND")
        for sweep in range(_SWEEPS):
            start = _HEAD_BYTES + sweep * _SWEEP_BYTES
            if _integer(row[start : start + 4], f"TABLE, record {number + 1}, sweep {sweep + 1}, status"):
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


def _interval(granule: Granule) -> Answer:
    seconds = granule.header.table("TABLE").block.number("SAMPLING_PARAMETER_INTERVAL")
    if seconds is None or seconds <= 0:
        return Missing("no SAMPLING_PARAMETER_INTERVAL")
    return Found(seconds, "label, SAMPLING_PARAMETER_INTERVAL: records hold their time to the nearest second only")


GRAMMAR = VoyagerPra()
