"""Rows of ISTP files from their attributes and from options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from epncore.model.errors import ConfigError, FileError, HeaderError
from grammars.istp import GRAMMAR
from grammars.istp_texts import parse_date
from grammars.readers.cdf import CdfReader

from .conftest import GLOBALS, Var, Write, data, jd, look, plan_for, series, spectra, tt2000


def test_global_attributes_are_read_in_any_case_with_both_names(write: Write) -> None:
    found = look(
        write(series(), {"LOGICAL_SOURCE": "x", "SOURCE_NAME": "SOLO>Solar Orbiter", "descriptor": "RPW > Waves"})
    )
    assert found["instrument_host_name"] == "SOLO#Solar Orbiter"
    assert found["instrument_name"] == "RPW#Waves"


@pytest.mark.parametrize(
    ("data_type", "level"),
    [("L0>raw", 1), ("L1>Level 1", 2), ("l2>x", 3), ("L3>x", 5), ("L4>x", 5), ("L2S>Survey", 3), ("EDR>Records", 2),
     ("cdr>Calibrated Data Record", 3), ("DDR", 5), ("H2>1-hour Level 2 data", 3), ("l3_pwe>level 3 data", 5),
     ("H0>High resolution", None), ("K0>Key", None), ("rpa>Analyzer", None), ("Lunar>x", None), ("L20>x", None),
     (" ", None)],
)  # fmt: skip
def test_processing_level_is_codmac_where_the_file_tells_it(write: Write, data_type: str, level: int | None) -> None:
    found = look(write(series(), {**GLOBALS, "Data_type": data_type}))
    assert found["processing_level"] == level
    if level is None:
        assert "give processing_level as a constant" in found.sources["processing_level"]


def test_a_level_that_epncore_writes_otherwise_is_mended(write: Write) -> None:
    found = look(write(series(), {**GLOBALS, "VESPA_processing_level": [[4, "CDF_INT4"]]}))
    assert found["processing_level"] == 5
    assert found.sources["processing_level"].startswith("global attribute VESPA_processing_level; 4 -> 5: CODMAC")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20101116", "2010-11-16T00:00:00"), ("2020-10-17T11:20:44", "2020-10-17T11:20:44"),
     ("2020-10-17 11:20:44.123Z", "2020-10-17T11:20:44"), ("Thu Jun 24 17:32:12 2021", "2021-06-24T17:32:12"),
     ("24-Jun-2021", "2021-06-24T00:00:00"), ("Wednesday, 19-Mar-2014 18:15:38", "2014-03-19T18:15:38"),
     ("2021/06/24", "2021-06-24T00:00:00"), ("20210624T173212", "2021-06-24T17:32:12"),
     ("Mon Dec  1 00:00:00 UTC 2003", "2003-12-01T00:00:00"),
     ("12/11/2020", None), ("2020-13-01", None), ("Juin 3 2020", None), (" ", None), ("yesterday", None)],
)  # fmt: skip
def test_dates_of_generation_are_read_whatever_the_locale(text: str, expected: str | None) -> None:
    found = parse_date(text)
    assert (found.isoformat() if found else None) == expected


def test_creation_date_is_the_generation_else_the_modification_of_the_file(write: Write) -> None:
    dated = look(write(series(), {**GLOBALS, "Generation_date": ["1999-01-01", "2010-11-16"]}))
    assert str(dated["creation_date"]) == "2010-11-16 00:00:00"
    undated = look(write(series(), {**GLOBALS, "Generation_date": "12/11/2020"}))
    assert undated.sources["creation_date"] == "modification time of the file"


def test_measurement_type_comes_from_ucds_mended_and_checked(write: Write) -> None:
    ucds = ["phys.flux.density;em.radio;phys.polarization.rr", "phys.flux.density;em.radio;phys.polarization.ll",
            "time.epoch", "phys.nonsense", "meta.code"]  # fmt: skip
    variables = [series()[0], *(data(f"V{i}", UCD=ucd) for i, ucd in enumerate(ucds))]
    found = look(write(variables))
    assert found["measurement_type"] == "phot.flux.density;em.radio;phys.polarization.circular"
    assert "left out: phys.nonsense" in found.sources["measurement_type"]
    assert look(write(series()))["measurement_type"] is None


@pytest.mark.parametrize(
    ("units", "expected", "reason"),
    [(["nT", "nT"], "nT", "UNITS of the data variables"), (["nT", "V/m", "nT"], None, "several units (nT, V/m)"),
     (["nT", " "], None, "several units (nT, none)"), ([" ", " "], None, "have no UNITS"),
     (["(raw)", "(raw)"], None, "a remark and no unit"), (["(nT)", "(nT)"], "(nT)", "UNITS of the data variables")],
)  # fmt: skip
def test_the_unit_is_that_of_all_data(write: Write, units: list[str], expected: str | None, reason: str) -> None:
    variables = [series()[0], *(data(f"V{number}", UNITS=unit) for number, unit in enumerate(units))]
    found = look(write(variables))
    assert found["measurement_unit"] == expected
    assert reason in found.sources["measurement_unit"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Earth", "GEOCENTER"), ("Spacecraft barycenter", "Example craft"), ("Rotating Earth Geoid", None),
     ("Solar System Barycenter", "BARYCENTER"), ("Topocenter", "TOPOCENTER"), ("?", None), (" ", None)],
)  # fmt: skip
def test_time_refposition_is_what_the_time_variable_says_of_a_place(
    write: Write, text: str, expected: str | None
) -> None:
    assert look(write(series(attrs={"REFERENCE_POSITION": text})))["time_refposition"] == expected


def test_vespa_attributes_are_read_and_the_axes_of_the_data_win(write: Write) -> None:
    attributes = {
        **GLOBALS,
        "VESPA_dataproduct_type": "DS>Dynamic Spectra", "VESPA_target_class": "planet",
        "VESPA_target_region": ["Aurora", "Magnetosphere"], "VESPA_target_element": "DAM radio emissions",
        "VESPA_instrument_host_name": "LWA1>Long Wavelength Array Station 1", "VESPA_time_origin": "Earth",
        "VESPA_measurement_type": "phys.flux.density;em.radio", "VESPA_bib_reference": "2000GMS...119..321L",
        "VESPA_time_sampling_step": [[7.0, "CDF_REAL4"]], "VESPA_spectral_range_min": [[10.0, "CDF_DOUBLE"]],
        "VESPA_spectral_range_max": [[20.0, "CDF_DOUBLE"]], "VESPA_spectral_range_unit": "MHz",
        "VESPA_spectral_sampling_step_min": [[0.0, "CDF_REAL4"]], "VESPA_time_exp": [[0.0, "CDF_REAL4"]],
    }  # fmt: skip
    found = look(write(series(), attributes))
    assert found["dataproduct_type"] == "ds"
    assert found["target_class"] == "planet"
    assert found["target_region"] == "aurora#magnetosphere"
    assert found["feature_name"] == "DAM radio emissions"
    assert found.sources["feature_name"] == "global attribute VESPA_target_element"
    assert found["instrument_host_name"] == "LWA1#Long Wavelength Array Station 1"
    assert found["time_refposition"] == "Earth"
    assert found["measurement_type"] == "phot.flux.density;em.radio"
    assert found["bib_reference"] == "2000GMS...119..321L"
    assert found["time_sampling_step_min"] == 60.0  # the axis, not 7
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (1e7, 2e7)  # no axis: the attribute
    assert found["spectral_sampling_step_min"] is None  # 0.0 is unset
    assert found["time_exp_min"] is None
    one = look(write(series(1), attributes))
    assert (one["time_sampling_step_min"], one["time_sampling_step_max"]) == (7.0, 7.0)
    axis = look(write(spectra("Hz", [1.0, 2.0]), attributes))
    assert axis["spectral_range_max"] == 2.0


def test_the_target_is_never_guessed_but_copied_where_a_config_says_so(write: Write) -> None:
    path = write(
        series(), {**GLOBALS, "TARGET_NAME": "Sun", "TARGET_CLASS": "Star", "DOI": "https://doi.org/10.1000/x"}
    )
    assert look(path)["target_name"] is None
    found = look(path, attributes={"target_name": "target_name", "target_class": "TARGET_CLASS"})
    assert (found["target_name"], found["target_class"]) == ("Sun", "star")
    assert found["bib_reference"] == "10.1000/x"
    unit = look(path, variable_attributes={"measurement_unit": "B.UNITS"})
    assert unit.sources["measurement_unit"] == "attribute UNITS of variable B"


@pytest.mark.parametrize(
    ("attributes", "expected", "source"),
    [
        (
            {"VESPA_bib_reference": "...", "DOI": "https://doi.org/..."},
            None,
            "'...', 'https://doi.org/...' is no bibcode",
        ),
        ({"VESPA_bib_reference": "AA/2016/28787"}, None, "'AA/2016/28787' is no bibcode, DOI or URL"),
        ({"VESPA_bib_reference": "...", "DOI": "10.25935/6jg4-mk86"}, "10.25935/6jg4-mk86", "global attribute DOI"),
        ({"VESPA_bib_reference": ["10.1000/x", "?", "10.1000/y"]}, "10.1000/x#10.1000/y", "VESPA_bib_reference"),
        ({}, None, "no reference in the file"),
    ],
)
def test_what_is_no_bibcode_doi_or_url_is_no_reference(
    write: Write, attributes: dict[str, Any], expected: str | None, source: str
) -> None:
    found = look(write(series(), {**GLOBALS, **attributes}))
    assert found["bib_reference"] == expected
    assert source in found.sources["bib_reference"]


@pytest.mark.parametrize(
    ("given", "names", "classes"),
    [
        ("Jupiter#main oval at longitude=0 degrees (with L_equateur=30 R_Jupiter)", "Jupiter", "planet"),
        ("JUPITER#Io", "Jupiter#Io", "planet#satellite"),
        ("Io#Europa", "Io#Europa", "satellite"),
        ("the oval", None, None),
    ],
)
def test_of_targets_bodies_alone_are_kept_where_a_config_says_so(
    write: Write, given: str, names: str | None, classes: str | None
) -> None:
    said = {"VESPA_target_name": given, "VESPA_target_class": "planet#satellite"}
    path = write(series(), {**GLOBALS, **said})
    assert look(path)["target_name"] == given
    found = look(path, known_targets=True)
    assert (found["target_name"], found["target_class"]) == (names, classes)
    if names == "Jupiter":
        assert "left out: 'main oval at" in found.sources["target_name"]


@pytest.mark.parametrize(
    ("options", "place", "hint"),
    [({"time_variable": "when"}, "option time_variable", "There are Epoch, B"),
     ({"spectral_variable": "f"}, "option spectral_variable", "There are Epoch, B"),
     ({"data_variables": ["E"]}, "option data_variables", "There are Epoch, B"),
     ({"time_variable": "B"}, "option time_variable", None),
     ({"spectral_variable": "B"}, "option spectral_variable", None),
     ({"attributes": {"target_name": "TARGET"}}, "option attributes.target_name", "There are Logical_source"),
     ({"variable_attributes": {"filter": "B.X"}}, "option variable_attributes.filter", "It has VAR_TYPE"),
     ({"variable_attributes": {"filter": "Z.X"}}, "option variable_attributes.filter", "There are Epoch, B")],
)  # fmt: skip
def test_options_that_name_what_is_not_there_say_what_is(
    write: Write, options: dict[str, Any], place: str, hint: str | None
) -> None:
    with pytest.raises(HeaderError) as caught:
        look(write(series()), **options)
    assert caught.value.place == place
    assert caught.value.path == "a.cdf"
    if hint:
        assert str(caught.value.hint).startswith(hint)


def test_options_that_are_wrong_are_an_error_at_start() -> None:
    for options in ({"dataproduct_type": "xx"}, {"variable_attributes": {"filter": "UNITS"}}, {"time": "Epoch"}):
        with pytest.raises(ConfigError):
            plan_for(**options)
    with pytest.raises(ConfigError, match="no column"):
        plan_for(attributes={"target": "TARGET_NAME"})


def test_options_choose_the_axes(write: Write) -> None:
    variables = [*series(), Var("f", "f8", np.array([[1.0, 5.0]]), {"UNITS": "kHz"}, varies=False),
                 Var("t2", "tt2000", np.array([tt2000(2021, 1, 1)]))]  # fmt: skip
    found = look(
        write(variables), spectral_variable="f", time_variable="t2", dataproduct_type="sp", data_variables=["B"]
    )
    assert found["spectral_range_max"] == 5000.0
    assert found["time_min"] == jd("2021-01-01")
    assert found["dataproduct_type"] == "sp"


def test_depend_0_that_leads_nowhere_is_a_reason(write: Write) -> None:
    with pytest.raises(HeaderError, match="no variable 'gone'"):
        look(write([series()[0], data(clock="gone")]))
    with pytest.raises(HeaderError, match="no time"):
        look(write([*series(), data("C", clock="B")]))
    with pytest.raises(HeaderError, match="no variable has VAR_TYPE data and a DEPEND_0"):
        look(write([Var("B", "f4", np.ones(2, np.float32), {"VAR_TYPE": "data"})]))


def test_files_without_marks_of_istp_are_not_recognised(write: Write) -> None:
    for path in (write(series(), {"Any": "x"}), write([Var("x", "f4", np.ones(3, np.float32))], GLOBALS)):
        with CdfReader().open(path) as header:
            assert not GRAMMAR.recognises(header)


def test_every_failure_is_a_file_error_with_a_path(write: Write) -> None:
    with pytest.raises(FileError) as caught:
        look(write([Var("x", "f4", np.ones(3, np.float32))]))
    assert caught.value.path == "a.cdf"
