"""NenuFAR: a real XST by numbers that were read by hand, and what other beams and damaged tables give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from epncore.model.errors import HeaderError

from .conftest import Made, changed, row_of

BST, XST = "20210611_013000_BST.fits", "20200219_180000_XST.fits"
SUN = "20220130_112900_BST.fits"


def test_row_of_a_real_xst_holds_what_was_read_by_hand(real_data: Path) -> None:
    """Cards, SETUP_ANABEAM and XST by astropy; sub-bands 351 to 406; Julian Days by astropy's Time; one row of data."""
    row = row_of("nenufar", real_data / "nenufar" / "XST.fits")
    assert row["time_min"] == pytest.approx(2458899.250034722, abs=5e-10)  # 2020-02-19T18:00:03
    assert row["time_max"] == pytest.approx(2458899.250046296, abs=5e-10)  # DT is 1 s
    assert (row["time_sampling_step_min"], row["time_sampling_step_max"]) == (None, None)
    assert (row["time_exp_min"], row["time_exp_max"]) == (1.0, 1.0)
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (68652343.75, 79394531.25)
    assert (row["spectral_sampling_step_min"], row["spectral_sampling_step_max"]) == (195312.5, 4687500.0)
    assert (row["spectral_resolution_min"], row["spectral_resolution_max"]) == (351.5, 406.5)
    assert (row["c1min"], row["c1max"], row["c2min"], row["c2max"]) == (83.633083, 83.633083, 22.0145, 22.0145)
    assert (row["target_name"], row["target_class"]) == ("TAU A", "sky")
    assert (row["dataproduct_type"], row["processing_level"], row["time_scale"]) == ("cu", 2, "UTC")
    assert str(row["creation_date"]) == "2020-02-19 00:00:00"
    # nenupy has the array at 2.1924, 47.3765.
    assert (row["observer_lon"], row["observer_lat"]) == (2.1919, 47.3771)


def test_sub_bands_are_those_of_the_table_of_all(real_data: Path) -> None:
    """Half a width beyond n widths is what the file itself has for its sub-band n."""
    row = row_of("nenufar", real_data / "nenufar" / "XST.fits")
    with fits.open(real_data / "nenufar" / "XST.fits") as hdus:
        frequencies = hdus["SETUP_INSTR"].data["frq"][0].astype(float) * 1e6
        noted = hdus["SETUP_INSTR"].data["noXSTFreq"][0].astype(float) * 1e6
        beamlets = hdus["SETUP_BEAM"].data["freqList"][0, :411].astype(float) * 1e6
    assert (frequencies[351], frequencies[406]) == (row["spectral_range_min"], row["spectral_range_max"])
    assert noted[0] == row["spectral_range_min"]
    assert np.isin(beamlets, frequencies).all()


def test_a_bst_has_the_times_and_frequencies_that_the_tests_of_maser4py_have_of_a_real_one(made: Made) -> None:
    """They read 25 MHz for the first beamlet, having taken half a width from what freqList says (docs/adr/0033)."""
    row = row_of("nenufar", made("nenufar", SUN))
    assert row["time_min"] == pytest.approx(2459609.9792824076, abs=5e-10)
    assert row["spectral_range_min"] == 25e6 + 195312.5 / 2
    assert (row["target_name"], row["target_class"], row["c1min"]) == ("Sun", "star", None)


def test_beams_at_several_places_and_targets(made: Made, tmp_path: Path) -> None:
    def change(hdus: fits.HDUList) -> None:
        beams = hdus["SETUP_BEAM"].data
        beams["object"][:] = ['"JUPITER_TRACKING"', '"B0329_54_TRANSIT"']

    row = row_of("nenufar", changed(made("nenufar", BST), tmp_path, change))
    assert (row["target_name"], row["target_class"]) == ("Jupiter#B0329 54", "planet#sky")
    assert (row["c1min"], row["c1max"]) == (299.868153, 302.868153)


def test_beams_on_both_sides_of_right_ascension_0_have_no_one_interval(made: Made, tmp_path: Path) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["SETUP_BEAM"].data["angle1"][:] = [359.0, 1.0]

    row = row_of("nenufar", changed(made("nenufar", BST), tmp_path, change))
    assert (row["c1min"], row["c1max"], row["c2min"]) == (None, None, 40.733917)


def test_unused_places_of_the_lists_count_for_nothing(made: Made, tmp_path: Path) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["SETUP_BEAM"].data["freqList"][:, 100:] = 3.0  # beyond nbBeamlet

    row = row_of("nenufar", changed(made("nenufar", BST), tmp_path, change))
    assert (row["spectral_range_min"], row["spectral_range_max"]) == (39160156.25, 58496093.75)


def test_what_cannot_be_right_is_refused_with_its_place(made: Made, tmp_path: Path) -> None:
    def refused(name: str, change: object, place: str) -> None:
        path = changed(made("nenufar", name), tmp_path, change)  # type: ignore[arg-type]
        with pytest.raises(HeaderError) as caught:
            row_of("nenufar", path)
        assert caught.value.place == place

    refused(BST, lambda hdus: hdus["SETUP_BEAM"].data["angle2"].fill(91.0), "HDU 4, angle1 and angle2")
    refused(BST, lambda hdus: hdus["SETUP_BEAM"].header.set("EXTNAME", "BEAMS"), "SETUP_BEAM")
    refused(BST, lambda hdus: hdus[0].header.set("BANDWIDT", "195.3125 km"), "BANDWIDT")
    refused(BST, lambda hdus: hdus[0].header.remove("BANDWIDT"), "BANDWIDT")
    refused(XST, lambda hdus: hdus["XST"].columns.change_name("xstSubband", "other"), "a table")
    refused(BST, lambda hdus: hdus["BST"].data["jd"].fill(0.0), "column jd of a table")


def test_other_statistics_of_the_receiver_are_not_taken_for_these(made: Made, tmp_path: Path) -> None:
    from grammars.nenufar import GRAMMAR
    from grammars.readers.fits import FitsReader

    path = changed(made("nenufar", BST), tmp_path, lambda hdus: hdus[0].header.set("OBJECT", "subband Statistics"))
    with FitsReader().open(path) as header:
        assert not GRAMMAR.recognises(header)
