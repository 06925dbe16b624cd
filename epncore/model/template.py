"""Templates for identifiers and URLs: ``{name}`` fields, nothing else. No attribute, no format, no code."""

from __future__ import annotations

import string
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FIELDS: Mapping[str, str] = {
    "schema": "the schema of the collection",
    "gid": "granule_gid of the product",
    "stem": "file name without its suffixes",
    "name": "file name",
    "path": "path of the file below the product's root",
    "uid": "granule_uid",
    "obs_id": "obs_id",
    "picture": "file name of the granule's preview, without .png: granule_uid, made safe",
    "year": "of time_min, four digits",
    "month": "of time_min, two digits",
    "day": "of time_min, two digits",
    "hour": "of time_min, two digits",
    "minute": "of time_min, two digits",
}
"""What templates may name, and what it stands for."""
TIME_FIELDS = frozenset({"year", "month", "day", "hour", "minute"})
"""Those that need `time_min`."""


@lru_cache(maxsize=256)
def parsed(text: str) -> Template:
    """A template of a config: each is parsed once, not once a granule."""
    return Template(text)


class Template:
    """A parsed template.

    Parameters
    ----------
    text : str
        For example ``https://data.example.org/{year}/{name}``.
    fields : collection of str, optional
        The names that it may use; None where any name is a field, that of a header card say.

    Raises
    ------
    ValueError
        Where the text is no template, or names something else.
    """

    def __init__(self, text: str, fields: Collection[str] | None = tuple(FIELDS)) -> None:
        self.text = text
        self.parts: list[tuple[str, str | None]] = []
        try:
            parsed = list(string.Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"{text!r} is no template ({error}); fields look like {{stem}}") from None
        for literal, name, spec, conversion in parsed:
            is_known = bool(name) if fields is None else name in fields
            if name is not None and (not is_known or spec or conversion):
                if fields is None:
                    shown = f"{{{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
                    raise ValueError(f"{shown} is no field: a name alone in braces is, as {{OBJECT}}")
                known = ", ".join(f"{{{field}}}" for field in fields)
                raise ValueError(f"{{{name}}} is no field; known here: {known}")
            self.parts.append((literal, name))
        self._form = "".join(
            literal.replace("%", "%%") + ("" if name is None else "%s") for literal, name in self.parts
        )
        self._named = [name for _, name in self.parts if name is not None]
        self.fields = frozenset(self._named)
        """The names that it uses."""
        self.needs_time = not TIME_FIELDS.isdisjoint(self.fields)
        """Whether a `time_min` must be known."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it uses, each once, in their order."""
        return tuple(dict.fromkeys(self._named))

    def render(self, values: Mapping[str, str]) -> str:
        """Fill in the values as they are."""
        return self._form % tuple([values[name] for name in self._named])

    def render_url(self, values: Mapping[str, str]) -> str:
        """Fill in the values percent-encoded, but for the ``/`` of a path (RFC 3986).

        The bytes of a file name that is no UTF-8 are encoded as they are.
        """
        return self._form % tuple([_quoted(values[name], "/" if name == "path" else "") for name in self._named])


@lru_cache(maxsize=32)  # the templates of a granule ask for the same
def _quoted(value: str, safe: str) -> str:
    return quote(value, safe=safe, errors="surrogateescape")
