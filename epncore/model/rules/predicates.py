"""What value rules ask of texts: each predicate is true of what is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from astropy import units as u
from astropy.io.votable.ucd import parse_ucd

from epncore.model.vocabularies import REFERENCE_POSITIONS, SOLAR_SYSTEM_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def terms(allowed: Iterable[str], *, listed: bool) -> Callable[[str], bool]:
    """A predicate: one of these terms, or a hash list of them."""
    known = frozenset(allowed)
    if listed:
        return lambda value: all(item in known for item in value.split("#"))
    return known.__contains__


def is_position(value: str) -> bool:
    """A term of the vocabulary, or a name: any other text, since names have no list."""
    return value in REFERENCE_POSITIONS or value.upper() not in REFERENCE_POSITIONS


def _ucd_words(item: str) -> list[str] | None:
    try:
        words = parse_ucd(item, check_controlled_vocabulary=True)
    except ValueError:
        return None
    return [word for _, word in words]


def are_ucds(value: str) -> bool:
    """A hash list of UCD1+ by grammar and controlled vocabulary."""
    return all(_ucd_words(item) is not None for item in value.split("#"))


def are_quantities(value: str) -> bool:
    """Not an organisation, a name or a position in a file; what is no UCD at all is another rule's matter."""
    words = (_ucd_words(item) for item in value.split("#"))
    return all(found is None or found[0].split(".")[0].lower() not in {"meta", "instr", "obs"} for found in words)


def are_units(value: str) -> bool:
    """A unit of VOUnits, or a hash list of them; an empty item stands for no unit."""
    try:
        if "^" in value:  # astropy takes it, VOUnits do not
            return False
        for item in value.split("#"):
            u.Unit(item, format="vounit", parse_strict="raise")
    except ValueError:
        return False
    return True


def are_inchikeys(value: str) -> bool:
    """A hash list of InChIKeys: 14, 10 and 1 capital letters."""
    return all(re.fullmatch(r"[A-Z]{14}-[A-Z]{10}-[A-Z]", item) for item in value.split("#"))


def is_timestamp(value: str) -> bool:
    """An ISO 8601 time as DALI takes it, or a date."""
    return bool(
        re.fullmatch(
            r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d*)?Z?)?", value
        )
    )


def are_references(value: str) -> bool:
    """A hash list of bibcodes (19 characters that begin with a year), DOIs or URLs."""
    known = re.compile(
        r"[12]\d{3}[A-Za-z0-9.&+]{14}[A-Z]|(doi:|https?://(dx\.)?doi\.org/)?10\.\d{4,9}/\S+|https?://\S+"
    )
    return all(known.fullmatch(item) for item in value.split("#"))


def classes_fit(target_class: str, target_name: str) -> bool:
    """Each known body among the names has its class among the classes; in its place where both lists are as long."""
    names, classes = target_name.split("#"), target_class.split("#")
    for place, name in enumerate(names):
        wanted = SOLAR_SYSTEM_CLASSES.get(name.strip().lower())
        given = {classes[place]} if len(names) == len(classes) > 1 else set(classes)
        if wanted is not None and not set(wanted.split("#")) & given:
            return False
    return True


# What data in other languages say.
_FOREIGN = frozenset(
    {"soleil", "sonne", "sol", "lune", "mond", "terre", "erde", "jupiter barycenter", "saturne", "mercure"}
)


def names_are_proper(value: str) -> bool:
    """Bodies of the solar system in English and capitalised."""
    return not any(
        item.lower() in _FOREIGN or (item.lower() in SOLAR_SYSTEM_CLASSES and item != item.capitalize())
        for item in value.split("#")
    )


_PLACEHOLDERS = frozenset(
    {"unknown", "none", "null", "nan", "n/a", "na", "n.a.", "tbd", "tbc", "-", "--", "?", "undefined"}
)


def is_no_placeholder(value: str) -> bool:
    """No item is a word that means nothing."""
    return not any(item.strip().lower() in _PLACEHOLDERS for item in value.split("#"))


_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_REGION = re.compile(
    rf"(?i:(?P<kind>polygon|circle|position|point)\s+)?(?:(?:ICRS|FK5|GALACTIC|UNKNOWNFrame|J2000)\s+)?"
    rf"(?:(?:GEOCENTER|BARYCENTER|TOPOCENTER|UNKNOWNRefPos)\s+)?(?P<numbers>{_NUMBER}(?:\s+{_NUMBER})*)"
)
_NUMBERS_OF = {"point": (2, 2), "position": (2, 2), "circle": (3, 3), "polygon": (6, None)}


def is_region(value: str) -> bool:
    """A region of DALI (numbers) or of STC-S (Polygon ICRS numbers): corners on the sphere, in degrees."""
    found = _REGION.fullmatch(value.strip())
    if found is None:
        return False
    numbers = [float(number) for number in found["numbers"].split()]
    kind = (found["kind"] or {2: "point", 3: "circle"}.get(len(numbers), "polygon")).lower()
    least, most = _NUMBERS_OF[kind]
    if len(numbers) < least or (most is not None and len(numbers) > most) or (kind == "polygon" and len(numbers) % 2):
        return False
    corners = numbers[:2] if kind == "circle" else numbers
    on_sphere = all(abs(lon) <= 360 for lon in corners[::2]) and all(abs(lat) <= 90 for lat in corners[1::2])
    return on_sphere and (kind != "circle" or 0 <= numbers[2] <= 180)


_MOC_PART = re.compile(r"(\d{1,2})/((?:\d+(?:-\d+)?(?:[ ,]+|$))*)")


def is_moc(value: str) -> bool:
    """A MOC as text: orders 0 to 29, and pixels that each order has."""
    text = value.strip()
    parts = list(_MOC_PART.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return False
    for part in parts:
        order = int(part[1])
        pixels = [int(number) for number in re.findall(r"\d+", part[2])]
        if order > 29 or any(pixel >= 12 * 4**order for pixel in pixels):
            return False
    return True
