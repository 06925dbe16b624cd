"""Nançay Decameter Array, receivers NewRoutine and Mefisto: dynamic spectra of Jupiter and the Sun, 10 to 88 MHz.

FITS as ``orn_nda_newroutine_jup_edr_202303060945_202303061745_v1.1.fits``: a primary header, a table of one row whose
first column has the frequencies, and a table of a row a spectrum: ``jd``, and ``DATA`` by frequency and polarisation
(CHANNEL1, CHANNEL2...). A transit of eight hours has 57,600 rows in 768 MB, of which few are read (docs/adr/0032).

Documents: maser-data 0.5.2 (``maser.data.nancay.nda``, ``maser.data.base``) and the tests of maser4py for the layout,
cards and units; radiospectra (``NDASpectrogram``) for OBSGEO-B and OBSGEO-L; the CDF master
``srn_nda_newroutine_jup_edr_..._v00`` for what is constant of Jupiter; arXiv:2110.10935 for the Sun.
"""

from __future__ import annotations

from functools import partial
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any

from epncore.model.errors import HeaderError
from epncore.model.row import Found, Missing
from grammars.bands import check_band
from grammars.fits_pictures import Spectra
from grammars.mapped_fits import FitsSource, FitsSpectralAxis, FitsTimeAxis
from grammars.mapping.axes import in_hz, spectral_axis, time_axis
from grammars.mapping.axis_steps import spectral_steps, time_steps
from grammars.mapping.table import Facts
from grammars.nda_routine import RECEIVER_NAME
from grammars.pictures import NoPicture
from grammars.protocol import GrammarOptions, Step, constant
from grammars.targets import class_of, spelt, told_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from epncore.model.columns import Column
    from epncore.model.row import Value
    from grammars.pictures import Picture
    from grammars.protocol import Answer, Granule
    from grammars.readers.fits import FitsHeader

# INSTRUME, and the names of the receiver; that of NewRoutine as the CDF master has it.
_RECEIVERS = {"newroutine": ("NewRoutine", "New Routine"), "mefisto": ("Mefisto",)}
_FREQUENCIES, _SPECTRA = 1, 2  # HDUs
_UNIT = "V**2.Hz**-1"
_BAND_HZ = (1e6, 100e6)  # the array hears 10 to 88 MHz (module)

_MASTER = "CDF master srn_nda_newroutine_jup_edr_..._v00"
_REGIONS: Mapping[str, Found] = {
    "Jupiter": Found(("aurora", "magnetosphere"), f"{_MASTER}, VESPA_target_region"),
    "Sun": Found("corona", "arXiv:2110.10935: beams of electrons in the corona"),
}
_FEATURES: Mapping[str, Found] = {
    "Jupiter": Found("decametric radio emissions (DAM)", f"{_MASTER}, VESPA_feature_name"),
    "Sun": Found("Type III", "arXiv:2110.10935: type III bursts seen by the array"),
}


