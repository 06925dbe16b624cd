"""Two tiny SDFITS files as ``lsl.writer.sdfits`` of the LWA Software Library writes spectra of a beam of LWA1.

Table, columns and cards are those of that writer, with its placeholders; invented data: a Jovian S-burst train in two
linear polarisations, and four Stokes parameters over midnight. Same bytes on every run.
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

CHANNELS, BANDWIDTH_HZ = 256, 19.6e6
# Geocentric place of LWA1 (34.07 N, 107.63 W, 2134 m), m.
PLACE_M = {"OBSGEO-X": -1602206.6, "OBSGEO-Y": -5042244.2, "OBSGEO-Z": 3554076.3}


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a day after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder, dt.datetime(2014, 3, 5, 2, 11, 40, tzinfo=dt.UTC), 0.04 * np.arange(24.0), 0.04, -5, 2, 26e6),
        _write(folder, dt.datetime(2015, 12, 1, 23, 59, 59, tzinfo=dt.UTC), 0.25 * np.arange(8.0), 0.2, 1, 4, 38e6),
    ]


def _write(
    folder: Path, start: dt.datetime, seconds: NDArray[np.float64], exposure_s: float, first_stokes: int,
    polarisations: int, centre_hz: float,
) -> Path:  # fmt: skip
    times = [start + dt.timedelta(seconds=float(second)) for second in seconds]
    of_day = [(moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() for moment in times]
    powers = _powers(start, seconds, polarisations)
    rows, step_hz = len(times), BANDWIDTH_HZ / CHANNELS
    first_hz = centre_hz - BANDWIDTH_HZ / 2

    def repeated(value: object) -> list[object]:
        return [value] * rows

    columns = [
        fits.Column("SCAN", "1I", array=np.arange(1, rows + 1)),
        fits.Column("DATE-OBS", "10A", array=[f"{moment:%Y-%m-%d}" for moment in times]),
        fits.Column("TIME", "1D", unit="s", array=of_day),
        fits.Column("EXPOSURE", "1E", unit="s", array=repeated(exposure_s)),
        fits.Column("OBJECT", "16A", array=repeated("LWA_OBS")),
        fits.Column("OBJ-RA", "1D", unit="deg", array=repeated(0.0)),
        fits.Column("OBJ-DEC", "1D", unit="deg", array=repeated(0.0)),
        fits.Column("RESTFRQ", "1D", unit="Hz", array=repeated(0.0)),
        fits.Column("OBSMODE", "16A", array=repeated("TRK_JOV")),
        fits.Column("BEAM", "1I", array=repeated(2)),
        fits.Column("IF", "1I", array=repeated(1)),
        fits.Column("FREQRES", "1D", unit="Hz", array=repeated(step_hz)),
        fits.Column("BANDWID", "1D", unit="Hz", array=repeated(step_hz * (CHANNELS - 1))),
        fits.Column("CRPIX1", "1E", array=repeated(1.0)),
        fits.Column("CRVAL1", "1D", unit="Hz", array=repeated(first_hz)),
        fits.Column("CDELT1", "1D", unit="Hz", array=repeated(step_hz)),
        fits.Column("CRVAL3", "1D", unit="deg", array=repeated(0.0)),
        fits.Column("CRVAL4", "1D", unit="deg", array=repeated(0.0)),
        fits.Column("DATA", f"{CHANNELS * polarisations}E", unit="UNCALIB", array=powers),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="SINGLE DISH")
    table.header.update({"NMATRIX": 1, "OBSERVER": "UKNOWN", "PROJID": "LS001", "TELESCOP": "LWA1"} | PLACE_M)
    table.header.update({"SPECSYS": "LSRK", "SSYSOBS": "TOPOCENT", "EQUINOX": 2000.0, "RADESYS": "FK5"})
    table.header[f"TDIM{len(columns)}"] = f"({CHANNELS},{polarisations},1,1)"
    table.header.update({"CTYPE1": "FREQ", "CDELT1": step_hz, "CRPIX1": 1, "CRVAL1": first_hz})
    sign = -1.0 if first_stokes < 0 else 1.0
    table.header.update({"CTYPE2": "STOKES", "CDELT2": sign, "CRPIX2": 1.0, "CRVAL2": float(first_stokes)})
    primary = fits.PrimaryHDU()
    primary.header.update({"DATE": f"{start:%Y-%m-%d}", "ORIGIN": "LSL SDFITS writer", "TELESCOP": "LWA1"})
    path = folder / f"{start:%y%m%d_%H%M%S}_beam2_sd.fits"
    fits.HDUList([primary, table]).writeto(path, overwrite=True)
    written = calendar.timegm((start + dt.timedelta(days=1)).timetuple())
    os.utime(path, (written, written))
    return path


def _powers(start: dt.datetime, seconds: NDArray[np.float64], polarisations: int) -> NDArray[np.float32]:
    """S-bursts: short, drifting down in frequency."""
    rng = np.random.default_rng(calendar.timegm(start.timetuple()))
    channel = np.arange(CHANNELS)
    train = np.exp(-0.5 * (((seconds[:, np.newaxis] * 400 + channel) % 90 - 45) / 5) ** 2)
    strengths = np.linspace(1.0, 0.4, polarisations)[:, np.newaxis, np.newaxis]
    powers = 1.0 + 20 * strengths * train + rng.normal(0, 0.02, (polarisations, *train.shape))
    return np.moveaxis(powers, 0, 1).reshape(seconds.size, -1).astype(np.float32)


if __name__ == "__main__":
    for written_path in make(Path(__file__).resolve().parent / "data"):
        print(written_path)
