"""pdr loads the made products whole, and finds the times and frequencies that the rows hold.

Of waveform frames it reads too few lines, of the real one as of the made one: their label counts the bytes of a column
from the start of the record, and those of its prefix before it once more.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Product

Copied = Callable[[str], Product]
JD_TOLERANCE = 5e-10


def loaded(product: Product, table: str) -> Any:
    """A table as pdr has it: a pandas.DataFrame."""
    import pdr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pdr.read(str(product.label))[table]


def jd(year: int, day: int, seconds: float) -> float:
    return dt.date(year, 1, 1).toordinal() + 1721424.5 + day - 1 + seconds / 86400


@pytest.mark.parametrize("name", ["T1997298_MFR0.LBL", "T2000366_HFR0.LBL"])
def test_cassini(product: Copied, name: str) -> None:
    one = product(name)
    row, table, offsets = one.row(), loaded(one, "SPECTRAL_DENSITY_TABLE"), loaded(one, "TIME_TABLE")
    start = [
        jd(1958, 1 + int(day), ms / 1000) for day, ms in zip(table["SCET_DAY"], table["SCET_MILLISECOND"], strict=True)
    ]
    ends = offsets.filter(like="TIME").iloc[0]
    assert row["time_min"] == pytest.approx(min(start) + ends.min() / 86400, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(max(start) + ends.max() / 86400, abs=1e-5)  # and one channel more
    hertz = loaded(one, "FREQUENCY_TABLE").filter(like="FREQUENCY").iloc[0]
    assert (row["spectral_range_min"], row["spectral_range_max"]) == pytest.approx((hertz.min(), hertz.max()), rel=1e-6)


def test_spectra_of_voyager_pws(product: Copied) -> None:
    one = product("T790228.LBL")
    row, table = one.row(), loaded(one, "TABLE")
    first, last = (
        jd(1900 + one["YEAR"], one["HOUR"] // 24, one["HOUR"] % 24 * 3600 + one["SECOND"] + one["MSEC"] / 1000)
        for one in (table.iloc[0].astype(int), table.iloc[-1].astype(int))
    )
    assert row["time_min"] == pytest.approx(first, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(last + 4 / 86400, abs=JD_TOLERANCE)


@pytest.mark.parametrize("name", ["PRA_I.LBL", "VG2_NEP_PRA_6SEC.LBL"])
def test_sweeps_of_voyager_pra(product: Copied, name: str) -> None:
    one = product(name)
    row, table = one.row(), loaded(one, "TABLE")
    starts = []
    for _, record in table.iterrows():
        date = dt.datetime.strptime(f"{int(record['DATE'])}Z", "%y%m%d%z")
        status = record.filter(regex="STATUS_WORD|SWEEP[1-8]_0$")
        sweeps = [number for number, word in enumerate(status) if word]
        starts += [jd(date.year, date.timetuple().tm_yday, record["SECOND"] + 6 * number) for number in sweeps]
    assert row["time_min"] == pytest.approx(min(starts) + 3.9 / 86400, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(max(starts) + 6.0 / 86400, abs=JD_TOLERANCE)


def test_averages_of_voyager_pra(product: Copied) -> None:
    one = product("T790306.LBL")
    row, table = one.row(), loaded(one, "TIME_SERIES")
    first, last = (
        jd(1900 + one["YEAR"], one["DAY"], one["HOUR"] * 3600 + one["MINUTE"] * 60 + one["SECOND"])
        for one in (table.iloc[0].astype(int), table.iloc[-1].astype(int))
    )
    assert row["time_min"] == pytest.approx(first, abs=JD_TOLERANCE)
    assert row["time_max"] == pytest.approx(last + 48 / 86400, abs=JD_TOLERANCE)
