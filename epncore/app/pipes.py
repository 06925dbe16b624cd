"""The pipes by which a process that reads files talks to the one that started it."""

from __future__ import annotations

import os


def private_pipes() -> tuple[int, int]:
    """Take standard input and output for ourselves alone.

    What a grammar or a library prints goes to standard error from now on, and it finds nothing to read.

    Returns
    -------
    tuple of int
        Descriptors: requests, answers.
    """
    requests, answers = os.dup(0), os.dup(1)
    silence()
    return requests, answers


def silence() -> None:
    """Leave nothing to read on standard input, and send what is printed to standard error."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
