"""The documents name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from epncore.model.collection import Collection, Documentation, OwnColumn, Product
from grammars.registry import grammars

ROOT = Path(__file__).resolve().parents[2]


def keys() -> set[str]:
    models = (Collection, Product, OwnColumn, Documentation)
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


@pytest.mark.parametrize("path", ["docs/collection.md", "epncore/app/new_collection.toml"])
def test_each_key_of_a_collection_is_explained(path: str) -> None:
    words = set(re.findall(r"[a-z_0-9]+", (ROOT / path).read_text("utf-8")))
    assert keys() - words == set()


def test_each_option_of_each_grammar_is_explained() -> None:
    words = set(re.findall(r"[a-z_0-9]+", (ROOT / "docs/collection.md").read_text("utf-8")))
    for name, grammar in grammars().items():
        assert {name, *grammar.options.model_fields} - words == set()


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
