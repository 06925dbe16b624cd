"""From what an entry of a mapping finds in a file to the value of its column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epncore.model.errors import HeaderError
from epncore.model.mending import mend
from epncore.model.row import Found, Missing, Value, show
from epncore.model.template import Template
from epncore.model.units import datetime_of_jd
from grammars.mapping.moments import moment
from grammars.mapping.numbers import convert, quantity
from grammars.mapping.source import only, refused

if TYPE_CHECKING:
    from epncore.model.columns import Column
    from grammars.mapping.keys import Entry
    from grammars.mapping.source import Source
    from grammars.protocol import Answer

JULIAN = {"time_min", "time_max", "epoch"}
"""Columns of numbers that are Julian Days."""
MOST_WORDS = 100
"""Of different values that one array may give to a list."""


class _Looked(NamedTuple):
    """What is there; the unit is that of an array, as the file has it."""

    values: tuple[object, ...]
    label: str
    unit: str = ""


def is_time(column: Column) -> bool:
    """Whether a column holds a date and time."""
    return column.name in JULIAN or column.type == "timestamp"


def answer(source: Source, entry: Entry, column: Column) -> Answer:
    """The value of a column, or why there is none.

    Raises
    ------
    HeaderError
        Where it is required and not there, or cannot be right.
    """
    found = _looked_up(source, entry, column)
    if isinstance(found, Missing):
        if entry.required:
            raise HeaderError(
                found.reason, place=entry.described(), hint=f"The mapping says that {column.name} is required"
            )
        return found
    try:
        return _made(found, entry, column)
    except ValueError as error:
        raise refused(error, found.label) from None


def _looked_up(source: Source, entry: Entry, column: Column) -> _Looked | Missing:
    if entry.text is not None:
        return _filled(source, entry, Template(entry.text, None))
    if entry.array is not None:
        return _of_array(source, entry)
    found = {name: source.named(name, entry) for name in entry.names}
    absent = [name for name, values in found.items() if not values]
    # Of a list of words some may be missing, but not of a time and its day.
    if absent and (is_time(column) or len(absent) == len(found)):
        return Missing(f"no {entry.shown(*absent)}")
    kept = {name: values for name, values in found.items() if values}
    return _Looked(tuple(value for values in kept.values() for value in values), entry.shown(*kept))


def _filled(source: Source, entry: Entry, template: Template) -> _Looked | Missing:
    found = {name: source.named(name, entry) for name in template.names}
    absent = [name for name, values in found.items() if not values]
    if absent:
        return Missing(f"no {entry.shown(*absent)}")
    label = entry.described()
    return _Looked((template.render({name: word(values[0]) for name, values in found.items()}),), label)


def _of_array(source: Source, entry: Entry) -> _Looked | Missing:
    """The different values of an array, in the order of the file."""
    array = source.column(entry)
    if isinstance(array, Missing):
        return array
    values = array.values.ravel()
    values = values[values != ""] if array.is_text else values[np.isfinite(values)]
    if values.size == 0:
        return Missing(f"{array.label} is blank")
    distinct, firsts = np.unique(values, return_index=True)
    if distinct.size > MOST_WORDS:
        raise HeaderError(f"{distinct.size} different values", place=array.label, hint="One, or a few, are wanted")
    return _Looked(tuple(values[sorted(firsts)].tolist()), array.label, array.unit)


def _made(found: _Looked, entry: Entry, column: Column) -> Answer:
    if entry.values:
        return _translated(found, entry, column)
    if is_time(column):
        form = entry.format or "iso"
        if len(found.values) != max(len(entry.names), 1):
            only(found.values)
        jd = moment(found.values, form, day_is_enough=column.type == "timestamp").jd()
        value: Value = jd if column.type == "double" else datetime_of_jd(jd)
        return Found(value, found.label if form == "iso" else f"{found.label} ({form})")
    if column.type in {"double", "integer"}:
        one = quantity(only(found.values))
        # Where the column has no unit, that of a table or a variable is no contradiction.
        unit = one.unit or entry.unit or (found.unit if column.unit else "")
        value = convert(one, unit, column)
        # Conversions leave noise in the last bits, which whole numbers do not forgive.
        value = float(f"{value:.15g}") if unit and math.isfinite(value) else value
        return Found(value, f"{found.label} [{unit}]" if unit else found.label)
    return _words(found, column)


def _words(found: _Looked, column: Column) -> Found:
    """Words as they stand, but for those that EPNcore once had; ``#`` in one is the file's own letter, no separator."""
    if not column.hash_list:
        return Found(word(only(found.values)), found.label)
    mended = [mend(column.name, word(value)) for value in found.values]
    notes = "; ".join(dict.fromkeys(note for _, note in mended if note))
    return Found(tuple(text for text, _ in mended), f"{found.label}; {notes}" if notes else found.label)


def _translated(found: _Looked, entry: Entry, column: Column) -> Found:
    words = [word(value) for value in found.values]
    for unknown in (one for one in words if one not in entry.values):
        raise ValueError(
            f"{show(unknown)} is not in the table values of {column.name}",
            f"There are {', '.join(list(entry.values)[:20])}",
        )
    chosen = [entry.values[one] for one in words]
    if len(chosen) > 1 and column.hash_list:
        parts = [part for value in chosen for part in (value if isinstance(value, list) else [value])]
        return Found(tuple(parts), f"{found.label}, by values")
    return Found(only(tuple(chosen)), f"{found.label} = {words[0]!r}, by values")  # type: ignore[arg-type]


def word(value: object) -> str:
    """A value as a text: logical ones as FITS spells them.

    Raises
    ------
    ValueError
        Where it has more digits than Python writes.
    """
    return ("T" if value else "F") if isinstance(value, bool) else str(value).strip()
