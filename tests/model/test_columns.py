"""The table of columns holds what EPN-TAP 2.0 says."""

from __future__ import annotations

from collections import Counter

import pytest
from astropy import units as u
from astropy.io.votable.ucd import parse_ucd

from epncore.model.columns import COLUMNS, COMPUTED, FRAMES, Column, mandatory, pairs
from epncore.model.vocabularies import PARTICLE_SPECTRAL_TYPES

NOT_NULL = {
    "granule_uid", "granule_gid", "obs_id", "dataproduct_type", "target_class", "spatial_frame_type",
    "service_title", "creation_date", "modification_date", "release_date",
}  # fmt: skip
TIMESTAMPS = {"creation_date", "modification_date", "release_date", "target_time_min", "target_time_max"}

# What Table 1 of the REC writes, and why VOUnit does not take it. Every UCD is of the list.
UNITS_OF_THE_REC = {
    "bar": "VOUnit has Pa only",
    "amu": "VOUnit says u",
    "amu/qe": "nor has it a charge of the electron",
}

# Base UCDs and units of the coordinates, and the UCD of their resolutions (REC Table 1, notes 1 and 2).
COORDINATES = {
    "celestial": [
        ("pos.eq.ra", "deg", "pos.angResolution"),
        ("pos.eq.dec", "deg", "pos.angResolution"),
        ("pos.distance", "AU", "pos.resolution"),
    ],
    "body": [
        ("pos.bodyrc.lon", "deg", "pos.angResolution"),
        ("pos.bodyrc.lat", "deg", "pos.angResolution"),
        ("pos.bodyrc.alt", "km", "pos.resolution"),
    ],
    "cartesian": [
        ("pos.cartesian.x", "km", "pos.resolution"),
        ("pos.cartesian.y", "km", "pos.resolution"),
        ("pos.cartesian.z", "km", "pos.resolution"),
    ],
    "spherical": [
        ("pos.spherical.r", "m", "pos.resolution"),
        ("pos.spherical.colat", "deg", "pos.angResolution"),
        ("pos.spherical.azi", "deg", "pos.angResolution"),
    ],
    "cylindrical": [
        ("pos.cylindrical.r", "km", "pos.resolution"),
        ("pos.cylindrical.azi", "deg", "pos.angResolution"),
        ("pos.cylindrical.z", "km", "pos.resolution"),
    ],
}


def every_form() -> list[Column]:
    forms = {
        column.at(frame, kind) for column in COLUMNS.values() for frame in FRAMES for kind in PARTICLE_SPECTRAL_TYPES
    }
    return sorted(forms, key=lambda column: (column.name, column.ucd))


def test_there_are_174_columns_of_which_46_are_mandatory():
    assert Counter(column.level for column in COLUMNS.values()) == {"mandatory": 46, "optional": 49, "extension": 79}
    assert len(COLUMNS) == 174
    assert [column.name for column in mandatory()] == list(COLUMNS)[:46]


def test_the_standard_forbids_null_in_ten_columns():
    assert {name for name, column in COLUMNS.items() if column.not_null} == NOT_NULL


def test_types_are_those_of_the_standard():
    by_type = {kind: {n for n, c in COLUMNS.items() if c.type == kind} for kind in ("timestamp", "integer", "region")}
    assert by_type == {
        "timestamp": TIMESTAMPS,
        "integer": {"processing_level", "access_estsize", "observer_id"},
        "region": {"s_region"},
    }
    assert COLUMNS["time_min"].type == "double"
    assert {COLUMNS[name].xtype for name in TIMESTAMPS} == {"timestamp"}
    assert (COLUMNS["s_region"].xtype, COLUMNS["coverage"].xtype) == ("adql:REGION", "moc")


@pytest.mark.parametrize(
    ("name", "unit", "ucd"),
    [
        ("time_min", "d", "time.start;obs"),
        ("time_exp_max", "s", "time.duration;obs.exposure;stat.max"),
        ("spectral_range_min", "Hz", "em.freq;stat.min"),
        ("spectral_resolution_max", "", "spect.resolution;stat.max"),
        ("access_estsize", "kbyte", "phys.size;meta.file"),
        ("observer_name", "", "meta.id.PI;obs.observer"),
        ("pressure", "bar", "phys.pressure"),
        ("inclination", "deg", "src.orbital.inclination"),
    ],
)
def test_units_and_ucds_are_those_of_the_standard(name, unit, ucd):
    assert (COLUMNS[name].unit, COLUMNS[name].ucd) == (unit, ucd)


