"""The wheel that is built from the source distribution holds all that an installation needs, under names of ours."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("epncore", "grammars", "datalink", "rd_templates")


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_is_imported_from_here(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


@pytest.mark.live
def test_the_wheel_holds_code_and_data(tmp_path: Path) -> None:
    # pip builds the wheel as it would for a user; PIP_* settings of the machine tell where build tools come from.
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT],
        check=True, env=os.environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("epncore-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == set(PACKAGES)
    assert any(name.endswith("licenses/LICENSE") for name in names)
