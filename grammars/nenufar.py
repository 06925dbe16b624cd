"""NenuFAR statistics of the LaNewBa receiver: beamlets (BST) and cross-correlations (XST), 10 to 85 MHz, FITS.

Seven HDUs of set-up and a table of data, a row a time: ``jd`` and ``data``; an XST has ``xstSubband`` too, the numbers
of the sub-bands that were correlated. Cards say the time between rows (DT, s) and the width of a sub-band (BANDWIDT).

- Card OBJECT of the primary tells the kind of statistics; the target stands in column ``object``, in quotation marks
  and with the mode of pointing behind it: ``"TAU_A_TRACKING"``.
- ``freqList`` of a BST has the frequencies of its beamlets, of which nbBeamlet are used. An XST has numbers of
  sub-bands; number n is at n and a half widths in the file's own table of all (docs/adr/0033).

Where beams point to fixed J2000 coordinates, they fill c1 and c2: the collection's spatial_frame_type is celestial.

Documents: nenupy 2.8.5 (``io.io_tools``, ``io.bst``, ``io.xst``, ``instru.instrument_tools.sb2freq``) and its pages on
BST and XST; maser-data 0.5.2 (``maser.data.nancay.nenufar``); a real XST of version 00.07.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from epncore.model.columns import COLUMNS, Column
from epncore.model.errors import HeaderError
from epncore.model.row import Found, Missing, show
from epncore.model.units import SECONDS_PER_DAY, frequency_factor_hz
from epncore.model.vocabularies import TIME_SCALES
from grammars import nenufar_pictures
from grammars.istp_spectrum import of_tables
from grammars.long_tables import read_column
from grammars.mapped_fits import FitsEntry, FitsSource, FitsTimeAxis
from grammars.mapping.axes import time_axis
from grammars.mapping.axis_steps import spectral_steps, time_steps
from grammars.mapping.numbers import number, quantity
from grammars.mapping.source import refused
from grammars.mapping.values import answer
from grammars.nenufar_pictures import Beam
from grammars.pictures import NoPicture
from grammars.protocol import GrammarOptions, Step, constant, fact
from grammars.stations import longitude_latitude
from grammars.targets import class_of, spelt, told_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from grammars.istp_spectrum import Spectrum
    from grammars.mapping.source import Times
    from grammars.pictures import Picture
    from grammars.protocol import Answer, Granule
    from grammars.readers.fits import FitsHeader

_BST, _XST = "beamlet Statistics", "crosscorrelation Statistics"
_BEAMS = {_BST: "SETUP_BEAM", _XST: "SETUP_ANABEAM"}
"""Which table tells where each kind looks: mini-arrays are correlated as their analogue beams point them."""
_POINTING_MODE = re.compile(r"_(?:TRACKING|TRANSIT)$", re.IGNORECASE)

_KINDS = {
    # dataproduct_type, measurement_type
    _BST: ("ds", "phot.flux.density;em.radio;phys.polarization.linear"),
    _XST: ("cu", "stat.correlation;phot.flux.density;em.radio"),
}

_SEEN = "Observatoire de Paris, NenuFAR: radio bursts of the magnetosphere of Jupiter and of the Sun"
_ARRAYS = "Observatoire de Nancay, reseau decametrique: decametric emissions of both"
_REGIONS: Mapping[str, Found] = {"Jupiter": Found("magnetosphere", _SEEN), "Sun": Found("corona", _ARRAYS)}
_FEATURES: Mapping[str, Found] = {
    "Jupiter": Found("decametric radio emissions (DAM)", _ARRAYS),
    "Sun": Found("solar radio bursts", _SEEN),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file tells."""

    times: Times | Missing
    exposure_s: Answer
    spectrum: Spectrum | Missing
    width_hz: float
    target_name: Answer
    target_class: Answer
    c1: tuple[Answer, Answer]
    c2: tuple[Answer, Answer]
    longitude: Answer
    latitude: Answer


