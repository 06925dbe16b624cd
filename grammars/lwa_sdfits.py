"""Long Wavelength Array, stations LWA1 and LWA-SV: spectra of a beam in SDFITS, 10 to 88 MHz.

As the LWA Software Library writes them (``lsl.writer.sdfits``, "LSL SDFITS writer", the Parkes variant of SDFITS): one
table, ``SINGLE DISH``, with a row a time and beam. DATE-OBS is its day and TIME the UTC seconds since midnight,
EXPOSURE the integration; the cards CRVAL1, CDELT1 and CRPIX1 are the frequencies, and TDIM of DATA tells how many
there are and of how many polarisations, which CRVAL2 and CDELT2 name. OBJECT, OBJ-RA and OBJ-DEC are placeholders of
the writer: the target is the collection's.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from epncore.model.columns import COLUMNS, Column
from epncore.model.errors import HeaderError
from epncore.model.row import Missing, show
from epncore.model.units import SECONDS_PER_DAY
from grammars.axes import as_written
from grammars.fits_pictures import Spectra
from grammars.istp_spectrum import Spectrum, of_tables
from grammars.long_tables import read_column
from grammars.mapped_fits import FitsEntry, FitsSource
from grammars.mapping.axes import MOST_SAMPLES, counted_times
from grammars.mapping.axis_steps import spectral_steps, time_steps
from grammars.mapping.moments import Moment, moment
from grammars.mapping.numbers import number
from grammars.mapping.source import refused
from grammars.mapping.values import answer
from grammars.protocol import GrammarOptions, Step, constant
from grammars.stations import longitude_latitude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from grammars.mapping.source import Times
    from grammars.pictures import Picture
    from grammars.protocol import Answer, Granule
    from grammars.readers.fits import FitsHeader

_WRITER = "LSL SDFITS writer"
_TABLE = 1  # HDU
_STATIONS = {
    # TELESCOP, as lsl.common.stations names them
    "LWA1": ("LWA1", "Long Wavelength Array Station 1"),
    "LWASV": ("LWA-SV", "Long Wavelength Array Sevilleta"),
}
_TDIM = re.compile(r"\((\d{1,9}),(\d{1,9}),1,1\)")
_TFORM = re.compile(r"(\d{1,9})E")
_STOKES = {
    1: "Stokes I", 2: "Stokes Q", 3: "Stokes U", 4: "Stokes V", -1: "RR", -2: "LL", -3: "RL", -4: "LR",
    -5: "XX", -6: "YY", -7: "XY", -8: "YX",
}  # fmt: skip
"""By their codes on an axis STOKES (FITS Standard 4.0, table 29)."""
_SIGNED = {"Stokes Q", "Stokes U", "Stokes V", "RL", "LR", "XY", "YX"}
_POLARISATIONS_MAX, _BEAMS_MAX = 4, 4
_UNSET = {"", "UNKNOWN", "UKNOWN"}
"""What the writer has for what it was not told; the second as it spells it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells."""

    times: Times
    exposures_s: tuple[Answer, Answer]
    spectrum: Spectrum | Missing
    polarisation: str
    place: tuple[Answer, Answer]


class LwaSdfitsGrammar:
    """See the module; the grammar is as `grammars.protocol.Grammar` describes it."""

    name = "lwa_sdfits"
    version = 1
    format = "fits"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: FitsHeader) -> bool:
        """By ORIGIN, which names the writer, and TELESCOP, one of the stations."""
        return header.get("ORIGIN") == _WRITER and header.get("TELESCOP") in _STATIONS

    def examine(self, header: FitsHeader, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Look at the table once.

        Raises
        ------
        HeaderError
            Where it is not there, has no rows, or its times or frequencies cannot be right.
        """
        if len(header.hdus) <= _TABLE or header.get("EXTNAME", _TABLE) != "SINGLE DISH":
            raise HeaderError("there is no table SINGLE DISH", place="HDU 1", hint="Fetch the file again")
        exposures_s = _numbers(header, "EXPOSURE")
        times = _times(header, exposures_s)
        channels, polarisations = _shape(header)
        return Facts(
            times=times,
            exposures_s=_range(exposures_s, "EXPOSURE"),
            spectrum=_spectrum(header, channels),
            polarisation=_polarisation(header, polarisations),
            place=_place(header),
        )

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all
        """One step a column; what is not here is the config's, or unknown."""
        yield constant("dataproduct_type", "ds", "DATA has the spectra of a beam")
        yield Step(
            "measurement_type",
            "powers of the beam; polarisations by CRVAL2 and CDELT2",
            lambda granule: f"phot.flux.density;em.radio{granule.facts.polarisation}",
        )
        yield constant("processing_level", 2, "unit of DATA: UNCALIB (CODMAC 2)")
        yield constant("target_name", Missing("the writer has LWA_OBS for every OBJECT"))
        yield from time_steps("columns DATE-OBS and TIME")
        for place, end in enumerate(("min", "max")):
            yield Step(f"time_exp_{end}", "column EXPOSURE", _part("exposures_s", place))
        yield from spectral_steps("cards CRVAL1, CDELT1, CRPIX1 and TDIM of DATA")
        for end, which in (("min", "low"), ("max", "high")):
            yield Step(f"spectral_resolution_{end}", "frequencies / column FREQRES", _resolving_power(which))
        yield Step("instrument_host_name", "card TELESCOP", lambda granule: _STATIONS[granule.header.get("TELESCOP")])
        yield constant("instrument_name", ("LWA", "Long Wavelength Array"), "TELESCOP: a station of it")
        yield constant("time_scale", "UTC", "lsl.writer.sdfits: TIME is made of UTC")
        yield constant("time_refposition", "TOPOCENTER", "the clock stands at the station")
        for place, axis in enumerate(("lon", "lat")):
            yield Step(f"observer_{axis}", "cards OBSGEO-X, -Y and -Z", _part("place", place))
        yield Step("obs_mode", "column OBSMODE", _mode)
        yield Step("proposal_id", "card PROJID", lambda granule: _told(granule.header.get("PROJID", _TABLE), "PROJID"))
        yield Step("creation_date", "card DATE", _created)

    def pictures(self, header: FitsHeader, options: GrammarOptions) -> Iterator[Picture]:  # noqa: ARG002  there are none
        """A panel a polarisation: powers in dB, products and differences of two as they are."""
        channels, polarisations = _shape(header)
        hertz = _hertz(header, channels)
        for label, spectra in _beams(header):
            for place in range(min(polarisations, _POLARISATIONS_MAX)):
                name, is_power = _stokes(header, place)
                part = partial(_part_of_cells, channels=channels, place=place)
                yield spectra.picture(label + name, "uncalibrated power", hertz, part, is_power=is_power)


