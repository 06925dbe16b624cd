"""VOTable products of spectra: a row a time, with arrays over a list of frequencies, or a row a time and frequency.

Form 1 has a column of times and one array a polarisation, whose ``ref`` names a GROUP with the frequencies, by utypes
of the Spectrum data model. Form 2 has columns of times and of frequencies. Both are told by what the fields declare.

Formats: VOTable 1.4; Spectrum Data Model 1.1 (utypes of Char.SpectralAxis, Target, DataID), both of the IVOA.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from epncore.model.errors import HeaderError
from epncore.model.row import Found, Missing
from epncore.model.units import datetime_of_jd
from grammars.mapping.moments import moment
from grammars.mapping.values import MOST_WORDS
from grammars.protocol import GrammarOptions, Step, fact
from grammars.vespa import is_ucd, physical_ucds
from grammars.votable_axes import axes, is_time, spectral_field, spectral_groups, time_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epncore.model.columns import Column
    from grammars.istp_spectrum import Spectrum
    from grammars.mapping.source import Times
    from grammars.protocol import Answer, Granule
    from grammars.readers.votable import Named, VotableHeader

# What tells a column: endings of utypes (Spectrum 1.1, table 1), and UCDs of a PARAM.
_PARAMS = (
    ("target_name", ("target.name",), ("meta.id;src",)),
    ("instrument_name", ("dataid.instrument",), ("meta.id;instr",)),
    ("instrument_host_name", ("dataid.collection.facility", "facility.name"), ("meta.id;instr.obsty", "instr.obsty")),
    ("bib_reference", ("curation.reference",), ("meta.bib.bibcode",)),
)  # fmt: skip


class VotableOptions(GrammarOptions):
    """Options of the grammar.

    Attributes
    ----------
    time_field, spectral_field : str, optional
        Names, where UCDs, xtypes and units do not tell the right ones.
    """

    time_field: str | None = None
    spectral_field: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the data of one file tell."""

    times: Times
    spectrum: Spectrum | Missing
    fields: tuple[Named, ...]
    product_type: str


class VotableGrammar:
    """The grammar; see `grammars.protocol.Grammar`."""

    name = "votable"
    version = 1
    format = "votable"
    generic = True
    options: type[GrammarOptions] = VotableOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: VotableHeader) -> bool:
        """By a field of times, and frequencies in a field or in a group that a field refers to."""
        frequencies = spectral_field(header, None) is not None or any(spectral_groups(header))
        return time_field(header, None) is not None and frequencies

    def examine(self, header: VotableHeader, options: VotableOptions) -> Facts:
        """Walk the rows once: times, and frequencies where each row has its own.

        Raises
        ------
        FileError
            Where there are no rows, or no time in them that can be right.
        """
        time, spectral = time_field(header, options.time_field), spectral_field(header, options.spectral_field)
        if time is None:
            hint = f"Name it by the option time_field; there are {', '.join(each.name for each in header.fields)}"
            raise HeaderError("no field holds times", path=str(header.path), hint=hint)
        times, spectrum = axes(header, time, spectral)
        data = header.used([e for e in header.fields if e not in (time, spectral) and not is_time(e)])
        return Facts(times, spectrum, data, "ts" if isinstance(spectrum, Missing) else "ds")

    def steps(self, options: VotableOptions) -> Iterator[Step]:  # noqa: ARG002  they only choose fields
        """A step a column."""
        yield Step("time_min", "times", lambda g: Found(g.facts.times.start, g.facts.times.start_source))
        yield Step("time_max", "times", lambda g: Found(g.facts.times.stop, g.facts.times.stop_source))
        for end, which in (("min", "smallest"), ("max", "largest")):
            yield Step(f"time_sampling_step_{end}", "times", partial(_time_step, which))
            yield Step(f"spectral_sampling_step_{end}", "frequencies", partial(_spectral_step, which))
        for end, which in (("min", "low"), ("max", "high")):
            yield Step(f"spectral_range_{end}", "frequencies", partial(_spectral, which))
        yield fact("dataproduct_type", "product_type", "whether it has frequencies")
        yield Step("measurement_type", "UCDs of the data fields", _measurement_type)
        yield Step("measurement_unit", "units of the data fields", _measurement_unit)
        yield Step("time_scale", "TIMESYS", lambda g: _timesys(g, "timescale"))
        yield Step("time_refposition", "TIMESYS", lambda g: _timesys(g, "refposition"))
        yield Step("creation_date", "PARAM", _creation_date)
        for column, utypes, ucds in _PARAMS:
            yield Step(column, "PARAM", partial(_told, utypes, ucds))


