"""Resource descriptors for DaCHS and what renders them."""
