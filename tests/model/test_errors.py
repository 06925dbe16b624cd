"""Errors say what, where and what next, and cross process borders."""

from __future__ import annotations

import copy
import pickle

import pytest

from epncore.model import errors

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize(
    ("path", "place", "hint", "text"),
    [
        (None, None, None, "it is wrong"),
        ("a.cdf", None, None, "a.cdf: it is wrong"),
        (None, "key", None, "key: it is wrong"),
        ("a.cdf", "key", "Mend it", "a.cdf, key: it is wrong. Mend it"),
    ],
)
def test_an_error_reads_as_where_what_and_what_next(path, place, hint, text):
    assert str(errors.EpnCoreError("it is wrong", path=path, place=place, hint=hint)) == text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("through", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_an_error_survives_the_way_to_another_process(kind, through):
    error = kind("it is wrong", path="a.cdf", place="key", hint="Mend it")
    again = through(error)
    assert type(again) is kind
    assert (again.message, again.path, again.place, again.hint) == ("it is wrong", "a.cdf", "key", "Mend it")
    assert str(again) == str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_command_and_config_exit_with_2_a_busy_collection_with_4_others_with_1(kind):
    expected = {errors.UsageError: 2, errors.ConfigError: 2, errors.BusyError: 4}
    assert kind("x").exit_code == expected.get(kind, 1)


def test_everything_wrong_with_one_file_is_a_file_error():
    of_files = {kind.__name__ for kind in KINDS if issubclass(kind, errors.FileError)}
    assert of_files == {
        "FileError", "UnreadableError", "UnavailableError", "NotGranuleError", "HeaderError", "UnknownFormatError",
        "RuleBrokenError",
    }  # fmt: skip
    assert all(issubclass(kind, errors.EpnCoreError) for kind in KINDS)
