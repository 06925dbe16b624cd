"""Guesses of a mapping, from the names and units that an unknown file has. Whoever asks tries each on the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from epncore.model.units import duration_factor_s, frequency_factor_hz
from grammars.cdf_times import is_time
from grammars.readers.cdf_data import TEXT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grammars.readers.cdf import CdfHeader
    from grammars.readers.fits import FitsHeader

Guess = tuple[str, dict[str, Any]]
"""A key of the mapping and its table."""

# FITS Standard 4.0, sections 4.4.2 and 9.5; and what solar radio telescopes write beside it.
_CARDS = (
    ("target_name", "OBJECT"), ("instrument_host_name", "TELESCOP"), ("instrument_name", "INSTRUME"),
    ("measurement_unit", "BUNIT"), ("creation_date", "DATE"), ("observer_name", "OBSERVER"),
)  # fmt: skip
_EXPOSURES = ("EXPTIME", "EXPOSURE", "XPOSURE")
# ISTP guidelines, global attributes; and what others call the same.
_ATTRIBUTES = (
    ("target_name", ("TARGET_NAME", "Target", "PDS_Observation_target")),
    ("instrument_host_name", ("Source_name", "Mission_group", "Mission", "Spacecraft", "Observatory", "Station")),
    ("instrument_name", ("Instrument_name", "Instrument", "Descriptor", "Receiver")),
    ("creation_date", ("Generation_date", "Creation_date")),
)


def guesses_fits(header: FitsHeader) -> Iterator[Guess]:
    """For a FITS file."""
    cards = set(header.keys())
    start = _moment(header, "DATE-OBS", "TIME-OBS")
    if start:
        yield "time_min", {"key": start}
    if end := _moment(header, "DATE-END", "TIME-END"):
        yield "time_max", {"key": end}
    for column, card in _CARDS:
        if card in cards:
            yield column, {"key": card}
    for card in [card for card in _EXPOSURES if card in cards][:1]:
        yield "time_exp_min", {"key": card, "unit": "s"}
        yield "time_exp_max", {"key": card, "unit": "s"}
    columns = {name: header.column_unit(name) for hdu in header.hdus for name in header.columns(hdu.number)}
    for name, unit in columns.items():
        if start and re.search("TIME|SECOND", name) and duration_factor_s(unit or "s") is not None:
            yield "time_axis", {"column": name, "unit": unit or "s", "origin": {"key": start}}
            break
    for name, unit in columns.items():
        if re.search("FREQ", name) or (unit and frequency_factor_hz(unit) is not None):
            yield "spectral_axis", {"column": name, "unit": unit or "MHz"}
            break


def _moment(header: FitsHeader, date: str, time: str) -> list[str]:
    """The card of a date, and that of its time of day where the date is none by itself."""
    value = header.get(date)
    if value is None:
        return []
    return [date] if re.search("[T:]", str(value)) or header.get(time) is None else [date, time]


def guesses_cdf(header: CdfHeader) -> Iterator[Guess]:
    """For a CDF."""
    there = {name.strip().lower(): name.strip() for name in header.global_names}
    for column, names in _ATTRIBUTES:
        for name in [there[name.lower()] for name in names if name.lower() in there][:1]:
            yield column, {"attribute": name}
    filled = [variable for variable in header.variables.values() if variable.records > 0]
    for variable in [variable for variable in filled if is_time(variable)][:1]:
        yield "time_axis", {"variable": variable.name.strip()}
    for variable in filled:
        numbers = variable.data_type not in TEXT_TYPES and not is_time(variable)
        if numbers and frequency_factor_hz(header.text(variable, "UNITS")) is not None:
            yield "spectral_axis", {"variable": variable.name.strip()}
            break
