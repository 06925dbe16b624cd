"""What the ledger keeps of the config and the grammar that made a row, by product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalink.links import VERSION
from epncore.model.bookkeeping import Stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epncore.model.collection import Collection
    from grammars.plan import Plan


def stamps(collection: Collection, plans: Sequence[Plan]) -> list[Stamp]:
    """The stamp of each product."""
    linking = f"{collection.links_fingerprint()}-{VERSION}"
    return [Stamp(plan.grammar.name, plan.grammar.version, plan.reading, plan.config, linking) for plan in plans]
