"""Asks maser-data and pdr for our made files: `make peers`. Each is in an environment of its own below build/peers.

Ends with 1 where a peer cannot open a file of a collection that it reads, tells no times or frequencies of it, or
disagrees, and peers.toml does not say why; where peers.toml explains what does not happen; and where a peer opens a
file of a collection that it is said not to read.
"""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparing import findings, judged
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SAMPLES, BUILD = ROOT / "sample_data", ROOT / "build" / "peers"
EVERY_FILE = "*"


@dataclass(frozen=True)
class Verdict:
    """What became of one file at one peer.

    Attributes
    ----------
    good : bool
        False where it must be mended, or explained.
    """

    collection: str
    file: str
    peer: str
    told: dict[str, Any]
    words: str
    good: bool

    def cells(self) -> tuple[str, ...]:
        """As a line of the table."""
        moments = (f"{self.told[key]:.6f}" if key in self.told else "-" for key in ("first", "last"))
        range_mhz = (f"{self.told[key] / 1e6:g}" if key in self.told else "-" for key in ("low", "high"))
        return self.collection, self.file, self.peer, " ".join(moments), " ".join(range_mhz), self.words


def environment(name: str, wanted: list[str]) -> Path:
    """The Python of a peer's environment, made where it is not there."""
    folder = BUILD / name
    mark = folder / "installed"
    if not mark.exists() or mark.read_text() != "\n".join(wanted):
        venv.create(folder, with_pip=True, clear=True)
        words = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        subprocess.run(words, check=True)
        mark.write_text("\n".join(wanted))
    return folder / "bin" / "python"


def asked(python: Path, script: str, dataset: str, files: list[Path]) -> Iterator[dict[str, Any]]:
    """The answers of a peer, in the order of the files."""
    words = [python, "-I", HERE / script, dataset, *files]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"file"')]
    for number, file in enumerate(files):
        if number < len(lines):
            yield json.loads(lines[number])
        else:
            last = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
            yield {"file": str(file), "error": last[0]}


def verdicts(name: str, peer: dict[str, Any], made: dict[str, dict[Path, dict[str, Any]]]) -> Iterator[Verdict]:
    """What a peer makes of all files; collections that it is said not to read are tried too."""
    python = environment(name, peer["install"])
    for collection, rows in made.items():
        dataset, explained = peer["reads"].get(collection), peer.get("explained", {}).get(collection, {})
        answers = asked(python, peer["script"], dataset or "", list(rows))
        for (file, row), told in zip(rows.items(), answers, strict=True):
            if dataset is None:
                words, good = f"not read: {told.get('error', 'BUT IT OPENS')}", "kind" not in told
            else:
                known = {**explained.get(EVERY_FILE, {}), **explained.get(file.name, {})}
                words, good = judged(findings(row, told), known)
            yield Verdict(collection, file.name, name, told, words, good)


def samples() -> dict[str, dict[Path, dict[str, Any]]]:
    """The made files of all collections that have a row of their own, with the expected one."""
    made: dict[str, dict[Path, dict[str, Any]]] = {}
    for config in sorted(SAMPLES.glob("*/collection.toml")):
        folder = BUILD / "files" / config.parent.name
        files = sorted(runpy.run_path(str(config.parent / "make.py"))["make"](folder))
        expected = {file: config.parent / "expected" / f"{file.name}.json" for file in files}
        made[config.parent.name] = {file: json.loads(row.read_text()) for file, row in expected.items() if row.exists()}
    return made


def main() -> int:
    """Ask all peers for all collections."""
    made = samples()
    peers = tomllib.loads((HERE / "peers.toml").read_text("utf-8"))
    found = [one for name, peer in peers.items() for one in verdicts(name, peer, made)]
    wrong = [one for one in found if not one.good]
    table = Table(title="What other programs say of the made files", title_justify="left")
    for heading in ("collection", "file", "peer", "first, last [JD]", "low, high [MHz]", "verdict"):
        table.add_column(heading, overflow="fold")
    for one in found:
        if not one.good or one.collection in peers[one.peer]["reads"]:
            table.add_row(*one.cells(), style=None if one.good else "bold red")
    Console(width=200).print(table)
    for one in wrong:
        print(f"{one.collection} {one.file} by {one.peer}: {one.words}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