def _beams(header: FitsHeader) -> Iterator[tuple[str, Spectra]]:
    """The spectra of each beam, whose rows take turns."""
    first_day, looked_at, _ = _seconds(header)
    _, seconds, _ = _seconds(header, whole=True)
    first_s, last_s = float(np.nanmin(looked_at)), float(np.nanmax(looked_at))
    found = header.column("BEAM", _TABLE)
    beams = np.zeros(seconds.shape) if found is None or found.shape != seconds.shape else found
    every = np.unique(beams)[:_BEAMS_MAX].tolist()
    for beam in every:
        of_beam = np.where(beams == beam, seconds, np.nan)
        origin_jd = Moment(first_day, 0.0).jd(first_s)
        spectra = Spectra(header, _TABLE, "DATA", origin_jd, of_beam - first_s, last_s - first_s)
        yield f"Beam {beam}, " if len(every) > 1 else "", spectra


def _numbers(header: FitsHeader, name: str, *, whole: bool = False) -> NDArray[np.float64]:
    """Numbers of a column; of long tables some rows (docs/adr/0032), unless all are wanted."""
    read = read_column(header, name, _TABLE, whole=whole)
    if read is None or read.values.dtype.kind not in "iuf" or read.values.ndim != 1:
        raise HeaderError("there is no such column of numbers", place=f"column {name} of HDU 1")
    return as_written(read.values)


def _seconds(header: FitsHeader, *, whole: bool = False) -> tuple[dt.date, NDArray[np.float64], str]:
    """The first day, seconds of the rows from its start on, and which rows they are."""
    days, seconds = read_column(header, "DATE-OBS", _TABLE, whole=whole), _numbers(header, "TIME", whole=whole)
    if days is None or not seconds.size:
        raise HeaderError("there are no rows with a day and a time", place="columns DATE-OBS and TIME of HDU 1")
    if not np.isfinite(seconds).any():
        raise HeaderError("it holds no number", place="column TIME of HDU 1")
    dates = {text: _day(str(text)) for text in np.unique(days.values)}
    first = min(dates.values())
    since_s = {text: (date - first).days * SECONDS_PER_DAY for text, date in dates.items()}
    return first, np.array([since_s[text] for text in days.values]) + seconds, days.note


def _times(header: FitsHeader, exposures_s: NDArray[np.float64]) -> Times:
    first, seconds, note = _seconds(header)
    known = seconds[np.isfinite(seconds)]
    label = f"columns DATE-OBS and TIME of HDU 1{note}"
    try:
        times = counted_times(known, Moment(first, 0.0), label)
        if np.isfinite(exposures_s).all() and exposures_s.min() > 0:
            stop = Moment(first, 0.0).jd(float(known.max()) + float(exposures_s[-1]))
            times = replace(times, stop=stop, stop_source=f"{label}, latest + its EXPOSURE")
    except ValueError as error:
        raise refused(error, label) from None
    return times


def _day(text: str) -> dt.date:
    try:
        return moment([text.strip()], "iso", day_is_enough=True).date
    except ValueError as error:
        raise refused(error, "column DATE-OBS of HDU 1") from None


