"""Any CDF that follows the ISTP guidelines, by configuration alone.

The data's own axes tell times and frequencies; global attributes of ISTP and ``VESPA_*`` tell the rest. The target is
never guessed: a config gives it, as a constant or as an attribute to copy.

Format: ISTP/IACG guidelines, https://spdf.gsfc.nasa.gov/istp_guide/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from epncore.model.row import Found, Missing
from epncore.model.rules.predicates import are_references
from epncore.model.units import parse_unit
from grammars import istp_chosen, istp_pictures, istp_ranges, vespa
from grammars.common import mended, prefer
from grammars.istp_data import axes, data_variables, is_declared, listed
from grammars.istp_ranges import Range
from grammars.istp_rates import by_rates
from grammars.istp_spectrum import Spectrum, is_energy, spectrum
from grammars.istp_sweeps import sweep_steps
from grammars.istp_texts import creation_date, processing_level, reference_position
from grammars.istp_times import Times, times
from grammars.protocol import GrammarOptions, Step, constant
from grammars.targets import classes_of_row, known_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from epncore.model.columns import Column
    from grammars.axes import Steps
    from grammars.protocol import Answer, Granule
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_records import Variable

_PRODUCT_TYPES = Literal["im", "ma", "sp", "ds", "sc", "pr", "pf", "vo", "mo", "cu", "ts", "ca", "ci", "sv", "ev"]

_DOI = "global attribute DOI"
_REMARK = re.compile(r"\(\w+\)")
"""What files write in place of a unit: ``(raw)`` stands in level 1a of JUICE RPWI."""


class IstpOptions(GrammarOptions):
    """Options of the grammar.

    Attributes
    ----------
    dataproduct_type : str, optional
        Code, where the file's own DISPLAY_TYPE is not what is meant.
    time_variable, spectral_variable : str, optional
        Instead of DEPEND_0, and of DEPEND_1 to 3, of the data variables.
    data_variables : tuple of str
        Instead of all with VAR_TYPE data.
    sweep_variable : str, optional
        Numbers the sweeps, where a record holds a part of one.
    rate_variable : str, optional
        Rate of the samples within a record, where each has its own.
    known_targets : bool
        Whether of the targets that a file names only bodies of the Solar System are kept, and target_class is theirs.
    ranges : dict of str to Range
        Pair of columns to the variable whose range it holds: ``target_distance = { variable = "ObsDistance" }``.
    attributes : dict of str to str
        Column to global attribute that holds its value: ``target_name = "TARGET_NAME"``.
    variable_attributes : dict of str to str
        Column to ``VARIABLE.ATTRIBUTE``.
    """

    dataproduct_type: _PRODUCT_TYPES | None = None
    time_variable: str | None = None
    spectral_variable: str | None = None
    data_variables: tuple[str, ...] = ()
    sweep_variable: str | None = None
    rate_variable: str | None = None
    known_targets: bool = False
    ranges: dict[str, Range] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)
    variable_attributes: dict[str, str] = Field(default_factory=dict)

    @field_validator("ranges")
    @classmethod
    def _are_of_columns(cls, ranges: dict[str, Range]) -> dict[str, Range]:
        return istp_ranges.check(ranges)

    @field_validator("variable_attributes")
    @classmethod
    def _are_pairs(cls, places: dict[str, str]) -> dict[str, str]:
        for place in places.values():
            if not all(place.rpartition(".")):
                raise ValueError(f"{place!r} is not VARIABLE.ATTRIBUTE, Epoch.TIME_SCALE for example")
        return places


@dataclass(frozen=True, slots=True)
class Facts:
    """What `IstpGrammar.examine` makes of a header."""

    data: tuple[Variable, ...]
    times: Times
    spectrum: Spectrum | None


class IstpGrammar:
    """See the module."""

    name = "istp"
    version = 6
    format = "cdf"
    generic = True
    options: type[GrammarOptions] = IstpOptions
    columns: tuple[Column, ...] = ()

    def recognises(self, header: CdfHeader) -> bool:
        """By the global attributes that the guidelines want, and a variable that follows them."""
        names = ("Logical_source", "Source_name", "Descriptor")
        return any(header.texts(name) for name in names) and is_declared(header)

    def examine(self, header: CdfHeader, options: IstpOptions) -> Facts:
        """Find the data variables and their axes.

        Raises
        ------
        FileError
            Where there are no data, or no times.
        """
        data = data_variables(header, options.data_variables)
        exposure = vespa.pair(header, "time_exp")
        found = times(header, data, options.time_variable, exposure[1] if exposure else None)
        if options.sweep_variable:
            steps = sweep_steps(header, found.clock, options.sweep_variable)
            found = replace(found, steps=steps, steps_source=f"starts of the sweeps of {options.sweep_variable}")
        if options.rate_variable:
            found = by_rates(header, data, found, options.rate_variable)
        return Facts(tuple(data), found, spectrum(header, data, options.spectral_variable))

    def steps(self, options: IstpOptions) -> Iterator[Step]:
        """All steps; `attributes` and `variable_attributes` of the config go before what the grammar finds."""
        chosen = {step.column: step for step in istp_chosen.steps(options.attributes, options.variable_attributes)}
        for step in _steps(options):
            mine = chosen.pop(step.column, None)
            yield prefer(mine, step) if mine else step
        yield from chosen.values()

    def pictures(self, header: CdfHeader, options: IstpOptions) -> Iterator[istp_pictures.Shown]:
        """The data variables, for a preview."""
        data = data_variables(header, options.data_variables)
        return istp_pictures.pictures(header, data, options.time_variable, options.spectral_variable)


def _steps(options: IstpOptions) -> Iterator[Step]:
    yield Step("dataproduct_type", "DISPLAY_TYPE and axes of the data", lambda g: _product_type(g, options))
    yield Step("measurement_type", "UCD of the data variables", _measurement_type)
    yield Step("measurement_unit", "UNITS of the data variables", _measurement_unit)
    yield Step("processing_level", "global attributes LEVEL and Data_type", _either(vespa.level, processing_level))
    yield _names("instrument_host_name", "Source_name")
    yield _names("instrument_name", "Descriptor")
    yield Step("time_min", "time axis", lambda g: Found(g.facts.times.start, g.facts.times.start_source))
    yield Step("time_max", "time axis", lambda g: Found(g.facts.times.stop, g.facts.times.stop_source))
    yield from _pair(
        "time_sampling_step", "time axis", lambda g: _step_pair(g.facts.times.steps, g.facts.times.steps_source)
    )
    yield from _pair("time_exp", "VESPA_time_exp", lambda _: None)
    yield from _pair("spectral_range", "frequency axis", _spectral_range)
    yield from _pair("spectral_sampling_step", "frequency axis", _spectral_steps)
    yield constant("time_scale", "UTC", "times are converted to UTC")
    yield Step("time_refposition", "REFERENCE_POSITION of the time variable", _time_refposition)
    yield Step("creation_date", "global attribute Generation_date", lambda g: creation_date(g.header))
    yield Step("bib_reference", _DOI, _bib_reference)
    for column in ("target_name", "target_class", "target_region", "feature_name"):
        yield Step(column, f"global attribute VESPA_{column}", _vespa_words(column, options))
    yield from istp_ranges.steps(options.ranges)


def _either(first: Callable[[CdfHeader], Answer], second: Callable[[CdfHeader], Answer]) -> Callable[[Granule], Answer]:
    def answer(granule: Granule) -> Answer:
        given = first(granule.header)
        return second(granule.header) if isinstance(given, Missing) else given

    return answer


def _names(column: str, attribute: str) -> Step:
    own = f"{vespa.PREFIX}{column}"
    answer = _either(lambda header: vespa.names(header, own), lambda header: vespa.names(header, attribute))
    return Step(column, f"global attributes {own} and {attribute}", answer)


def _vespa_words(column: str, options: IstpOptions) -> Callable[[Granule], Answer]:
    if options.known_targets and column == "target_name":
        return lambda granule: known_of(vespa.words(granule.header, column))
    if options.known_targets and column == "target_class":
        return classes_of_row
    return lambda granule: vespa.words(granule.header, column)


def _pair(name: str, source: str, of_axis: Callable[[Granule], tuple[float, float, str] | None]) -> Iterator[Step]:
    """Steps for ``<name>_min`` and ``<name>_max``: the data's own axis, else ``VESPA_<name>``."""

    def end(which: int) -> Callable[[Granule], Answer]:
        def answer(granule: Granule) -> Answer:
            given = of_axis(granule) or vespa.pair(granule.header, name)
            return (
                Missing(f"neither the data nor VESPA_{name} tell") if given is None else Found(given[which], given[2])
            )

        return answer

    yield Step(f"{name}_min", source, end(0))
    yield Step(f"{name}_max", source, end(1))


