"""Indices of epn_core that the queries of the portal pay for (docs/adr/0002, docs/adr/0022)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INDICES: tuple[tuple[str, ...], ...] = (
    ("target_name", "time_min", "time_max"),
    ("time_min", "time_max"),
    ("spectral_range_min", "spectral_range_max"),
    ("dataproduct_type",),
    ("obs_id",),
)
"""Columns of each index, beside the primary key on granule_uid."""

TARGET_WORDS = "string_to_array(lower(lower(target_name)), '#')"
"""What DaCHS makes of the list in ``ivo_hashlist_has(lower(target_name), ...)``, to the letter: PostgreSQL uses a
partial index only where it sees the index's condition in the query's."""

TARGET_STATISTICS = "epn_core_target_words"
"""Statistics of these words: without them PostgreSQL takes each target for half a per cent of the table, and collects a
common one by its index where reading on would have found enough rows at once."""

TARGET_COLUMNS = ("time_min", "time_max")
"""Columns of a target's partial index: who asks for a target mostly asks for a time too."""

MOST_TARGETS = 50
"""Targets that have a partial index; of more, the most frequent (docs/adr/0022 tells what each costs)."""

TARGET_PREFIX = "epn_core_has_"
"""Names of partial indices begin so: they are ours to drop."""


def index_name(table: str, columns: Sequence[str]) -> str:
    """Name of an index, as DaCHS gives it: ``dachs imp -I`` then finds the one that is there."""
    return f"{table}_{'_'.join(columns)}"[:63]


def target_index_name(word: str) -> str:
    """Name of the partial index of a target: readable, and another one where its definition or the word is another."""
    readable = re.sub("[^a-z0-9]+", "_", word)[:30]
    definition = " ".join((word, TARGET_WORDS, *TARGET_COLUMNS))
    return f"{TARGET_PREFIX}{readable}_{hashlib.blake2b(definition.encode(), digest_size=4).hexdigest()}"
