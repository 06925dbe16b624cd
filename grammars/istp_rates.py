"""When snapshots end and how densely they are sampled, where each record has a sampling rate of its own.

A record of a waveform then holds many samples from its time on, and a variable tells their rate: ``SAMPLING_RATE`` in
files of Solar Orbiter RPW. The records themselves follow each other by how often snapshots are taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.units import frequency_factor_hz
from grammars.axes import Steps
from grammars.cdf_times import CHUNK_ROWS, TICKS_PER_S, is_valid, jd, later, ticks
from grammars.istp_data import named
from grammars.istp_times import bin_location

if TYPE_CHECKING:
    from grammars.istp_times import Times
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable

_PLACE = "option rate_variable"


def by_rates(header: CdfHeader, data: list[Variable], found: Times, name: str) -> Times:
    """The times of snapshots: steps within them, and the end of the one that ends last.

    Parameters
    ----------
    header : CdfHeader
    data : list of Variable
        The samples of a record stand along their first dimension.
    found : Times
        As the records tell them.
    name : str
        Of the variable with the sampling rate of each record.

    Raises
    ------
    HeaderError
        Where there is no such variable, it holds no frequencies, or the data have no samples.
    """
    rate, clock = named(header, name, _PLACE), found.clock
    factor = frequency_factor_hz(header.text(rate, "UNITS"))
    samples = min((variable.dims[0] for variable in data if variable.dims), default=0)
    last = min(rate.records, clock.records, CHUNK_ROWS) - 1
    if factor is None or not samples or last < 0 or not rate.record_bytes:
        raise HeaderError(f"{name} is no rate of samples within a record", path=header.path, place=_PLACE)
    hertz = header.read(rate, 0, last).reshape(last + 1, -1)[:, 0].astype(np.float64) * factor
    hertz[hertz == header.attribute(rate, "FILLVAL")] = np.nan
    times = header.read(clock, 0, last).reshape(last + 1, -1)[:, 0]
    kept = is_valid(times, clock.data_type, header.attribute(clock, "FILLVAL")) & np.isfinite(hertz) & (hertz > 0)
    if not kept.any():
        raise HeaderError(f"{name} holds no rate", path=header.path, place=_PLACE)
    times, hertz = times[kept], hertz[kept]
    lasts_s = (samples - bin_location(header, clock)) / hertz
    ends_s = ticks(times, times[0], clock.data_type) / TICKS_PER_S[clock.data_type] + lasts_s
    latest = int(np.argmax(ends_s))
    steps_s = np.sort(1.0 / hertz)
    return replace(
        found,
        stop=jd(later(times[latest], float(lasts_s[latest]), clock.data_type), clock.data_type),
        stop_source=f"variable {clock.name}, and {samples} samples at the rate of variable {rate.name}",
        steps=Steps(float(steps_s[0]), float(np.median(steps_s)), float(steps_s[-1])),
        steps_source=f"rates of variable {rate.name}",
    )
