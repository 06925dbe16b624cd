"""Runs in an environment of its own, where pdr is: prints a line of JSON for each file that it is asked for.

pdr hands out tables by the names of their columns; which columns are times and frequencies is told here.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import pdr  # noqa: E402

UNITS_HZ = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6}
JD_OF_1900, JD_OF_1958, JD_OF_1970 = 2415020.5, 2436204.5, 2440587.5
SWEEP_LAG_S = 3.9, 45.9
"""After the time of a record of Voyager PRA: its first sample, and the first one of its eighth sweep."""


def ask(path: str) -> dict[str, Any]:
    """What the peer says of a file: Julian Days of its start and stop, and of its samples; Hz of its frequencies.

    A label of PDS tells the nominal interval of a product, within which the samples are.
    """
    data = pdr.read(path)
    read = {key: data[key] for key in data.keys() if key != "LABEL"}  # noqa: SIM118  # no mapping
    if not read:
        return {"error": "it finds nothing in the file"}
    tables = sorted((one for one in read.values() if hasattr(one, "columns")), key=len, reverse=True)
    ends = (("start", jd(data.metaget("START_TIME"))), ("stop", jd(data.metaget("STOP_TIME"))))
    told = {"kind": ", ".join(read), **{key: value for key, value in ends if value is not None}}
    return told | (samples(tables) or cards(data)) | (frequencies(data, tables) or image_axis(data))


def samples(tables: list[Any]) -> dict[str, float]:
    """The first and the last time in columns of the longest table that has some."""
    for table in tables:
        names = {str(name).lower(): name for name in table.columns}
        found = next((names_of for names_of in CLOCKS if names.keys() >= set(names_of)), None)
        if found:
            days = CLOCKS[found](*(table[names[name]].to_numpy(dtype=float) for name in found))
            first_s, last_s = SWEEP_LAG_S if "date" in found else (0.0, 0.0)
            return {"first": float(days.min()) + first_s / 86400.0, "last": float(days.max()) + last_s / 86400.0}
    return {}


def of_date(dates: Any, seconds: Any) -> Any:
    """Julian Days of dates yymmdd."""
    texts = (f"19{int(date) // 10000}-{int(date) // 100 % 100:02}-{int(date) % 100:02}T00:00:00" for date in dates)
    return np.array([jd(text) for text in texts]) + seconds / 86400.0


def years(since_1900: Any) -> Any:
    """Julian Days of the starts of years, of which some labels write all digits."""
    dates = [dt.date(int(year) % 1900 + 1900, 1, 1) for year in since_1900]
    return np.array([JD_OF_1900 + (date - dt.date(1900, 1, 1)).days for date in dates])


def cards(data: Any) -> dict[str, float]:
    """The first and the last time by the cards of a FITS header."""
    times = [jd(f"{data.metaget(f'DATE-{end}') or ''} {data.metaget(f'TIME-{end}') or ''}") for end in ("OBS", "END")]
    if None in times:
        return {}
    whole = "." not in f"{data.metaget('TIME-END') or ''}"
    return {"first": times[0], "last": times[1], "last_slack_s": 1.0 if whole else 0.0}


def frequencies(data: Any, tables: list[Any]) -> dict[str, float]:
    """The ends of a table of frequencies; NenuFAR numbers its sub-bands, and has a table of them all beside."""
    numbers, sub_bands_mhz, beamlets_mhz = (values(tables, name) for name in ("xstSubband", "frq", "freqList"))
    found = values(tables, "FREQ(UENCY)?")
    if numbers is not None and sub_bands_mhz is not None:
        hertz = sub_bands_mhz.ravel()[numbers.astype(int)] * 1e6
    elif beamlets_mhz is not None:
        hertz = beamlets_mhz[beamlets_mhz > 0] * 1e6  # it is padded
    elif found is not None:
        # Labels of PDS give Hz where they name no unit; tables of FITS MHz.
        default_hz = 1.0 if data.metaget("START_TIME") else 1e6
        hertz = found * UNITS_HZ.get(str(data.metaget("UNIT")).upper(), default_hz)
    else:
        return {}
    return {"low": float(hertz.min()), "high": float(hertz.max())}


def values(tables: list[Any], pattern: str) -> Any:
    """The numbers of a column, or of the columns that pdr makes of one with many elements; None where there is none."""
    for table in tables:
        names = [name for name in table.columns if re.fullmatch(rf"({pattern})(_\d+)?", str(name), re.IGNORECASE)]
        if names:
            return table[names].to_numpy(dtype=float)
    return None


def image_axis(data: Any) -> dict[str, float]:
    """The ends of the second axis of an image, where its cards say that it is one of frequencies in MHz."""
    if str(data.metaget("CTYPE2")) != "Frequency in MHz":
        return {}
    low, step, count = (float(data.metaget(card)) for card in ("CRVAL2", "CDELT2", "NAXIS2"))
    return {"low": low * 1e6, "high": (low + step * (count - 1)) * 1e6}


def jd(text: object) -> float | None:
    """A time as labels write it: by month and day, or by day of the year."""
    match = re.match(r"(\d{4})[-/](?:(\d\d)[-/](\d\d)|(\d{3}))[T ](\d\d):(\d\d):(\d\d(?:\.\d+)?)", str(text))
    if not match:
        return None
    year, month, day, of_year = (int(part or 0) for part in match.groups()[:4])
    date = dt.date(year, month, day) if month else dt.date(year, 1, 1) + dt.timedelta(of_year - 1)
    seconds = int(match[5]) * 3600 + int(match[6]) * 60 + float(match[7])
    return JD_OF_1970 + (date - dt.date(1970, 1, 1)).days + seconds / 86400


# Columns that together are times, and what Julian Days they mean.
CLOCKS = {
    ("jd",): lambda days: days,
    ("date", "second"): of_date,
    ("year", "day", "hour", "minute", "second"): lambda year, day, hour, minute, second: (
        years(year) + day - 1 + (hour * 3600.0 + minute * 60.0 + second) / 86400.0
    ),
    ("year", "hour", "second", "msec"): lambda year, hour, second, ms: (  # hours of the year count from 24
        years(year) + hour / 24.0 - 1 + (second + ms / 1e3) / 86400.0
    ),
    ("scet_day", "scet_millisecond"): lambda day, ms: JD_OF_1958 + day + ms / 86400e3,
}

if __name__ == "__main__":
    for each in sys.argv[2:]:
        try:
            answer = ask(each)
        except Exception as error:  # noqa: BLE001  # a peer may fail in any way: that is what is asked
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps({"file": each, **answer}))
