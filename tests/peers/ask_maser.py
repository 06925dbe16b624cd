"""Runs in an environment of its own, where maser-data is: prints a line of JSON for each file that it is asked for."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

from maser.data import Data  # noqa: E402


def ask(path: str, dataset: str) -> dict[str, Any]:
    """What the peer says of a file: Julian Days of the first and the last sample, Hz of the ends."""
    data = Data(filepath=Path(path), **({"dataset": dataset} if dataset else {}))
    told: dict[str, Any] = {"kind": type(data).__name__}
    if not data.file:  # some of its classes look into no file until they are asked for it
        return {"error": "it finds nothing in the file"}
    moments = [one for one in parts(data.times) if len(one)]
    if moments:
        told["first"] = min(float(one.jd.min()) for one in moments)
        told["last"] = max(float(one.jd.max()) for one in moments)
    tables = [one for one in parts(data.frequencies) if len(one)]
    if tables:
        told["low"] = min(float(one.to("Hz").value.min()) for one in tables)
        told["high"] = max(float(one.to("Hz").value.max()) for one in tables)
    return told


def parts(found: Any) -> list[Any]:
    """Axes as it hands them out: one, one for each band or sweep, or none."""
    if found is None:
        return []
    return list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else [found]


if __name__ == "__main__":
    name, *files = sys.argv[1:]
    for each in files:
        try:
            answer = ask(each, name)
        except Exception as error:  # noqa: BLE001  # a peer may fail in any way: that is what is asked
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps({"file": each, **answer}))
