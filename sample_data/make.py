"""Make the files of all sample collections, each by the ``make.py`` beside its ``collection.toml``."""

from __future__ import annotations

import argparse
import runpy
from pathlib import Path

HERE = Path(__file__).resolve().parent


def collections() -> list[Path]:
    """Folders of the sample collections, in the order of their names."""
    return sorted(path.parent for path in HERE.glob("*/collection.toml"))


def make(collection: Path, folder: Path | None = None) -> list[Path]:
    """Make the files of one collection, by default where its collection.toml looks for them."""
    script = runpy.run_path(str(collection / "make.py"))
    files: list[Path] = script["make"](folder or collection / "data")
    return files


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    for each in collections():
        made = make(each)
        print(f"{each.name}: {len(made)} files, {sum(path.stat().st_size for path in made) // 1000} kB")
