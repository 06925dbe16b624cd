"""Three tiny FITS files as AMATERAS, the spectrometer of the Iitate Planetary Radio Telescope, has them.

==========================================  =================================================================
20101103_IPRT.fits                          a day at low resolution; it starts on the evening before, in UT
20140212_IPRT.fits                          another, with a type III burst
iprt_amt_l1_high_08bit_20140212-0006_v01    a burst at high resolution: 10 ms, 61 kHz
==========================================  =================================================================

Cards as pyudas describes them and amt_drs4_l0_l1.c writes them; the days are two minutes long. Same bytes on every run.
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


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a day after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    quiet = dt.datetime(2010, 11, 2, 23, 43, 6, tzinfo=dt.UTC)
    burst = dt.datetime(2014, 2, 12, 0, 6, tzinfo=dt.UTC)
    return [
        _write(folder / "20101103_IPRT.fits", quiet, _low(quiet, 0.0), 0.99968, 100.0, 1.0, low=True),
        _write(folder / "20140212_IPRT.fits", burst, _low(burst, 12.0), 0.99968, 100.0, 1.0, low=True),
        _write(
            folder / "iprt_amt_l1_high_08bit_20140212-0006_v01.fits", burst, _high(burst), 0.01, 100.0, 0.06103516,
            low=False,
        ),
    ]  # fmt: skip


def _low(start: dt.datetime, burst_db: float) -> NDArray[np.uint8]:
    mhz = 100.0 + np.arange(410)
    seconds = np.arange(120.0)
    return _digits(start, seconds, mhz, burst_db, 40.0)


def _high(start: dt.datetime) -> NDArray[np.uint8]:
    return _digits(start, 0.01 * np.arange(8.0), 100.0 + 0.06103516 * np.arange(6554), 8.0, 0.02)


def _digits(
    start: dt.datetime, seconds: NDArray[np.float64], mhz: NDArray[np.float64], burst_db: float, burst_s: float
) -> NDArray[np.uint8]:
    """Tenths of dB above the quiet Sun, of both senses of circular polarisation: a type III burst and broadcasters."""
    rng = np.random.default_rng(calendar.timegm(start.timetuple()))
    late_s = seconds - burst_s - 300.0 / mhz[:, np.newaxis]
    burst = burst_db * np.where(late_s < 0, np.exp(-(late_s**2)), np.exp(-late_s / 3.0))
    broadcast = 15.0 * (np.abs(mhz % 60 - 30) < 0.6)[:, np.newaxis]
    senses = [burst * share + broadcast + rng.normal(1.0, 0.3, burst.shape) for share in (1.0, 0.7)]
    return np.clip(10 * np.stack(senses), 0, 254).astype(np.uint8)


def _write(
    path: Path, start: dt.datetime, digits: NDArray[np.uint8], step_s: float, first_mhz: float, step_mhz: float,
    *, low: bool,
) -> Path:  # fmt: skip
    end = start + dt.timedelta(seconds=int(step_s * digits.shape[2]))
    hdu = fits.PrimaryHDU(digits)
    hdu.header.update(
        {
            "DATE": f"{end:%Y-%m-%d}",
            "ORIGIN": ("PPARC TOHOKU University", "Organization name"),
            "TELESCOP": ("IPRT", "Name of the telescope"),
            "INSTRUME": ("AMATERAS", "Name of the spectrometer"),
            "OBJECT": ("SUN", "Name of the target"),
            "DATE-OBS": (f"{start:%Y-%m-%d}", "Date observation started UT"),
            "TIME-OBS": (f"{start:%H:%M:%S}", "Time observation started UT"),
            "DATE-END": (f"{end:%Y-%m-%d}", "Date observation ended UT"),
            "TIME-END": (f"{end:%H:%M:%S}", "Time observation ended UT"),
            "EXPTIME": (step_s, "Exposure time in seconds"),
            "BZERO": 0.0,
            "BSCALE": 1.0 if low else 0.1,
            "BUNIT": "10*(dB from Quiet SUN)" if low else "dB",
        }
    )
    axes = (
        (1, "Time in UT", 0.0, step_s), (2, "Frequency in MHz", first_mhz, step_mhz), (3, "Polarization", 0.0, 1.0)
    )  # fmt: skip
    for number, title, first, step in axes:
        hdu.header[f"CTYPE{number}"], hdu.header[f"CRPIX{number}"] = title, 0
        hdu.header[f"CRVAL{number}"], hdu.header[f"CDELT{number}"] = first, step
    hdu.writeto(path, overwrite=True)
    written = calendar.timegm((start + dt.timedelta(days=1)).timetuple())
    os.utime(path, (written, written))
    return path


if __name__ == "__main__":
    for written_path in make(Path(__file__).resolve().parent / "data"):
        print(written_path)
