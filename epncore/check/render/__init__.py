"""A report in four forms, and the rules as a document; all say the same, in the same order."""
