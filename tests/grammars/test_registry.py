"""Readers are chosen by content, grammars by entry point; what cannot be right is an error at start."""

from __future__ import annotations

import gzip
import sys
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace

import pytest

from epncore.model.errors import ConfigError, UnavailableError, UnknownFormatError, UnreadableError
from epncore.model.vocabularies import MEDIA_TYPES
from grammars import registry
from grammars.protocol import GrammarOptions

READER = SimpleNamespace(format="fake", sniff=lambda head: head.startswith(b"FAKE"))


def grammar(name, *, generic=False, claims=True, file_format="fake"):
    return SimpleNamespace(
        name=name, version=1, format=file_format, generic=generic, options=GrammarOptions, columns=(),
        recognises=lambda header: claims,
    )  # fmt: skip


@pytest.fixture
def installed(monkeypatch):
    """A function that makes grammars installed: pairs of entry point name and grammar."""
    monkeypatch.setattr(registry, "readers", lambda: {"fake": READER})

    def install(*pairs):
        points = []
        for number, (name, found) in enumerate(pairs):
            module = ModuleType(f"third_party_{number}")
            module.GRAMMAR = found
            monkeypatch.setitem(sys.modules, module.__name__, module)
            points.append(EntryPoint(name, f"{module.__name__}:GRAMMAR", registry.ENTRY_POINTS))
        monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "epncore.grammars" else [])
        registry.entries.cache_clear()
        registry.grammars.cache_clear()
        return points

    yield install
    registry.entries.cache_clear()
    registry.grammars.cache_clear()


def test_the_grammar_of_a_third_party_is_found_by_its_entry_point(installed):
    installed(("zulu", grammar("zulu")), ("alpha", grammar("alpha")))
    assert list(registry.grammars()) == ["alpha", "zulu"]
    assert registry.grammar_named("alpha").name == "alpha"


def test_an_unknown_name_is_answered_with_the_known_ones(installed):
    installed(("zulu", grammar("zulu")), ("alpha", grammar("alpha")))
    with pytest.raises(ConfigError, match="no grammar 'alfa'; known here: alpha, zulu"):
        registry.grammar_named("alfa")


def test_two_grammars_of_one_name_are_an_error(installed):
    installed(("one", grammar("one")), ("one", grammar("one")))
    with pytest.raises(ConfigError, match="two grammars are named 'one'") as caught:
        registry.grammars()
    assert caught.value.path == "third_party_1:GRAMMAR"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (grammar("other"), "entry point 'one' gives grammar 'other' for format 'fake'"),
        (grammar("one", file_format="hdf5"), "for format 'hdf5'. The names are the same, and formats are fake"),
        (object(), "gives grammar None for format None"),
    ],
)
def test_an_entry_point_that_gives_something_else_is_an_error(installed, found, words):
    installed(("one", found))
    with pytest.raises(ConfigError) as caught:
        registry.grammars()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [("1 / 0", "ZeroDivisionError"), ("import no_such_module", "ModuleNotFoundError"), ("x = 1", "AttributeError")],
)
def test_a_grammar_that_does_not_import_is_named(installed, tmp_path, monkeypatch, code, words):
    points = installed()
    (tmp_path / "broken_grammar.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_grammar", raising=False)
    points.append(EntryPoint("broken", "broken_grammar:GRAMMAR", registry.ENTRY_POINTS))
    with pytest.raises(ConfigError) as caught:
        registry.grammars()
    monkeypatch.delitem(sys.modules, "broken_grammar", raising=False)
    assert caught.value.path == "broken_grammar:GRAMMAR"
    assert "does not load" in caught.value.message
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([grammar("special"), grammar("generic", generic=True)], "special"),
        ([grammar("generic", generic=True), grammar("other", claims=False)], "generic"),
        ([grammar("special"), grammar("of_cdf", file_format="cdf")], "special"),
    ],
)
def test_a_special_grammar_goes_before_a_generic_one(monkeypatch, found, chosen):
    monkeypatch.setattr(registry, "grammars", lambda: {g.name: g for g in found})
    assert registry.grammar_for(object(), READER, "a.fake").name == chosen


@pytest.mark.parametrize("generic", [False, True])
def test_two_grammars_that_claim_one_file_are_an_error(monkeypatch, generic):
    found = {name: grammar(name, generic=generic) for name in ("one", "two")}
    monkeypatch.setattr(registry, "grammars", lambda: found)
    with pytest.raises(ConfigError, match=r"a\.fake: grammars one and two both claim this file. Name one"):
        registry.grammar_for(object(), READER, "a.fake")


def test_a_file_that_no_grammar_takes_is_said(monkeypatch):
    monkeypatch.setattr(registry, "grammars", lambda: {"one": grammar("one", claims=False)})
    with pytest.raises(UnknownFormatError, match=r"a\.fake: no grammar recognises this fake file"):
        registry.grammar_for(object(), READER, "a.fake")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_reader_is_chosen_by_content_packed_or_not(installed, tmp_path, pack):
    path = tmp_path / "any.suffix"
    path.write_bytes(pack(b"FAKE and more" * 1000))
    assert registry.reader_for(path) is READER


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file (0 bytes)"),
        (LFS, "a Git LFS pointer, not the file itself: fetch it with `git lfs pull`"),
        (b"<!doctype HTML><title>404", "it is an HTML page"),
        (b"<html>", "it is an HTML page"),
        (b"<?xml version='1.0'?>", "it is XML"),
        (b"CDF\x01\x00", "it is NetCDF, not CDF"),
        (b"\x89HDF\r\n", "it is HDF5"),
        (b"PK\x03\x04", "it is a ZIP archive"),
        (b"Time,Flux\r\n", "of no format that is read here: text that starts with b'Time,Flux"),
        (b'! Skeleton table for the "x" CDF.', "make the CDF from it with `skeletoncdf`"),
        (b"\x00\x01\x02", "here: binary data that starts with"),
        (gzip.compress(b"hello"), "here: text inside gzip that starts with b'hello'"),
        (gzip.compress(LFS), "a Git LFS pointer"),
        (b"\x1f\x8b garbage", "damaged gzip stream"),
    ],
)  # fmt: skip
def test_a_file_of_no_known_format_is_described(installed, tmp_path, content, words):
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        registry.reader_for(path)
    assert words in str(caught.value)
    assert caught.value.path == str(path)


def test_data_beside_a_label_lead_to_the_label(installed, tmp_path):
    data = tmp_path / "T1997298.DAT"
    data.write_bytes(b"CORPWS01\0\0")
    with pytest.raises(UnreadableError, match="Formats read here: "):
        registry.reader_for(data)
    data.with_suffix(".LBL").write_bytes(b"PDS_VERSION_ID = PDS3\r\n")
    with pytest.raises(UnreadableError, match=r"T1997298\.LBL beside it is a label: give that one"):
        registry.reader_for(data)


def test_a_file_that_cannot_be_opened_is_described(installed, tmp_path):
    with pytest.raises(UnavailableError, match=r"cannot be read \(No such file"):
        registry.reader_for(tmp_path / "none.fits")
    with pytest.raises(UnavailableError, match=r"cannot be read \(Is a directory\)"):
        registry.reader_for(tmp_path)


def test_every_format_has_a_media_type():
    assert {"cdf", "das2", "fits", "kronos", "pds3"} <= set(registry.readers())
    assert set(registry.readers()) - {"table"} <= set(MEDIA_TYPES)  # rows have no media type: a config gives it


def test_the_grammars_of_the_toolkit_are_installed():
    registry.grammars.cache_clear()
    assert {"ecallisto", "istp", "nda_routine"} <= set(registry.grammars())
