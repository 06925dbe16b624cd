"""A browser, to see pages as their readers do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def chromium(*arguments: str, profile: Path) -> str:
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("EPNCORE_REQUIRE_DACHS") == "1":
            pytest.fail("no chromium to look at pages with")
        pytest.skip("no chromium to look at pages with")
    done = subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-quic", f"--user-data-dir={profile}", *arguments],
        check=True, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.stdout
