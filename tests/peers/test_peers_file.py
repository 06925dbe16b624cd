"""peers.toml leaves no collection out, and explains nothing that is not there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

PEERS = tomllib.loads((Path(__file__).parent / "peers.toml").read_text("utf-8"))
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
EXPLAINED = {"open", "times", "frequencies", "time_min", "time_max", "spectral_range_min", "spectral_range_max"}


@pytest.mark.parametrize("name", PEERS)
def test_each_collection_is_read_or_it_is_said_why_not(name: str) -> None:
    unread = [each for group in PEERS[name]["unread"] for each in group["collections"]]
    collections = sorted(path.parent.name for path in SAMPLES.glob("*/collection.toml"))
    assert sorted([*PEERS[name]["reads"], *unread]) == collections
    assert all(group["why"].strip() for group in PEERS[name]["unread"])


@pytest.mark.parametrize("name", PEERS)
def test_explanations_are_of_made_files_and_of_what_is_compared(name: str) -> None:
    for collection, files in PEERS[name]["explained"].items():
        assert collection in PEERS[name]["reads"]
        for file, reasons in files.items():
            assert file == "*" or (SAMPLES / collection / "expected" / f"{file}.json").is_file()
            assert reasons.keys() <= EXPLAINED
            assert all(reason.strip() for reason in reasons.values())
