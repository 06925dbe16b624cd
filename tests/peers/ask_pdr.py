"""Runs in an environment of its own, where pdr is: prints a line of JSON for each file that it is asked for."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import pdr  # noqa: E402

_UNITS_HZ = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6}
_FREQUENCY = re.compile(r"FREQ(UENCY)?(_\d+)?")
JD_OF_1970 = 2440587.5


def ask(path: str) -> dict[str, Any]:
    """What the peer says of a file: Julian Days of its start and stop, Hz of a column of frequencies.

    A label of PDS tells the nominal interval of a product, within which the samples are; cards tell the samples.
    """
    data = pdr.read(path)
    objects = [key for key in data.keys() if key != "LABEL"]  # noqa: SIM118  # no mapping
    if not objects:
        return {"unknown": True}
    told: dict[str, Any] = {"kind": ", ".join(objects)}
    read = [data[key] for key in objects]
    start, stop = data.metaget("START_TIME"), data.metaget("STOP_TIME")
    first, last = (f"{data.metaget(f'DATE-{end}') or ''} {data.metaget(f'TIME-{end}') or ''}" for end in ("OBS", "END"))
    ends = (("start", _jd(start)), ("stop", _jd(stop)), ("first", _jd(first)), ("last", _jd(last)))
    told |= {key: jd for key, jd in ends if jd is not None}
    told["last_slack_s"] = 0.0 if "." in last else 1.0
    for table in read:
        names = [name for name in getattr(table, "columns", []) if _FREQUENCY.fullmatch(str(name).upper())]
        if names:
            values = table[names].to_numpy(dtype=float).ravel()
            # Labels of PDS give Hz where they name no unit; tables of FITS, as CALLISTO writes them, MHz.
            unit_hz = _UNITS_HZ.get(str(data.metaget("UNIT")).upper(), 1.0 if start else 1e6)
            told |= {"low": float(values.min()) * unit_hz, "high": float(values.max()) * unit_hz}
    return told


def _jd(text: object) -> float | None:
    """A time as labels write it: by month and day, or by day of the year."""
    match = re.match(r"(\d{4})[-/](?:(\d\d)[-/](\d\d)|(\d{3}))[T ](\d\d):(\d\d):(\d\d(?:\.\d+)?)", str(text))
    if not match:
        return None
    year, month, day, of_year = (int(part or 0) for part in match.groups()[:4])
    date = dt.date(year, month, day) if month else dt.date(year, 1, 1) + dt.timedelta(of_year - 1)
    seconds = int(match[5]) * 3600 + int(match[6]) * 60 + float(match[7])
    return JD_OF_1970 + (date - dt.date(1970, 1, 1)).days + seconds / 86400


if __name__ == "__main__":
    for each in sys.argv[2:]:
        try:
            answer = ask(each)
        except Exception as error:  # noqa: BLE001  # a peer may fail in any way: that is what is asked
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps({"file": each, **answer}))
