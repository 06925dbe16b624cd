"""docs/new-grammar.md does what it says: its files are written, its commands are run, and they print what it prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from epncore.app.database import Database

pytestmark = pytest.mark.live

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "new-grammar.md"
BLOCK = re.compile(r"^```(?P<kind>python|toml|console)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)


def test_each_step_of_the_document_works(database: Database, tmp_path: Path) -> None:
    programs = str(Path(sys.executable).parent)
    environment = {
        **os.environ, "COLUMNS": "200", "EPNCORE_DSN": database.dsn, "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }  # fmt: skip
    done: list[str] = []
    for block in BLOCK.finditer(DOCUMENT.read_text("utf-8")):
        if block["kind"] == "console":
            for step in block["text"].removeprefix("$ ").split("\n$ "):
                command, *said = step.splitlines()
                printed = subprocess.run(
                    shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
                )
                assert printed.returncode in {0, 3}, f"{command}: {printed.stdout}{printed.stderr}"
                text = " ".join(printed.stdout.split())
                assert [line for line in said if " ".join(line.split()) not in text] == [], f"{command}: {text}"
                done.append(command)
        elif block["file"]:
            path = tmp_path / block["file"]
            path.parent.mkdir(exist_ok=True)
            path.write_text(block["text"], "utf-8")
    assert len(done) == 7
