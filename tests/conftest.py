"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: nothing here is timed.
settings.register_profile("epncore", deadline=None)
settings.load_profile("epncore")

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-expectations", action="store_true", help="write the expected rows of sample_data/ anew")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real files of many instruments; its place is handed over by the environment."""
    place = os.environ.get("EPNCORE_REAL_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("no real files at hand: set EPNCORE_REAL_DATA to their folder")
    return Path(place)
