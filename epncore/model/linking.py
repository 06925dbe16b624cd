"""What a ``collection.toml`` says of links: documents, further formats, previews, the das2 server."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from epncore.model.config_types import STRICT, MediaType, Text, TextTemplate, Url, UrlTemplate

_DAS2_OWN = ("server", "dataset", "start_time", "end_time", "resolution")


class _Table(BaseModel):
    model_config = STRICT


class Documentation(_Table):
    """A document on the collection, linked from each granule by Datalink."""

    url: Url
    title: Text


class Format(_Table):
    """The same product in another format."""

    url: UrlTemplate
    format: MediaType
    title: Text


class Preview(_Table):
    """A picture of the data: an image as it is, or a plot with axes."""

    url: UrlTemplate
    kind: Literal["image", "plot"] = "plot"
    format: MediaType | None = None
    title: Text = "Preview"


class Das2(_Table):
    """A das2 server that streams the product at any resolution.

    Attributes
    ----------
    server : str
        URL, without a query.
    dataset : str
        Template of the data source's path on that server.
    params : dict of str to str
        Further parameters that each request must have, as the server wants them.
    """

    server: Url
    dataset: TextTemplate
    params: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")], str] = {}

    @field_validator("server")
    @classmethod
    def _is_no_request(cls, server: str) -> str:
        if "?" in server or "#" in server:
            raise ValueError("the server's URL ends before the ?; fixed parameters go to params")
        return server

    @field_validator("params")
    @classmethod
    def _are_fixed(cls, params: dict[str, str]) -> dict[str, str]:
        if taken := [name for name in params if name.lower() in _DAS2_OWN]:
            raise ValueError(f"{taken[0]} differs from granule to granule or has its own key; leave it out")
        return params
