"""Pictures of arrays and telescopes that write FITS: which values they show, and files that cannot be drawn."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from epncore.model.errors import HeaderError
from grammars import fits_pictures
from grammars.pictures import Block, Depicts, NoPicture, Picture
from grammars.readers.fits import FitsHeader, FitsReader
from grammars.registry import grammar_for

from .conftest import FILES, NDA_JUPITER, Made, changed

BST = "20210611_013000_BST.fits"
LWA = FILES["lwa1_sdfits"]


def pictures(path: Path) -> list[tuple[Picture | NoPicture, list[Block]]]:
    """All pictures of a file with all their blocks."""
    with FitsReader().open(path) as header:
        grammar = grammar_for(header, FitsReader(), path.name)
        assert isinstance(grammar, Depicts)
        found = grammar.pictures(header, grammar.options())
        return [(one, list(one.blocks()) if isinstance(one, Picture) else []) for one in found]


def values(blocks: list[Block]) -> NDArray[np.float64]:
    return np.concatenate([block.values for block in blocks])


def test_newroutine_has_its_channels_by_the_names_of_the_cards(made: Made) -> None:
    path = made("nda_newroutine", NDA_JUPITER)
    found = pictures(path)
    with fits.open(path) as hdus:
        data, hertz = hdus[2].data["DATA"].astype(float), hdus[1].data["frequency"][0] * 1e6
    assert [(one.name, one.scale, one.unit) for one, _ in found if isinstance(one, Picture)] == [
        ("LL", "dB", "V**2.Hz**-1"), ("RR", "dB", "V**2.Hz**-1"),
        ("LR_RE", "linear", "V**2.Hz**-1"), ("LR_IM", "linear", "V**2.Hz**-1"),
    ]  # fmt: skip
    for number, (one, blocks) in enumerate(found):
        assert isinstance(one, Picture)
        np.testing.assert_array_equal(values(blocks), data[:, :, number])
        np.testing.assert_allclose(one.axis, hertz, rtol=1e-6)
    (one, blocks) = found[0]
    assert isinstance(one, Picture)
    assert one.step_s == pytest.approx(0.4947, abs=1e-4), "the pause is a gap"
    assert blocks[0].seconds[:2] == pytest.approx([0.0, 0.4947], abs=1e-4)
    assert (values(found[3][1]) < 0).any(), "a product of two senses has a sign"


def test_rows_are_read_in_runs(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits_pictures, "BLOCK_BYTES", 30_000)
    read: list[NDArray[np.int64]] = []
    column = FitsHeader.column

    def noted(header: FitsHeader, name: str, hdu: int, rows: NDArray[np.int64] | None = None) -> object:
        if name == "DATA":
            assert rows is not None
            read.append(rows)
        return column(header, name, hdu, rows)

    monkeypatch.setattr(FitsHeader, "column", noted)
    (_, blocks), *_ = pictures(made("nda_newroutine", NDA_JUPITER))
    assert [rows.tolist() for rows in read[:4]] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert [len(block.values) for block in blocks] == [3, 3, 3, 3]


def test_a_row_without_a_time_and_powers_that_are_none_are_left_out(made: Made, tmp_path: Path) -> None:
    def damage(hdus: fits.HDUList) -> None:
        hdus[2].data["jd"][3] = np.nan
        hdus[2].data["DATA"][1, 2, 0] = 0.0

    (_, blocks), *_ = pictures(changed(made("nda_newroutine", NDA_JUPITER), tmp_path, damage))
    assert np.isnan(np.concatenate([block.seconds for block in blocks])).nonzero()[0].tolist() == [3]
    assert np.argwhere(np.isnan(values(blocks))).tolist() == [[1, 2]]


def test_cells_that_do_not_fit_the_frequencies_are_refused(made: Made, tmp_path: Path) -> None:
    sound = made("nda_newroutine", NDA_JUPITER)
    with pytest.raises(HeaderError, match="hold no spectra of 614 channels"):
        pictures(changed(sound, tmp_path, _one_frequency_less))
    with pytest.raises(HeaderError, match="hold no spectra of 615 channels"):
        pictures(changed(sound, tmp_path, lambda hdus: hdus[0].header.set("CHANNEL5", "RR")))


def _one_frequency_less(hdus: fits.HDUList) -> None:
    short = hdus[1].data["frequency"][:, :-1]
    hdus[1] = fits.BinTableHDU.from_columns([fits.Column("frequency", "614E", unit="MHz", array=short)])


def test_polarisations_of_lwa_have_the_names_of_their_codes(made: Made) -> None:
    found = pictures(made("lwa1_sdfits", LWA))
    with fits.open(made("lwa1_sdfits", LWA)) as hdus:
        data = hdus[1].data["DATA"].reshape(-1, 2, 256).astype(float)
    for number, (one, blocks) in enumerate(found):
        assert isinstance(one, Picture)
        assert (one.name, one.scale) == (("XX", "YY")[number], "dB")
        assert one.step_s == pytest.approx(0.04)
        np.testing.assert_array_equal(values(blocks), data[:, number])
    stokes = pictures(made("lwa1_sdfits", "151201_235959_beam2_sd.fits"))
    assert [(one.name, one.scale) for one, _ in stokes if isinstance(one, Picture)] == [
        ("Stokes I", "dB"), ("Stokes Q", "linear"), ("Stokes U", "linear"), ("Stokes V", "linear"),
    ]  # fmt: skip
    seconds = np.concatenate([block.seconds for block in stokes[0][1]])
    assert seconds == pytest.approx(np.arange(8) * 0.25), "over midnight"


def test_beams_of_lwa_are_drawn_apart(made: Made, tmp_path: Path) -> None:
    def two_beams(hdus: fits.HDUList) -> None:
        hdus[1].data["BEAM"][1::2] = 3

    found = pictures(changed(made("lwa1_sdfits", LWA), tmp_path, two_beams))
    assert [one.name for one, _ in found] == ["Beam 2, XX", "Beam 2, YY", "Beam 3, XX", "Beam 3, YY"]
    for (_, second), (_, third) in pairwise([found[0], found[2]]):
        times = np.concatenate([block.seconds for block in second]), np.concatenate([block.seconds for block in third])
        assert (np.isfinite(times[0]) ^ np.isfinite(times[1])).all()
        assert np.isfinite(times[1]).nonzero()[0][0] == 1


def test_each_beam_of_nenufar_has_its_beamlets(made: Made) -> None:
    found = pictures(made("nenufar", BST))
    with fits.open(made("nenufar", BST)) as hdus:
        data, frequencies = hdus[7].data["data"].astype(float), hdus["SETUP_BEAM"].data["freqList"][1, :100] * 1e6
    assert [one.name for one, _ in found] == [
        f"Beam {beam}, CYG_A_TRACKING, {dipole}" for beam in (0, 1) for dipole in ("NW", "NE")
    ]
    second, blocks = found[3]
    assert isinstance(second, Picture)
    np.testing.assert_array_equal(values(blocks), data[:, 1, 100:200])
    np.testing.assert_allclose(second.axis, frequencies)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("BeamletList", 5000, "hold no spectra of 100 channels"), ("nbBeamlet", 0, "no beamlets")],
)
def test_beams_that_cannot_be_right(made: Made, tmp_path: Path, column: str, value: int, message: str) -> None:
    def change(hdus: fits.HDUList) -> None:
        hdus["SETUP_BEAM"].data[column][:] = value

    path = changed(made("nenufar", BST), tmp_path, change)
    if value:
        with pytest.raises(HeaderError, match=message):
            pictures(path)
    else:
        assert {one.reason for one, _ in pictures(path) if isinstance(one, NoPicture)} == {message}


def test_correlations_are_not_drawn(made: Made) -> None:
    ((one, _),) = pictures(made("nenufar", "20200219_180000_XST.fits"))
    assert isinstance(one, NoPicture)
    assert "no spectrum of the sky" in one.reason


def test_real_correlations_are_not_drawn(real_data: Path) -> None:
    ((one, _),) = pictures(real_data / "nenufar" / "XST.fits")
    assert isinstance(one, NoPicture)
