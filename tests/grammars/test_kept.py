"""What is remembered of a reading, and when that is not enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from epncore.model.row import Found, Missing
from grammars.kept import FileNeededError, Kept, Recollection, mask, noted, remembered
from grammars.protocol import Granule, SourceFile, Step

COLUMNS = ("target_name", "target_class", "time_min")


def granule() -> Granule:
    return Granule(SourceFile(Path("a.cdf"), "a.cdf", 1, 1), None, row={"target_name": "Jupiter"})


def recollection(given: str, *, hidden: frozenset[str] = frozenset()) -> Recollection:
    cells = {"target_name": "Jupiter", "target_class": "planet", "time_min": None}
    return Recollection(Kept(cells, given, None, hidden), COLUMNS)


@pytest.mark.parametrize(
    ("answer", "is_given"),
    [("x", True), (0.0, True), (None, False), (" ", False), (Missing("no card"), False), (Found("", "card"), False)],
)
def test_a_step_that_gave_a_value_is_noted(answer, is_given):
    one = granule()
    assert noted(Step("target_class", "card", lambda _: answer)).value(one) == answer
    assert one.given == ({"target_class"} if is_given else set())
    assert one.looked_at == set()


@pytest.mark.parametrize(
    ("look", "what"),
    [
        (lambda g: g.row["target_name"], {"target_name"}),
        (lambda g: g.row.get("time_max"), {"time_max"}),
        (lambda g: g.file.path.name, set()),
        (lambda g: str(g.header) + str(g.facts), set()),
    ],
)
def test_what_a_step_looks_at_is_noted(look, what):
    one = granule()
    noted(Step("target_class", "card", look)).value(one)
    assert one.looked_at == what


def test_a_mask_tells_what_was_given_and_what_was_not_asked_for():
    text = mask(COLUMNS, {"target_name", "time_min"}, {"target_class"}, {"obs_id", "granule_uid"})
    assert text == "5.2.granule_uid.obs_id"
    known = recollection(text)
    assert (known.given, known.hidden, known.looked_at) == (
        {"target_name", "time_min"},
        {"target_class"},
        {"obs_id", "granule_uid"},
    )
    assert known.mask({"time_min"}) == "5.6.granule_uid.obs_id"


def test_a_remembered_step_answers_from_the_table():
    known = recollection("1.0")
    one = Granule(granule().file, None, known)
    assert remembered("target_name").value(one) == "Jupiter"
    assert isinstance(remembered("target_class").value(one), Missing), "the file did not give it: a constant may"


@pytest.mark.parametrize(("given", "hidden"), [("0.1", frozenset()), ("1.0", frozenset({"target_name"}))])
def test_what_the_table_does_not_hold_needs_the_file(given, hidden):
    with pytest.raises(FileNeededError):
        recollection(given, hidden=hidden).answer("target_name")


def test_another_cell_than_a_step_looked_at_needs_the_file():
    recollection("1.0.target_name").check({"target_name": "Jupiter"})
    with pytest.raises(FileNeededError):
        recollection("1.0.target_name").check({"target_name": "Io"})
