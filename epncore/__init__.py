"""Publish files of low-frequency radio astronomy as EPN-TAP."""

__version__ = "0.1.0"