def _time_step(which: str, granule: Granule) -> Answer:
    times: Times = granule.facts.times
    return (
        Missing(times.steps_source) if times.steps is None else Found(getattr(times.steps, which), times.steps_source)
    )


def _spectral(which: str, granule: Granule) -> Answer:
    found = granule.facts.spectrum
    return found if isinstance(found, Missing) else Found(getattr(found, which), found.source)


def _spectral_step(which: str, granule: Granule) -> Answer:
    found = granule.facts.spectrum
    if isinstance(found, Missing):
        return found
    if found.steps is None:
        return Missing(f"{found.source} tells no steps")
    return Found(getattr(found.steps, which), f"steps of {found.source}")


def _measurement_type(granule: Granule) -> Answer:
    written = [each.ucd for each in granule.facts.fields if each.ucd]
    known = [_known(ucd) for ucd in written]
    source = "UCDs of the data fields"
    return physical_ucds(known, source if known == written else f"{source}, shortened to what UCD1+ knows")


def _known(ucd: str) -> str:
    """A UCD without the endings of words that UCD1+ does not have: ``phys.polarization.circular.LL``."""
    return ";".join(map(_known_word, ucd.split(";")))


def _known_word(word: str) -> str:
    # Some words may only stand second.
    while "." in word and not (is_ucd(word) or is_ucd(f"phot.flux.density;{word}")):
        word = word.rpartition(".")[0]
    return word


def _measurement_unit(granule: Granule) -> Answer:
    units = list(dict.fromkeys(each.unit for each in granule.facts.fields if each.unit))
    if len(units) != 1:
        return Missing(f"the data fields have {len(units)} units, and the column is no list")
    return Found(units[0], "unit of the data fields")


def _timesys(granule: Granule, attribute: str) -> Answer:
    systems = [each for each in granule.header.elements if each.kind == "TIMESYS"]
    value = getattr(systems[0], attribute) if systems else ""
    return Found(value, f"TIMESYS, {attribute}") if value else Missing(f"no TIMESYS with {attribute}")


def _creation_date(granule: Granule) -> Answer:
    given = _param(granule.header, ("dataid.date", "resourceheader.releasedate"), ())
    if isinstance(given, Missing):
        return given
    try:
        day = datetime_of_jd(moment([str(given.value)], "iso", day_is_enough=True).jd())
    except ValueError as error:
        return Missing(f"{given.source}: {error.args[0]}")
    return Found(day, given.source)


def _told(utypes: Sequence[str], ucds: Sequence[str], granule: Granule) -> Answer:
    return _param(granule.header, utypes, ucds)


def _param(header: VotableHeader, utypes: Sequence[str], ucds: Sequence[str]) -> Found | Missing:
    """The values of the PARAMs, or INFOs, that say so by utype or UCD."""
    found = [
        each
        for each in header.elements
        if each.kind in {"PARAM", "INFO"} and each.value
        and (each.utype.lower().endswith(tuple(utypes)) or each.ucd.lower() in ucds)
    ][:MOST_WORDS]  # fmt: skip
    if not found:
        return Missing(f"no PARAM with the utype {' or '.join(utypes)}")
    words = tuple(dict.fromkeys(each.value for each in header.used(found)))
    return Found(words if len(words) > 1 else words[0], f"PARAM {', '.join(each.name for each in found)}")


GRAMMAR = VotableGrammar()
