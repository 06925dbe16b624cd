"""Nançay Decameter Array, Routine and NewRoutine receivers: dynamic spectra of Jupiter and the Sun, 10 to 40 MHz.

CDF files as the masters ``srn_nda_routine_jup_edr_..._V13`` and ``srn_nda_newroutine_jup_edr_..._V00`` lay them out:
both senses of circular polarisation (RR, LL), of NewRoutine their cross-correlation too (RL, LR), attributes of ISTP,
PDS and VESPA kind. What an ISTP file tells anyway is found by `grammars.istp`; here stands what is Nançay's own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from epncore.model.columns import Column
from epncore.model.row import Found, Missing
from epncore.model.vocabularies import SOLAR_SYSTEM_CLASSES
from grammars import vespa
from grammars.istp import IstpGrammar, IstpOptions
from grammars.protocol import Step, constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grammars.pictures import NoPicture, Picture
    from grammars.protocol import Answer, GrammarOptions, Granule
    from grammars.readers.cdf import CdfHeader

LOGICAL_SOURCES = ("srn_nda_routine_", "srn_nda_newroutine_")

# LABLAXIS of the two arrays, and what it says in the words of polarimetry.
_POLARISATIONS = {"RH flux density": "RR flux density (right-hand)", "LH flux density": "LL flux density (left-hand)"}

RECEIVER_NAME = Column(
    "receiver_name", "own", "text", ucd="meta.id;instr",
    description="Receiver behind the array: the array serves several at a time, each with its own files",
)  # fmt: skip


class NdaRoutineOptions(IstpOptions):
    """Those of `IstpOptions`; files of the Routine need none."""


class NdaRoutineGrammar(IstpGrammar):
    """See the module."""

    name = "nda_routine"
    version = 5
    generic = False
    options: type[GrammarOptions] = NdaRoutineOptions
    columns = (RECEIVER_NAME,)

    def recognises(self, header: CdfHeader) -> bool:
        """By ``Logical_source``: srn_nda_routine_jup_edr, srn_nda_newroutine_jup_edr."""
        return any(text.lower().startswith(LOGICAL_SOURCES) for text in header.texts("Logical_source"))

    def steps(self, options: IstpOptions) -> Iterator[Step]:
        """Steps of an ISTP file, with Nançay's own before them."""
        chosen = {*options.attributes, *options.variable_attributes}
        own = {step.column: step for step in _steps() if step.column not in chosen}
        for step in super().steps(options):
            yield own.pop(step.column, step)
        yield from own.values()

    def pictures(self, header: CdfHeader, options: IstpOptions) -> Iterator[Picture | NoPicture]:
        """A panel for each sense of circular polarisation, by the name that the field gives it."""
        for each in super().pictures(header, options):
            yield replace(each, name=_POLARISATIONS.get(each.name, each.name))


def _steps() -> Iterator[Step]:
    yield constant("dataproduct_type", "ds", "RR and LL are spectrograms; their DISPLAY_TYPE may say time_series")
    yield Step("target_name", "global attribute PDS_Observation_target", _target_name)
    yield Step("target_class", "global attribute VESPA_target_class", _target_class)
    yield Step("receiver_name", "global attribute VESPA_receiver_name", _receiver_name)
    # The array itself stamps the spectra: REFERENCE_POSITION "Earth" means on it, not its centre, 21 ms away.
    yield constant("time_refposition", "TOPOCENTER", "the clock stands at the array; REFERENCE_POSITION says Earth")
    # SWEEP_TIME_OFFSET_RAMP tells when in a sweep each channel is measured, not for how long.
    yield Step("time_exp_min", "global attribute VESPA_time_exp", _exposure)
    yield Step("time_exp_max", "global attribute VESPA_time_exp", _exposure)


def _target_name(granule: Granule) -> Answer:
    texts = granule.header.texts("PDS_Observation_target")
    return texts[0] if texts else Missing("no global attribute PDS_Observation_target")


def _target_class(granule: Granule) -> Answer:
    given = vespa.words(granule.header, "target_class")
    if not isinstance(given, Missing):
        return given
    name = str(granule.row.get("target_name") or "").lower()
    known = SOLAR_SYSTEM_CLASSES.get(name)
    return Found(known, f"the class of {name}") if known else given


def _receiver_name(granule: Granule) -> Answer:
    return vespa.names(granule.header, "VESPA_receiver_name")


def _exposure(granule: Granule) -> Answer:
    given = vespa.pair(granule.header, "time_exp")
    if given is None:
        return Missing(
            "VESPA_time_exp is unset; the offsets in a sweep tell when a channel is measured, not for how long"
        )
    return Found(given[1], given[2])


GRAMMAR = NdaRoutineGrammar()
