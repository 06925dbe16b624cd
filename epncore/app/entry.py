"""Where the command ``epncore`` starts: it can be stopped from the first, while libraries are still being imported."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from epncore.app.stopping import stops


def main() -> None:
    """Run the command; its own handlers of signals take the place of these."""
    for each in stops():
        signal.signal(each, _leave)
    from epncore.app.cli import main as run

    run()


def _leave(*_: object) -> NoReturn:
    try:
        os.write(2, b"epncore: stopped before anything was begun.\n")
    finally:
        os._exit(130)  # within an import, an exception may be taken for a mistake of a library


if __name__ == "__main__":
    main()
