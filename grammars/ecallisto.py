"""e-CALLISTO: solar radio spectrometers of one make at stations all over the world, one FITS file per 15 minutes.

Format: an image of digits (NAXIS1 times x NAXIS2 frequencies) and a binary table of one row with its axes: ``TIME`` in
seconds after DATE-OBS and TIME-OBS, ``FREQUENCY`` in MHz. As written by the CALLISTO software (Ch. Monstein,
https://www.e-callisto.org); what its cards are worth was learnt from files of many stations:

- CRVAL2 and CDELT2 are placeholders and CDELT1 may be rounded (a COMMENT says so): only the table's axes count.
- The frequencies run from high to low and end in repeats (padding).
- OBS_LAT and OBS_LON have no sign; it is in OBS_LAC (N, S) and OBS_LOC (E, W; OBS_LOE in old files). Some are wrong.
- TIME-END counts seconds up to 60 and hours up to 24, and DATE-END may stay behind at midnight.
- OBJECT may be ``CALLISTO``; the antennas look at the Sun.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from epncore.model.errors import HeaderError
from epncore.model.row import Found, Missing
from epncore.model.units import duration_factor_s, frequency_factor_hz, jd_utc
from grammars.common import mended
from grammars.ecallisto_axes import frequencies, pixels, times
from grammars.ecallisto_pictures import pictures
from grammars.ecallisto_times import Moment, creation_date, moment, seconds_between
from grammars.protocol import GrammarOptions, Step, constant, fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from epncore.model.columns import Column
    from grammars.pictures import NoPicture, Picture
    from grammars.protocol import Answer, Granule
    from grammars.readers.fits import FitsHeader
    from grammars.readers.fits_cards import CardValue

END_TOLERANCE_S = 3600.0
"""How far the end of the TIME axis may be from TIME-END. TIME-END only serves to find an axis in another unit or from
another zero, which shows as hours; receivers that stop early and clocks that drift stay far below."""
_DAY_S = 86400.0

Pair: TypeAlias = "tuple[Answer, Answer]"
"""Minimum and maximum."""


class Station(BaseModel):
    """What is known better than the headers of a station say."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    latitude_deg: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    location: Annotated[str, Field(min_length=1)] | None = None
    host_name: Annotated[str, Field(min_length=1)] | None = None


_NOTHING_BETTER = Station()


