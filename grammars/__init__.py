"""From the header of a file to a row: readers (one a format) and grammars (one an instrument)."""
