"""Names of targets as FITS headers of ground-based arrays write them, brought to those of EPNcore."""

from __future__ import annotations

from epncore.model.row import Found
from epncore.model.vocabularies import SOLAR_SYSTEM_CLASSES


def spelt(name: str) -> str:
    """``SUN`` is the Sun; what is no body of the Solar System stays as it is written."""
    return name.capitalize() if name.lower() in SOLAR_SYSTEM_CLASSES else name


def class_of(name: str) -> Found:
    """The target_class of a name: a body of the Solar System has its own, anything else is a place in the sky."""
    known = SOLAR_SYSTEM_CLASSES.get(name.lower())
    if known:
        return Found(known, f"the class of {name}")
    return Found("sky", f"{name} is no body of the Solar System known here")
