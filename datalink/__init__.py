"""What leads from a granule to its files, pictures, documents and services."""
