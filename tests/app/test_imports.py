"""What is not needed is not imported: that would be most of the time of a small ingest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"

INGEST = """
import sys
from pathlib import Path
import epncore.app.cli, epncore.app.database, epncore.app.ingest
from epncore.model.collection import load
from grammars.plan import compile_plans
folder = Path(sys.argv[1])
compile_plans(load(folder), str(folder / "collection.toml"))
print(*sys.modules)
"""
"""What an ingest does before it makes its worker processes."""

OF_OTHERS = {"cdflib", "distributed", "jinja2", "lxml", "matplotlib", "pdr", "PIL", "pyvo", "requests"}


def imported(code: str, *words: str) -> set[str]:
    command = [sys.executable, "-c", code, *words]
    return set(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.split())


@pytest.mark.parametrize(
    ("sample", "grammar", "file_format"), [("ecallisto", "ecallisto", "fits"), ("wind_waves", "istp", "cdf")]
)
def test_an_ingest_imports_the_grammar_and_the_reader_that_its_collection_names(
    sample: str, grammar: str, file_format: str
) -> None:
    there = imported(INGEST, str(SAMPLES / sample))
    others = {"cdf", "das2", "fits", "kronos", "pds3", "votable"} - {file_format}
    # What every file needs must be there before worker processes are forked, or each of them imports it again.
    assert {f"grammars.{grammar}", f"grammars.readers.{file_format}", "astropy.units"} <= there
    assert ("fitsio" in there) == (file_format == "fits")
    assert not there & {f"grammars.readers.{name}" for name in others}
    assert not there & {"grammars.das2stream", "grammars.mapped_fits", "grammars.nenufar", "grammars.votable"}
    assert not there & OF_OTHERS


def test_the_command_line_itself_imports_no_heavy_library() -> None:
    there = imported("import epncore.app.cli, sys; print(*sys.modules)")
    assert not there & {"astropy", "grammars.registry", "numpy", "psycopg", "pydantic", "sqlalchemy", *OF_OTHERS}
