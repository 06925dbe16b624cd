"""NewRoutine and Mefisto of Nançay, LWA1 and Iitate: what is not in their samples' expected rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from epncore.model.errors import HeaderError
from grammars.readers.fits import FitsReader
from grammars.registry import grammar_for, readers

from .conftest import FILES, NDA_JUPITER, Made, changed, row_of

LWA = FILES["lwa1_sdfits"]


def test_newroutine_has_the_channels_that_the_tests_of_maser4py_have_of_a_real_file(made: Made) -> None:
    """615 channels from 10.009766 to 39.990234 MHz; the first time is 2023-03-06 09:45:15.260."""
    row = row_of("nda_newroutine", made("nda_newroutine", NDA_JUPITER))
    assert row["spectral_range_min"] == pytest.approx(10.009766e6, abs=1)
    assert row["spectral_range_max"] == pytest.approx(39.990234e6, abs=1)
    assert row["time_min"] == pytest.approx(2460009.906426620, abs=1e-9)


def test_a_pause_is_no_step(made: Made) -> None:
    path = made("nda_newroutine", NDA_JUPITER)
    with fits.open(path) as hdus:
        assert np.diff(hdus[2].data["jd"]).max() * 86400 > 60
    assert row_of("nda_newroutine", path)["time_sampling_step_max"] == 0.4947


def test_transits_of_other_sources_are_in_the_sky(made: Made, tmp_path: Path) -> None:
    path = changed(
        made("nda_newroutine", NDA_JUPITER), tmp_path, lambda hdus: hdus[0].header.set("OBJECT", "Cas A")
    )  # fmt: skip
    row = row_of("nda_newroutine", path)
    assert (row["target_name"], row["target_class"]) == ("Cas A", "sky")
    assert (row["target_region"], row["feature_name"]) == (None, None)


def test_what_newroutine_cannot_do_without(made: Made, tmp_path: Path) -> None:
    sound = made("nda_newroutine", NDA_JUPITER)
    with pytest.raises(HeaderError, match="2 HDUs, where cards, frequencies and spectra are three"):
        row_of("nda_newroutine", changed(sound, tmp_path, lambda hdus: hdus.pop(2)))
    with pytest.raises(HeaderError, match="no column jd"):
        row_of("nda_newroutine", changed(sound, tmp_path, lambda hdus: hdus[2].columns.change_name("jd", "time")))
    with pytest.raises(HeaderError, match="'mK', none of frequencies"):
        row_of("nda_newroutine", changed(sound, tmp_path, lambda hdus: hdus[1].columns.change_unit("frequency", "mK")))


@pytest.mark.parametrize("mhz", [1e-30, 164e-6, 3110.0])
def test_frequencies_that_newroutine_does_not_hear_are_damage(made: Made, tmp_path: Path, mhz: float) -> None:
    def damaged(hdus: fits.HDUList) -> None:
        hdus[1].data["frequency"][0, 5] = mhz

    with pytest.raises(HeaderError, match=r"but the receiver has 1e\+06 to 1e\+08"):
        row_of("nda_newroutine", changed(made("nda_newroutine", NDA_JUPITER), tmp_path, damaged))


def test_a_place_beyond_the_globe_is_left_out(made: Made, tmp_path: Path) -> None:
    path = changed(made("nda_newroutine", NDA_JUPITER), tmp_path, lambda hdus: hdus[0].header.set("OBSGEO-B", 147.0))
    row = row_of("nda_newroutine", path)
    assert (row["observer_lat"], row["observer_lon"]) == (None, 2.1924)


def test_lwa_times_go_over_midnight_and_end_with_the_last_exposure(made: Made) -> None:
    """2015-12-01T23:59:59, eight spectra of 0.2 s, one every 0.25 s."""
    row = row_of("lwa1_sdfits", made("lwa1_sdfits", "151201_235959_beam2_sd.fits"))
    assert row["time_min"] == pytest.approx(2457358.5 - 1 / 86400, abs=5e-10)
    assert row["time_max"] == pytest.approx(2457358.5 + (0.75 + 0.2) / 86400, abs=5e-10)


def test_lwa_beams_at_the_same_times_are_no_steps(made: Made, tmp_path: Path) -> None:
    def two_beams(hdus: fits.HDUList) -> None:
        hdus[1].data["TIME"][1::2] = hdus[1].data["TIME"][::2]

    row = row_of("lwa1_sdfits", changed(made("lwa1_sdfits", LWA), tmp_path, two_beams))
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (0.08, 0.08)


def test_what_lwa_cannot_do_without(made: Made, tmp_path: Path) -> None:
    sound = made("lwa1_sdfits", LWA)

    def refused(change: object, place: str) -> None:
        with pytest.raises(HeaderError) as caught:
            row_of("lwa1_sdfits", changed(sound, tmp_path, change))  # type: ignore[arg-type]
        assert caught.value.place == place

    refused(lambda hdus: hdus[1].header.set("EXTNAME", "OTHER"), "HDU 1")
    refused(lambda hdus: hdus[1].data["DATE-OBS"].__setitem__(3, "2014-13-05"), "column DATE-OBS of HDU 1")
    refused(lambda hdus: hdus[1].data["TIME"].fill(np.nan), "column TIME of HDU 1")
    refused(lambda hdus: hdus[1].header.remove("CRVAL1"), "cards CRVAL1, CDELT1 and CRPIX1 of HDU 1")
    refused(lambda hdus: hdus[1].columns.change_name("EXPOSURE", "OTHER"), "column EXPOSURE of HDU 1")
    refused(lambda hdus: hdus[1].header.set("CDELT1", 1.7e308), "HDU 1")


@pytest.mark.parametrize("shape", ["(256,3,1,1)", "(999999999,999999999,1,1)", "(0,2,1,1)", "(512)", ""])
def test_a_shape_that_is_not_that_of_its_cell(made: Made, tmp_path: Path, shape: str) -> None:
    content, path = made("lwa1_sdfits", LWA).read_bytes(), tmp_path / "shape.fits"
    start = content.index(b"TDIM19  = '(256,2,1,1)'")
    path.write_bytes(content[:start] + f"TDIM19  = '{shape}'".ljust(80).encode() + content[start + 80 :])
    with pytest.raises(HeaderError) as caught:
        row_of("lwa1_sdfits", path, LWA)
    assert caught.value.place == "column DATA of HDU 1"


def test_lwa_words_that_were_not_told_are_no_words(made: Made, tmp_path: Path) -> None:
    def unknown(hdus: fits.HDUList) -> None:
        hdus[1].header["PROJID"] = "UNKNOWN"
        hdus[1].data["OBSMODE"][:] = "UNKNOWN"
        hdus[1].header["OBSGEO-X"] = 0.0

    row = row_of("lwa1_sdfits", changed(made("lwa1_sdfits", LWA), tmp_path, unknown))
    assert (row["proposal_id"], row["obs_mode"], row["observer_lon"]) == (None, None, None)


def test_iitate_counts_pixels_from_its_first_sample(made: Made) -> None:
    """CRPIX is 0, and still the first sample is that of TIME-OBS, as pyudas reads it: 2010-11-02T23:43:06."""
    row = row_of("iitate", made("iitate", FILES["iitate"]))
    assert row["time_min"] == pytest.approx(2455503.488263889, abs=5e-10)
    assert row["time_max"] == pytest.approx(2455503.488263889 + 120 * 0.99968 / 86400, abs=5e-9)
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (100e6, 509e6)


def test_iitate_refuses_a_target_that_the_mapping_does_not_know(made: Made, tmp_path: Path) -> None:
    path = changed(made("iitate", FILES["iitate"]), tmp_path, lambda hdus: hdus[0].header.set("OBJECT", "MOON"))
    with pytest.raises(HeaderError, match="'MOON' is not in the table values of target_name"):
        row_of("iitate", path)


@pytest.mark.parametrize(
    ("collection", "hdu", "column"), [("nda_newroutine", 2, "jd"), ("nenufar", 7, "jd"), ("lwa1_sdfits", 1, "TIME")]
)
def test_times_of_the_wrong_byte_order(made: Made, tmp_path: Path, collection: str, hdu: int, column: str) -> None:
    def swap(hdus: fits.HDUList) -> None:
        values = hdus[hdu].data[column]
        values[:] = values.astype(">f8").view("<f8")

    with pytest.raises(HeaderError) as caught:
        row_of(collection, changed(made(collection, FILES[collection]), tmp_path, swap))
    assert caught.value.place


@pytest.mark.parametrize("collection", ["nda_newroutine", "nenufar", "lwa1_sdfits"])
def test_no_grammar_takes_the_file_of_another(made: Made, collection: str) -> None:
    with FitsReader().open(made(collection, FILES[collection])) as header:
        name = grammar_for(header, readers()["fits"], "x").name
    assert name == {"lwa1_sdfits": "lwa_sdfits"}.get(collection, collection)
