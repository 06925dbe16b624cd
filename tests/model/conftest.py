"""What the tests of the model share."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from epncore.model.columns import COLUMNS


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
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    noon = dt.datetime(2024, 7, 16, 12)
    row |= {
        "granule_uid": "spectra_20240716", "granule_gid": "spectra", "obs_id": "20240716", "service_title": "jupiter",
        "dataproduct_type": "ds", "measurement_type": "phot.flux.density;em.radio#phys.polarization",
        "processing_level": 3, "target_name": "Jupiter", "target_class": "planet", "spatial_frame_type": "none",
        "time_min": 2460508.0, "time_max": 2460508.5, "spectral_range_min": 1e7, "spectral_range_max": 4e7,
        "creation_date": noon, "modification_date": noon, "release_date": noon,
        "access_url": "https://data.example.org/a.cdf", "access_format": "application/x-cdf", "access_estsize": 12,
        "access_md5": "0123456789abcdef0123456789abcdef", "messenger": "Radio", "time_scale": "UTC",
        "particle_spectral_type": "energy",
    }  # fmt: skip
    return row
