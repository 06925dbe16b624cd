"""Three tiny FITS files as the receivers NewRoutine and Mefisto of the Nançay Decameter Array write them.

Layout, cards, channels and cadences as maser-data and the tests of maser4py have them of real files: frequencies at
whole multiples of 100/2048 MHz, Julian Days, powers by frequency and polarisation. The sky is invented: arcs of Jovian
bursts with both products of the cross-correlation, and solar type III bursts. Same bytes on every run.
"""

from __future__ import annotations

import calendar
import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHANNEL_MHZ = 100 / 2048
JD_OF_1970 = 2440587.5
POWER = 1e-9  # V**2/Hz


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a day after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_mefisto(folder), _jupiter(folder), _sun(folder)]


def _jupiter(folder: Path) -> Path:
    """A pause of a minute after half of the spectra: the array changes its pointing."""
    seconds = 0.4947 * np.arange(12.0) + np.repeat([0.0, 60.0], 6)
    mhz = _channels(205, 615, 1)
    sky = _sky(np.random.default_rng(20230306), seconds, mhz)
    arc = np.exp(-0.5 * ((seconds[:, None] - 1.5 - 0.02 * (mhz - 24.0) ** 2) / 0.6) ** 2)
    right, left = sky * (1 + 30 * arc), sky * (1 + 4 * arc)
    cross = 0.3 * np.sqrt(right * left)
    data = np.stack([left, right, cross * np.cos(mhz), cross * np.sin(mhz)], axis=-1)
    start = dt.datetime(2023, 3, 6, 9, 45, 15, 260000, tzinfo=dt.UTC)
    return _write(folder, "newroutine", "jup", start, seconds, mhz, data, ("LL", "RR", "LR_RE", "LR_IM"))


def _sun(folder: Path) -> Path:
    seconds, mhz = 0.4947 * np.arange(9.0), _channels(205, 1598, 1)
    data = _bursts(np.random.default_rng(20230307), seconds, mhz, 0.8)
    start = dt.datetime(2023, 3, 7, 8, 2, 3, 750000, tzinfo=dt.UTC)
    return _write(folder, "newroutine", "sun", start, seconds, mhz, data, ("LL", "RR"))


def _mefisto(folder: Path) -> Path:
    seconds, mhz = 0.1074 * np.arange(36.0), _channels(210, 390, 4)
    data = _bursts(np.random.default_rng(20230308), seconds, mhz, 0.5)
    start = dt.datetime(2023, 3, 7, 8, 2, 11, 40000, tzinfo=dt.UTC)
    return _write(folder, "mefisto", "sun", start, seconds, mhz, data, ("LL", "RR"))


def _channels(first: int, count: int, every: int) -> NDArray[np.float64]:
    return CHANNEL_MHZ * (first + every * np.arange(count))


def _sky(rng: np.random.Generator, seconds: NDArray[np.float64], mhz: NDArray[np.float64]) -> NDArray[np.float64]:
    """The galaxy, louder at the low end, with the noise of the receiver."""
    galaxy = POWER * (mhz / 20.0) ** -2.5
    return galaxy * rng.normal(1.0, 0.03, (seconds.size, mhz.size))


def _bursts(
    rng: np.random.Generator, seconds: NDArray[np.float64], mhz: NDArray[np.float64], start_s: float
) -> NDArray[np.float64]:
    """A type III burst: earlier at high frequencies, with a slow end."""
    late_s = seconds[:, None] - start_s - 12.0 / mhz
    burst = np.where(late_s < 0, np.exp(-((late_s / 0.2) ** 2)), np.exp(-late_s / 0.9))
    return np.stack([_sky(rng, seconds, mhz) * (1 + strength * burst) for strength in (60.0, 80.0)], axis=-1)


def _write(
    folder: Path, receiver: str, target: str, start: dt.datetime, seconds: NDArray[np.float64],
    mhz: NDArray[np.float64], data: NDArray[np.float64], channels: tuple[str, ...],
) -> Path:  # fmt: skip
    name = {"jup": "Jupiter", "sun": "Sun"}[target]
    primary = fits.PrimaryHDU()
    primary.header["TITLE"] = f"ORN NDA {receiver} {name.upper()} EDR Dataset"
    primary.header["TELESCOP"], primary.header["INSTRUME"], primary.header["OBJECT"] = "NDA", receiver, name
    for number, channel in enumerate(channels, 1):
        primary.header[f"CHANNEL{number}"] = channel
    primary.header["OBSGEO-B"] = (47.376511, "[deg] latitude")
    primary.header["OBSGEO-L"] = (2.1924, "[deg] longitude")
    primary.header["OBSGEO-H"] = (182.096, "[m] height")
    frequencies = fits.BinTableHDU.from_columns(
        [fits.Column("frequency", f"{mhz.size}E", unit="MHz", array=mhz[np.newaxis].astype(np.float32))]
    )
    jd = JD_OF_1970 + (calendar.timegm(start.timetuple()) + start.microsecond / 1e6 + seconds) / 86400
    shape = f"({len(channels)},{mhz.size})"
    spectra = fits.BinTableHDU.from_columns(
        [
            fits.Column("jd", "1D", array=jd),
            fits.Column("DATA", f"{mhz.size * len(channels)}E", dim=shape, array=data.astype(np.float32)),
        ]
    )
    end = start + dt.timedelta(seconds=float(seconds[-1]))
    version = "1.1" if receiver == "newroutine" else "1.0"
    path = folder / f"orn_nda_{receiver}_{target}_edr_{start:%Y%m%d%H%M}_{end:%Y%m%d%H%M}_v{version}.fits"
    fits.HDUList([primary, frequencies, spectra]).writeto(path, overwrite=True)
    written = calendar.timegm((start + dt.timedelta(days=1)).timetuple())
    os.utime(path, (written, written))
    return path


if __name__ == "__main__":
    for written_path in make(Path(__file__).resolve().parent / "data"):
        print(written_path)
