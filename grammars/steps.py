"""Steps that several grammars share: pairs of columns from one fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epncore.model.row import Missing
from grammars.axes import Steps
from grammars.protocol import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from grammars.protocol import Answer, Granule


def ends(columns: str, attribute: str, source: str) -> Iterator[Step]:
    """Steps for a pair of columns from a fact: a pair of numbers, `Steps` or None, or why there is none."""

    def end(index: int) -> Callable[[Granule], Answer]:
        def answer(granule: Granule) -> Answer:
            found = getattr(granule.facts, attribute)
            if isinstance(found, Missing):
                return found
            if found is None:
                return Missing("fewer than two different values")
            pair: tuple[float, float] = (found.smallest, found.largest) if isinstance(found, Steps) else found
            return pair[index]

        return answer

    yield Step(f"{columns}_min", source, end(0))
    yield Step(f"{columns}_max", source, end(1))
