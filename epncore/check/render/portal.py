"""What the portal would see, for people and for programs: forms by tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from epncore.check.portal import Outcome, Unasked
from epncore.model.printable import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_STYLES = {"found": "green", "fell back": "yellow", "failed": "bold red", "missed": "bold red"}


def portal_json(found: Sequence[Outcome | Unasked]) -> dict[str, Any]:
    """``{"forms": [{"service", "table", "form", "verdict", "reason", "adql", ...}], "unasked": [...]}``."""
    return {
        "forms": [asdict(each) for each in found if isinstance(each, Outcome)],
        "unasked": [asdict(each) for each in found if isinstance(each, Unasked)],
    }


def portal(console: Console, found: Sequence[Outcome | Unasked]) -> None:
    """Print a matrix of forms and tables; below it, the reasons of what is not found."""
    outcomes = [each for each in found if isinstance(each, Outcome)]
    cells = {(each.form, each.service, each.table): each for each in outcomes}
    tables = list(dict.fromkeys((each.service, each.table) for each in outcomes))
    matrix = Table(title="The portal's forms", title_justify="left", header_style="bold")
    matrix.add_column("form")
    for service, name in tables:
        matrix.add_column(safe(f"{name}\n{service}".replace("\n", " at ")), overflow="fold")
    for form in dict.fromkeys(each.form for each in outcomes):
        line = [_cell(cells.get((form, *table))) for table in tables]
        matrix.add_row(safe(form), *line)
    if tables:
        console.print(matrix)
    for each in outcomes:
        if each.verdict in ("failed", "missed", "fell back", "absent"):
            console.print(safe(f"{each.table}, {each.form}: {each.verdict}, {each.reason}"), soft_wrap=True)
            if each.adql:
                console.print(safe(f"  {each.adql}"), style="dim", soft_wrap=True)
    for one in found:
        if isinstance(one, Unasked):
            console.print(safe(f"could not be asked: {one.reason}"), style="bold red", soft_wrap=True)


def _cell(outcome: Outcome | None) -> Text:
    if outcome is None:
        return Text("")
    words = f"{outcome.verdict}, {outcome.seconds:.1f} s" if outcome.adql else outcome.verdict
    style = "bold red" if outcome.is_failure else _STYLES.get(outcome.verdict, "dim")
    return Text(words, style)
