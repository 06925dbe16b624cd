"""Rows of a table in somebody's database. The application fetches them: a grammar knows no database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from epncore.model.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

Plain: TypeAlias = "str | int | float | bool | list[Plain] | None"
"""What a cell of such a row is for a grammar; times are texts, ISO 8601 UTC without a zone."""


def canonical(cells: Mapping[str, Plain]) -> str:
    """A row as a text that is the same for the same values, in whichever order the query names its columns."""
    return json.dumps(cells, sort_keys=True)


class RowReader:
    """Stands for the format. There is no file to open."""

    format = "table"

    def sniff(self, head: bytes) -> bool:  # noqa: ARG002  no file is one
        """Whether bytes are of this format: never."""
        return False

    def open(self, path: Path) -> RowHeader:
        """Refuse.

        Raises
        ------
        UnreadableError
            Always.
        """
        raise UnreadableError("rows of a table stand in no file", path=str(path), hint="Name them by [product.table]")


class RowHeader:
    """One row: its cells by the names of their columns, any case.

    Parameters
    ----------
    cells : mapping of str to Plain
    """

    def __init__(self, cells: Mapping[str, Plain]) -> None:
        self._cells = {name.lower(): value for name, value in cells.items()}
        self._names = tuple(cells)

    def __enter__(self) -> RowHeader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def keys(self) -> tuple[str, ...]:
        """Names of the columns, as the query has them."""
        return self._names

    def get(self, name: str) -> Plain:
        """A cell; None where there is no such column, or NULL."""
        return self._cells.get(name.lower())
