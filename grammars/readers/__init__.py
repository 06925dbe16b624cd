"""Readers, one a file format: from bytes to a header."""
