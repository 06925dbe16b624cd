"""Indices of epn_core that the queries of the portal pay for (docs/adr/0002)."""

INDICES: tuple[tuple[str, ...], ...] = (
    ("target_name", "time_min", "time_max"),
    ("time_min", "time_max"),
    ("spectral_range_min", "spectral_range_max"),
    ("dataproduct_type",),
    ("obs_id",),
)
"""Columns of each index, beside the primary key on granule_uid."""
