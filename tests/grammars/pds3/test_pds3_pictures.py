"""Pictures of PDS3 products: which values belong to which sensor, sense and time, and what is not drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from epncore.model.errors import HeaderError, UnreadableError
from grammars.pictures import Block

from .conftest import Product

ProductOf = Callable[[str], Product]
Array = NDArray[np.float64]
SWEEP_BYTES = 16 + 4 * 48  # of the made MFR
CLOCK_BYTES = SWEEP_BYTES * 3


def seconds(blocks: Sequence[Block]) -> Array:
    return np.concatenate([block.seconds for block in blocks])


def values(blocks: Sequence[Block]) -> Array:
    return np.concatenate([block.values for block in blocks])


def test_each_sensor_of_cassini_has_its_sweeps(product: ProductOf) -> None:
    (electric, e_blocks), (magnetic, b_blocks) = product("T1997298_MFR0.LBL").pictures()
    assert [(one.name, one.unit) for one in (electric, magnetic)] == [
        ("Spectral density, Ex", "V**2.m**-2.Hz**-1"), ("Spectral density, Bz", "nT**2.Hz**-1"),
    ]  # fmt: skip
    assert (electric.step_s, magnetic.step_s, electric.start_s, electric.stop_s) == (64.0, 64.0, 0.0, 128 * 32.0)
    assert electric.axis is not None
    assert electric.axis[[0, 47]].tolist() == [23.89, 11971.59]
    assert seconds(e_blocks)[:2].tolist() == [0.0, 64.0]
    assert seconds(b_blocks)[:2].tolist() == [32.0, 96.0]
    assert np.median(values(b_blocks)) / np.median(values(e_blocks)) == pytest.approx(1e5, rel=0.2)


def test_densities_below_zero_are_none_and_sweeps_without_a_time_are_left_out(product: ProductOf) -> None:
    changed = product("T1997298_MFR0.LBL").holds(CLOCK_BYTES + 16, np.array([-1e-13, 0.0], ">f4").tobytes())
    (_, blocks), _ = changed.holds(CLOCK_BYTES + 2 * SWEEP_BYTES + 6, bytes(2)).pictures()
    assert np.isnan(values(blocks)[0]).nonzero()[0].tolist() == [0, 1]
    assert np.isnan(seconds(blocks)).nonzero()[0].tolist() == [1]


def test_a_sensor_that_has_a_turn_now_and_then_does_not_last_until_the_next(product: ProductOf) -> None:
    changed = product("T1997298_MFR0.LBL")
    for record in (3, 63):
        changed.holds(CLOCK_BYTES + record * SWEEP_BYTES + 15, b"\x0b")
    steps = {one.name: one.step_s for one, _ in changed.pictures()}
    assert steps["Spectral density, Langmuir probe"] == 3 * 32.0


def test_more_densities_than_frequencies_are_refused(product: ProductOf) -> None:
    changed = product("T1997298_MFR0.LBL")
    head, _, tail = changed.label.read_text().rpartition("ITEMS                     = 48")
    changed.label.write_text(f"{head}ITEMS                     = 47{tail}")
    with pytest.raises(HeaderError, match="47 values for 48 frequencies"):
        changed.pictures()


def test_the_senses_of_pra_take_turns_as_the_status_words_say(product: ProductOf) -> None:
    """Of sweep 4, right-handed first as each second one, every other channel from 1326 kHz down is right-handed."""
    changed = product("PRA_I.LBL")
    start = 12 + 284 * 3
    table = changed.data.read_bytes()
    written = [int(table[start + 4 * n : start + 4 * n + 4]) for n in range(71)]
    (left, l_blocks), (right, r_blocks) = changed.pictures()
    assert (left.name, right.name, left.unit, left.step_s) == ("Power, left-handed", "Power, right-handed", "mB", 6.0)
    # The first three sweeps are empty: this is the one from which times count.
    for blocks, first in ((r_blocks, 0), (l_blocks, 1)):
        (block,) = [block for block in blocks if 0.0 in block.seconds]
        assert block.values[block.seconds == 0.0][0].tolist() == written[1 + first :: 2]
        assert block.axis is not None
        assert block.axis[0] == 1326e3 - first * 19.2e3
    assert np.isnan(seconds(l_blocks)).sum() + np.isnan(seconds(r_blocks)).sum() == 2 * 3
    assert left.stop_s == pytest.approx((24 * 8 - 3) * 6.0 - 3.9, abs=1e-4)


def test_averages_of_pra_are_left_handed_first(product: ProductOf) -> None:
    (left, l_blocks), (right, r_blocks) = product("T790306.LBL").pictures()
    assert seconds(r_blocks)[[0, 1, 90]].tolist() == [0.0, 48.0, 103 * 48.0]
    assert right.axis is not None
    burst = int(np.argmin(np.abs(right.axis - 800e3)))
    assert values(r_blocks)[:, burst].mean() - values(l_blocks)[:, burst].mean() == pytest.approx(900, abs=30)
    assert left.stop_s == pytest.approx(190 * 48.0, abs=1e-4)


def test_a_power_that_is_no_number_is_refused(product: ProductOf) -> None:
    changed = product("PRA_I.LBL").holds(2286 + 12 + 8, b" x1 ")
    with pytest.raises(UnreadableError, match="x1"):
        changed.pictures()


def test_lines_of_a_waveform_have_their_samples_and_places(product: ProductOf) -> None:
    changed = product("C1626953.LBL").holds(1024 + 220, b"\x1f").holds(2 * 1024 + 22, (101 + 20).to_bytes(2, "big"))
    (wave, samples), (spectrum, spectra) = changed.pictures()
    assert (wave.name, wave.unit, spectrum.name, spectrum.scale) == ("Waveform", "adu", "Waveform, spectrum", "dB")
    assert values(samples)[:2].ravel().tolist() == [1, 15], "the high four bits come first"
    assert len(values(samples)) == 60 * 1600
    assert seconds(spectra)[:3] == pytest.approx([0.0, 20 * 0.06, 2 * 0.06]), "by the clock of each line"


def test_a_waveform_in_rows_too_short_for_it_is_refused(product: ProductOf) -> None:
    short = product("C1626953.LBL").says("ROW_BYTES            = 800", "ROW_BYTES            = 100")
    short.data.write_bytes(short.data.read_bytes()[1024 : 1024 + 324] * 62)
    short.says('^TIME_SERIES          = ("C1626953.DAT", 2)', '^TIME_SERIES          = ("C1626953.DAT", 1)')
    with pytest.raises(HeaderError, match="rows of 324 bytes hold no 1600 samples"):
        short.pictures()


def test_channels_of_the_spectrum_analyser_are_the_last_sixteen_fields(product: ProductOf) -> None:
    ((one, blocks),) = product("T790228.LBL").pictures()
    assert (one.unit, one.scale, one.step_s, one.stop_s) == ("adu", "linear", 4.0, 1800.0)
    assert one.axis is not None
    assert one.axis[[0, 11, 15]].tolist() == [10.0, 5620.0, 56200.0]
    assert values(blocks)[:, 11].argmax() == pytest.approx(40, abs=10)


def test_a_record_without_a_time_that_the_row_did_not_look_at_is_left_out(product: ProductOf) -> None:
    long = product("T790228.LBL")
    long.data.write_bytes(long.data.read_bytes() * 20)
    long.says("ROWS                = 300", "ROWS                = 6000").holds(48 * 300, b"\xff\xff")
    ((_, blocks),) = long.pictures()
    assert np.isnan(seconds(blocks)).nonzero()[0].tolist() == [300]


@pytest.mark.parametrize(
    ("name", "collection", "names", "low", "high"),
    [
        (
            "T1997298_MFR0.LBL", "cassini_rpws", [f"Spectral density, {one}" for one in ("Ex", "Ew", "Bx", "Bz")],
            1e-18, 1e-1,
        ),
        ("PDSFORMAT.LBL", "voyager_pws_pds3", ["Waveform", "Waveform, spectrum"], 0, 15),
    ],
)  # fmt: skip
def test_real_products_give_pictures_with_values(
    real_data: Path, name: str, collection: str, names: list[str], low: float, high: float
) -> None:
    found = Product(real_data / "pds3" / name, collection).pictures()
    assert [one.name for one, _ in found] == names
    for one, blocks in found[:4] if low else found[:1]:
        times, every = seconds(blocks), values(blocks)
        assert np.isfinite(every).mean() > 0.7
        assert low <= np.nanmin(every) <= np.nanmax(every) <= high
        assert one.start_s <= times.min() <= times.max() <= one.stop_s
