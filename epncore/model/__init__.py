"""What an EPNcore row is: columns, units, vocabularies, rules, collections. No file format, no database."""
