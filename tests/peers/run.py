"""Asks maser-data and pdr for our made files: `make peers`. Each is in an environment of its own below build/peers.

Ends with 1 where a peer cannot open a file of a collection that it reads, or disagrees, and peers.toml does not say
why; and where peers.toml explains what does not happen.
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

from comparing import differences
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SAMPLES, BUILD = ROOT / "sample_data", ROOT / "build" / "peers"


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


def verdicts(name: str, peer: dict[str, Any], made: dict[str, list[Path]]) -> Iterator[Verdict]:
    """What a peer makes of all files; collections that it is not said to read are tried too."""
    python = environment(name, peer["install"])
    for collection, files in made.items():
        dataset, left = peer["reads"].get(collection, ""), dict(peer.get("explained", {}).get(collection, {}))
        for file, told in zip(files, asked(python, peer["script"], dataset, files), strict=True):
            explained = left.pop(file.name, {})
            found = _found(collection, file, told)
            if found is None:  # it belongs to another one
                continue
            is_new = found.keys() - explained.keys()
            if "unknown" in told or ("open" in found and collection not in peer["reads"]):
                is_new = set()
            why = {what: explained.get(what, "NOT EXPLAINED" if what in is_new else "no matter") for what in found}
            words = "; ".join(f"{text} ({why[what]})" for what, text in found.items())
            words += "".join(f"; {what} is explained and agrees" for what in explained.keys() - found.keys())
            good = not is_new and not explained.keys() - found.keys()
            yield Verdict(collection, file.name, name, told, words or "agrees", good)
        for file_name in left:
            yield Verdict(collection, file_name, name, {}, "is explained, and is no made file", good=False)


def _found(collection: str, file: Path, told: dict[str, Any]) -> dict[str, str] | None:
    """What is wrong with an answer: that there is none, or columns in which it differs from the expected row."""
    if "kind" not in told:
        return {"open": told.get("error", "not of a kind that it knows")}
    expected = SAMPLES / collection / "expected" / f"{file.name}.json"
    return differences(json.loads(expected.read_text()), told) if expected.exists() else None


def main() -> int:
    """Ask all peers for all collections."""
    made = {}
    for config in sorted(SAMPLES.glob("*/collection.toml")):
        make = runpy.run_path(str(config.parent / "make.py"))["make"]
        made[config.parent.name] = sorted(make(BUILD / "files" / config.parent.name))
    peers = tomllib.loads((HERE / "peers.toml").read_text("utf-8"))
    table = Table(title="What other programs say of the made files", title_justify="left")
    for heading in ("collection", "file", "peer", "first, last [JD]", "low, high [MHz]", "verdict"):
        table.add_column(heading, overflow="fold")
    wrong = []
    for name, peer in peers.items():
        opened = set()
        for one in verdicts(name, peer, made):
            ends = (f"{one.told.get(key, float('nan')):.6f}" for key in ("first", "last"))
            range_mhz = (f"{one.told.get(key, float('nan')) / 1e6:g}" for key in ("low", "high"))
            is_open = "kind" in one.told
            if is_open:
                opened.add(one.collection)
            if is_open or not one.good or one.collection in peer["reads"]:
                style = None if one.good else "bold red"
                cells = (one.collection, one.file, one.peer, " ".join(ends), " ".join(range_mhz), one.words)
                table.add_row(*cells, style=style)
            if not one.good:
                wrong.append(one)
        lacking = sorted(peer["reads"].keys() & made.keys() - opened)
        wrong += [Verdict(each, "", name, {}, "opened none of its files", good=False) for each in lacking]
    Console(width=200).print(table)
    for one in wrong:
        print(f"{one.collection} {one.file} by {one.peer}: {one.words}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