@pytest.mark.parametrize("frame", COORDINATES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_frame_gives_coordinates_and_resolutions_their_unit_and_ucd(frame, axis):
    ucd, unit, resolution = COORDINATES[frame][axis]
    for end in ("min", "max"):
        coordinate = COLUMNS[f"c{axis + 1}{end}"].at(frame)
        assert (coordinate.ucd, coordinate.unit) == (f"{ucd};stat.{end}", unit)
        step = COLUMNS[f"c{axis + 1}_resol_{end}"].at(frame)
        assert (step.ucd, step.unit) == (f"{resolution};stat.{end}", unit)


@pytest.mark.parametrize("name", ["c1min", "c2max", "c3min", "c1_resol_min", "c2_resol_max", "c3_resol_max"])
def test_frame_none_leaves_neither_unit_nor_ucd(name):
    assert (COLUMNS[name].at("none").unit, COLUMNS[name].at("none").ucd) == ("", "")


def test_a_frame_changes_nothing_but_unit_and_ucd():
    before, after = COLUMNS["c1min"], COLUMNS["c1min"].at("body")
    assert (after.name, after.pair, after.wraps, after.description) == ("c1min", "c1max", True, before.description)
    assert COLUMNS["time_min"].at("body") is COLUMNS["time_min"]


@pytest.mark.parametrize(
    ("kind", "unit", "ucd"),
    [("energy", "eV", "phys.energy"), ("mass", "amu", "phys.mass"), ("mass/charge", "amu/qe", "phys.mass")],
)
def test_the_kind_of_particle_axis_gives_its_unit(kind, unit, ucd):
    column = COLUMNS["particle_spectral_range_min"].at("none", kind)
    assert (column.unit, column.ucd) == (unit, f"{ucd};phys.particle;stat.min")
    assert kind in PARTICLE_SPECTRAL_TYPES


def test_no_braces_are_left_in_any_frame():
    assert [column.name for column in every_form() if "{" in column.unit + column.ucd] == []


def test_every_ucd_is_of_the_controlled_vocabulary():
    wrong = set()
    for column in every_form():
        try:
            parse_ucd(column.ucd or "meta.note", check_controlled_vocabulary=True)
        except ValueError:
            wrong.add(column.name)
    assert wrong == set()


def test_every_unit_is_a_vounit_but_for_known_ones():
    wrong = set()
    for unit in {column.unit for column in every_form()}:
        try:
            u.Unit(unit, format="vounit", parse_strict="raise")
        except ValueError:
            wrong.add(unit)
    assert wrong == set(UNITS_OF_THE_REC)


def test_every_pair_is_mutual_and_of_one_kind():
    for name, column in COLUMNS.items():
        if not column.pair:
            assert not name.endswith(("min", "max"))
            continue
        other = COLUMNS[column.pair]
        assert other.pair == name
        assert (other.type, other.unit, other.wraps, other.level) == (
            column.type, column.unit, column.wraps, column.level,
        )  # fmt: skip


def test_only_axes_that_go_round_may_have_min_above_max():
    wrapping = {low for low, _ in pairs(COLUMNS) if COLUMNS[low].wraps}
    assert wrapping == {
        "c1min", "c2min", "c3min", "solar_longitude_min", "subobserver_longitude_min", "subsolar_longitude_min",
        "azimuth_min",
    }  # fmt: skip


def test_pairs_want_both_ends():
    assert pairs({"time_min": COLUMNS["time_min"]}) == []
    both = {name: COLUMNS[name] for name in ("time_max", "time_min")}
    assert pairs(both) == [("time_min", "time_max")]


def test_every_description_tells_more_than_the_name():
    texts = [column.description for column in COLUMNS.values()]
    assert all(len(text.split()) >= 3 and text.isascii() and not text.endswith(".") for text in texts)
    words = {name: set(name.split("_")) for name in COLUMNS}
    assert [name for name, c in COLUMNS.items() if set(c.description.lower().split()) <= words[name]] == []


def test_computed_columns_are_columns_that_every_row_has():
    assert set(COMPUTED) <= NOT_NULL
