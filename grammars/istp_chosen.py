"""Columns that take their value from an attribute which a config names: global, or of a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epncore.model.columns import COLUMNS
from epncore.model.errors import HeaderError
from epncore.model.mending import mend
from epncore.model.row import Found, Missing
from grammars.istp_data import listed, named
from grammars.protocol import Step
from grammars.vespa import LOWER_CASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from grammars.protocol import Answer, Granule
    from grammars.readers.cdf import CdfHeader
    from grammars.readers.cdf_data import AttributeValue


def steps(attributes: Mapping[str, str], variable_attributes: Mapping[str, str]) -> Iterator[Step]:
    """A step for each column, by the name of the attribute that holds its value."""
    for column, attribute in attributes.items():
        yield Step(column, f"global attribute {attribute}", _global(column, attribute))
    for column, place in variable_attributes.items():
        variable, _, attribute = place.rpartition(".")
        yield Step(column, f"attribute {attribute} of variable {variable}", _of_variable(column, variable, attribute))


def _global(column: str, attribute: str) -> Callable[[Granule], Answer]:
    def answer(granule: Granule) -> Answer:
        header: CdfHeader = granule.header
        if attribute.lower() not in {name.lower() for name in header.global_names}:
            raise HeaderError(
                f"no global attribute {attribute!r}", path=header.path, place=f"option attributes.{column}",
                hint=f"There are {listed(header.global_names)}",
            )  # fmt: skip
        return _as_cell(column, header.entries(attribute), f"global attribute {attribute}", header)

    return answer


def _of_variable(column: str, name: str, attribute: str) -> Callable[[Granule], Answer]:
    def answer(granule: Granule) -> Answer:
        header: CdfHeader = granule.header
        place = f"option variable_attributes.{column}"
        variable = named(header, name, place)
        value = header.attribute(variable, attribute)
        if value is None:
            raise HeaderError(
                f"variable {variable.name} has no attribute {attribute!r}", path=header.path, place=place,
                hint=f"It has {listed(header.attributes(variable))}",
            )  # fmt: skip
        return _as_cell(column, (value,), f"attribute {attribute} of variable {variable.name}", header)

    return answer


def _as_cell(column: str, entries: tuple[AttributeValue, ...], source: str, header: CdfHeader) -> Answer:
    """An attribute as a column wants it: a number where the column is one, else mended words."""
    every = [part for entry in entries for part in (entry if isinstance(entry, tuple) else (entry,))]
    kept = [part for part in every if not isinstance(part, str) or part.strip()]
    if not kept:
        return Missing(f"{source} is blank")
    if column in COLUMNS and COLUMNS[column].type in {"double", "integer"}:
        try:
            return Found(float(kept[0]), source)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise HeaderError(f"{kept[0]!r} is no number", path=header.path, place=source) from None
    texts = [str(part).strip() for part in kept]
    text = "#".join(part.lower() for part in texts) if column in LOWER_CASE else "#".join(texts)
    value, note = mend(column, text)
    return Found(tuple(value.split("#")) if len(texts) > 1 else value, f"{source}; {note}" if note else source)
