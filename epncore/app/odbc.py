"""Databases by ODBC, for SQLAlchemy: whatever has a driver, by plain SQL and nothing of one vendor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.connectors.pyodbc import PyODBCConnector
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect

SCHEME = "odbc:"
"""What an ODBC connection string is told from a URL by."""
URL = "epncore_odbc://"
_CONNECT_SECONDS = 10
_SECRET = re.compile(r"\b(?:pwd|password)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)", re.IGNORECASE)


class OdbcDialect(PyODBCConnector, DefaultDialect):
    """Standard SQL with ``?`` for parameters. Names are quoted as the driver says."""

    name = "epncore_odbc"
    supports_statement_cache = True

    def on_connect(self) -> Callable[[Any], None]:
        """Ask the driver for its quotes, which are not the same for all databases."""

        def ask(connection: Any) -> None:
            import pyodbc

            quote = connection.getinfo(pyodbc.SQL_IDENTIFIER_QUOTE_CHAR).strip() or '"'
            self.identifier_preparer.initial_quote = quote
            self.identifier_preparer.final_quote = {"[": "]"}.get(quote, quote)

        return ask

    def initialize(self, connection: Any) -> None:
        """Nothing more is asked of a server of which nothing is known."""


def register() -> None:
    """Let SQLAlchemy know the dialect."""
    registry.register("epncore_odbc", __name__, OdbcDialect.__name__)


def creator(text: str) -> Callable[[], Any]:
    """A function that connects by a connection string."""

    def connect() -> Any:
        import pyodbc

        return pyodbc.connect(text, timeout=_CONNECT_SECONDS, readonly=True, autocommit=False)

    return connect


def secrets(text: str) -> list[str]:
    """Passwords in a connection string."""
    found = [match[1] for match in _SECRET.finditer(text)]
    return [word for each in found for word in (each, each.strip("{}")) if word]


if TYPE_CHECKING:
    _: type[Dialect] = OdbcDialect
