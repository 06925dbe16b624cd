"""Steps of the columns that two axes fill, for any grammar whose facts have ``times`` and ``spectrum``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epncore.model.row import Found, Missing
from grammars.protocol import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from grammars.istp_spectrum import Spectrum
    from grammars.mapping.source import Times
    from grammars.protocol import Answer, Granule


def time_steps(source: str) -> Iterator[Step]:
    """time_min, time_max and time_sampling_step_*, of facts whose ``times`` are Times or Missing.

    Parameters
    ----------
    source : str
        What the axis is, for people.
    """
    yield Step("time_min", source, _of("times", lambda t: Found(t.start, t.start_source)))
    yield Step("time_max", source, _of("times", lambda t: Found(t.stop, t.stop_source)))
    for end, which in (("min", "smallest"), ("max", "largest")):
        yield Step(f"time_sampling_step_{end}", source, _of("times", _time_step(which)))


def spectral_steps(source: str) -> Iterator[Step]:
    """spectral_range_* and spectral_sampling_step_*, of facts whose ``spectrum`` is a Spectrum or Missing.

    Parameters
    ----------
    source : str
        What the axis is, for people.
    """
    for end, which in (("min", "low"), ("max", "high")):
        yield Step(f"spectral_range_{end}", source, _of("spectrum", _range_end(which)))
    for end, which in (("min", "smallest"), ("max", "largest")):
        yield Step(f"spectral_sampling_step_{end}", source, _of("spectrum", _spectral_step(which)))


def _of(attribute: str, take: Callable[[Any], Answer]) -> Callable[[Granule], Answer]:
    def value(granule: Granule) -> Answer:
        found = getattr(granule.facts, attribute)
        return found if isinstance(found, Missing) else take(found)

    return value


def _time_step(which: str) -> Callable[[Times], Answer]:
    return lambda t: Missing(t.steps_source) if t.steps is None else Found(getattr(t.steps, which), t.steps_source)


def _range_end(which: str) -> Callable[[Spectrum], Answer]:
    return lambda s: Found(getattr(s, which), s.source)


def _spectral_step(which: str) -> Callable[[Spectrum], Answer]:
    def step(found: Spectrum) -> Answer:
        if found.steps is None:
            return Missing(f"{found.source} tells no steps")
        return Found(getattr(found.steps, which), f"steps of {found.source}")

    return step