def _range(values: NDArray[np.float64], name: str) -> tuple[Answer, Answer]:
    known = values[np.isfinite(values) & (values > 0)]
    if not known.size:
        return (Missing(f"column {name} has no number above 0"),) * 2
    return float(known.min()), float(known.max())


def _shape(header: FitsHeader) -> tuple[int, int]:
    """Channels and polarisations."""
    column = header.columns(_TABLE).get("DATA")
    form, found = (str(header.get(f"{key}{column}", _TABLE)).replace(" ", "") for key in ("TFORM", "TDIM"))
    cell, shape = _TFORM.fullmatch(form), _TDIM.fullmatch(found)
    if cell is None or shape is None or not 1 <= int(cell[1]) == int(shape[1]) * int(shape[2]) <= MOST_SAMPLES:
        raise HeaderError(
            f"TFORM {show(form)} and TDIM {show(found)} are no cell as 2048E and (1024,2,1,1)",
            place="column DATA of HDU 1",
        )
    return int(shape[1]), int(shape[2])


def _hertz(header: FitsHeader, channels: int) -> NDArray[np.float64]:
    ends = {key: header.get(key, _TABLE) for key in ("CRVAL1", "CDELT1", "CRPIX1")}
    try:
        first, step, reference = map(number, ends.values())
    except ValueError as error:
        raise refused(error, "cards CRVAL1, CDELT1 and CRPIX1 of HDU 1") from None
    with np.errstate(over="ignore", invalid="ignore"):
        values = first + (np.arange(1.0, channels + 1.0, dtype=np.float64) - reference) * step
    if not np.isfinite(values).all():
        raise HeaderError(f"{ends} lead to no frequencies", place="HDU 1")
    return values


def _spectrum(header: FitsHeader, channels: int) -> Spectrum | Missing:
    values = _hertz(header, channels)
    found = of_tables(values.reshape(1, -1), "cards CRVAL1, CDELT1 and CRPIX1 of HDU 1 [Hz]")
    return Missing("no frequency is above 0") if found is None else found


def _stokes(header: FitsHeader, place: int) -> tuple[str, bool]:
    """What polarisation number `place` (from 0) of a cell is, and whether it is a power."""
    first, step = header.get("CRVAL2", _TABLE), header.get("CDELT2", _TABLE)
    if not isinstance(first, (int, float)) or not isinstance(step, (int, float)):
        return f"Polarisation {place + 1}", True
    code = float(first + place * step)
    name = next((name for known, name in _STOKES.items() if known == code), f"Polarisation {place + 1}")
    return name, name not in _SIGNED


def _part_of_cells(cells: NDArray[Any], channels: int, place: int) -> NDArray[Any]:
    """One polarisation of cells by polarisation and frequency."""
    return cells.reshape(len(cells), -1, channels)[:, place]


def _polarisation(header: FitsHeader, count: int) -> str:
    """The UCD of several Stokes parameters or products; one alone is a power."""
    code = header.get("CRVAL2", _TABLE)
    if count < 2 or not isinstance(code, (int, float)):
        return ""
    if code > 0:
        return ";phys.polarization.stokes"
    return ";phys.polarization.linear" if code <= -5 else ";phys.polarization.circular"


def _place(header: FitsHeader) -> tuple[Answer, Answer]:
    try:
        position_m = [number(header.get(f"OBSGEO-{axis}", _TABLE)) for axis in "XYZ"]
    except ValueError:
        return (Missing("cards OBSGEO-X, -Y and -Z are not all there"),) * 2
    return longitude_latitude([position_m], "cards OBSGEO-X, -Y and -Z")


def _resolving_power(which: str) -> Callable[[Granule], Answer]:
    def value(granule: Granule) -> Answer:
        widths = _range(_numbers(granule.header, "FREQRES"), "FREQRES")
        found, width = granule.facts.spectrum, widths[0]
        if isinstance(found, Missing) or not isinstance(width, float):
            return Missing("frequencies or their widths are not known")
        power: float = getattr(found, which) / width
        return power

    return value


def _part(attribute: str, place: int) -> Callable[[Granule], Answer]:
    return lambda granule: getattr(granule.facts, attribute)[place]


def _mode(granule: Granule) -> Answer:
    read = read_column(granule.header, "OBSMODE", _TABLE)
    modes = [] if read is None else sorted({str(text).strip() for text in read.values})
    return _told(modes[0] if len(modes) == 1 else None, "one OBSMODE")


def _told(value: object, name: str) -> Answer:
    text = str(value or "").strip()
    return Missing(f"{name} is not told") if text in _UNSET else text


def _created(granule: Granule) -> Answer:
    return answer(FitsSource(granule.header), FitsEntry(key=("DATE",)), COLUMNS["creation_date"])


GRAMMAR = LwaSdfitsGrammar()
