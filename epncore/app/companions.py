"""Files that belong to one granule with another: which they are, by the names that the config gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from epncore.model.template import Template
from grammars.common import stem

if TYPE_CHECKING:
    from epncore.model.collection import Product

_FIELDS = ("stem", "name")


def companion_names(product: Product, relative: str) -> list[str]:
    """Paths below the root of the companions of a file, in the order of the config."""
    if not product.companions:
        return []
    folder, slash, name = relative.rpartition("/")
    # Other than in identifiers the last suffix always goes: that of a label is known to no reader.
    short = stem(name) if stem(name) != name else name.rpartition(".")[0] or name
    values = {"stem": short, "name": name}
    return [f"{folder}{slash}{Template(text, _FIELDS).render(values)}" for text in product.companions]


def companion_pattern(product: Product) -> re.Pattern[str] | None:
    """What paths of companions look like; None where the product has none.

    By its name alone a file is a companion: one whose main file is missing is no granule of its own either.
    """
    if not product.companions:
        return None
    texts = []
    for text in product.companions:
        parts = Template(text, _FIELDS).parts
        texts.append("".join(re.escape(literal) + ("[^/]+" if name else "") for literal, name in parts))
    return re.compile(f"(?s:(?:.*/)?(?:{'|'.join(texts)}))")
