"""Cassini RPWS, low rate full: calibrated spectral densities of its receivers LFR, MFR and HFR, a day each.

PDS3 products of the data set CO-V/E/J/S/SS-RPWS-3-RDR-LRFULL-V1.0: a detached label and records of one length. The
first record is a header (``CORPWS01``), the second holds the time of each channel within a sweep, the third the
frequencies, and each further one the spectral densities of one sensor. Labels of whole days have nominal times.
Densities below zero, which the MFR has at the ends of its bands, are none.

Format: label of the product; RPWS_SCLK_SCET.FMT (bytes 7 to 12: day from 1958-01-01 and millisecond of the day) and
LRFC_DATA_QUALITY.FMT (low four bits of byte 16: number of the sensor) of the volumes CORPWS.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError, UnreadableError
from epncore.model.row import Found, Missing
from grammars import pds3
from grammars.axes import as_written, row_steps
from grammars.calendar_times import jd_after
from grammars.pictures import BLOCK_BYTES, Block, Picture, positive, usual_step
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.readers.spans import spans
from grammars.record_times import cadence, reach
from grammars.steps import ends
from grammars.targets import told_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from epncore.model.columns import Column
    from grammars.axes import Steps
    from grammars.protocol import Answer, Granule
    from grammars.readers.pds3 import Pds3Header, Table

DATA_SET = "CO-V/E/J/S/SS-RPWS-3-RDR-LRFULL"
_MAGIC = b"CORPWS01"
_EPOCH = dt.date(1958, 1, 1)
_DAY_MS = 86_401_000  # with a leap second
_FREQUENCY_MAX_HZ = 20e6  # the HFR ends at 16 MHz

_RECEIVERS = {
    "LFR": "Low Frequency Receiver", "MFR": "Medium Frequency Receiver", "HFR": "High Frequency Receiver",
}  # fmt: skip
_SENSORS = {0: "Ex", 1: "Eu", 2: "Ev", 3: "Ew", 4: "Bx", 5: "By", 6: "Bz", 8: "HFR antennas", 11: "Langmuir probe"}
_MAGNETIC = {4, 5, 6}
_ELECTRIC = {0, 1, 2, 3, 8}
_ELECTRIC_UNIT, _MAGNETIC_UNIT = "V**2.m**-2.Hz**-1", "nT**2.Hz**-1"  # as VOUnits write them

_OBJECTIVES = "University of Iowa, objectives of Cassini RPWS: regions investigated"
_REGIONS: Mapping[str, Found] = {  # of Earth, Venus and asteroids it names no region
    "Jupiter": Found("magnetosphere", _OBJECTIVES),
    "Saturn": Found("magnetosphere", _OBJECTIVES),
    "Titan": Found("ionosphere", _OBJECTIVES),
    "Solar System": Found("solar wind", _OBJECTIVES),
}
_REVIEW = "Kurth and Zarka, Saturn Radio Waves: emissions of Saturn, Earth and Jupiter"
_FEATURES: Mapping[str, Found] = {
    "Earth": Found("Auroral Kilometric Radiation (AKR)", _REVIEW),
    "Jupiter": Found(
        ("decametric radio emission (DAM)", "hectometric radio emission (HOM)", "kilometric radio emission (KOM)"),
        _REVIEW,
    ),
    "Saturn": Found(("Saturn Kilometric Radiation (SKR)", "Saturn electrostatic discharges (SED)"), _REVIEW),
}
"""What the HFR receives; the other receivers end at 12 kHz, below these."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells. Times are JD, UTC; steps s; spectral values Hz."""

    time_min: float
    time_max: float
    time_steps: Steps | None
    spectral_range: tuple[float, float]
    spectral_steps: Steps | None
    sensors: frozenset[int]


