"""Puts the parts together: scan, ingest, load, ledger, database, command line."""
