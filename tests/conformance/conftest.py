"""A running DaCHS for the tests that ask for one; nothing is started for the others."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from epncore.testing.dachs_lab import DachsLab

from .linked import linked  # noqa: F401  # a fixture


@pytest.fixture(scope="session")
def dachs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DachsLab]:
    """A laboratory that is up and serves, one for the whole session.

    Where a part is missing the test is skipped; with EPNCORE_REQUIRE_DACHS=1 it fails, so that a CI that promises to
    run against DaCHS cannot pass by skipping.
    """
    if missing := DachsLab.missing():
        reason = f"no DaCHS to test against: {'; '.join(missing)}"
        if os.environ.get("EPNCORE_REQUIRE_DACHS") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with DachsLab(tmp_path_factory.mktemp("dachs")) as lab:
        yield lab