def _step_pair(steps: Steps | None, source: str) -> tuple[float, float, str] | None:
    return None if steps is None else (steps.smallest, steps.largest, source)


def _spectral_range(granule: Granule) -> tuple[float, float, str] | None:
    found: Spectrum | None = granule.facts.spectrum
    return None if found is None else (found.low, found.high, found.source)


def _spectral_steps(granule: Granule) -> tuple[float, float, str] | None:
    found: Spectrum | None = granule.facts.spectrum
    return None if found is None else _step_pair(found.steps, f"steps of {found.source}")


def _product_type(granule: Granule, options: IstpOptions) -> Answer:
    """Dynamic spectra have an axis of frequencies, or show a spectrogram over energies; other series are ts."""
    if options.dataproduct_type:
        return Found(options.dataproduct_type, "option dataproduct_type")
    header: CdfHeader = granule.header
    given = vespa.product_type(header)
    if not isinstance(given, Missing):
        return given
    if granule.facts.spectrum is not None:
        return Found("ds", f"its axis of frequencies, {granule.facts.spectrum.source}")
    shown = {v.name: header.text(v, "DISPLAY_TYPE").partition(">")[0].strip().lower() for v in granule.facts.data}
    for variable in granule.facts.data:
        if shown[variable.name] == "spectrogram" and any(is_energy(header, axis) for axis in axes(header, variable)):
            return Found("ds", f"DISPLAY_TYPE of variable {variable.name}, a spectrogram over energies")
    if not set(shown.values()) <= {"", "time_series", "waveform", "stack_plot", "spectrogram"}:
        return Missing(f"DISPLAY_TYPE {listed(sorted(set(shown.values())))}: give the option dataproduct_type")
    return Found("ts", f"DISPLAY_TYPE of variable {granule.facts.data[0].name}, and no axis of frequencies")