class CassiniRpws:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "cassini_rpws"
    version = 3
    format = "pds3"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: Pds3Header) -> bool:
        """By DATA_SET_ID."""
        return pds3.data_set(header).startswith(DATA_SET)

    def examine(self, header: Pds3Header, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Read the times of channels, the frequencies, and the times of some thousand sweeps.

        Raises
        ------
        HeaderError
            Where the records are of another length or byte order, or hold no time or no frequency.
        """
        _check_first_record(header.table("LRFULL_TABLE"))
        offsets_s = _channels(header, "TIME_TABLE", "TIME")
        hertz = _channels(header, "FREQUENCY_TABLE", "FREQUENCY")
        if not (hertz.min() > 0 and hertz.max() <= _FREQUENCY_MAX_HZ and 0 <= offsets_s.min() <= offsets_s.max() < 1e5):
            raise HeaderError(
                f"frequencies of {hertz.min():g} to {hertz.max():g} Hz, {offsets_s.min():g} to {offsets_s.max():g} s "
                "after the start of a sweep",
                place="FREQUENCY_TABLE, TIME_TABLE",
                hint="Is the byte order big-endian?",
            )
        clocks = _sweeps(header.table("SPECTRAL_DENSITY_TABLE"))
        times = [seconds for seconds, _ in clocks]
        pds3.check_times(header, _EPOCH, np.concatenate(times), "SPECTRAL_DENSITY_TABLE, SCET")
        channel_s = row_steps(offsets_s)
        first_s, last_s = reach(times)
        return Facts(
            time_min=jd_after(_EPOCH, first_s + float(offsets_s.min())),
            time_max=jd_after(_EPOCH, last_s + float(offsets_s.max()) + (channel_s.smallest if channel_s else 0.0)),
            time_steps=cadence(times),
            spectral_range=(float(hertz.min()), float(hertz.max())),
            spectral_steps=row_steps(hertz),
            sensors=frozenset(int(sensor) for _, sensors in clocks for sensor in np.unique(sensors)),
        )

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all collections
        """One step a column; what is not here is the config's, or unknown."""
        yield constant("dataproduct_type", ("ds",), "spectral densities over time and frequency")
        yield Step("measurement_type", "sensors of the records: electric antennas, search coils", _measurements)
        yield Step("measurement_unit", "label, UNIT of SPECTRAL_DENSITY, by the sensors of the records", _unit)
        yield fact("time_min", "time_min", "earliest SCET of a sweep, and the time of its first channel")
        yield fact("time_max", "time_max", "latest SCET of a sweep, the time of its last channel, and one step")
        yield from ends("time_sampling_step", "time_steps", "steps of SCET")
        yield from ends("spectral_range", "spectral_range", "smallest and largest FREQUENCY")
        yield from ends("spectral_sampling_step", "spectral_steps", "steps of FREQUENCY, without repeats")
        yield Step("instrument_name", "label, SECTION_ID", _instrument)
        yield from pds3.steps()
        yield Step("target_region", "label, TARGET_NAME", lambda granule: told_of(granule, _REGIONS))
        yield Step("feature_name", "label, TARGET_NAME and SECTION_ID", _feature)

    def pictures(self, header: Pds3Header, options: GrammarOptions) -> Iterator[Picture]:  # noqa: ARG002
        """The spectral densities of each sensor, drawn at the starts of its sweeps."""
        table = header.table("SPECTRAL_DENSITY_TABLE")
        clocks = _sweeps(table)
        seconds, sensors = (np.concatenate(every) for every in zip(*clocks, strict=True))
        hertz = positive(_row(header, "FREQUENCY_TABLE", "FREQUENCY"))
        numbers = np.unique(sensors).tolist()
        sweep_s = usual_step(seconds) or 0.0
        span_s = float(seconds.min()), float(seconds.max()) + sweep_s
        turn_s = len(numbers) * sweep_s
        for sensor in numbers:
            # One that has a turn now and then does not last until the next one.
            step_s = min(usual_step(seconds[sensors == sensor]) or turn_s, turn_s)
            yield _picture(table, sensor, hertz, span_s, step_s)


def _picture(
    table: Table, sensor: int, hertz: NDArray[np.float64], span_s: tuple[float, float], step_s: float
) -> Picture:
    def blocks() -> Iterator[Block]:
        for rows in table.blocks(BLOCK_BYTES):
            times, sensors = _clock(rows)
            here = sensors == sensor
            densities = table.column("SPECTRAL_DENSITY", rows[here])
            if densities.shape[1] != hertz.size:
                place = "SPECTRAL_DENSITY_TABLE, SPECTRAL_DENSITY, ITEMS"
                raise HeaderError(f"{densities.shape[1]} values for {hertz.size} frequencies", place=place)
            yield Block(times[here] - span_s[0], positive(densities))

    unit = _MAGNETIC_UNIT if sensor in _MAGNETIC else _ELECTRIC_UNIT if sensor in _ELECTRIC else ""
    name = f"Spectral density, {_SENSORS.get(sensor, f'sensor {sensor}')}"
    return Picture(name, unit, "dB", jd_after(_EPOCH, span_s[0]), 0.0, span_s[1] - span_s[0], step_s, blocks, hertz)


def _check_first_record(table: Table) -> None:
    record = table.read(0, 1)[0].tobytes()
    if not record.startswith(_MAGIC):
        raise UnreadableError(f"the data start with {record[:8]!r}, not with {_MAGIC!r}", place="record 1")
    told = int.from_bytes(record[8:12], "big")
    if told != table.row_bytes:
        raise UnreadableError(
            f"records of {told} bytes, but of {table.row_bytes} by the label", place="record 1, bytes 9 to 12"
        )


def _channels(header: Pds3Header, name: str, column: str) -> NDArray[np.float64]:
    """One value a channel; channels without a value (0, NaN beyond the last one) do not count."""
    values = _row(header, name, column)
    valid = values[np.isfinite(values) & ((values > 0) | (column == "TIME"))]
    if valid.size == 0:
        raise HeaderError("not one channel has a value", place=f"{name}, {column}")
    return valid


def _row(header: Pds3Header, name: str, column: str) -> NDArray[np.float64]:
    table = header.table(name)
    return as_written(table.column(column, table.read(0, 1))[0].astype(np.float32))


def _sweeps(table: Table) -> list[tuple[NDArray[np.float64], NDArray[np.uint8]]]:
    """Times and sensors of sweeps in spans, without those that have no time."""
    clocks = []
    for first, last in spans(table.rows):
        seconds, sensors = _clock(table.read(first, last))
        valid = np.isfinite(seconds)
        if valid.any():
            clocks.append((seconds[valid], sensors[valid]))
    if not clocks:
        raise HeaderError("not one record has a time", place="SPECTRAL_DENSITY_TABLE, SCET")
    return clocks


def _clock(rows: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Seconds from 1958-01-01 (days of 86400 s) of records, NaN where there is no time, and numbers of sensors."""
    days = np.ascontiguousarray(rows[:, 6:8]).view(">u2")[:, 0].astype(np.float64)
    milliseconds = np.ascontiguousarray(rows[:, 8:12]).view(">u4")[:, 0].astype(np.float64)
    valid = (days > 0) & (milliseconds < _DAY_MS)
    return np.where(valid, days * 86400 + milliseconds / 1000, np.nan), rows[:, 15] & np.uint8(15)


def _measurements(granule: Granule) -> Answer:
    sensors = granule.facts.sensors
    electric = ("phys.electField;em.radio",) if sensors & _ELECTRIC else ()
    magnetic = ("phys.magField;em.radio",) if sensors & _MAGNETIC else ()
    return electric + magnetic or Missing("no sensor of the records is an antenna or a search coil")


def _unit(granule: Granule) -> Answer:
    sensors = granule.facts.sensors
    if sensors <= _ELECTRIC:
        return _ELECTRIC_UNIT
    return _MAGNETIC_UNIT if sensors <= _MAGNETIC else Missing("electric and magnetic sensors have their own units")


def _instrument(granule: Granule) -> Answer:
    section = granule.header.text("SECTION_ID") or ""
    known = _RECEIVERS.get(section)
    names = ("RPWS", "Radio and Plasma Wave Science", *((section, known) if known else ()))
    return Found(names, "DATA_SET_ID, and the receiver in SECTION_ID")


def _feature(granule: Granule) -> Answer:
    if granule.header.text("SECTION_ID") != "HFR":
        return Missing("planetary radio emissions are above the range of this receiver")
    return told_of(granule, _FEATURES)


GRAMMAR = CassiniRpws()
