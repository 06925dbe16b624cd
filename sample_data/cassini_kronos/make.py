"""Tiny files in the layout of the Kronos database: of one hour N1, N2, and N3b, N3d, N3e with indices into N2; and
an N2 of the day on which Cassini passed the Earth.

Invented data, real layout: a burst of Saturn Kilometric Radiation that drifts to lower frequencies, with a gap. Same
bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np

N1 = np.dtype({
    "names": ["ydh", "num", "ti", "fi", "dti", "c", "ant", "agc1", "agc2", "auto1", "auto2", "cross1", "cross2"],
    "formats": [*["<u4"] * 4, "<i2", *["u1"] * 6, "<i2", "<i2"],
})  # fmt: skip
N2 = np.dtype({
    "names": ["ydh", "num", "t97", "f", "dt", "df", "autoX", "autoZ", "crossR", "crossI", "ant"],
    "formats": ["<u4", "<u4", "<f8", *["<f4"] * 7, "i1"],
})  # fmt: skip
N3E = np.dtype({
    "names": ["ydh", "num", "s", "q", "u", "v", "th", "ph", "snx", "snz"], "formats": ["<u4", "<u4", *["<f4"] * 8],
})  # fmt: skip
N3B = np.dtype({
    "names": ["ydh", "num", "s", "q", "u", "v", "th", "ph", "zr", "snr"],
    "formats": ["<u4", ("<u4", 2), *[("<f4", 2)] * 4, *["<f4"] * 3, ("<f4", 4)],
})  # fmt: skip
YDH_CRUISE, DAY_CRUISE, SWEEPS_CRUISE = 199923003, 960, 4  # 3 h of 1999-08-18
YDH, DAY = 200418012, 2736  # 12 h of 2004-06-28, the 180th day of its year; day 1 of t97 is 1997-01-01
SWEEPS_S = 32.0 * np.concatenate([np.arange(12), np.arange(40, 52)])
# Bands A to C by 16 filters, and steps of 25 kHz: codes of N1 (bcccffnn), and the frequencies that they mean.
STEPS = np.concatenate([13 + 4 * np.arange(15), 75 + 40 * np.arange(15)])
FILTERS = np.arange(48)
CODES = np.concatenate([10_000_000 * (FILTERS // 16) + 1600 + FILTERS % 16, 30_000_100 + 10_000 * STEPS])
KHZ = np.concatenate([(3.6 * 4.5 ** ((FILTERS + 0.5) / 16)).round(4), 25.0 * STEPS])


def make(folder: Path) -> list[Path]:
    """Write the files, each level in a folder of its own; their modification time is a fixed day."""
    rng = np.random.default_rng(YDH)
    seconds, khz = (axis.ravel() for axis in np.meshgrid(SWEEPS_S, KHZ, indexing="ij"))
    burst = np.exp(-0.5 * ((np.log10(khz) - 2.4 + 1e-4 * seconds) / 0.15) ** 2)
    power = 1e-15 * 10 ** rng.normal(0.0, 0.1, len(khz)) + 1e-11 * burst
    n2 = np.zeros(len(khz), N2)
    n2["ydh"], n2["num"], n2["t97"], n2["f"] = YDH, np.arange(len(khz)), DAY + (12 * 3600 + 2.5 + seconds) / 86400, khz
    n2["dt"], n2["df"] = np.where(khz < 320, 125.0, 20.0), np.where(khz < 320, 0.1 * khz, 25.0)
    n2["autoX"], n2["autoZ"], n2["crossI"], n2["ant"] = power, 0.8 * power, -0.7 * burst, 1
    n1 = np.zeros(len(khz), N1)
    n1["ydh"], n1["num"], n1["ti"], n1["c"] = YDH, n2["num"], 8_180_00000 + 12 * 3600 + 2 + seconds.astype(int), 50
    n1["fi"], n1["ant"], n1["agc1"], n1["auto1"] = np.tile(CODES, len(SWEEPS_S)), 1, 40 + 80 * burst, 128 + 60 * burst
    n1["agc2"], n1["auto2"] = n1["agc1"], n1["auto1"]
    bright = np.flatnonzero(burst > 0.05)
    n3e = np.zeros(len(bright), N3E)
    n3e["ydh"], n3e["num"], n3e["s"], n3e["v"] = YDH, bright, 1e-3 * power[bright], -0.9
    n3e["th"], n3e["ph"], n3e["snx"], n3e["snz"] = 90.0 + rng.normal(0.0, 2.0, len(bright)), 45.0, 30.0, 28.0
    n3b = np.zeros(len(bright) // 2, N3B)  # a pair of records each
    n3b["ydh"], n3b["num"] = YDH, bright[: len(n3b) * 2].reshape(-1, 2)
    for field in ("s", "v"):
        n3b[field] = n3e[field][: len(n3b) * 2].reshape(-1, 2)
    n3b["th"], n3b["ph"], n3b["snr"] = n3e["th"][: len(n3b)], 45.0, 29.0
    cruise = n2[: SWEEPS_CRUISE * len(KHZ)].copy()
    cruise["ydh"], cruise["t97"] = YDH_CRUISE, cruise["t97"] - DAY + DAY_CRUISE - 9 / 24
    made = {
        "n1/R2004180.12": n1, "n2/P2004180.12": n2, "n2/P1999230.03": cruise, "n3b/N3b_dsq2004180.12": n3b,
        "n3d/N3d_dsq2004180.12": n3e, "n3e/N3e_dsq2004180.12": n3e,
    }  # fmt: skip
    return [_write(folder / name, records) for name, records in made.items()]


def _write(path: Path, records: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(records.tobytes())
    modified = dt.datetime(2021, 1, 7, tzinfo=dt.UTC).timestamp()
    os.utime(path, (modified, modified))
    return path


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
