"""Answers that are cut, or are to another question: none lets a rule pass."""

from __future__ import annotations

import pytest

from epncore.check.client import ServiceError

from .asking import TABLE, Serve, always, look, not_run, told
from .replies import Recorded, Reply, a_field, spoilt, votable


def test_a_service_with_more_metadata_than_it_may_have(served: Serve) -> None:
    names = [(f"s{n}", f"s{n}.epn_core", "table", "", "") for n in range(2100)]
    fields = [a_field(name) for name in ("schema_name", "table_name", "table_type", "description", "utype")]
    many = always(votable(fields, names))
    with pytest.raises(ServiceError, match="more than 2000 lines"):
        look(served(spoilt(Recorded("dachs"), "tap_schema", many)))


def test_metadata_that_the_service_cuts(served: Serve) -> None:
    cut = always(votable([a_field("schema_name"), a_field("table_name")], [("nda_routine", TABLE)], "OVERFLOW"))
    with pytest.raises(ServiceError, match="gives no more than 1 rows"):
        look(served(spoilt(Recorded("dachs"), r"tap_schema\.tables", cut)))


def test_an_answer_that_the_service_cuts_lets_no_rule_pass(served: Serve) -> None:
    cut = always(votable([a_field("target_class"), a_field("n", "long")], [("planet", 2)], "OVERFLOW"))
    report = look(served(spoilt(Recorded("dachs"), "TOP 2001 target_class FROM|TOP 2001 target_class, COUNT", cut)))
    assert "no more than 1 rows" in not_run(report)["term.target_class"]
    assert ("term.target_class", TABLE) not in report.passed


ODD: dict[str, tuple[Reply, str]] = {
    "no row": (votable([a_field("n", "long")], []), "has 0 rows"),
    "two rows": (votable([a_field("n", "long")], [(0,), (1,)]), "has 2 rows"),
    "another column": (votable([a_field("items", "long")], [(0,)]), "has no column n, but items"),
    "a text": (votable([a_field("n")], [("many",)]), "'many' in n"),
    "nothing": (votable([a_field("n")], [("",)]), "in n"),
    "a fraction": (votable([a_field("n", "double")], [(0.5,)]), "0.5 in n"),
    "no number": (votable([a_field("n", "double")], [("NaN",)]), "None in n"),
    "an endless number": (votable([a_field("n", "double")], [("Inf",)]), "inf in n"),
}


@pytest.mark.parametrize(("odd", "words"), ODD.values(), ids=ODD)
def test_a_count_that_is_none_lets_no_row_rule_pass(served: Serve, odd: Reply, words: str) -> None:
    broken = Recorded("dachs").change("UPDATE nda_routine.epn_core SET target_class = NULL")
    report = look(served(spoilt(broken, r"COUNT\(\*\) AS n FROM \S+ WHERE", always(odd))))
    assert words in not_run(report)["null.target_class"]
    assert ("null.target_class", TABLE) not in report.passed


def test_rows_of_other_columns_let_no_row_rule_pass(served: Serve) -> None:
    for rows in ([], [("Welcome",)]):
        other = always(votable([a_field("motd")], rows))
        report = look(served(spoilt(Recorded("dachs"), r"^SELECT TOP \d+ [a-z].* WHERE \(", other)))
        assert "has no column" in not_run(report)["null.target_class"]
        assert ("null.target_class", TABLE) not in report.passed


@pytest.mark.parametrize(("odd", "words"), ODD.values(), ids=ODD)
def test_a_number_of_rows_that_is_none_ends_the_check(served: Serve, odd: Reply, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        look(served(spoilt(Recorded("dachs"), r"COUNT\(\*\) AS n FROM \S+$", always(odd))))


@pytest.mark.parametrize("pattern", ["GROUP BY|DISTINCT TOP", "TOP 2001 granule_uid, s_region", "HAVING"])
def test_answers_with_other_columns_let_no_rule_pass(served: Serve, pattern: str) -> None:
    other = always(votable([a_field("motd")], [("Welcome",)]))
    clean, report = look(served(Recorded("dachs"))), look(served(spoilt(Recorded("dachs"), pattern, other)))
    left_out = not_run(report)
    assert left_out
    assert all("has no column" in reason for reason in left_out.values())
    assert told(report) == sorted({*told(clean)} - {*left_out}) + sorted(left_out)


def test_examples_that_cannot_be_read_do_not_hide_a_finding(served: Serve) -> None:
    broken = Recorded("dachs").change("UPDATE nda_routine.epn_core SET target_class = NULL")
    report = look(served(spoilt(broken, "TOP 5 granule_uid", always(votable([a_field("motd")], [("Welcome",)])))))
    (finding,) = (each for each in report.findings if each.rule.id == "null.target_class")
    assert (finding.count, finding.examples) == (3, ())
