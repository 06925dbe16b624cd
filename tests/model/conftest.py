"""What the tests of the model share."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from mutants import GOOD_ROW


@pytest.fixture
def minimal() -> dict[str, Any]:
    """The keys that a collection.toml cannot do without, as TOML gives them."""
    return {
        "schema": "jupiter",
        "title": "Jupiter",
        "description": "Dynamic spectra",
        "creators": ["Galilei, G."],
        "created": dt.date(2024, 7, 16),
        "licence": "CC-BY-4.0",
        "subjects": ["solar-system-astronomy"],
        "product": [{"sources": ["*.cdf"], "grammar": "istp", "granule_gid": "spectra"}],
    }


@pytest.fixture
def good_row() -> dict[str, Any]:
    """A row over all columns that breaks no rule."""
    return dict(GOOD_ROW)
