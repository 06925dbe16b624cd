"""How often a receiver sweeps, where each record holds one frequency, or one band, of a sweep.

The records then follow each other by the dwell time of a frequency; the spectra follow each other by the sweeps, which
a variable numbers: ``SWEEP_NUM`` in files of Solar Orbiter RPW, ``SWEEP`` in those of Wind/Waves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from grammars.cdf_times import CHUNK_ROWS, scan
from grammars.istp_data import named

if TYPE_CHECKING:
    from grammars.axes import Steps
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable


def sweep_steps(header: CdfHeader, clock: Variable, name: str) -> Steps | None:
    """Steps between the first records of successive sweeps, s; None for fewer than two.

    Parameters
    ----------
    header : CdfHeader
    clock : Variable
        The times of the records.
    name : str
        Of the variable that numbers the sweeps, one value a record.

    Raises
    ------
    HeaderError
        Where there is no such variable.
    """
    sweep = named(header, name, "option sweep_variable")
    last = min(sweep.records, clock.records, CHUNK_ROWS) - 1
    if last < 1 or not sweep.record_bytes:
        return None
    numbers = header.read(sweep, 0, last).reshape(last + 1, -1)[:, 0]
    starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
    # A file may begin within a sweep: its first record is no start.
    found = scan([header.read(clock, 0, last)[starts[1:]]], clock.data_type, header.attribute(clock, "FILLVAL"))
    return found.steps if found else None
