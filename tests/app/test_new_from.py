"""`epncore new --from FILE`: what a real file tells is left to it, the rest is said in comments; and `--unused`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from cdflib import cdfwrite

from epncore.app.inspect import inspect
from epncore.app.new import new
from epncore.model.collection import load
from epncore.model.errors import FileError, UnknownFormatError, UsageError

from .test_cli import epncore

Samples = Callable[[str], Path]


def sample(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


@pytest.mark.parametrize(
    ("collection", "pattern", "grammar", "told"),
    [
        ("ecallisto", "BIR*", "ecallisto", "# time_exp_min =   # the file does not tell how long a sample"),
        ("voyager_pws", "*.cdf", "istp", '# target_name = "Jupiter"   # no global attribute VESPA_target_name'),
        ("nda_routine", "*jup*.cdf", "nda_routine", "#   target_name = Jupiter"),
        ("nda_votable", "*.vot", "votable", '# target_class = "planet"   # nothing in the file'),
    ],
)  # fmt: skip
def test_a_file_that_a_grammar_knows_gives_a_collection_of_that_grammar(
    sample_files: Samples, tmp_path: Path, collection: str, pattern: str, grammar: str, told: str
) -> None:
    file = sample(sample_files(collection), pattern)
    path = new(tmp_path, "mine", None, file)
    made = load(path).product[0]
    assert (made.grammar, Path(made.root)) == (grammar, file.parent)
    assert told in path.read_text("utf-8")
    assert inspect(file, path.parent).grammar == grammar


def test_the_data_beside_a_label_become_its_companions(sample_files: Samples, tmp_path: Path) -> None:
    label = sample(sample_files("cassini_rpws"), "T1997298_MFR0.LBL")
    label.with_suffix(".TXT").write_text("notes of somebody, which the label does not name")
    path = new(tmp_path, "mine", None, label)
    assert load(path).product[0].companions == ["{stem}.DAT"]
    assert inspect(label, path.parent).grammar == "cassini_rpws"
    other = new(tmp_path, "yours", None, sample(sample_files("ecallisto"), "BIR*"))
    assert load(other).product[0].companions == []


@pytest.fixture
def unknown_fits(tmp_path: Path) -> Path:
    primary = fits.PrimaryHDU()
    primary.header.update(
        {"DATE-OBS": "2024-01-31", "TIME-OBS": "12:00:00", "TELESCOP": "Hill", "EXPTIME": "x", "GAIN": 3}
    )
    axes = [
        fits.Column("TIME", "D", unit="s", array=np.arange(3.0)),
        fits.Column("FREQ", "D", unit="MHz", array=np.array([10.0, 20.0, 30.0])),
    ]
    path = tmp_path / "data" / "a.fits"
    path.parent.mkdir()
    fits.HDUList([primary, fits.BinTableHDU.from_columns(axes)]).writeto(path)
    return path


def test_a_fits_that_no_grammar_knows_gives_a_mapping_of_what_works_on_it(unknown_fits: Path, tmp_path: Path) -> None:
    path = new(tmp_path, "mine", None, unknown_fits)
    text = path.read_text("utf-8")
    mapping = load(path).product[0].mapping
    assert set(mapping) == {"time_min", "instrument_host_name", "time_axis", "spectral_axis"}
    assert '# time_exp_min = { key = "EXPTIME", unit = "s" }   # ' in text
    assert "#   card GAIN" in text
    row = {each.column.name: each.value for each in inspect(unknown_fits, path.parent).values}
    assert (row["time_sampling_step_max"], row["spectral_range_max"]) == (1.0, 30e6)
    assert row["instrument_host_name"] == "Hill"


def test_a_cdf_that_no_grammar_knows_gives_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "a.cdf"
    with cdfwrite.CDF(path) as cdf:
        cdf.write_globalattrs({"TARGET": {0: "Io"}, "Receiver": {0: "RX"}})
        epoch = {"Variable": "Epoch", "Data_Type": 31, "Num_Elements": 1, "Rec_Vary": True, "Dim_Sizes": []}
        cdf.write_var(epoch, var_data=63870000000000.0 + np.arange(3) * 1000)
        freq = {"Variable": "f", "Data_Type": 45, "Num_Elements": 1, "Rec_Vary": False, "Dim_Sizes": [2]}
        cdf.write_var(freq, var_attrs={"UNITS": "kHz"}, var_data=np.array([10.0, 20.0]))
    made = new(tmp_path, "mine", None, path)
    assert load(made).product[0].mapping == {
        "target_name": {"attribute": "TARGET"}, "instrument_name": {"attribute": "Receiver"},
        "time_axis": {"variable": "Epoch"}, "spectral_axis": {"variable": "f"},
    }  # fmt: skip
    row = {each.column.name: each.value for each in inspect(path, made.parent).values}
    assert (row["target_name"], row["spectral_range_max"], row["time_sampling_step_min"]) == ("Io", 20000.0, 1.0)


def test_words_of_a_file_do_not_leave_their_place(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU()
    primary.header.update({"OBJECT": '@NAME@" [x]', "DATE-OBS": "2024-01-31T00:00:00", "INSTRUME": "@OPTIONS@"})
    file = tmp_path / 'we"ird\n[[product]]\x7f' / "a\nb.fits"
    file.parent.mkdir()
    primary.writeto(file)
    path = new(tmp_path, "mine", None, file)
    (made,) = load(path).product
    assert Path(made.root) == file.parent
    assert made.mapping["target_name"] == {"key": "OBJECT"}


def test_what_gives_no_row_gives_no_collection(tmp_path: Path, sample_files: Samples) -> None:
    whole = sample(sample_files("voyager_pws"), "*.cdf")
    cut, page, bare = tmp_path / "cut.cdf", tmp_path / "page.cdf", tmp_path / "bare.fits"
    cut.write_bytes(whole.read_bytes()[:2000])
    page.write_text("<html>")
    fits.PrimaryHDU(np.zeros(3)).writeto(bare)
    for path, kind in ((cut, FileError), (page, FileError), (bare, UnknownFormatError), (tmp_path, UsageError)):
        with pytest.raises(kind) as caught:
            new(tmp_path, "mine", None, path)
        assert str(caught.value)
        assert not (tmp_path / "mine").exists()


def test_the_command_says_what_is_next(unknown_fits: Path, tmp_path: Path) -> None:
    done = epncore("new", "mine", "--from", unknown_fits, cwd=tmp_path)
    assert (done.returncode, done.stdout.split(" ")[0]) == (0, "mine/collection.toml"), done.stderr
    looked = epncore("inspect", unknown_fits, "--collection", "mine", "--unused", "--json", cwd=tmp_path)
    assert json.loads(looked.stdout)["unused"] == ["card EXPTIME", "card GAIN"]
    assert "card GAIN" in epncore("inspect", unknown_fits, "--collection", "mine", "--unused", cwd=tmp_path).stdout


def test_keys_of_a_cdf_that_no_column_uses(sample_files: Samples) -> None:
    unused = inspect(sample(sample_files("nda_routine"), "*jup*"), unused=True).unused
    assert unused is not None
    assert {"global attribute Rules_of_use", "variable STATUS"} <= set(unused)
    assert not {"global attribute PDS_Observation_target", "variable Epoch", "variable RR"} & set(unused)


def test_the_list_of_grammars_tells_format_instrument_and_version() -> None:
    lines = {line.split("│")[1].strip(): line for line in epncore("grammars").stdout.splitlines() if "│" in line}
    cells = [cell.strip() for cell in lines["ecallisto"].split("│")[2:5]]
    assert cells == ["fits", cells[1], "1"]
    assert cells[1].startswith("e-CALLISTO: solar radio spectrometers")
