"""Known obsolete values in real headers and what is written instead: one committed table, ``mending.csv``."""

from __future__ import annotations

import csv
import hashlib
from functools import lru_cache
from importlib.resources import files


def _read() -> dict[str, dict[str, tuple[str, str]]]:
    table: dict[str, dict[str, tuple[str, str]]] = {}
    text = files(__package__).joinpath("mending.csv").read_text("ascii")
    for line in csv.DictReader(text.splitlines()):
        table.setdefault(line["column"], {})[line["found"]] = (line["written"], line["why"])
    return table


_TABLE = _read()


@lru_cache(maxsize=1024)
def mend(column: str, value: str) -> tuple[str, str]:
    """Mend the obsolete words of a value from a header.

    Parameters
    ----------
    column : str
        An EPNcore column.
    value : str
        What the header says: a word, UCD words joined by ``;``, or a list joined by ``#``.

    Returns
    -------
    value : str
        With every known obsolete word replaced.
    note : str
        What was replaced and why, for the provenance; empty where nothing was.
    """
    known = _TABLE.get(column)
    if not known:
        return value, ""
    notes: list[str] = []

    def one(word: str) -> str:
        written, why = known.get(word.strip().lower(), (word, ""))
        if why:
            notes.append(f"{word.strip()} -> {written}: {why}")
        return written

    items = [";".join(one(word) for word in item.split(";")) for item in value.split("#")]
    if not notes:
        return value, ""
    # Two obsolete words may have become one.
    return "#".join(dict.fromkeys(items)), "; ".join(dict.fromkeys(notes))


def version() -> str:
    """A fingerprint of the table: rows made with another one may differ."""
    return hashlib.blake2b(repr(_TABLE).encode(), digest_size=8).hexdigest()
