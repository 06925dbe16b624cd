"""Long tables: which rows are read, that no other is, and that the row of a file costs the same whatever its size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from epncore.model.collection import load
from grammars.axes import GAP_FACTOR, sampling
from grammars.long_tables import RUN_ROWS, RUNS, WHOLE_ROWS, chosen_rows, read_column
from grammars.plan import compile_plans
from grammars.protocol import SourceFile
from grammars.readers.fits import FitsReader

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "nda_newroutine"
SPECTRUM_BYTES = 13_336  # 57,600 of them are the 768 MB of a transit
START_JD, STEP_S = 2460009.90642662, 0.5
MOST_BYTES = 2_000_000


@given(st.integers(0, 10**9))
def test_chosen_rows_have_both_ends_and_runs_that_are_far_apart(count: int) -> None:
    rows = chosen_rows(count)
    if rows is None:
        assert count <= WHOLE_ROWS
        return
    assert rows.size == RUNS * RUN_ROWS
    assert (rows[0], rows[-1]) == (0, count - 1)
    steps = np.diff(rows)
    assert set(steps[steps <= GAP_FACTOR]) == {1}
    assert (steps > GAP_FACTOR).sum() == RUNS - 1


@given(st.integers(WHOLE_ROWS + 1, 10**6), st.floats(1e-3, 100))
def test_chosen_rows_tell_the_cadence_of_all(count: int, step_s: float) -> None:
    rows = chosen_rows(count)
    assert rows is not None
    found = sampling(rows * step_s)
    assert found is not None
    assert (found.smallest, found.median, found.largest) == pytest.approx((step_s,) * 3, rel=1e-6)


def transit(folder: Path, spectra: int) -> Path:
    """A sparse file of NewRoutine: only the rows that may be read have a time, all others are holes of zeros."""
    primary = fits.PrimaryHDU()
    primary.header.update({"TELESCOP": "NDA", "INSTRUME": "newroutine", "OBJECT": "Jupiter"})
    mhz = (100 / 2048 * np.arange(205, 820)).astype("f4")[np.newaxis]
    frequencies = fits.BinTableHDU.from_columns([fits.Column("f", "615E", unit="MHz", array=mhz)])
    table = fits.BinTableHDU.from_columns(
        [fits.Column("jd", "1D", array=np.zeros(1)), fits.Column("DATA", f"{SPECTRUM_BYTES - 8}B")]
    )
    path = folder / f"{spectra}.fits"
    fits.HDUList([primary, frequencies, table]).writeto(path)
    start = path.stat().st_size - -(-SPECTRUM_BYTES // 2880) * 2880
    with path.open("r+b") as stream:
        head = stream.read()
        place = head.rindex(b"NAXIS2  =")
        stream.seek(place)
        stream.write(b"NAXIS2  = " + str(spectra).rjust(20).encode())
        stream.truncate(start + -(-SPECTRUM_BYTES * spectra // 2880) * 2880)
        rows = chosen_rows(spectra)
        for row in np.arange(spectra) if rows is None else rows:
            stream.seek(start + int(row) * SPECTRUM_BYTES)
            stream.write(np.array(START_JD + row * STEP_S / 86400, ">f8").tobytes())
    return path


def bytes_read() -> int:
    """By this process so far, through any library."""
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts the bytes that a process reads")
def test_57600_spectra_in_768_megabytes_cost_what_1000_do(tmp_path: Path) -> None:
    plan = compile_plans(load(SAMPLE))[0]
    costs: dict[int, int] = {}
    for spectra in (600, 1_000, 57_600):  # the first one for what is read once, as modules are
        path = transit(tmp_path, spectra)
        file = SourceFile(path, path.name, path.stat().st_size, 0)
        before = bytes_read()
        with plan.opened(file) as granule:
            explained = {each.column.name: each for each in plan.explain(granule)}
        costs[spectra] = bytes_read() - before
        assert explained["time_min"].value == pytest.approx(START_JD, abs=1e-9)
        assert explained["time_min"].source == f"column jd of HDU 2, 128 of {spectra} rows (jd), earliest"
        assert explained["time_max"].value == pytest.approx(START_JD + spectra * STEP_S / 86400, abs=1e-9)
        assert explained["time_sampling_step_min"].value == explained["time_sampling_step_max"].value == STEP_S
    assert path.stat().st_size > 768_000_000
    assert costs[57_600] <= costs[1_000] + 50_000
    assert costs[57_600] < MOST_BYTES


def test_short_tables_are_read_whole(tmp_path: Path) -> None:
    with FitsReader().open(transit(tmp_path, WHOLE_ROWS)) as header:
        read = read_column(header, "JD")
        assert read is not None
        assert (read.values.shape, read.hdu, read.note) == ((WHOLE_ROWS,), 2, "")
        assert read_column(header, "nothing") is None


def test_all_rows_of_a_long_table_where_they_are_wanted(tmp_path: Path) -> None:
    with FitsReader().open(transit(tmp_path, 600)) as header:
        whole, some = read_column(header, "jd", 2, whole=True), read_column(header, "jd", 2)
        assert whole is not None
        assert some is not None
        assert (len(whole.values), len(some.values)) == (600, 128)
        rows = chosen_rows(600)
        assert rows is not None
        assert (whole.values[rows] == some.values).all()
