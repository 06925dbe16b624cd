"""Answers DaCHS: makes rows of the files that an import names, with the plans and the rules of ``epncore ingest``.

The shim that stands beside a generated RD (``rd_templates/epncore_shim.py``) starts
``python -m epncore.app.dachs_worker COLLECTION_DIR [PLAN ...]``, and both talk in lines of JSON, in ASCII, over pipes:

- worker, once: ``{"ready": 1}``, the version of this protocol, or ``{"failed": sentence}``
- shim, for each file: ``{"file": number, "path": absolute path}``; bytes that are no UTF-8 as lone surrogates, as
  everywhere in Python
- worker, one line each: ``{"file": number}`` and

  - ``"path"`` as the ledger has it, ``"granule_uid"``, and ``"rows"``: a list of ``[table, {column: value}]``; or
  - ``"path"``, ``"place"`` and ``"reason"``, where the file gives no row; or
  - neither, where no product names the file

- shim: end of file, and the worker ends.

PLAN are the fingerprints that the descriptor was made with: after a change of the config it must be made anew.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epncore.app.embargo import present
from epncore.app.pipes import private_pipes
from epncore.app.worker import Task, Worker
from epncore.model.bookkeeping import LEDGER, LINKS
from epncore.model.errors import ConfigError, EpnCoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from epncore.app.outcome import Outcome
    from epncore.model.row import Cell

PROTOCOL = 1


class Answers:
    """Makes answers on files of one collection.

    Parameters
    ----------
    folder : pathlib.Path
        Of the collection.toml.
    plans : sequence of str
        Fingerprints that the plans must have; none for any.
    now : datetime.datetime
        Naive, UTC: embargoes are judged by it.

    Raises
    ------
    ConfigError
        Where the config is wrong, or another than the descriptor was made of.
    """

    def __init__(self, folder: Path, plans: Sequence[str], now: dt.datetime) -> None:
        self.worker = Worker(Task(str(folder), now))
        if plans and list(map(str, self.worker.stamps)) != list(plans):
            raise ConfigError(
                "the config, or a grammar, has changed since the descriptor was made",
                path=str(folder),
                hint=f"Write it anew: epncore rd {folder} -o INPUTS --load dachs",
            )
        self.products = [
            # As DaCHS writes the paths that it finds: absolute, links kept.
            (os.path.abspath(files.root) + "/", files)  # noqa: PTH100
            for files in self.worker.files
        ]

    def answer(self, path: str) -> dict[str, Any]:
        """What became of a file, without its number."""
        named = [
            number
            for number, (root, files) in enumerate(self.products)
            if path.startswith(root) and files.names(path.removeprefix(root))
        ]
        # DaCHS's patterns take in folders, and may reach further than ours.
        if not named or Path(path).is_dir():
            return {}
        if len(named) > 1:
            return {"path": path, "place": "file", "reason": f"products {named[0]} and {named[1]} both claim it"}
        root, files = self.products[named[0]]
        outcome = self.worker.read(files.look(path.removeprefix(root), Path(path)))
        if outcome.status in {"quarantined", "unavailable"}:
            return {"path": outcome.seen.path, "place": outcome.place, "reason": outcome.reason}
        rows = [[table, {name: _plain(cell) for name, cell in row.items()}] for table, row in self._rows(outcome)]
        return {"path": outcome.seen.path, "granule_uid": outcome.granule_uid, "rows": rows}

    def _rows(self, outcome: Outcome) -> Iterator[tuple[str, dict[str, Cell]]]:
        """What an ingest would write; of a file that is withheld the ledger alone knows."""
        yield LEDGER.name, dict(zip(LEDGER.names, outcome.ledger_line(), strict=True))
        if outcome.row is not None:
            columns = self.worker.columns
            yield (
                "epn_core",
                {
                    column.name: _spoly(str(cell)) if column.type == "region" and cell is not None else cell
                    for column, cell in zip(columns, outcome.row, strict=True)
                },
            )
        for link in outcome.links:
            yield LINKS.name, dict(zip(LINKS.names, link, strict=True))


def _plain(cell: Cell) -> str | int | float | None:
    return cell.isoformat() if isinstance(cell, dt.datetime) else cell


def _spoly(polygon: str) -> str:
    """``lon lat lon lat ...`` as pgsphere's polygon, as `epncore.app.store` writes it."""
    return "{" + re.sub(r"(\S+) (\S+)( |$)", r"(\1d,\2d),", polygon).removesuffix(",") + "}"


def serve(answers: Answers, requests: TextIO, out: TextIO) -> None:
    """Answer requests until they end."""
    for line in requests:
        request = json.loads(line)
        _say(out, {"file": request["file"], **answers.answer(request["path"])})


def _say(out: TextIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


def main() -> int:
    """Run the worker."""
    requests_fd, answers_fd = private_pipes()
    with os.fdopen(requests_fd, encoding="ascii") as requests, os.fdopen(answers_fd, "w", encoding="ascii") as out:
        folder, *plans = sys.argv[1:]
        try:
            answers = Answers(Path(folder), plans, present())
        except EpnCoreError as error:
            _say(out, {"failed": str(error)})
            return error.exit_code
        _say(out, {"ready": PROTOCOL})
        serve(answers, requests, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
