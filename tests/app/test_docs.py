"""The documents name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from epncore.model.collection import Collection, Documentation, OwnColumn, Product
from epncore.model.columns import COLUMNS
from epncore.model.source_table import SourceTable
from grammars.registry import grammars

ROOT = Path(__file__).resolve().parents[2]


def keys() -> set[str]:
    models = (Collection, Product, OwnColumn, Documentation)
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def test_each_key_of_a_table_is_explained() -> None:
    words = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs/collection.md").read_text("utf-8")))
    assert set(SourceTable.model_fields) - words == set()


@pytest.mark.parametrize("path", ["docs/collection.md", "epncore/app/new_collection.toml"])
def test_each_key_of_a_collection_is_explained(path: str) -> None:
    words = set(re.findall(r"[a-z_0-9]+", (ROOT / path).read_text("utf-8")))
    assert keys() - words == set()


def test_each_option_of_each_grammar_is_explained() -> None:
    words = set(re.findall(r"[a-z_0-9]+", (ROOT / "docs/collection.md").read_text("utf-8")))
    for name, grammar in grammars().items():
        assert {name, *grammar.options.model_fields} - words == set()


def columns_document() -> str:
    """The table of columns for people, from the one that the code has."""
    lines = [
        "# The columns of EPNcore 2.0",
        "",
        "Made from `epncore/model/columns.csv` by `pytest tests/app/test_docs.py --update-expectations`. Units and",
        "UCDs in braces depend on `spatial_frame_type` or `particle_spectral_type`. Bold names must have a value; `#`",
        "marks lists.",
        "",
        "| column | type | unit | UCD | what it is |",
        "| --- | --- | --- | --- | --- |",
    ]
    heading = ""
    for column in COLUMNS.values():
        if (group := column.extension or f"{column.level} columns") != heading:
            heading = group
            lines.append(f"| *{group}* | | | | |")
        name = f"**{column.name}**" if column.not_null else column.name
        kind = f"{column.type} #" if column.hash_list else column.type
        lines.append(f"| {name} | {kind} | {column.unit} | {column.ucd} | {column.description} |")
    return "\n".join(lines) + "\n"


def test_the_document_of_columns_says_what_the_table_says(request: pytest.FixtureRequest) -> None:
    path = ROOT / "docs" / "columns.md"
    if request.config.getoption("--update-expectations"):
        path.write_text(columns_document(), "utf-8")
    assert path.read_text("utf-8") == columns_document()


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        text = document.read_text("utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (document.parent / target).exists(), f"{document.name} -> {target}"
        for target in re.findall(r"docs/adr/[0-9]{4}", text):
            assert list(ROOT.glob(f"{target}-*.md")), f"{document.name} -> {target}"


def test_decision_records_that_the_code_names_are_there() -> None:
    for source in ROOT.glob("*/**/*.py"):
        if ".venv" not in source.parts:
            for target in re.findall(r"docs/adr/[0-9]{4}", source.read_text("utf-8")):
                assert list(ROOT.glob(f"{target}-*.md")), f"{source} -> {target}"
