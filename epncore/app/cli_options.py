"""What commands share: how their help ends, and options that several have."""

from __future__ import annotations

from typing import Any

import click


class Command(click.Command):
    """A command whose help ends in an example, kept as it was written."""

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.epilog = f"\b\nExample:\n  {example}"


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
