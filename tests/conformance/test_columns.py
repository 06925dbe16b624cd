"""Our table of columns against DaCHS's own mixin: they agree but for what is listed here, with its reason."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pytest

from epncore.model.columns import COLUMNS, FRAMES, Column

if TYPE_CHECKING:
    from epncore.testing.dachs_lab import DachsLab

Mixin: TypeAlias = dict[str, dict[str, dict[str, object]]]

pytestmark = pytest.mark.live

DACHS_TYPES = {
    "text": "text",
    "integer": "integer",
    "double": "double precision",
    "timestamp": "timestamp",
    "region": "spoly",
    "moc": "smoc",
}


class Disagreement(NamedTuple):
    """Where DaCHS says something else than the REC; in `theirs` the values by column and field.

    `version` is empty where all versions of DaCHS looked at say so.
    """

    reason: str
    version: str
    theirs: dict[tuple[str, str], str]
    frame: str = ""


PARTICLE = [
    f"particle_spectral_{name}_{end}" for name in ("range", "sampling_step", "resolution") for end in ("min", "max")
]

DISAGREEMENTS = [
    Disagreement(
        "the REC of 2022 gives meta.id.PI;obs.observer, DaCHS before 2.11 has an older draft",
        "2.7",
        {("observer_name", "ucd"): "obs.observer;meta.main"},
    ),
    Disagreement(
        "the REC writes pix, which VOUnit knows beside pixel; DaCHS 2.11 writes pixel",
        "2.11",
        {
            ("map_height", "unit"): "pixel",
            ("map_width", "unit"): "pixel",
            ("map_scale", "unit"): "km/pixel",
            ("pixelscale_min", "unit"): "km/pixel",
            ("pixelscale_max", "unit"): "km/pixel",
            ("platesc", "unit"): "arcsec/pixel",
        },
    ),
    Disagreement("bar is no VOUnit; DaCHS writes it as what it is", "", {("pressure", "unit"): "1e5Pa"}),
    Disagreement("DaCHS leaves it out", "", {("observer_lon", "unit"): "", ("observer_lat", "unit"): ""}),
    Disagreement("DaCHS before 2.11 leaves it out", "2.7", {("inclination", "unit"): ""}),
    Disagreement(
        "in the REC UCD and unit follow particle_spectral_type; DaCHS has one UCD for all and no unit",
        "",
        {
            ("particle_spectral_range_min", "ucd"): "phys.mass;phys.particle;stat.min",
            ("particle_spectral_range_max", "ucd"): "phys.mass;phys.particle;stat.max",
            **{(name, "unit"): "" for name in PARTICLE},
        },
    ),
    *(
        Disagreement(
            "the REC has UCDs of their own for these frames, DaCHS those of an older draft",
            "",
            {
                (f"{axis}{end}", "ucd"): f"{ucd};stat.{end}"
                for axis, ucd in zip(("c1", "c2", "c3"), ucds, strict=True)
                for end in ("min", "max")
            },
            frame,
        )
        for frame, ucds in (
            ("spherical", ("pos.distance", "pos.az.zd", "pos.az.azi")),
            ("cylindrical", ("pos.distance", "pos.az.azi", "pos.distance")),
        )
    ),
]


@pytest.fixture(scope="module")
def mixin(dachs: DachsLab) -> Mixin:
    source = files("epncore.testing").joinpath("mixin_columns.py").read_text()
    answer: Mixin = json.loads(dachs.python(source))
    return answer


def ours(column: Column) -> dict[str, str]:
    return {"type": DACHS_TYPES[column.type], "unit": column.unit, "ucd": column.ucd}


def differences(mixin: Mixin, frame: str) -> dict[tuple[str, str], object]:
    return {
        (name, key): theirs[key]
        for name, theirs in mixin[frame].items()
        for key, value in ours(COLUMNS[name].at(frame)).items()
        if theirs[key] != value
    }


@pytest.mark.parametrize("frame", FRAMES)
def test_both_know_the_same_columns(mixin: Mixin, frame: str) -> None:
    assert set(mixin[frame]) == set(COLUMNS)


@pytest.mark.parametrize("frame", FRAMES)
def test_types_units_and_ucds_agree_but_for_what_is_listed(mixin: Mixin, frame: str) -> None:
    listed = {key: value for d in DISAGREEMENTS if d.frame in {"", frame} for key, value in d.theirs.items()}
    found = differences(mixin, frame)
    assert {key: value for key, value in found.items() if listed.get(key) != value} == {}


@pytest.mark.parametrize("frame", FRAMES)
def test_what_is_listed_is_still_so(mixin: Mixin, frame: str, dachs: DachsLab) -> None:
    version = dachs.version()
    expected = {
        key: value
        for d in DISAGREEMENTS
        if d.frame in {"", frame} and d.version in {"", version}
        for key, value in d.theirs.items()
    }
    found = differences(mixin, frame)
    assert {key: value for key, value in expected.items() if found.get(key) != value} == {}


def test_both_call_the_same_columns_mandatory(mixin: Mixin) -> None:
    for name, theirs in mixin["none"].items():
        assert (COLUMNS[name].level == "mandatory") is (theirs["level"] == "mandatory"), name


def test_dachs_refuses_null_where_the_rec_does_and_in_processing_level(mixin: Mixin) -> None:
    """The REC allows NULL in processing_level. What it forbids beyond these is left to our rules."""
    required = {name for name, theirs in mixin["none"].items() if theirs["required"]}
    forbidden = {column.name for column in COLUMNS.values() if column.not_null}
    assert required - forbidden == {"processing_level"}
    assert required == {"granule_uid", "granule_gid", "obs_id", "processing_level"}
