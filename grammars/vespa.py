"""``VESPA_*`` global attributes: EPNcore values that MASER's CDF files carry in themselves.

Lists stand in several entries; names are written ``code>long name``; numbers left at 0.0 were never set; words may be
obsolete (`epncore.model.mending`). ``VESPA_spectral_resolution`` is not read: the masters leave open whether it is a
bandwidth, and EPNcore wants the dimensionless resolving power. Neither are ``VESPA_time_min`` and ``_max``: the data
have a time axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astropy.io.votable.ucd import parse_ucd

from epncore.model.errors import HeaderError
from epncore.model.mending import mend
from epncore.model.row import Found, Missing
from epncore.model.units import frequency_factor_hz
from epncore.model.vocabularies import DATAPRODUCT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grammars.protocol import Answer
    from grammars.readers.cdf import CdfHeader

PREFIX = "VESPA_"
LOWER_CASE = frozenset({"dataproduct_type", "target_class", "target_region"})
"""Columns that files write ``Planet``, where EPNcore writes ``planet``."""
_OLD_NAMES = {"time_refposition": ("time_origin",), "feature_name": ("target_element",)}
_NO_MEASUREMENT = ("meta.", "time", "pos.", "src.", "instr.", "obs", "stat.")


def words(header: CdfHeader, column: str) -> Answer:
    """A list of words, as `names`, in the case of the column; its old names are known."""
    for name in (column, *_OLD_NAMES.get(column, ())):
        attribute = PREFIX + name
        if found := _listed(header, attribute):
            found = tuple(map(str.lower, found)) if column in LOWER_CASE else found
            return Found(found, f"global attribute {attribute}")
    return Missing(f"no global attribute {PREFIX}{column}")


def names(header: CdfHeader, attribute: str) -> Answer:
    """Names written ``CODE>Long name``, both as words of a hash list; several stand in entries, or joined by ``#``."""
    found = _listed(header, attribute)
    return Found(found, f"global attribute {attribute}") if found else Missing(f"no global attribute {attribute}")


def _listed(header: CdfHeader, attribute: str) -> tuple[str, ...]:
    every = (name for text in header.texts(attribute) for name in text.split("#"))
    return tuple(word.strip() for name in every for word in name.split(">", 1) if word.strip())


def product_type(header: CdfHeader) -> Answer:
    """The codes of ``VESPA_dataproduct_type``: ``DS>Dynamic Spectra`` is ``ds``."""
    attribute = f"{PREFIX}dataproduct_type"
    codes = [text.partition(">")[0].strip().lower() for text in header.texts(attribute)]
    codes = [mend("dataproduct_type", code)[0] for code in codes]
    known = tuple(code for code in codes if code in DATAPRODUCT_TYPES)
    if not known:
        return Missing(f"no code of EPNcore in global attribute {attribute}")
    return Found(known, f"global attribute {attribute}")


def level(header: CdfHeader) -> Answer:
    """``VESPA_processing_level``, a CODMAC level, mended; 0 is unset."""
    value = number(header, "processing_level")
    source = f"global attribute {PREFIX}processing_level"
    if value is None:
        return Missing(f"no {source}")
    written, note = mend("processing_level", f"{value:g}")
    return Found(float(written), f"{source}; {note}") if note else Found(value, source)


def number(header: CdfHeader, name: str) -> float | None:
    """A number; None where it is not there, is not finite, or was left at 0.

    Raises
    ------
    HeaderError
        Where it is negative.
    """
    for entry in header.entries(PREFIX + name):
        if isinstance(entry, (int, float)) and np.isfinite(entry) and entry != 0:
            if entry < 0:
                raise HeaderError(f"{entry:g} is negative", path=header.path, place=f"global attribute {PREFIX}{name}")
            return float(entry)
    return None


def pair(header: CdfHeader, name: str) -> tuple[float, float, str] | None:
    """(min, max, source) of a pair of columns, from ``_min`` and ``_max`` or from one attribute for both.

    Frequencies are in Hz, or in the unit that ``VESPA_<name>_unit`` or ``VESPA_spectral_unit`` gives.
    """
    for low_name, high_name in ((f"{name}_min", f"{name}_max"), (name, name)):
        low, high = number(header, low_name), number(header, high_name)
        if low is not None and high is not None and low <= high:
            scale, unit = _scale(header, name)
            source = low_name if low_name == high_name else f"{low_name} and _max"
            return low * scale, high * scale, f"global attribute {PREFIX}{source}{unit}"
    return None


def _scale(header: CdfHeader, name: str) -> tuple[float, str]:
    if not name.startswith("spectral_"):
        return 1.0, " [s]"
    for attribute in (f"{PREFIX}{name}_unit", f"{PREFIX}{name}_units", f"{PREFIX}spectral_unit"):
        for unit in header.texts(attribute):
            factor = frequency_factor_hz(unit)
            if factor is None:
                raise HeaderError(
                    f"{unit!r} is no unit of frequency", path=header.path, place=f"global attribute {attribute}"
                )
            return factor, f" [{unit}]"
    return 1.0, " [Hz]"


def measurement_type(header: CdfHeader) -> Answer:
    """UCDs of ``VESPA_measurement_type``, mended, those that UCD1+ knows."""
    attribute = f"{PREFIX}measurement_type"
    return physical_ucds(header.texts(attribute), f"global attribute {attribute}")


def physical_ucds(texts: Iterable[str], source: str) -> Answer:
    """UCDs of physical quantities among `texts`, mended, as a hash list; what UCD1+ does not know is left out."""
    kept: dict[str, None] = {}
    wrong: list[str] = []
    written, note = mend("measurement_type", "#".join(dict.fromkeys(texts)))
    for ucd in written.split("#"):
        if ucd and not ucd.startswith(_NO_MEASUREMENT):
            if is_ucd(ucd):
                kept[ucd] = None
            else:
                wrong.append(ucd)
    left_out = f"; not in UCD1+ and left out: {', '.join(wrong)}" if wrong else ""
    if not kept:
        return Missing(f"no UCD of a physical quantity in {source}{left_out}")
    return Found(tuple(kept), f"{source}{f'; {note}' if note else ''}{left_out}")


def is_ucd(text: str) -> bool:
    """Whether a text is a UCD of the controlled vocabulary UCD1+."""
    try:
        parse_ucd(text, check_controlled_vocabulary=True)
    except ValueError:
        return False
    return True
