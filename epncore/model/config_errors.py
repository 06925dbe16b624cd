"""What is wrong with a config, as a sentence on a key of a file."""

from __future__ import annotations

import difflib
import json
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from epncore.model.errors import ConfigError
from epncore.model.row import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


class PlacedError(ValueError):
    """What a validator of a whole table says of one key in it.

    Parameters
    ----------
    place : str
        The key, below the table that is validated: ``time_min.format``.
    message : str
        What is wrong, and what would be right.
    """

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place


_SHOWN = 5
_ORDER = {"extra_forbidden": 0, "missing": 2}
"""A mistyped key is shown before the key that is missing for it."""


def config_error(
    error: ValidationError, model: type[BaseModel], path: str, key_of: Callable[[str], str] = str
) -> ConfigError:
    """Turn what pydantic says into sentences on keys of a file.

    Parameters
    ----------
    error : pydantic.ValidationError
    model : type of BaseModel
        What was validated.
    path : str
        Of the file.
    key_of : callable
        From a key below `model` to that of the file.

    Returns
    -------
    ConfigError
        On one problem; the next ones stand in its hint.
    """
    problems = sorted(error.errors(include_url=False), key=lambda problem: _ORDER.get(problem["type"], 1))
    (place, message), *others = [_told(problem, model) for problem in problems[:_SHOWN]]
    hint = "".join(f"\n  {key_of(key)}: {text}" if key else f"\n  {text}" for key, text in others)
    if len(problems) > _SHOWN:
        hint += f"\n  and {len(problems) - _SHOWN} more"
    return ConfigError(message, path=path, place=key_of(place) or None, hint=f"Also wrong:{hint}" if hint else None)


def _told(problem: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Key and sentence."""
    place = ".".join(str(part) for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    raised = problem.get("ctx", {}).get("error")
    if isinstance(raised, PlacedError):
        place = f"{place}.{raised.place}" if place else raised.place
    elif problem["type"] == "extra_forbidden":
        names = [field.alias or name for name, field in _model_at(model, problem["loc"]).model_fields.items()]
        known = ", ".join(names) or "none"
        message = f"no such key{did_you_mean(str(problem['loc'][-1]), names)}; known here: {known}"
    elif problem["type"] == "missing":
        message = "this key is needed"
    elif not place and ": " in message:
        place, message = message.split(": ", 1)
    elif problem["type"] != "value_error":
        message = f"{_wanted(problem)}, not {show(problem['input'])}"
    return place, message


def _wanted(problem: ErrorDetails) -> str:
    """What would be right, where pydantic speaks of itself."""
    given = problem["input"]
    match problem["type"]:
        case "list_type" | "tuple_type" if isinstance(given, dict):
            name = problem["loc"][-1]
            return f"a list of tables is wanted: [[{name}]] in double brackets"
        case "list_type" | "tuple_type":
            return (
                f"a list is wanted, as [{json.dumps(given if isinstance(given, str) else '...', ensure_ascii=False)}]"
            )
        case "string_type":
            return "a text in quotes is wanted"
        case "string_too_short":
            return "a text is wanted that is not blank"
        case "too_short":
            return "a list of one or more is wanted"
        case "bool_type" | "bool_parsing":
            return "true or false is wanted, without quotes"
        case "dict_type" | "model_type" | "mapping_type":
            return "a table is wanted"
    message = str(problem["msg"])
    return f"{message[0].lower()}{message[1:]}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean target_name?``, or nothing where no known word is like this one."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The table in which the last key of `loc` stands."""
    for part in loc[:-1]:
        annotations: list[Any] = [f.annotation for name, f in model.model_fields.items() if part in {name, f.alias}]
        if not annotations and model.model_config.get("extra") == "allow":
            annotations = [get_annotations(model, eval_str=True).get("__pydantic_extra__")]
        model = next((below for annotation in annotations for below in _models_in(annotation)), model)
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The tables that a type speaks of: `Station` for ``Mapping[str, Station] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
