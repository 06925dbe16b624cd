"""Names of targets as headers write them, brought to those of EPNcore, and what documents say of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epncore.model.row import Found, Missing
from epncore.model.vocabularies import SOLAR_SYSTEM_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grammars.protocol import Answer, Granule


def spelt(name: str) -> str:
    """``SUN`` is the Sun; what is no body of the Solar System stays as it is written."""
    return name.capitalize() if name.lower() in SOLAR_SYSTEM_CLASSES else name


def class_of(name: str) -> Found:
    """The target_class of a name: a body of the Solar System has its own, anything else is a place in the sky."""
    known = SOLAR_SYSTEM_CLASSES.get(name.lower())
    if known:
        return Found(known, f"the class of {name}")
    return Found("sky", f"{name} is no body of the Solar System known here")


def told_of(granule: Granule, documents: Mapping[str, Found]) -> Answer:
    """What documents say of the targets of a row, in their order, each word once.

    Parameters
    ----------
    granule : Granule
        Whose row has its target_name.
    documents : mapping of str to Found
        By target_name: words, and the document that says them.
    """
    names = str(granule.row.get("target_name") or "").split("#")
    known = [documents[name] for name in names if name in documents]
    if not known:
        return Missing(f"no document says it of {', '.join(filter(None, names)) or 'no target'}")
    every = (each.value if isinstance(each.value, tuple) else (each.value,) for each in known)
    words = tuple(dict.fromkeys(str(word) for value in every for word in value))
    return Found(words, "; ".join(dict.fromkeys(each.source for each in known)))
