"""Rows by configuration alone: the ``[product.mapping]`` of a collection.toml, for any FITS and any CDF."""
