"""Headers whose cards are all plain are read at once; that must tell what looking at each card tells."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from epncore.model.errors import UnreadableError
from grammars.readers import fits_cards
from grammars.readers.fits_bytes import FileBytes
from grammars.readers.fits_cards import BLOCK_BYTES, CARD_CHARACTERS, walk

START = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0")
TABLE = ("XTENSION= 'BINTABLE'", *START[1:])
PLAIN = (
    "ORIGIN  = 'here'", "ORIGIN  = 'there' / twice", "ORIGIN   'no value'", "ORIGIN  ='no blank'", "A       = 1",
    "lower   = 2", "_-.     = 'odd, but read'", "        = 'no name'", "", "COMMENT  text", "COMMENT = 'valued'",
    "COMMENT  this is not the END", "HISTORY  old", "LONG    = 'a&'", "QUOTE   = '=  '' / END'", "NONE    =",
    "ORIGIN  = 'Nan\xe7ay'", "BITPIX  =                   16",
)  # fmt: skip
CAREFUL = (
    "CONTINUE  'b&'", "CONTINUE= 'b'", "HIERARCH ESO DET NAME = 'x'", "HIERARCH no equals", "HIERARCH= 3", "END    = 1",
    "ENDING  = 2", "END     x", "END\x1f", "END\xa0", "SIMPLE  = T", "SIMPLE  no", "XTENSION= 'IMAGE'", "XTENSION",
    "A\x00B     = 1", "A  B    = 1", "\xe9t\xe9     = 1", "=       = 1", "A=1", " A      = 1", "A  /    = 1",
)  # fmt: skip


def padded(cards: list[str], ends: bool = True) -> bytes:
    content = b"".join(card[:CARD_CHARACTERS].ljust(CARD_CHARACTERS).encode("latin-1") for card in cards)
    content += b"END".ljust(CARD_CHARACTERS) if ends else b""
    return content + b" " * (-len(content) % BLOCK_BYTES)


def outcome(content: bytes, folder: Path) -> object:
    path = folder / "a.fits"
    path.write_bytes(content)
    with FileBytes(io.FileIO(path)) as file:
        try:
            return [(hdu.number, list(hdu.cards.items()), hdu.data_offset_bytes, hdu.data_bytes) for hdu in walk(file)]
        except UnreadableError as error:
            return error.message, error.place, error.hint


def both_ways(content: bytes, folder: Path) -> object:
    """What is read at once, which has to be what is read card by card."""
    fits_cards._shared_hdu.cache_clear()
    at_once = outcome(content, folder)
    fits_cards._shared_hdu.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fits_cards, "_plain_cards", lambda _header, _end: None)
        assert at_once == outcome(content, folder)
    fits_cards._shared_hdu.cache_clear()
    return at_once


WORDS = st.text(st.characters(codec="latin-1"), max_size=CARD_CHARACTERS)
CARDS = st.lists(st.sampled_from(PLAIN) | st.sampled_from(CAREFUL) | WORDS, max_size=6)
FILLING = st.lists(st.sampled_from(PLAIN), max_size=80)


@settings(max_examples=400, deadline=None)
@given(FILLING, CARDS, FILLING, st.booleans(), st.integers(0, 2))
@example(["A       = 1"] * 33, [], [], True, 0)  # END is the first card of a block
@example(["A       = 1"] * 32, [], [], True, 0)  # and the last one
@example(["A       = 1"] * 69, [], [], True, 0)
@example(["A       = 1"] * 68, [], [], True, 0)
@example([], ["LONG    = 'a&'", "CONTINUE  'b'"], [], True, 0)
@example([], [], [], False, 0)
def test_cards_read_at_once_are_those_read_one_by_one(tmp_path_factory, before, between, after, ends, cut):
    first = padded([*START, *before, *between, *after], ends)
    second = padded([*TABLE, *after, *between, *before], ends)
    content = (first + second)[: None if not cut else -cut * 1000]
    both_ways(content, tmp_path_factory.mktemp("cards"))


@pytest.mark.parametrize("card", CAREFUL)
def test_no_card_that_needs_a_look_is_taken_for_a_plain_one(tmp_path, card):
    header = padded([*START, card])
    both_ways(header, tmp_path)
    assert fits_cards._plain_cards(header, header.find(b"END".ljust(CARD_CHARACTERS))) is None


@pytest.mark.parametrize("card", PLAIN)
def test_plain_cards_are_read_at_once(tmp_path, card):
    header = padded([*START, card, "LAST    = 1"])
    found = both_ways(header, tmp_path)
    cards = fits_cards._plain_cards(header, header.find(b"END".ljust(CARD_CHARACTERS)))
    assert found == [(0, list(cards.items()), BLOCK_BYTES, 0)]
    assert cards["LAST"].strip() == "1"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 20_000)), max_size=8), st.integers(0, 30_000))
def test_bytes_are_those_of_their_place(tmp_path_factory, wanted, size):
    content = os.urandom(size)
    path = tmp_path_factory.mktemp("bytes") / "a"
    path.write_bytes(content)
    with FileBytes(io.FileIO(path)) as file:
        assert file.size_bytes == size
        for offset, length in wanted:
            assert file.read(offset, length) == content[offset : offset + length]


def test_a_file_system_that_gives_less_than_there_is(tmp_path, monkeypatch):
    content, pread = os.urandom(20_000), os.pread
    (tmp_path / "a").write_bytes(content)
    monkeypatch.setattr(os, "pread", lambda file, length, offset: pread(file, min(length, 700), offset))
    with FileBytes(io.FileIO(tmp_path / "a")) as file:
        assert file.read(100, 12_000) == content[100:12_100]
        assert file.read(19_990, 2880) == content[19_990:]


def test_a_file_that_shrinks_gives_what_is_left(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 30_000)
    with FileBytes(io.FileIO(tmp_path / "a")) as file:
        os.truncate(tmp_path / "a", 20_100)
        assert file.read(20_000, 2880) == b"x" * 100
        assert file.read(25_000, 2880) == b""
