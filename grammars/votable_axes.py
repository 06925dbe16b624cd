"""The axes of a VOTable of spectra: which fields and groups they are, and what they tell, by one walk over its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.errors import HeaderError, NotGranuleError
from epncore.model.row import Missing
from epncore.model.units import frequency_factor_hz
from grammars.istp_spectrum import of_tables
from grammars.mapping.axes import time_axis
from grammars.mapping.keys import TimeAxis
from grammars.mapping.moments import moment
from grammars.mapping.source import Array, Times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grammars.istp_spectrum import Spectrum
    from grammars.mapping.keys import Keys
    from grammars.readers.votable import Named, VotableHeader

MOST_TIMES = 1 << 24
"""Different times of one file; beyond it the column is none of times."""
MOST_CHANNELS = 1 << 17
_LIST = re.compile(r"[\s,;]+")


class _Times(TimeAxis):
    """The axis of times: values that the walk over the rows has collected."""

    @property
    def array(self) -> str:
        return "times"

    def shown(self, *names: str) -> str:
        return " ".join(names) or "field of times"


@dataclass(frozen=True, slots=True)
class _Walked:
    """The times that are there, as a source of the axes of a mapping."""

    times: Array

    def named(self, name: str, where: Keys) -> tuple[object, ...]:  # noqa: ARG002
        return ()

    def column(self, where: Keys) -> Array | Missing:  # noqa: ARG002
        return self.times

    def clock(self, where: Keys) -> Times | None:  # noqa: ARG002
        return None


def axes(header: VotableHeader, time: Named, spectral: Named | None) -> tuple[Times, Spectrum | Missing]:
    """What the rows tell of times, and rows or groups of frequencies.

    Raises
    ------
    FileError
        Where there are no rows, or no time in them that can be right.
    """
    times, channels = _walk(header, time, spectral)
    found = time_axis(_Walked(times), _Times(format=_format(time)), None)
    if isinstance(found, Missing):
        raise NotGranuleError(found.reason, path=str(header.path), place=f"FIELD {time.name}")
    return found, _of_channels(channels, spectral) if spectral else _of_groups(header)


def is_time(field: Named) -> bool:
    """Whether a field declares times."""
    text = field.xtype.lower() in {"datetime", "timestamp", "iso8601"}
    return text or field.ucd.lower().startswith("time.epoch") or field.utype.lower().endswith("timeaxis.value")


def time_field(header: VotableHeader, chosen: str | None) -> Named | None:
    """Of several the one with texts: these have all their digits."""
    if chosen is not None:
        return next((each for each in header.fields if each.name == chosen), None)
    able = [each for each in header.fields if is_time(each)]
    return next((each for each in able if each.datatype == "char"), able[0] if able else None)


def spectral_field(header: VotableHeader, chosen: str | None) -> Named | None:
    """One frequency a row: an array of them would be data."""
    if chosen is not None:
        return next((each for each in header.fields if each.name == chosen), None)
    able = (e for e in header.fields if e.ucd.lower().startswith("em.freq") and e.arraysize in {"", "1"})
    return next((each for each in able if frequency_factor_hz(each.unit) is not None), None)


def spectral_groups(header: VotableHeader) -> Iterator[dict[str, Named]]:
    """PARAMs of each group that a field refers to, by the endings of their utypes below SpectralAxis."""
    wanted = {each.ref for each in header.fields if each.ref}
    for group in dict.fromkeys(e.ident for e in header.elements if e.kind == "GROUP" and e.ident in wanted):
        params = [e for e in header.elements if e.kind == "PARAM" and e.group == group]
        below = {e.utype.lower().partition("spectralaxis.")[2]: e for e in params if "spectralaxis." in e.utype.lower()}
        if below:
            yield below


def _format(field: Named) -> str:
    """``iso`` for texts; numbers are Julian days, or modified ones where that is what they are called."""
    if field.datatype in {"char", "unicodeChar"}:
        return "iso"
    return "mjd" if "mjd" in f"{field.name} {field.unit} {field.xtype}".lower() else "jd"


def _walk(header: VotableHeader, time: Named, spectral: Named | None) -> tuple[Array, set[float]]:
    """Different times in the order of the rows, and different frequencies."""
    times: list[object] = []
    channels: set[float] = set()
    rows, wrong, before = 0, 0, None
    for cells in header.rows([time.name, *([spectral.name] if spectral else [])]):
        rows += 1
        if cells[0] != before:
            before = cells[0]
            if _is_right(before):
                times.append(before)
            elif before is not None:
                wrong += 1
        if spectral and len(channels) < MOST_CHANNELS and cells[1] is not None:
            channels.add(float(cells[1]))
        if len(times) > MOST_TIMES:
            raise HeaderError(f"more than {MOST_TIMES} different times", path=str(header.path), place=time.name)
    if not rows:
        raise NotGranuleError("the table has no rows", path=str(header.path), place="DATA")
    note = f", {wrong} that cannot be right left out" if wrong else ""
    return Array(np.array(times, "U" if _format(time) == "iso" else "f8"), "", f"FIELD {time.name}{note}"), channels


def _is_right(value: object) -> bool:
    """Whether it is a time: real files have seconds of 99, and zeros for none."""
    if not isinstance(value, str):
        return value is not None and bool(np.isfinite(value)) and value != 0  # type: ignore[call-overload]
    try:
        moment([value], "iso").jd()
    except ValueError:
        return False
    return True


def _of_channels(channels: set[float], field: Named) -> Spectrum | Missing:
    factor = frequency_factor_hz(field.unit)
    if factor is None:
        return Missing(f"FIELD {field.name} has the unit {field.unit!r}, which is none of frequency")
    source = f"FIELD {field.name} [{field.unit}]"
    return of_tables(np.array([sorted(channels)]) * factor, source) or Missing(f"{source} is empty")


def _of_groups(header: VotableHeader) -> Spectrum | Missing:
    """All groups together: each list of frequencies is a table of its own, padded to the longest."""
    tables, labels = [], []
    for params in spectral_groups(header):
        values, label = _frequencies(header, params)
        if values:
            tables.append(values)
            labels.append(label)
    if not tables:
        return Missing("no group that a field refers to tells frequencies")
    table = np.full((len(tables), max(map(len, tables))), np.nan)
    for row, values in zip(table, tables, strict=True):
        row[: len(values)] = values
    return of_tables(table, "; ".join(labels)) or Missing(f"{'; '.join(labels)}: no frequency above 0")


def _frequencies(header: VotableHeader, params: dict[str, Named]) -> tuple[list[float], str]:
    """The list of a group, Hz; where there is none its ends."""
    ends = ("coverage.bounds.range.min", "coverage.bounds.range.max")
    for names in (("coverage.location.value",), ends):
        chosen = [params[name] for name in names if name in params]
        units = [frequency_factor_hz(each.unit) for each in chosen]
        if len(chosen) == len(names) and None not in units:
            texts = [(word, factor or 1.0) for e, factor in zip(chosen, units, strict=True) for word in _words(e)]
            header.used(chosen)
            label = f"PARAM{'s' if len(chosen) > 1 else ''} {', '.join(e.name for e in chosen)} [{chosen[0].unit}]"
            try:
                return [float(word) * factor for word, factor in texts], label
            except ValueError as error:
                raise HeaderError(f"no list of numbers ({error})", place=label) from None
    return [], ""


def _words(param: Named) -> list[str]:
    return [word for word in _LIST.split(param.value) if word]
