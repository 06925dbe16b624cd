"""What the grammars give to previews: values, axes, units and scales as the files declare them."""

from __future__ import annotations

import runpy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cdflib import cdfepoch, cdfwrite

from epncore.model.collection import parse
from grammars.istp_units import picture_scale
from grammars.pictures import Block, Depicts, NoPicture, Picture
from grammars.plan import compile_plans
from grammars.protocol import SourceFile

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


def pictures(path: Path, grammar: str = "istp", **options: Any) -> list[tuple[Picture | NoPicture, list[Block]]]:
    """Pictures of a file, with all their blocks."""
    product = {"sources": ["*"], "grammar": grammar, "granule_gid": "g", "options": options}
    keys = {
        "schema": "x", "title": "t", "description": "d", "creators": ["c"], "created": "2024-01-01",
        "licence": "CC-BY-4.0", "subjects": ["solar-system-astronomy"], "product": [product],
    }  # fmt: skip
    plan = compile_plans(parse(keys, "collection.toml"))[0]
    assert isinstance(plan.grammar, Depicts)
    stat = path.stat()
    with plan.opened(SourceFile(path, path.name, stat.st_size, stat.st_mtime_ns)) as granule:
        found = plan.grammar.pictures(granule.header, plan.options)
        return [(one, list(one.blocks()) if isinstance(one, Picture) else []) for one in found]


def write(path: Path, variables: Sequence[tuple[str, int, Any, dict[str, Any], bool]]) -> Path:
    cdf = cdfwrite.CDF(path, cdf_spec={"Encoding": 6, "Majority": "Row_major"})
    cdf.write_globalattrs({"Logical_source": {0: "xx"}, "Source_name": {0: "XX>Craft"}})
    for name, kind, data, attributes, varies in variables:
        data = np.asarray(data)
        length = max(len(text) for text in data.ravel()) if kind == 51 else 1
        layout = {
            "Variable": name, "Data_Type": kind, "Num_Elements": length, "Rec_Vary": varies,
            "Dim_Sizes": list(data.shape[1:]),
        }  # fmt: skip
        cdf.write_var(layout, var_attrs=attributes, var_data=data)
    cdf.close()
    return path


def epoch(seconds: Any) -> tuple[str, int, Any, dict[str, Any], bool]:
    start = int(cdfepoch.compute_tt2000([2020, 1, 1, 0, 0, 0, 0, 0, 0]))
    times = start + (np.asarray(seconds) * 1e9).astype(np.int64)
    return "Epoch", 33, times, {"VAR_TYPE": "support_data"}, True


def data(values: Any, kind: int = 21, **attributes: Any) -> tuple[str, int, Any, dict[str, Any], bool]:
    return "D", kind, values, {"VAR_TYPE": "data", "DEPEND_0": "Epoch", **attributes}, True


def test_ecallisto_gives_its_image_with_the_axes_of_its_table(tmp_path: Path) -> None:
    path = runpy.run_path(str(SAMPLES / "ecallisto" / "make.py"))["make"](tmp_path)[2]
    (above, blocks), (raw, _) = pictures(path, "ecallisto")
    assert isinstance(above, Picture)
    assert isinstance(raw, Picture)
    assert (above.above_median, raw.above_median, raw.unit, raw.scale) == (True, False, "digits", "linear")
    assert raw.axis is not None
    assert raw.axis.max() == 410.5e6
    assert sum(len(block.values) for block in blocks) == 240
    assert blocks[0].values.shape[1] == raw.axis.size == 64
    assert blocks[0].values.min() >= 137.0, "BZERO and BSCALE are applied"


def test_nda_gives_a_picture_a_polarisation_in_decibels(tmp_path: Path) -> None:
    path = runpy.run_path(str(SAMPLES / "nda_routine" / "make.py"))["make"](tmp_path)[2]
    found = pictures(path, "nda_routine")
    assert [one.name for one, _ in found] == ["RR flux density (right-hand)", "LL flux density (left-hand)"]
    for one, blocks in found:
        assert isinstance(one, Picture)
        assert (one.unit, one.scale, one.step_s) == ("dB", "linear", 1.0)
        (block,) = blocks
        lost = ~np.isfinite(block.seconds)
        assert lost.nonzero()[0].tolist() == [0, 1, 55]
        assert np.isnan(block.values[lost]).all(), "the fill value"
        assert np.isfinite(block.values[~lost]).all()


def test_a_waveform_gives_its_samples_and_their_spectrum(tmp_path: Path) -> None:
    seconds, offsets = np.arange(5) * 10.0, np.arange(256) / 1000.0
    wave = np.sin(2 * np.pi * 125.0 * offsets)[None] * np.ones((5, 1))
    offset = ("dt", 22, offsets[None] * 1e3, {"VAR_TYPE": "support_data", "UNITS": "milliseconds"}, False)
    path = write(tmp_path / "a.cdf", [epoch(seconds), offset, data(wave, UNITS="mV/m", DEPEND_1="dt")])
    (series, samples), (spectrum, powers) = pictures(path)
    assert isinstance(series, Picture)
    assert isinstance(spectrum, Picture)
    assert series.stop_s == pytest.approx(40.256)
    assert sum(len(block.values) for block in samples) == 5 * 256
    assert samples[0].seconds[257] == pytest.approx(10.001)
    assert (spectrum.scale, spectrum.unit) == ("dB", "(mV/m)**2/Hz")
    assert spectrum.axis is not None
    assert spectrum.axis[int(np.argmax(powers[0].values[0]))] == pytest.approx(125.0)
    # Parseval: the power over all frequencies is the mean square of the wave.
    assert powers[0].values[0].sum() * spectrum.axis[0] == pytest.approx(0.5, rel=1e-3)


