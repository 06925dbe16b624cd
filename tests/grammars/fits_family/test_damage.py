"""Damaged files of these formats: always a row or a reason, never another error, and never for long."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from epncore.model.errors import FileError, HeaderError, UnreadableError

from .conftest import FILES, Made, changed, row_of, turned

pytestmark = pytest.mark.parametrize("collection", FILES)


@pytest.fixture
def sound(made: Made, collection: str) -> Path:
    return made(collection, FILES[collection])


def refused(collection: str, path: Path, kind: type[FileError]) -> FileError:
    with pytest.raises(kind) as caught:
        row_of(collection, path, FILES[collection])
    assert caught.value.message
    assert caught.value.place
    return caught.value


def with_card(content: bytes, card: bytes, value: str) -> bytes:
    """The last card of that keyword with another number."""
    place = content.rindex(card.ljust(8) + b"=")
    return content[:place] + card.ljust(8) + b"= " + value.rjust(20).encode() + content[place + 30 :]


def test_cut_anywhere(collection: str, sound: Path, tmp_path: Path) -> None:
    content, path = sound.read_bytes(), tmp_path / "cut.fits"
    for length in (80, 2879, 2880, 4000, len(content) // 2, len(content) - 2881):
        path.write_bytes(content[:length])
        refused(collection, path, FileError)  # tables that are missing altogether are the grammar's to miss


def test_zero_records(collection: str, sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.fits"
    keyword = b"NAXIS1" if collection == "iitate" else b"NAXIS2"
    path.write_bytes(with_card(sound.read_bytes(), keyword, "0"))
    refused(collection, path, FileError)


def test_numbers_in_the_other_byte_order(collection: str, sound: Path, tmp_path: Path) -> None:
    content, path = sound.read_bytes(), tmp_path / "turned.fits"
    path.write_bytes(turned(content))
    if collection == "iitate":  # an image of bytes, axes in cards: there is nothing to turn
        assert path.read_bytes() == content
        return
    refused(collection, path, HeaderError)


@pytest.mark.parametrize("count", ["10000000000", "99999999999999999999999999", "-1", "1.5", "T"])
def test_absurd_counts(collection: str, sound: Path, tmp_path: Path, count: str) -> None:
    path = tmp_path / "absurd.fits"
    path.write_bytes(with_card(sound.read_bytes(), b"NAXIS2", count))
    refused(collection, path, UnreadableError)


def test_no_day_and_no_count_that_leads_out_of_the_calendar(collection: str, sound: Path, tmp_path: Path) -> None:
    changes: dict[str, Callable[[fits.HDUList], object]] = {
        "iitate": lambda hdus: hdus[0].header.set("CDELT1", 1.7e308),
        "lwa1_sdfits": lambda hdus: hdus[1].data["TIME"].fill(1.7e308),
        "nda_newroutine": lambda hdus: hdus[2].data["jd"].fill(np.inf),
        "nenufar": lambda hdus: hdus[7].data["jd"].fill(1.7e308),
    }
    refused(collection, changed(sound, tmp_path, changes[collection]), HeaderError)


def test_bytes_changed_at_random(collection: str, sound: Path, tmp_path: Path) -> None:
    """Mostly in cards: no other error, no crash of the C library."""
    rng, content, path = random.Random(1961), sound.read_bytes(), tmp_path / "changed.fits"
    starts = [0] + [place for place in range(0, len(content), 2880) if content.startswith(b"XTENSION", place)]
    for _ in range(80):
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 2, 10])):
            place = rng.choice(starts) + rng.randrange(4000)
            damaged[min(place, len(content) - 1)] = rng.choice([*b" 0'9-,(", rng.randrange(256)])
        path.write_bytes(damaged)
        with contextlib.suppress(FileError):
            row_of(collection, path, FILES[collection])


def test_noise_instead_of_tables(collection: str, sound: Path, tmp_path: Path) -> None:
    """What hypothesis makes of blocks behind the first, whole rows of them."""
    content, path = sound.read_bytes(), tmp_path / "noise.fits"

    @settings(max_examples=40)
    @given(st.integers(2880, len(content) - 1), st.binary(min_size=1, max_size=2000))
    def give_noise(place: int, noise: bytes) -> None:
        path.write_bytes(content[:place] + noise + content[place + len(noise) :])
        with contextlib.suppress(FileError):
            row_of(collection, path, FILES[collection])

    give_noise()
