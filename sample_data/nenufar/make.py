"""Three tiny FITS files of NenuFAR statistics, HDU by HDU as the LaNewBa receiver writes them (version 00.07).

==========================  ===================================================================================
20220130_112900_BST.fits    the Sun, two beams of 192 beamlets each, a second a row
20210611_013000_BST.fits    Cygnus A and the sky beside it: beams at fixed J2000 coordinates, a pause in the data
20200219_180000_XST.fits    mini-arrays correlated in 16 sub-bands that are not neighbours, towards Taurus A
==========================  ===================================================================================

Cards, columns and units as a real XST has them, sub-bands as nenupy and maser-data read them; eight mini-arrays and a
few rows, so that the files stay small. Same bytes on every run.
"""

from __future__ import annotations

import calendar
import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH_MHZ = 100 / 512
JD_OF_1970 = 2440587.5
BEAMLETS = 768
# Mini-arrays of the core, ETRS89 geocentric, m.
MINI_ARRAYS = np.array([4323934.571, 165585.716, 4670345.015]) + np.random.default_rng(19).normal(0, 60, (8, 3)).round(
    3
)


@dataclass(frozen=True)
class Beam:
    """Where a beam looks, and the sub-bands of its beamlets."""

    name: str
    direction: str
    angles_deg: tuple[float, float]
    sub_bands: NDArray[np.int16]


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a day after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_cross_correlations(folder), _cygnus(folder), _sun(folder)]


def _sun(folder: Path) -> Path:
    start = dt.datetime(2022, 1, 30, 11, 29, tzinfo=dt.UTC)
    beams = [Beam("SUN_TRACKING", "SUN", (0.0, 0.0), np.arange(first, first + 192)) for first in (128, 320)]
    seconds = 70.0 + np.arange(10.0)
    burst = np.exp(-np.clip(seconds[:, None] - 72.0 - 60.0 / (np.arange(384) + 60.0), 0, None) / 2.0)
    return _beamlets(folder, start, beams, seconds, 1 + 9 * burst)


def _cygnus(folder: Path) -> Path:
    start = dt.datetime(2021, 6, 11, 1, 30, tzinfo=dt.UTC)
    places = ((299.868153, 40.733917), (302.868153, 40.733917))
    beams = [Beam("CYG_A_TRACKING", "J2000", place, np.arange(200, 300)) for place in places]
    seconds = np.concatenate([np.arange(5.0), 120.0 + np.arange(5.0)])
    return _beamlets(folder, start, beams, seconds, np.repeat([[6.0, 1.0]], 10, axis=0).repeat(100, axis=1))


def _beamlets(
    folder: Path, start: dt.datetime, beams: list[Beam], seconds: NDArray[np.float64], sky: NDArray[np.float64]
) -> Path:
    powers = np.zeros((seconds.size, 2, BEAMLETS), np.float32)
    noise = np.random.default_rng(2022).normal(1.0, 0.02, (seconds.size, 2, sky.shape[1]))
    powers[:, :, : sky.shape[1]] = 1e9 * sky[:, np.newaxis] * noise
    columns = [
        fits.Column("jd", "1D", array=_julian_days(start, seconds)),
        fits.Column("data", f"{2 * BEAMLETS}E", dim=f"({BEAMLETS},2)", array=powers),
    ]
    return _write(folder, "BST", "beamlet Statistics", start, seconds, beams, columns)


def _cross_correlations(folder: Path) -> Path:
    start = dt.datetime(2020, 2, 19, 18, 0, 3, tzinfo=dt.UTC)
    sub_bands = np.array([351, 375, 376, 377, 378, 380, 381, 382, 383, 384, 385, 386, 388, 389, 390, 406])
    feeds = 2 * len(MINI_ARRAYS)
    products = feeds * (feeds + 1) // 2
    rng, seconds = np.random.default_rng(2020), np.arange(4.0)
    shape = (seconds.size, sub_bands.size, products)
    correlations = (rng.normal(0, 3e4, shape) + 1j * rng.normal(0, 3e4, shape)).astype(np.complex64)
    columns = [
        fits.Column("jd", "1D", array=_julian_days(start, seconds)),
        fits.Column("xstSubband", "16I", array=np.tile(sub_bands, (seconds.size, 1))),
        fits.Column("DATA", f"{16 * products}C", dim=f"({products},16)", array=correlations),
    ]
    beam = Beam("TAU_A_TRACKING", "J2000", (83.633083, 22.0145), np.arange(41, 141))
    return _write(folder, "XST", "crosscorrelation Statistics", start, seconds, [beam], columns)