class Options(GrammarOptions):
    """Options of this grammar.

    Attributes
    ----------
    stations : dict of str to Station
        By INSTRUME: latitude (deg, north positive), longitude (deg, east positive), location and host_name go before
        what the headers of that station say.
    """

    stations: Mapping[str, Station] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells. Times are JD, UTC; steps s; spectral values Hz; angles deg."""

    station: tuple[str, ...] | Missing
    time: Pair
    time_steps: Pair
    spectral_range: Pair
    spectral_steps: Pair
    latitude: Answer
    longitude: Answer
    location: Answer
    unit: Answer
    created: dt.datetime | Missing


class ECallisto:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "ecallisto"
    version = 1
    format = "fits"
    generic = False
    options: type[GrammarOptions] = Options
    columns: tuple[Column, ...] = ()

    def recognises(self, header: FitsHeader) -> bool:
        """By content: CONTENT names CALLISTO, or the axes and the frequency program are those of its software."""
        if "CALLISTO" in (_text(header, "CONTENT") or "").upper():
            return True
        axes = (_text(header, "CTYPE1") or "").startswith("Time"), (_text(header, "CTYPE2") or "").startswith("Freq")
        ours = _text(header, "TELESCOP") == "Radio Spectrometer" and header.get("FRQFILE") is not None
        return ours and all(axes) and bool(header.find_column("TIME") and header.find_column("FREQUENCY"))

    def examine(self, header: FitsHeader, options: Options) -> Facts:
        """Read the cards and the two axes once.

        Raises
        ------
        HeaderError
            Where the start is missing or ambiguous, an axis is shorter than the image or in no unit of its kind, or
            the TIME axis and TIME-END are hours apart.
        """
        code = _text(header, "INSTRUME")
        station = options.stations.get(code or "", _NOTHING_BETTER)
        names = tuple(name for name in (code, station.host_name) if name)
        time, time_steps = _times(header)
        spectral_range, spectral_steps = _frequencies(header)
        latitude, longitude = _latitude_longitude(header)
        return Facts(
            station=names or Missing("INSTRUME names no station"),
            time=time,
            time_steps=time_steps,
            spectral_range=spectral_range,
            spectral_steps=spectral_steps,
            latitude=_better(station.latitude_deg, latitude),
            longitude=_better(station.longitude_deg, longitude),
            location=_better(station.location, _text(header, "ORIGIN") or Missing("no ORIGIN")),
            unit=mended("measurement_unit", text, "BUNIT") if (text := _text(header, "BUNIT")) else Missing("no BUNIT"),
            created=creation_date(header.get("DATE")),
        )

    def steps(self, options: Options) -> Iterator[Step]:  # noqa: ARG002  the same for all options
        """One step a column; what is not here is the config's, or unknown."""
        yield constant("dataproduct_type", ("ds",), "e-CALLISTO files are dynamic spectra")
        yield constant("measurement_type", "phot.flux.density;em.radio", "CONTENT: Radio flux density")
        yield constant("processing_level", 2, "digits of the receiver, not calibrated (CODMAC 2)")
        yield constant("target_name", ("Sun",), "e-CALLISTO observes the Sun, whatever OBJECT says")
        yield constant("target_class", ("star",), "class of the Sun")
        yield from _pair("time", "time", "DATE-OBS, TIME-OBS and the TIME axis, whose last sample lasts one step")
        yield from _pair("time_sampling_step", "time_steps", "steps of the TIME axis")
        yield from _unknown("time_exp", "the file does not tell how long a sample is integrated")
        yield from _pair("spectral_range", "spectral_range", "smallest and largest FREQUENCY")
        yield from _pair("spectral_sampling_step", "spectral_steps", "steps of the FREQUENCY axis, without repeats")
        yield from _unknown("spectral_resolution", "the file does not tell the bandwidth of a channel")
        yield fact("instrument_host_name", "station", "INSTRUME, and host_name of the station's options")
        yield constant("instrument_name", ("e-CALLISTO", "CALLISTO"), "the spectrometer of this format")
        yield constant("time_scale", "UTC", "CTYPE1: Time [UT], from clocks set to UTC")
        yield constant("time_refposition", "TOPOCENTER", "clocks at the station")
        yield fact("measurement_unit", "unit", "BUNIT")
        yield fact("observer_location", "location", "ORIGIN")
        yield fact("observer_lon", "longitude", "OBS_LON, its sign from OBS_LOC")
        yield fact("observer_lat", "latitude", "OBS_LAT, its sign from OBS_LAC")
        yield fact("creation_date", "created", "DATE")

    def pictures(self, header: FitsHeader, options: Options) -> Iterator[Picture | NoPicture]:  # noqa: ARG002
        """The image, for a preview."""
        start = moment(header.get("DATE-OBS"), header.get("TIME-OBS"), "DATE-OBS", "TIME-OBS")
        channels = pixels(header, "FREQUENCY", "NAXIS2", frequency_factor_hz, 1e6)
        if channels is not None:
            channels[~(channels > 0)] = np.nan
        yield from pictures(header, _jd(start, 0.0), pixels(header, "TIME", "NAXIS1", duration_factor_s, 1.0), channels)


def _pair(columns: str, attribute: str, source: str) -> Iterator[Step]:
    def end(index: int) -> Callable[[Granule], Answer]:
        return lambda granule: getattr(granule.facts, attribute)[index]

    yield Step(f"{columns}_min", source, end(0))
    yield Step(f"{columns}_max", source, end(1))


def _unknown(columns: str, reason: str) -> Iterator[Step]:
    yield constant(f"{columns}_min", None, reason)
    yield constant(f"{columns}_max", None, reason)


def _times(header: FitsHeader) -> tuple[Pair, Pair]:
    """Start and end (JD), and sampling steps (s)."""
    start = moment(header.get("DATE-OBS"), header.get("TIME-OBS"), "DATE-OBS", "TIME-OBS")
    axis = times(header)
    nominal = header.get("CDELT1")
    nominal_s = float(nominal) if isinstance(nominal, (int, float)) and 0 < nominal < _DAY_S else None
    if axis is None:
        return _times_without_axis(header, start, nominal_s)
    first, last, steps = axis
    step = steps.median if steps else nominal_s
    end_s = last + (step or 0.0)
    _check_end(header, start, end_s)
    end: Answer = _jd(start, end_s)
    if step is None:
        end = Found(_jd(start, end_s), "start of the only sample: nothing tells its step")
    return (_jd(start, first), end), (steps.smallest, steps.largest) if steps else _nominal_step(nominal_s)


