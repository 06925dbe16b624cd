"""Two tiny files of one hour in the layout of the Kronos database: N2, and N3e with indices into it.

Invented data, real layout: a burst of Saturn Kilometric Radiation that drifts to lower frequencies, with a gap. Same
bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np

N2 = np.dtype({
    "names": ["ydh", "num", "t97", "f", "dt", "df", "autoX", "autoZ", "crossR", "crossI", "ant"],
    "formats": ["<u4", "<u4", "<f8", *["<f4"] * 7, "i1"],
})  # fmt: skip
N3E = np.dtype({
    "names": ["ydh", "num", "s", "q", "u", "v", "th", "ph", "snx", "snz"], "formats": ["<u4", "<u4", *["<f4"] * 8],
})  # fmt: skip
YDH, DAY = 200418012, 2736  # 12 h of 2004-06-28, the 180th day of its year; day 1 of t97 is 1997-01-01
SWEEPS_S = 32.0 * np.concatenate([np.arange(12), np.arange(40, 52)])
KHZ = np.concatenate([np.geomspace(3.6856, 318.2, 36), 325.0 + 100.0 * np.arange(15), 1875.0 + 1000.0 * np.arange(15)])


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a fixed day."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(YDH)
    seconds, khz = (axis.ravel() for axis in np.meshgrid(SWEEPS_S, KHZ, indexing="ij"))
    burst = np.exp(-0.5 * ((np.log10(khz) - 2.4 + 1e-4 * seconds) / 0.15) ** 2)
    power = 1e-15 * 10 ** rng.normal(0.0, 0.1, len(khz)) + 1e-11 * burst
    n2 = np.zeros(len(khz), N2)
    n2["ydh"], n2["num"], n2["t97"], n2["f"] = YDH, np.arange(len(khz)), DAY + (12 * 3600 + 2.5 + seconds) / 86400, khz
    n2["dt"], n2["df"] = np.where(khz < 320, 125.0, 20.0), np.where(khz < 320, 0.1 * khz, 25.0)
    n2["autoX"], n2["autoZ"], n2["crossI"], n2["ant"] = power, 0.8 * power, -0.7 * burst, 1
    bright = np.flatnonzero(burst > 0.05)
    n3e = np.zeros(len(bright), N3E)
    n3e["ydh"], n3e["num"], n3e["s"], n3e["v"] = YDH, bright, 1e-3 * power[bright], -0.9
    n3e["th"], n3e["ph"], n3e["snx"], n3e["snz"] = 90.0 + rng.normal(0.0, 2.0, len(bright)), 45.0, 30.0, 28.0
    return [_write(folder / "P2004180.12", n2), _write(folder / "N3e_dsq2004180.12", n3e)]


def _write(path: Path, records: np.ndarray) -> Path:
    path.write_bytes(records.tobytes())
    modified = dt.datetime(2021, 1, 7, tzinfo=dt.UTC).timestamp()
    os.utime(path, (modified, modified))
    return path


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
