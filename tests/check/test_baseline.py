"""What a baseline accepts, and what it must not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from epncore.check.baseline import Baseline, split_accepted
from epncore.check.report import Report
from epncore.model.errors import ConfigError

TODAY = dt.date(2026, 11, 21)


def baseline(folder: Path, text: str) -> Baseline:
    path = folder / "baseline.toml"
    path.write_text(text, "utf-8")
    return Baseline.load(path)


def entry(rule: str = "columns.unit", until: str = "2026-11-21", **keys: object) -> str:
    more = "".join(f"{key} = {value!r}\n" for key, value in keys.items())
    return f'[[accept]]\nrule = "{rule}"\nreason = "the mixin writes it so"\nuntil = {until}\n{more}'


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ({}, 3),
        ({"table": "dam.*"}, 3),
        ({"table": "other.epn_core"}, 5),
        ({"column": "ra"}, 4),
        ({"column": "ra", "table": "DAM.epn_core"}, 4),
        ({"most": 1}, 3),
        ({"rule": "vounit.measurement_unit", "most": 1}, 5),
        ({"until": "2026-11-20"}, 5),
    ],
)
def test_an_entry_moves_what_it_names(dirty: Report, tmp_path: Path, keys: dict[str, str], left: int) -> None:
    before = len(dirty.accepted)
    split_accepted(dirty, baseline(tmp_path, entry(**keys)), TODAY)
    assert len(dirty.findings) == left
    assert len(dirty.accepted) - before == 5 - left
    assert all(each.reason == "the mixin writes it so (until 2026-11-21)" for each in dirty.accepted[before:])


@pytest.mark.parametrize(
    ("keys", "note"),
    [
        ({"until": "2026-11-20"}, "columns.unit: it has ended on 2026-11-20"),
        ({"rule": "url.access_url"}, "url.access_url: there is no such finding"),
        ({"rule": "vounit.measurement_unit", "most": 1}, "accepts a count of 1 at most, and there are 2"),
        ({"table": "x.epn_core", "column": "ra"}, "columns.unit of ra of x.epn_core: there is no such finding"),
    ],
)
def test_an_entry_that_excuses_nothing_is_told(dirty: Report, tmp_path: Path, keys: dict[str, str], note: str) -> None:
    split_accepted(dirty, baseline(tmp_path, entry(**keys)), TODAY)
    assert note in dirty.notes[-1]


def test_an_entry_that_does_its_work_is_no_news(dirty: Report, tmp_path: Path) -> None:
    notes = list(dirty.notes)
    split_accepted(dirty, baseline(tmp_path, entry()), TODAY)
    assert dirty.notes == notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (entry("colums.unit"), ["accept.0.rule", "no rule 'colums.unit'; did you mean columns.unit?"]),
        (entry().replace("the mixin writes it so", " "), ["accept.0.reason", "not blank"]),
        (entry(until="20270101"), ["accept.0.until", "2024-07-16", "20270101"]),
        (entry().replace("until", "untl"), ["accept.0.untl", "did you mean until?", "accept.0.until"]),
        (entry(most=0), ["accept.0.most", "greater than 0"]),
        (entry().replace("[[accept]]", "[accept]"), ["accept", "[[accept]] in double brackets"]),
        ("[[acept]]", ["acept", "did you mean accept?"]),
        ("rule = x", ["no TOML"]),
    ],
)
def test_a_mistake_is_told_with_file_key_and_what_is_right(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        baseline(tmp_path, text)
    for word in ["baseline.toml", *words]:
        assert word in str(caught.value)


def test_a_baseline_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        Baseline.load(tmp_path / "nowhere.toml")
