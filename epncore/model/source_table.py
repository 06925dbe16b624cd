"""A table of somebody's database whose rows become granules: the ``[product.table]`` of a collection.toml."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from epncore.model.config_types import STRICT, Text

PREFIX = "table:"
"""What the ledger's paths of such rows begin with."""

# user:password@host; the keys by which ODBC and libpq are handed one.
_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@|\b(pwd|password)\s*=", re.IGNORECASE)


def _keys(value: object) -> object:
    return [value] if isinstance(value, str) else value


class SourceTable(BaseModel):
    """Where the rows are.

    Attributes
    ----------
    url, url_env : str, optional
        A URL as SQLAlchemy takes it, or ``odbc:`` and an ODBC connection string: here, without a password, or in the
        environment variable of that name.
    query : str
        A SELECT.
    key : list of str
        Columns of its answer that name a row for ever, whole numbers or texts.
    modified : str, optional
        A column with the time of a row's last change, UTC.
    """

    model_config = STRICT

    url: Text | None = None
    url_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    query: Text
    key: Annotated[list[Text], Field(min_length=1), BeforeValidator(_keys)]
    modified: Text | None = None

    @field_validator("url")
    @classmethod
    def _holds_no_password(cls, url: str | None) -> str | None:
        if url is not None and _PASSWORD.search(url):
            raise ValueError(
                "a password stands in it, and this file is no place for one: put the URL into an environment variable "
                "and name that by url_env, or the password into ~/.pgpass"
            )
        return url

    @field_validator("query")
    @classmethod
    def _is_a_query(cls, query: str) -> str:
        if not re.match(r"\s*(select|with)\b", query, re.IGNORECASE):
            raise ValueError("a query begins with SELECT, or with WITH")
        return query.rstrip("; \n\t")

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("say where the database is, by url or by url_env")
        return self