def _times_without_axis(header: FitsHeader, start: Moment, nominal_s: float | None) -> tuple[Pair, Pair]:
    """Without TIME, the number of samples and their nominal step tell the end."""
    count = header.get("NAXIS1")
    if nominal_s is None or not isinstance(count, int) or count < 1:
        raise HeaderError(
            "nothing tells when the observation ends",
            place="TIME, CDELT1",
            hint="A column TIME is wanted, or CDELT1 in seconds",
        )
    _check_end(header, start, count * nominal_s)
    end = Found(_jd(start, count * nominal_s), "DATE-OBS, TIME-OBS, and NAXIS1 steps of CDELT1: there is no TIME axis")
    return (_jd(start, 0.0), end), _nominal_step(nominal_s)


def _nominal_step(nominal_s: float | None) -> Pair:
    if nominal_s is None:
        return (Missing("no TIME axis of two samples, and no CDELT1"),) * 2
    return (Found(nominal_s, "CDELT1: there is no TIME axis of two samples"),) * 2


def _jd(start: Moment, seconds: float) -> float:
    try:
        return jd_utc(start.date, start.second_of_day + seconds)
    except OverflowError:
        raise HeaderError("the TIME axis leaves the calendar", place="TIME", hint="It is in seconds") from None


def _check_end(header: FitsHeader, start: Moment, length_s: float) -> None:
    """Hours between the axis and TIME-END mean that one is wrong; whole days mean only that DATE-END is."""
    try:
        end = moment(header.get("DATE-END"), header.get("TIME-END"), "DATE-END", "TIME-END")
    except HeaderError:
        return  # no row is made from it
    apart_s = length_s - seconds_between(start, end)
    if min(abs(apart_s + days * _DAY_S) for days in (-1, 0, 1)) > END_TOLERANCE_S:
        raise HeaderError(
            f"TIME ends {length_s:g} s after DATE-OBS and TIME-OBS, but DATE-END and TIME-END are "
            f"{seconds_between(start, end):g} s after them",
            place="TIME, DATE-END, TIME-END",
            hint="TIME is in seconds after TIME-OBS",
        )


def _frequencies(header: FitsHeader) -> tuple[Pair, Pair]:
    """Range and steps (Hz)."""
    axis = frequencies(header)
    if axis is None:
        none = Missing("no FREQUENCY axis; CRVAL2 and CDELT2 are placeholders in these files")
        return (none, none), (none, none)
    first, last, steps = axis
    return (first, last), (steps.smallest, steps.largest) if steps else (Missing("one frequency has no step"),) * 2


def _latitude_longitude(header: FitsHeader) -> Pair:
    latitude = header.get("OBS_LAT"), _text(header, "OBS_LAC")
    longitude = header.get("OBS_LON"), _text(header, "OBS_LOC") or _text(header, "OBS_LOE")
    return _place(*latitude, *longitude)


@lru_cache(maxsize=64, typed=True)  # a station stays where it is; 1, 1.0 and True are told apart
def _place(latitude: CardValue, north_south: str | None, longitude: CardValue, east_west: str | None) -> Pair:
    signed = (
        _signed("OBS_LAT", latitude, "OBS_LAC", north_south, "NS", 90.0),
        _signed("OBS_LON", longitude, "OBS_LOC", east_west, "EW", 180.0),
    )
    return (Missing("OBS_LAT and OBS_LON are both 0: not set"),) * 2 if signed == (0, 0) else signed


def _better(known: str | float | None, found: Answer) -> Answer:
    return found if known is None else Found(known, "options.stations of the collection.toml")


def _signed(key: str, value: CardValue, code_key: str, code: str | None, letters: str, largest: float) -> Answer:
    """An angle whose sign is in another card; a sign that is not there is not guessed."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return Missing(f"no {key}")
    if abs(value) > largest:
        return Missing(f"{key} is {value}, beyond {largest:g} deg")
    letter = code[:1].upper() if code else ""
    if letter not in letters or not letter:
        return float(value) if value <= 0 else Missing(f"{key} has no sign: {code_key} is not one of {letters}")
    if value < 0 and letter == letters[0]:
        return Missing(f"{key} is {value} and {code_key} {letter}: they contradict each other")
    return abs(float(value)) if letter == letters[0] else -abs(float(value))


def _text(header: FitsHeader, key: str) -> str | None:
    value = header.get(key)
    return None if value is None or value == "" else str(value)


GRAMMAR = ECallisto()