class NenufarGrammar:
    """See the module; the grammar is as `grammars.protocol.Grammar` describes it."""

    name = "nenufar"
    version = 2
    format = "fits"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: FitsHeader) -> bool:
        """By INSTRUME, NenuFar, and OBJECT, which names the statistics."""
        return str(header.get("INSTRUME")).lower() == "nenufar" and header.get("OBJECT") in _KINDS

    def examine(self, header: FitsHeader, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Look at axes and beams once.

        Raises
        ------
        HeaderError
            Where times are not there, or cards or tables cannot be right.
        """
        beams = _beams(header)
        exposure, width_hz = _exposure_s(header), _width_hz(header)
        names = _names(header, beams)
        c1, c2 = _pointing(header, beams)
        longitude, latitude = _place(header)
        return Facts(
            times=_times(header, exposure),
            exposure_s=exposure,
            spectrum=_sub_bands(header, width_hz) if header.get("OBJECT") == _XST else _beamlets(header, beams),
            width_hz=width_hz,
            target_name=names,
            target_class=names if isinstance(names, Missing) else _classes(names),
            c1=c1,
            c2=c2,
            longitude=longitude,
            latitude=latitude,
        )

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all
        """One step a column; what is not here is the config's, or unknown."""
        for column, place in (("dataproduct_type", 0), ("measurement_type", 1)):
            yield Step(column, "card OBJECT, the kind of statistics", _of_kind(place))
        yield constant("processing_level", 2, "powers and correlations of the receiver, not calibrated (CODMAC 2)")
        yield fact("target_name", "target_name", "column object of the beams")
        yield fact("target_class", "target_class", "column object of the beams")
        yield Step("target_region", "column object of the beams", lambda granule: told_of(granule, _REGIONS))
        yield Step("feature_name", "column object of the beams", lambda granule: told_of(granule, _FEATURES))
        yield from time_steps("column jd")
        for end in ("min", "max"):
            yield fact(f"time_exp_{end}", "exposure_s", "card DT")
        yield from spectral_steps("the sub-bands")
        for end, which in (("min", "low"), ("max", "high")):
            yield Step(f"spectral_resolution_{end}", "frequencies / BANDWIDT", _resolving_power(which))
        for axis in ("c1", "c2"):
            for place, end in enumerate(("min", "max")):
                yield Step(f"{axis}{end}", "angle1 and angle2 of the beams", _end(axis, place))
        yield constant(
            "instrument_host_name",
            ("ORN", "Observatoire Radioastronomique de Nancay"),
            "ORIGINE: NANCAY OBSERVATORY; its names: MASER, collection of Juno-Nancay data",
        )
        yield constant(
            "instrument_name",
            ("NenuFAR", "New Extension in Nancay Upgrading LOFAR"),
            "INSTRUME; its full name: obs-nancay.fr",
        )
        yield Step("time_scale", "card TIME-SYS", _time_scale)
        yield constant("time_refposition", "TOPOCENTER", "the clock stands at the array")
        yield Step("creation_date", "card DATE-CRE", _created)
        yield fact("observer_lon", "longitude", "column noPositionETRS, the middle of the mini-arrays")
        yield fact("observer_lat", "latitude", "column noPositionETRS, the middle of the mini-arrays")

    def pictures(self, header: FitsHeader, options: GrammarOptions) -> Iterator[Picture | NoPicture]:  # noqa: ARG002
        """The beams of a BST in both polarisations."""
        if header.get("OBJECT") == _XST:
            yield NoPicture("XST", "correlations of mini-arrays, which are no spectrum of the sky")
            return
        beams = _beams(header)
        names = (str(text).strip().strip('"') for text in _column(header, "object", beams))
        hertz, places = _beamlet_hz(header, beams), np.atleast_2d(_column(header, "BeamletList", beams))
        counts = _column(header, "nbBeamlet", beams).reshape(len(hertz), -1)[:, 0].tolist()
        used = zip(names, hertz, places, counts, strict=True)
        yield from nenufar_pictures.pictures(header, [Beam(name, f[:n], at[:n]) for name, f, at, n in used])


def _column(header: FitsHeader, name: str, hdu: int | None = None) -> NDArray[Any]:
    """Rows of a column; of long tables some (docs/adr/0032).

    Raises
    ------
    HeaderError
        Where there is no such column, or it has no row.
    """
    read = read_column(header, name, hdu)
    if read is None or len(read.values) == 0:
        place = "a table" if hdu is None else f"HDU {hdu}"
        raise HeaderError(f"no rows of a column {name}", place=place, hint="Statistics of NenuFAR have it")
    return read.values


def _beams(header: FitsHeader) -> int:
    """HDU of the beams that the statistics are of."""
    wanted = _BEAMS[str(header.get("OBJECT"))]
    for hdu in header.hdus:
        if hdu.get("EXTNAME") == wanted:
            return hdu.number
    raise HeaderError(
        "there is no such table", place=wanted, hint="Statistics of NenuFAR have it: fetch the file again"
    )


def _exposure_s(header: FitsHeader) -> Answer:
    """Each row is the mean of the time to the next (nenupy, pages on BST and XST)."""
    try:
        value = number(header.get("DT"))
    except ValueError:
        return Missing("card DT has no number of seconds")
    return value if value > 0 else Missing(f"card DT is {value:g}")


def _width_hz(header: FitsHeader) -> float:
    try:
        value, unit = quantity(header.get("BANDWIDT"))
    except ValueError as error:
        raise refused(error, "BANDWIDT") from None
    factor = frequency_factor_hz(unit)
    if factor is None or not value > 0:
        raise HeaderError(f"{show(header.get('BANDWIDT'))} is no width of a sub-band", place="BANDWIDT")
    return value * factor


def _times(header: FitsHeader, exposure_s: Answer) -> Times | Missing:
    times = time_axis(FitsSource(header), FitsTimeAxis(column="jd", format="jd", required=True), None)
    if isinstance(times, Missing) or times.steps is not None or not isinstance(exposure_s, float):
        return times
    stop = times.start + exposure_s / SECONDS_PER_DAY
    return replace(times, stop=stop, start_source="column jd", stop_source="the one jd + DT")


def _sub_bands(header: FitsHeader, width_hz: float) -> Spectrum | Missing:
    numbers = _column(header, "xstSubband").astype(np.float64)
    frequencies = np.where(numbers >= 0, (numbers + 0.5) * width_hz, np.nan)
    found = of_tables(np.atleast_2d(frequencies), "sub-bands in column xstSubband, BANDWIDT apart")
    return Missing("column xstSubband names no sub-band") if found is None else found


def _beamlet_hz(header: FitsHeader, beams: int) -> NDArray[np.float64]:
    """Frequencies of the beamlets, one row a beam; those beyond the used ones are padding."""
    frequencies = np.atleast_2d(_column(header, "freqList", beams)).astype(np.float64)
    unit = _frequency_unit(header, beams)
    factor = frequency_factor_hz(unit)
    if factor is None:
        raise HeaderError(f"{unit!r} is no unit of frequencies", place=f"HDU {beams}, freqList")
    return np.asarray(frequencies * factor, np.float64)


def _frequency_unit(header: FitsHeader, beams: int) -> str:
    return header.column_unit("freqList", beams) or "MHz"


def _beamlets(header: FitsHeader, beams: int) -> Spectrum | Missing:
    hertz = _beamlet_hz(header, beams)
    used = np.arange(hertz.shape[1]) < _column(header, "nbBeamlet", beams).reshape(-1, 1)
    label = f"column freqList of HDU {beams} [{_frequency_unit(header, beams)}]"
    found = of_tables(np.where(used, hertz, np.nan), label)
    return Missing("column freqList has no frequency") if found is None else found


def _names(header: FitsHeader, beams: int) -> tuple[str, ...] | Missing:
    texts = (str(text).strip().strip('"').strip() for text in _column(header, "object", beams))
    names = (spelt(_POINTING_MODE.sub("", text).replace("_", " ")) for text in texts)
    found = tuple(dict.fromkeys(name for name in names if name))
    return found or Missing("column object is blank")


def _classes(names: tuple[str, ...]) -> Found:
    found = dict.fromkeys(str(class_of(name).value) for name in names)
    return Found(tuple(found), f"classes of {', '.join(names)}")


def _pointing(header: FitsHeader, beams: int) -> tuple[tuple[Answer, Answer], tuple[Answer, Answer]]:
    """Right ascensions and declinations, where all beams have them."""
    kinds = {str(kind).strip() for kind in _column(header, "dirType", beams)}
    if kinds != {"J2000"}:
        none = Missing(f"beams point by {', '.join(sorted(kinds))}, not all to fixed J2000 coordinates")
        return (none, none), (none, none)
    c1, c2 = (_column(header, name, beams).astype(np.float64) for name in ("angle1", "angle2"))
    if not (np.isfinite(c1).all() and np.isfinite(c2).all() and np.abs(c2).max() <= 90):
        raise HeaderError("J2000 coordinates beyond the sky", place=f"HDU {beams}, angle1 and angle2")
    declinations: tuple[Answer, Answer] = float(c2.min()), float(c2.max())
    c1 = c1 % 360
    if c1.max() - c1.min() > 180:
        none = Missing("beams on both sides of right ascension 0: their range is not one interval")
        return (none, none), declinations
    return (float(c1.min()), float(c1.max())), declinations


def _place(header: FitsHeader) -> tuple[Answer, Answer]:
    """Longitude and latitude of the middle of the mini-arrays."""
    read = read_column(header, "noPositionETRS")
    if read is None:
        return (Missing("no column noPositionETRS"),) * 2
    values = read.values.ravel()
    return longitude_latitude(values[: values.size // 3 * 3].reshape(-1, 3), "column noPositionETRS")


def _of_kind(place: int) -> Callable[[Granule], Answer]:
    return lambda granule: _KINDS[str(granule.header.get("OBJECT"))][place]


def _resolving_power(which: str) -> Callable[[Granule], Answer]:
    def value(granule: Granule) -> Answer:
        found = granule.facts.spectrum
        if isinstance(found, Missing):
            return found
        power: float = getattr(found, which) / granule.facts.width_hz
        return power

    return value


def _end(axis: str, place: int) -> Callable[[Granule], Answer]:
    return lambda granule: getattr(granule.facts, axis)[place]


def _time_scale(granule: Granule) -> Answer:
    found = str(granule.header.get("TIME-SYS") or "").upper()
    return found if found in TIME_SCALES else Missing("card TIME-SYS names no time scale")


def _created(granule: Granule) -> Answer:
    return answer(FitsSource(granule.header), FitsEntry(key=("DATE-CRE",)), COLUMNS["creation_date"])


GRAMMAR = NenufarGrammar()
