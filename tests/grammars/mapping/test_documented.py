"""The examples of the documents and of `epncore new` are right mappings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grammars.registry import grammar_named

from .conftest import COLLECTION, plan_of

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "collection.md"
EXAMPLES = re.findall(r"(?s)```toml\n(.*?)```", DOCUMENT.read_text("utf-8").split("## A mapping")[1])


@pytest.mark.parametrize(("example", "grammar"), list(zip(EXAMPLES, ["mapped_fits", "mapped_cdf"], strict=True)))
def test_the_examples_of_the_document_compile(example: str, grammar: str) -> None:
    plan = plan_of(example)
    assert plan.grammar.name == grammar
    assert {"time_min", "time_max", "spectral_range_min", "target_name"} <= {step.column for step in plan.steps}


@pytest.mark.parametrize("grammar", ["mapped_fits", "mapped_cdf"])
@pytest.mark.parametrize("every_line", [False, True])
def test_what_new_writes_compiles_with_and_without_its_comments(grammar: str, every_line: bool) -> None:
    text = str(getattr(grammar_named(grammar), "example"))  # noqa: B009  # no part of the protocol
    if every_line:
        text = re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", text)
    plan_of(f'{COLLECTION}grammar = "{grammar}"\n{text}')