class NdaNewRoutineGrammar:
    """See the module; the grammar is as `grammars.protocol.Grammar` describes it."""

    name = "nda_newroutine"
    version = 3
    format = "fits"
    generic = False
    options: type[GrammarOptions] = GrammarOptions
    columns: tuple[Column, ...] = (RECEIVER_NAME,)

    def recognises(self, header: FitsHeader) -> bool:
        """By TELESCOP, NDA, and INSTRUME, one of the receivers."""
        return header.get("TELESCOP") == "NDA" and str(header.get("INSTRUME")).lower() in _RECEIVERS

    def examine(self, header: FitsHeader, options: GrammarOptions) -> Facts:  # noqa: ARG002  there are none
        """Look at the two axes once.

        Raises
        ------
        HeaderError
            Where a table or the times are not there, or these or the frequencies cannot be right.
        """
        if len(header.hdus) <= _SPECTRA:
            raise HeaderError(
                f"{len(header.hdus)} HDUs, where cards, frequencies and spectra are three",
                place="HDU 2",
                hint="Fetch the file again",
            )
        source, axis = FitsSource(header), _spectral_axis(header)
        spectrum = Missing("HDU 1 has no column of frequencies") if axis is None else spectral_axis(source, axis)
        if not isinstance(spectrum, Missing):
            check_band((spectrum.low, spectrum.high), _BAND_HZ, "HDU 1, the first column")
        times = time_axis(source, FitsTimeAxis(column="jd", format="jd", hdu=_SPECTRA, required=True), None)
        return Facts(source, times, spectrum)

    def steps(self, options: GrammarOptions) -> Iterator[Step]:  # noqa: ARG002  the same for all
        """One step a column; what is not here is the config's, or unknown."""
        yield constant("dataproduct_type", "ds", "DATA has a spectrum a row")
        yield constant(
            "measurement_type", "phot.flux.density;em.radio;phys.polarization", f"{_MASTER}, mended to UCD1+"
        )
        yield constant("measurement_unit", _UNIT, "maser-data 0.5.2, units of DATA")
        yield constant("processing_level", 2, "TITLE: EDR, experiment data records (CODMAC 2)")
        yield Step("target_name", "card OBJECT", _target_name)
        yield Step("target_class", "card OBJECT", _target_class)
        yield Step("target_region", "card OBJECT", lambda granule: told_of(granule, _REGIONS))
        yield Step("feature_name", "card OBJECT", lambda granule: told_of(granule, _FEATURES))
        yield from time_steps("column jd of HDU 2")
        yield from spectral_steps("the first column of HDU 1")
        yield constant(
            "instrument_host_name",
            ("ORN", "Observatoire Radioastronomique de Nancay"),
            "TITLE: ORN; its full name: MASER, collection of Juno-Nancay data",
        )
        yield constant("instrument_name", ("NDA", "Nancay Decameter Array"), "TELESCOP: NDA")
        yield Step("receiver_name", "card INSTRUME", _receiver_name)
        yield constant("time_scale", "UTC", "maser-data 0.5.2 reads jd as UTC")
        yield constant("time_refposition", "TOPOCENTER", "the clock stands at the array")
        yield Step("observer_lon", "card OBSGEO-L", _coordinate("OBSGEO-L", 180.0))
        yield Step("observer_lat", "card OBSGEO-B", _coordinate("OBSGEO-B", 90.0))

    def pictures(self, header: FitsHeader, options: GrammarOptions) -> Iterator[Picture | NoPicture]:  # noqa: ARG002
        """The channels that the cards name: powers in dB, products of two senses as they are."""
        axis = _spectral_axis(header)
        found = None if axis is None else FitsSource(header).column(axis)
        if found is None or isinstance(found, Missing):
            yield NoPicture("DATA", "no column of frequencies in HDU 1")
            return
        hertz = in_hz(found.values[0], found.unit)
        spectra = Spectra.by_jd(header, _SPECTRA, "DATA")
        for number, channel in enumerate(_channels(header)):
            yield spectra.picture(
                channel, _UNIT, hertz, partial(_channel, channels=hertz.size, number=number),
                is_power=channel in {"LL", "RR"},
            )  # fmt: skip


def _spectral_axis(header: FitsHeader) -> FitsSpectralAxis | None:
    """The first column of the table of frequencies."""
    names = list(header.columns(_FREQUENCIES))
    return FitsSpectralAxis(column=names[0], hdu=_FREQUENCIES) if names else None


def _channels(header: FitsHeader) -> Iterator[str]:
    """Polarisations in the order of DATA."""
    return takewhile(bool, (str(header.get(f"CHANNEL{number}") or "") for number in count(1)))


def _channel(cells: NDArray[Any], channels: int, number: int) -> NDArray[Any]:
    """One polarisation of cells by frequency and polarisation."""
    return cells.reshape(len(cells), channels, -1)[:, :, number]


def _target_name(granule: Granule) -> Answer:
    name = granule.header.get("OBJECT")
    return spelt(name) if isinstance(name, str) and name else Missing("no card OBJECT")


def _target_class(granule: Granule) -> Answer:
    name = granule.row.get("target_name")
    return class_of(name) if isinstance(name, str) else Missing("the target is not known")


def _receiver_name(granule: Granule) -> Value:
    return _RECEIVERS[str(granule.header.get("INSTRUME")).lower()]


def _coordinate(key: str, largest_deg: float) -> Callable[[Granule], Answer]:
    def value(granule: Granule) -> Answer:
        found = granule.header.get(key)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return Missing(f"no card {key}")
        return float(found) if abs(found) <= largest_deg else Missing(f"{key} is {found}, beyond {largest_deg:g} deg")

    return value


GRAMMAR = NdaNewRoutineGrammar()
