"""Runs in an environment of its own, where maser-data is: prints a line of JSON for each file that it is asked for."""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import suppress
from typing import Any

warnings.simplefilter("ignore")

from maser.data import Data  # noqa: E402


def ask(path: str, dataset: str) -> dict[str, Any]:
    """What the peer says of a file: Julian Days of the first and the last sample, Hz of the ends."""
    try:
        data = Data(filepath=path, **({"dataset": dataset} if dataset else {}))
    except NotImplementedError:
        return {"unknown": True}
    except KeyError as error:
        return {"unknown": True} if not dataset else {"error": repr(error)}
    told: dict[str, Any] = {"kind": type(data).__name__}
    times = data.times
    with suppress(AttributeError, TypeError, NotImplementedError):
        moments = [times[key] for key in times] if isinstance(times, dict) else [times]
        if all(len(one) for one in moments):  # some of its classes have no axis of times
            told["first"] = min(float(one.jd.min()) for one in moments)
            told["last"] = max(float(one.jd.max()) for one in moments)
    with suppress(AttributeError, TypeError, NotImplementedError):
        values = data.frequencies
        parts = [values[key] for key in values] if isinstance(values, dict) else [values]
        told["low"] = min(float(one.to("Hz").value.min()) for one in parts)
        told["high"] = max(float(one.to("Hz").value.max()) for one in parts)
    return told


if __name__ == "__main__":
    name, *files = sys.argv[1:]
    for each in files:
        try:
            answer = ask(each, name)
        except Exception as error:  # noqa: BLE001  # a peer may fail in any way: that is what is asked
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps({"file": each, **answer}))
