"""Our table of columns against DaCHS's own mixin: they agree but for what servers.csv lists, with its reason."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

import pytest

from epncore.check.report import Finding, Report, by_column
from epncore.check.servers import excuses_of, split_servers
from epncore.model.columns import COLUMNS, FRAMES
from epncore.model.rules import SERVICE_RULES
from epncore.model.rules.facts import ServedColumn, ServedTable
from epncore.model.vocabularies import PARTICLE_SPECTRAL_TYPES

if TYPE_CHECKING:
    from epncore.testing.dachs_lab import DachsLab

Mixin: TypeAlias = dict[str, dict[str, dict[str, object]]]

pytestmark = pytest.mark.live

COLUMN_RULES = ("columns.unit", "columns.ucd")

DACHS_TYPES = {
    "text": "text",
    "integer": "integer",
    "double": "double precision",
    "timestamp": "timestamp",
    "region": "spoly",
    "moc": "smoc",
}


@pytest.fixture(scope="module")
def mixin(dachs: DachsLab) -> Mixin:
    source = files("epncore.testing").joinpath("mixin_columns.py").read_text()
    answer: Mixin = json.loads(dachs.python(source))
    return answer


def differences(mixin: Mixin) -> list[Finding]:
    """What the rules on columns find in tables of DaCHS's own mixin, in each frame and for each kind of particles."""
    found: list[Finding] = []
    for frame, theirs in mixin.items():
        told = {name: ServedColumn(name, str(each["unit"]), str(each["ucd"])) for name, each in theirs.items()}
        for particles in PARTICLE_SPECTRAL_TYPES:
            table = ServedTable(f"{frame}.epn_core", columns=told, frames=(frame,), particle_types=(particles,))
            for rule in SERVICE_RULES:
                if rule.id in COLUMN_RULES:
                    found += by_column(rule, table.name, rule.complaints(table))
    return found


@pytest.mark.parametrize("frame", FRAMES)
def test_both_know_the_same_columns(mixin: Mixin, frame: str) -> None:
    assert set(mixin[frame]) == set(COLUMNS)


@pytest.mark.parametrize("frame", FRAMES)
def test_types_agree(mixin: Mixin, frame: str) -> None:
    theirs = {name: each["type"] for name, each in mixin[frame].items()}
    assert theirs == {name: DACHS_TYPES[column.type] for name, column in COLUMNS.items()}


def test_units_and_ucds_agree_but_for_what_is_listed(mixin: Mixin, dachs: DachsLab) -> None:
    report = Report("", software=f"DaCHS {dachs.version()}", findings=differences(mixin))
    split_servers(report)
    assert report.findings == []


def test_what_is_listed_is_still_so(mixin: Mixin, dachs: DachsLab) -> None:
    version = dachs.version()
    found = differences(mixin)
    idle = [
        each
        for each in excuses_of(f"DaCHS {version}")
        if each.rule in COLUMN_RULES
        and version in each.seen
        and not any(each.fits(finding, finding.found) for finding in found)
    ]
    assert idle == []


def test_both_call_the_same_columns_mandatory(mixin: Mixin) -> None:
    for name, theirs in mixin["none"].items():
        assert (COLUMNS[name].level == "mandatory") is (theirs["level"] == "mandatory"), name


def test_dachs_refuses_null_where_the_rec_does_and_in_processing_level(mixin: Mixin) -> None:
    """The REC allows NULL in processing_level. What it forbids beyond these is left to our rules."""
    required = {name for name, theirs in mixin["none"].items() if theirs["required"]}
    forbidden = {column.name for column in COLUMNS.values() if column.not_null}
    assert required - forbidden == {"processing_level"}
    assert required == {"granule_uid", "granule_gid", "obs_id", "processing_level"}
