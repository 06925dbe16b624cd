"""The keys of a ``[product.mapping]``, but for those that say where in a file of one format a value stands."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    field_validator,
    model_validator,
)

from epncore.model.row import show
from epncore.model.template import Template
from epncore.model.units import parse_unit
from grammars.mapping.moments import check_format, moment


def _names(value: object) -> object:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) and word.strip() for word in words):
        raise ValueError(f"a name or a list of names is wanted, not {show(value)}")
    return tuple(word.strip() for word in words)


def _unit(text: str) -> str:
    if parse_unit(text) is None:
        raise ValueError(f"{text!r} is no unit; MHz, kHz, s, deg, km for example")
    return text


def _template(text: str) -> str:
    if not Template(text, None).fields:
        raise ValueError(f"{text!r} names nothing in braces; a value that is always the same goes to [constants]")
    return text


def _name_or_number(value: object) -> str | float:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"a name or a number is wanted, not {show(value)}")


Text = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), Field(min_length=1)]
Unit = Annotated[str, AfterValidator(_unit)]
Format = Annotated[str, AfterValidator(check_format)]
TemplateText = Annotated[str, AfterValidator(_template)]
NameOrNumber = Annotated[str | float, PlainValidator(_name_or_number)]


class Keys(BaseModel):
    """One table of a mapping. FITS and CDF each say in their own keys where a value stands."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
    example: ClassVar[str] = ""
    ways: ClassVar[str] = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of cards or attributes."""
        return ()

    @property
    def array(self) -> str | None:
        """Of a table column or a variable."""
        return None

    def shown(self, *names: str) -> str:
        """For people: ``card OBJECT of HDU 0``; of the array where no name is given."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _is_a_table(cls, data: object) -> object:
        if not isinstance(data, (dict, cls)):
            raise ValueError(f"a table is wanted, as {cls.example}, not {show(data)}")  # noqa: TRY004  # for pydantic
        return data


class Entry(Keys):
    """Where one column gets its value, and what is made of it.

    Attributes
    ----------
    text : str, optional
        A template of names: ``{TELESCOP}-{MODE}``.
    unit : str, optional
        Of the number in the file.
    values : dict
        What is written for what is found; anything else is an error.
    format : str, optional
        Of a time, see `grammars.mapping.moments`.
    required : bool
        Whether a file without it is refused.
    """

    text: TemplateText | None = None
    unit: Unit | None = None
    values: dict[str, Any] = {}
    format: Format | None = None
    required: bool = False

    def described(self) -> str:
        """All that it names, for people."""
        return self.shown(*(Template(self.text, None).names if self.text else ()))

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if [bool(self.names), bool(self.array), bool(self.text)].count(True) != 1:
            raise ValueError(f"say where it stands, in one way: {self.ways}")
        return self


class Origin(Keys):
    """The moment from which an axis counts.

    Attributes
    ----------
    moment : str, optional
        Where no file tells it: ``2000-01-01T12:00:00``.
    format : str
        Of the time in the file.
    """

    moment: str | None = None
    format: Format = "iso"

    @field_validator("moment", mode="before")
    @classmethod
    def _is_a_time(cls, value: object) -> str:
        text = str(value).removesuffix("+00:00")  # TOML has dates of its own
        try:
            moment([text], "iso", day_is_enough=True)
        except ValueError as error:
            raise ValueError(str(error.args[0])) from None  # without its hint, which is on cards
        return text

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if [bool(self.names), bool(self.moment)].count(True) != 1:
            raise ValueError(f"say what zero is, in one way: {self.ways}")
        return self


class Axis(Keys):
    """An axis of the data: an array, or a line from a start by steps.

    Attributes
    ----------
    unit : str, optional
        Else that of the array in the file.
    start, step, count, reference : str or float, optional
        Of a line: name or number; `reference` is the place, from 1, of the sample that has the value of `start`.
    required : bool
        Whether a file without it is refused.
    """

    unit: Unit | None = None
    start: NameOrNumber | None = None
    step: NameOrNumber | None = None
    count: NameOrNumber | None = None
    reference: NameOrNumber | None = None
    required: bool = False

    @property
    def is_line(self) -> bool:
        """Whether it is made of a step and a count."""
        return self.step is not None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if [bool(self.names), bool(self.array), self.is_line].count(True) != 1:
            raise ValueError(f"say where the axis stands, in one way: {self.ways}")
        if self.is_line != (self.count is not None) or (not self.is_line and (self.start or self.reference)):
            raise ValueError("a line has step and count, and may have start and reference")
        return self


class TimeAxis(Axis):
    """The axis that tells time_min, time_max and time_sampling_step_*.

    Attributes
    ----------
    format : str, optional
        Where its values are times by themselves: ``jd``.
    origin : Origin, optional
        Where they count from a moment; FITS and CDF have their own.
    """

    format: Format | None = None


class SpectralAxis(Axis):
    """The axis that tells spectral_range_* and spectral_sampling_step_*."""

    @model_validator(mode="after")
    def _has_a_unit(self) -> Self:
        if self.is_line and self.unit is None:
            raise ValueError("a line of frequencies needs its unit, MHz for example")
        if self.is_line and self.start is None:
            raise ValueError("a line of frequencies needs its start")
        return self
