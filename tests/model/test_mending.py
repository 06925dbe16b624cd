"""Obsolete words are mended by one table, and that is said."""

from __future__ import annotations

import pytest

from epncore.model.columns import COLUMNS
from epncore.model.mending import _TABLE, mend
from epncore.model.rules import VALUE_RULES


@pytest.mark.parametrize(
    ("column", "found", "written"),
    [
        ("measurement_type", "phys.flux.density", "phot.flux.density"),
        ("measurement_type", "PHYS.FLUX.DENSITY;em.radio", "phot.flux.density;em.radio"),
        ("measurement_type", "em.freq# phys.flux.density ", "em.freq#phot.flux.density"),
        ("measurement_type", "phys.polarization.rr#phys.polarization.ll", "phys.polarization.circular"),
        ("access_format", "CDF", "application/x-cdf"),
        ("access_format", "application/cdf", "application/x-cdf"),
        ("dataproduct_type", "dynamic_spectrum#ts", "ds#ts"),
        ("processing_level", "4", "5"),
    ],
)
def test_an_obsolete_word_is_replaced_and_the_note_says_why(column, found, written):
    value, note = mend(column, found)
    assert value == written
    assert " -> " in note
    assert ": " in note


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("measurement_type", "phot.flux.density;em.radio"),
        ("measurement_type", ""),
        ("measurement_type", " phot.flux ; em.radio # a"),
        ("target_name", "cdf"),
        ("no_column", "cdf"),
        ("access_format", "application/fits"),
    ],
)
def test_other_values_are_left_alone(column, value):
    assert mend(column, value) == (value, "")


def test_a_note_is_given_once_a_word():
    _, note = mend("measurement_type", "phys.flux.density#phys.flux.density;em.radio")
    assert note.count("phys.flux.density ->") == 1


def test_what_is_written_breaks_no_rule_and_what_was_found_does():
    rules = {column: [rule for rule in VALUE_RULES if rule.columns == (column,)] for column in _TABLE}
    for column, words in _TABLE.items():
        assert column in COLUMNS
        for found, (written, why) in words.items():
            assert found == found.lower()
            assert why
            assert all(rule.accepts(written) for rule in rules[column]), written
            mended_again, note = mend(column, written)
            assert (mended_again, note) == (written, "")
