"""How grave it is that a rule is broken. Of its own, so that the command line knows the words without the rules."""

from __future__ import annotations

from typing import Literal

Severity = Literal["error", "warning", "advice"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "advice")
"""From the gravest: an error breaks the standard, a warning hides granules from somebody, advice is what users wish."""