def _julian_days(start: dt.datetime, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    return JD_OF_1970 + (calendar.timegm(start.timetuple()) + seconds) / 86400


def _write(
    folder: Path, kind: str, statistics: str, start: dt.datetime, seconds: NDArray[np.float64], beams: list[Beam],
    columns: list[fits.Column],
) -> Path:  # fmt: skip
    first, last = (start + dt.timedelta(seconds=float(end)) for end in (seconds[0], seconds[-1]))
    hdus = [
        _primary(statistics, first, last),
        _instrument(kind),
        _table("SETUP_OBS", name=("50A", [f'"{beams[0].name}"']), title=("50A", ['"sample"'])),
        _analogue_beams(start, beams[0]),
        _digital_beams(start, beams),
        _pointing("SETUP_POINTING_ABEAM", "noAnaBeam", start, 1),
        _pointing("SETUP_POINTING_BEAM", "noBeam", start, len(beams)),
        fits.BinTableHDU.from_columns(columns, name=kind),
    ]
    path = folder / f"{start:%Y%m%d_%H%M}00_{kind}.fits"
    fits.HDUList(hdus).writeto(path, overwrite=True)
    written = calendar.timegm((start + dt.timedelta(days=1)).timetuple())
    os.utime(path, (written, written))
    return path


def _primary(statistics: str, first: dt.datetime, last: dt.datetime) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU()
    cards = {
        "DATE-CRE": (f"{first:%Y-%m-%d}", "date of file creation"),
        "DATE-OBS": (f"{first:%Y-%m-%d}", "begin date of acquisition"),
        "DATE-END": (f"{last:%Y-%m-%d}", "end date of observation"),
        "TIME-OBS": (f"{first:%H:%M:%S}", "start time acquisition"),
        "TIME-END": (f"{last:%H:%M:%S}", "end time observation"),
        "TIME-SYS": ("UTC", "System time observation"),
        "FRQRANGE": ("[0.00 MHz, 100.00 MHz]", "frequency range"),
        "BANDWIDT": ("195.3125 kHz", "Equal Bandwidth"),
        "DT": ("1", "rate in seconds"),
        "ORIGINE": "NANCAY OBSERVATORY FRANCE",
        "INSTRUME": ("NenuFar", "Instrument used to acquire the data"),
        "OBJECT": statistics,
        "SOFTWARE": ("0.7.4.0", "Software version number generating fits file"),
        "VERSION": ("00.07", "Fits version number"),
    }
    hdu.header.update(cards)
    return hdu


def _instrument(kind: str) -> fits.BinTableHDU:
    count = len(MINI_ARRAYS)
    return _table(
        "SETUP_INSTR",
        nf=("1I", [512]),
        frq=("512E", [WIDTH_MHZ * (np.arange(512) + 0.5)], "MHz"),
        nbMR=("1I", [count]),
        noMR=(f"{count}I", [np.arange(count)]),
        noPositionETRS=(f"{3 * count}D", [MINI_ARRAYS.ravel()]),
        nbPol=("1I", [2]),
        spol=("4A", [["NW", "NE"]], None, "(2,2)"),
        **({"nbXSTFreq": ("1I", [161])} if kind == "XST" else {}),
    )


def _analogue_beams(start: dt.datetime, beam: Beam) -> fits.BinTableHDU:
    return _table("SETUP_ANABEAM", NoAnaBeam=("1I", [0]), **_looking(start, [beam]))


def _digital_beams(start: dt.datetime, beams: list[Beam]) -> fits.BinTableHDU:
    numbers, frequencies = np.full((len(beams), BEAMLETS), -1), np.zeros((len(beams), BEAMLETS))
    used = 0
    for row, beam in enumerate(beams):
        count = beam.sub_bands.size
        numbers[row, :count] = np.arange(used, used + count)
        frequencies[row, :count] = WIDTH_MHZ * (beam.sub_bands + 0.5)
        used += count
    return _table(
        "SETUP_BEAM",
        noBeam=("1I", np.arange(len(beams))),
        NoAnaBeam=("1I", np.zeros(len(beams))),
        **_looking(start, beams),
        nbBeamlet=("1I", [beam.sub_bands.size for beam in beams]),
        BeamletList=(f"{BEAMLETS}I", numbers),
        freqList=(f"{BEAMLETS}E", frequencies, "MHz"),
    )


def _looking(start: dt.datetime, beams: list[Beam]) -> dict[str, tuple[str, object]]:
    return {
        "object": ("50A", [f'"{beam.name}"' for beam in beams]),
        "angle1": ("1D", [beam.angles_deg[0] for beam in beams]),
        "angle2": ("1D", [beam.angles_deg[1] for beam in beams]),
        "dirType": ("50A", [beam.direction for beam in beams]),
        "Start": ("20A", [f"{start:%Y-%m-%dT%H:%M:%SZ}"] * len(beams)),
        "Duration": ("1J", [900] * len(beams)),
    }


def _pointing(name: str, number: str, start: dt.datetime, beams: int) -> fits.BinTableHDU:
    columns = {
        number: ("1I", np.arange(beams)),
        "timestamp": ("20A", [f"{start:%Y-%m-%dT%H:%M:%SZ}"] * beams),
        "AZ": ("1D", [137.722] * beams, "Degrees"),
        "EL": ("1D", [59.1683] * beams, "Degrees"),
    }
    return _table(name, **columns)


def _table(extname: str, /, **columns: tuple[object, ...]) -> fits.BinTableHDU:
    """A table; a column is a format, its rows, and perhaps a unit and a shape."""
    made = [
        fits.Column(label, form, array=np.asarray(rows), **dict(zip(("unit", "dim"), more, strict=False)))
        for label, (form, rows, *more) in columns.items()
    ]
    return fits.BinTableHDU.from_columns(made, name=extname)


if __name__ == "__main__":
    for written_path in make(Path(__file__).resolve().parent / "data"):
        print(written_path)