def _measurement_type(granule: Granule) -> Answer:
    header: CdfHeader = granule.header
    given = vespa.measurement_type(header)
    if not isinstance(given, Missing):
        return given
    texts = (header.text(variable, "UCD") for variable in granule.facts.data)
    return vespa.physical_ucds((text for text in texts if text), "UCD of the data variables")


def _measurement_unit(granule: Granule) -> Answer:
    """Where all data have one: the column is no list."""
    units = list(dict.fromkeys(granule.header.text(variable, "UNITS") for variable in granule.facts.data))
    if not any(units):
        return Missing("the data variables have no UNITS")
    if len(units) > 1:
        shown = listed([unit or "none" for unit in units])
        return Missing(f"the data variables have several units ({shown}), and the column is no list")
    unit = str(units[0])
    if _REMARK.fullmatch(unit) and parse_unit(unit) is None:
        return Missing(f"UNITS of the data variables are {unit!r}, a remark and no unit")
    return mended("measurement_unit", unit.replace("^", "**"), "UNITS of the data variables")


def _time_refposition(granule: Granule) -> Answer:
    given = vespa.words(granule.header, "time_refposition")
    if isinstance(given, Missing):
        return reference_position(granule.header, granule.facts.times.clock)
    return given


def _bib_reference(granule: Granule) -> Answer:
    """Bibcodes, DOIs and URLs; some files write ``...`` for what was not yet known."""
    header: CdfHeader = granule.header
    given = vespa.words(header, "bib_reference")
    own = given.value if isinstance(given, Found) and isinstance(given.value, tuple) else ()
    for words, source in ((own, f"global attribute {vespa.PREFIX}bib_reference"), (header.texts("DOI")[:1], _DOI)):
        bare = (str(word).removeprefix("https://doi.org/") for word in words)
        if known := tuple(word for word in bare if are_references(word)):
            return Found(known if len(known) > 1 else known[0], source)
    written = [repr(word) for word in (*own, *header.texts("DOI"))]
    return Missing(f"{listed(written)} is no bibcode, DOI or URL" if written else "no reference in the file")


GRAMMAR = IstpGrammar()
