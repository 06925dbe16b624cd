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


def known_of(answer: Answer) -> Answer:
    """Of the targets that a file names, the bodies of the Solar System; its provenance says what was left out."""
    if not isinstance(answer, Found):
        return answer
    names = answer.value if isinstance(answer.value, tuple) else (answer.value,)
    known = tuple(dict.fromkeys(spelt(str(name)) for name in names if str(name).lower() in SOLAR_SYSTEM_CLASSES))
    others = [repr(str(name)) for name in names if str(name).lower() not in SOLAR_SYSTEM_CLASSES]
    if not known:
        return Missing(f"{answer.source} names no body of the Solar System known here: {', '.join(others)}")
    left_out = f"; no body of the Solar System, and left out: {', '.join(others)}" if others else ""
    return Found(known, f"{answer.source}{left_out}")


def classes_of_row(granule: Granule) -> Answer:
    """The classes of the targets of a row, in their order, each once."""
    names = [name for name in str(granule.row.get("target_name") or "").split("#") if name]
    known = [SOLAR_SYSTEM_CLASSES[name.lower()] for name in names if name.lower() in SOLAR_SYSTEM_CLASSES]
    if not known:
        return Missing("no target is known of which the class would be")
    return Found(tuple(dict.fromkeys(known)), f"the class of {' and '.join(names)}")


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