def test_a_vector_gives_components_with_their_labels(tmp_path: Path) -> None:
    labels = ("L", 51, [["B_R", "B_T", "B_N"]], {"VAR_TYPE": "metadata"}, False)
    values = np.array([[1.0, 2.0, -1e31], [1e6, 5.0, 6.0], [7.0, 8.0, 9.0]])
    variable = data(
        values,
        UNITS="nT",
        LABL_PTR_1="L",
        FILLVAL=[-1e31, "CDF_REAL4"],
        VALIDMAX=[1e5, "CDF_REAL4"],
        VALIDMIN=[-1e5, "CDF_REAL4"],
    )
    ((one, blocks),) = pictures(write(tmp_path / "a.cdf", [epoch([0, 60, 120]), labels, variable]))
    assert isinstance(one, Picture)
    assert one.components == ("B_R", "B_T", "B_N")
    assert one.axis is None
    np.testing.assert_array_equal(np.isnan(blocks[0].values), [[0, 0, 1], [1, 0, 0], [0, 0, 0]])


def test_bounds_that_leave_nothing_are_not_believed(tmp_path: Path) -> None:
    variable = data(np.ones(3), VALIDMIN=[5.0, "CDF_REAL4"], VALIDMAX=[6.0, "CDF_REAL4"])
    ((_, blocks),) = pictures(write(tmp_path / "a.cdf", [epoch([0, 60, 120]), variable]))
    assert np.isfinite(blocks[0].values).all()


def test_frequencies_that_change_with_the_mode_come_with_their_blocks(tmp_path: Path) -> None:
    tables = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]])
    axis = ("F", 22, tables, {"VAR_TYPE": "support_data", "UNITS": "kHz"}, True)
    path = write(tmp_path / "a.cdf", [epoch([0, 1, 2]), axis, data(np.ones((3, 2)), DEPEND_1="F", UNITS="V^2/Hz")])
    ((one, blocks),) = pictures(path)
    assert isinstance(one, Picture)
    assert one.scale == "dB"
    assert one.axis is not None
    assert one.axis.tolist() == [1e3, 2e3, 3e3, 4e3]
    assert [(len(b.values), b.axis.tolist()) for b in blocks if b.axis is not None] == [
        (2, [1e3, 2e3]),
        (1, [3e3, 4e3]),
    ]


def test_bands_that_take_turns_last_until_their_next_turn(tmp_path: Path) -> None:
    for bands, step_s in (([0, 1, 2, 3] * 5, 4.0), ([0] * 19 + [1], 1.0)):
        tables = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])[bands]
        axis = ("F", 22, tables, {"VAR_TYPE": "support_data", "UNITS": "kHz"}, True)
        spectra = data(np.ones((20, 2)), DEPEND_1="F", UNITS="V^2/Hz")
        ((one, _),) = pictures(write(tmp_path / f"{step_s:g}.cdf", [epoch(np.arange(20)), axis, spectra]))
        assert isinstance(one, Picture)
        assert (one.step_s, one.stop_s) == (step_s, 20.0)


def test_what_cannot_be_drawn_has_a_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cdf", [epoch([0, 1]), data(np.ones((2, 40)))])
    ((one, _),) = pictures(path)
    assert isinstance(one, NoPicture)
    assert "40 numbers a record" in one.reason


@pytest.mark.parametrize(
    ("unit", "scale_type", "scale"),
    [
        ("dB", "lin", "linear"), ("dB(V**2/Hz)", "log", "linear"), ("digits", "", "linear"), ("W/m^2/Hz", "", "dB"),
        ("W/m^2/Hz", "log", "dB"), ("W/m^2/Hz", "linear", "linear"), ("V**2/Hz", "", "dB"), ("nT^2/Hz", "", "dB"),
        ("(mV/m)^2/Hz", "", "dB"), ("Jy", "", "dB"), ("sfu", "", "dB"), ("nT", "", "linear"), ("K", "", "linear"),
        ("1/(cm2 sr s)", "log", "log"), ("", "", "linear"), (" ", "log", "log"), ("$%&", "", "linear"),
    ],
)  # fmt: skip
def test_the_scale_follows_unit_and_declaration(unit: str, scale_type: str, scale: str) -> None:
    assert picture_scale(unit, scale_type) == scale


@pytest.mark.parametrize(
    ("name", "grammar", "count"),
    [
        ("ecallisto/BIR_20110607_062400_10.fit", "ecallisto", 2),
        ("ecallisto/GREENLAND_20240716_130442_62.fit.gz", "ecallisto", 2),
        ("cdf/vg1_pws_wf_2023-10-24T03_v1.0.cdf", "istp", 2),
        ("cdf/psp_fld_l2_mag_rtn_1min_20200104_v02.cdf", "istp", 1),
    ],
)
def test_real_files_give_pictures_with_values(real_data: Path, name: str, grammar: str, count: int) -> None:
    found = pictures(real_data / name, grammar)
    assert len(found) == count
    for one, blocks in found:
        assert isinstance(one, Picture)
        values = np.concatenate([block.values for block in blocks])
        seconds = np.concatenate([block.seconds for block in blocks])
        assert np.isfinite(values).mean() > 0.9
        assert one.start_s <= np.nanmin(seconds)
        assert np.nanmax(seconds) <= one.stop_s
