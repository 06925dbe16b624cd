"""docs/rules.md says what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from epncore.check.render.rules import rules_document
from epncore.model.rules import RULES

PATH = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
MARK = "<!-- From here on: pytest tests/app/test_rules_document.py --update-expectations -->\n\n"


def test_the_document_of_rules_says_what_the_rules_say(request: pytest.FixtureRequest) -> None:
    introduction, _, told = PATH.read_text("utf-8").partition(MARK)
    if request.config.getoption("--update-expectations"):
        PATH.write_text(introduction + MARK + rules_document(), "utf-8")
    else:
        assert told == rules_document()


def test_each_rule_is_in_the_document_once() -> None:
    lines = PATH.read_text("utf-8").splitlines()
    for rule in RULES:
        assert sum(line.startswith(f"- `{rule.id}`:") for line in lines) == 1
