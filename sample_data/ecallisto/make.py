"""Makes four small e-CALLISTO files: cards as the stations write them, a Sun that is worth looking at.

==============================  ===============================================================================
BIR_20110607_062400_10.fit      type II burst, fundamental and harmonic, drifting slowly; FM broadcasters
GAURI_20151104_033000_59.fit.gz type III bursts, drifting fast; TIME-END 03:44:60; OBJECT is CALLISTO; wide band
GREENLAND_20240716_235200_62.fit.gz  noise storm across midnight; DATE-END stays behind
ARECIBO_20220302_173000_62.fit.gz    a quiet Sun
==============================  ===============================================================================

Run as a script it writes them to ``data`` beside itself. The bytes are the same on every run and machine.
"""

from __future__ import annotations

import calendar
import datetime as dt
import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import NDArray

    Grid: TypeAlias = NDArray[np.float64]

TIMES, CHANNELS, STEP_S = 240, 64, 3.75  # 15 minutes, coarser than the real 0.25 s
WRITTEN_AFTER = dt.timedelta(days=1)  # modification time of the files, after the start of the observation


def frequency_of_height(height: Grid) -> Grid:
    """Plasma frequency (MHz) at a heliocentric height (solar radii), in the corona of Newkirk (1961)."""
    density = 4.2e4 * 10 ** (4.32 / height)  # electrons per cm3
    return 8.98e-3 * np.sqrt(density)


def lane(f_mhz: Grid, centre_mhz: Grid, width: float) -> Grid:
    """A band of emission around a frequency that moves; `width` is relative."""
    return np.exp(-(((f_mhz - centre_mhz) / (width * centre_mhz)) ** 2))


def type_iii(t_s: Grid, f_mhz: Grid, start_s: float, strength: float) -> Grid:
    """Electrons at a third of the speed of light: through the whole band within seconds, then a slow decay."""
    heights = np.linspace(1.02, 4.0, 400)
    arrival_s = start_s + np.interp(-f_mhz, -frequency_of_height(heights), (heights - 1.02) * 6.96e5 / 1.0e5)
    late_s = t_s - arrival_s
    decay_s = 4.0 + 400.0 / f_mhz
    return strength * np.where(late_s < 0, np.exp(-((late_s / 3.0) ** 2)), np.exp(-late_s / decay_s))


def type_ii(t_s: Grid, f_mhz: Grid, start_s: float, speed_km_s: float) -> Grid:
    """A shock wave: fundamental at the plasma frequency, harmonic at twice it, each split in two lanes."""
    height = 1.6 + np.clip(t_s - start_s, 0.0, None) * speed_km_s / 6.96e5
    plasma_mhz = frequency_of_height(height)
    lanes = [(1.0, 28.0), (1.12, 22.0), (2.0, 40.0), (2.24, 30.0)]
    emission = sum(strength * lane(f_mhz, ratio * plasma_mhz, 0.035) for ratio, strength in lanes)
    return np.where(t_s >= start_s, emission * np.exp(-(t_s - start_s) / 420.0), 0.0)


def noise_storm(t_s: Grid, f_mhz: Grid, rng: np.random.Generator) -> Grid:
    """Type I: hundreds of short narrow bursts on a continuum."""
    storm = 6.0 * lane(f_mhz, np.full_like(t_s, 80.0), 0.4)
    for t0, f0, strength in zip(rng.uniform(0, 900, 90), rng.uniform(60, 100, 90), rng.uniform(5, 45, 90), strict=True):
        storm = storm + strength * np.exp(-(((t_s - t0) / 3.0) ** 2) - ((f_mhz - f0) / 1.2) ** 2)
    return storm


@dataclass(frozen=True)
class Sample:
    """One file: what the station writes, and what the Sun does."""

    name: str
    start: dt.datetime
    date_end: str
    time_end: str
    origin: str
    station: str
    sun: str
    place: tuple[float, str, float, str, float]
    band_mhz: tuple[float, float]
    padded: int
    scaling: tuple[float, float]
    emission: Callable[[Grid, Grid, np.random.Generator], Grid]
    broadcast_mhz: tuple[float, ...]
    pwm: int


SAMPLES = (
    Sample(
        "BIR_20110607_062400_10.fit",
        dt.datetime(2011, 6, 7, 6, 24, 0, 213000, tzinfo=dt.UTC), "2011/06/07", "06:39:00",
        "Birr_Castle_Ireland", "BIR", "Sun", (53.0941390991211, "N", 7.92012977600098, "E", 416.5), (20.0, 91.813), 4,
        (0.0, 1.0), lambda t, f, _: type_ii(t, f, 120.0, 900.0) + type_iii(t, f, 60.0, 70.0), (87.9, 89.4, 91.1), 80,
    ),
    Sample(
        "GAURI_20151104_033000_59.fit.gz",
        dt.datetime(2015, 11, 4, 3, 30, 0, 93000, tzinfo=dt.UTC), "2015/11/04", "03:44:60",
        "Gauribidanur_Radio_Telescope", "GAURI", "CALLISTO", (13.6000003814697, "N", 77.5, "E", 686.0), (45.0, 410.5),
        0, (137.0, 0.341176480054855),
        lambda t, f, _: type_iii(t, f, 200.0, 90.0) + type_iii(t, f, 262.0, 60.0) + type_iii(t, f, 610.0, 75.0),
        (93.5, 101.3, 107.6, 260.0), 200,
    ),
    Sample(
        "GREENLAND_20240716_235200_62.fit.gz",
        dt.datetime(2024, 7, 16, 23, 52, 0, 954000, tzinfo=dt.UTC), "2024/07/16", "00:07:00",
        "DK", "GREENLAND", "Sun", (66.9700012207031, "N", 50.9500007629395, "W", 149.0), (10.0, 105.813), 7,
        (0.0, 1.0), noise_storm, (12.1, 15.4, 17.8), 70,
    ),
    Sample(
        "ARECIBO_20220302_173000_62.fit.gz",
        dt.datetime(2022, 3, 2, 17, 30, 0, 735000, tzinfo=dt.UTC), "2022/03/02", "17:45:00",
        "Arecibo", "Arecibo-Observatory", "Sun", (18.3500003814697, "N", 66.75, "W", 498.0), (15.0, 86.625), 8,
        (0.0, 1.0), lambda t, f, _: 0.0 * t * f, (27.2,), 70,
    ),
)  # fmt: skip


def make(folder: Path) -> list[Path]:
    """Write the files and give their paths, in the order of their names."""
    folder.mkdir(parents=True, exist_ok=True)
    return sorted(_write(sample, folder / sample.name, seed) for seed, sample in enumerate(SAMPLES, start=1961))


def _write(sample: Sample, path: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    t_s = STEP_S * np.arange(TIMES)
    f_mhz = _channels(sample, rng)
    digits = _digits(sample, t_s, f_mhz, rng)
    axes = np.concatenate([t_s, f_mhz]).astype(">f8")
    content = (
        _header(_image_cards(sample, digits))
        + _filled(digits.tobytes(), b"\0")
        + _header(_table_cards(axes.nbytes))
        + _filled(axes.tobytes(), b"\0")
    )
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    written = calendar.timegm((sample.start + WRITTEN_AFTER).utctimetuple())
    os.utime(path, (written, written))
    return path


def _channels(sample: Sample, rng: np.random.Generator) -> Grid:
    """Frequencies (MHz) on the receiver's grid of 62.5 kHz, high to low, the last one repeated as padding."""
    low, high = sample.band_mhz
    chosen = np.linspace(high, low, CHANNELS - sample.padded)
    jitter = rng.integers(-1, 2, chosen.size) * 0.0625
    jitter[[0, -1]] = 0.0
    regular = np.sort(np.round((chosen + jitter) / 0.0625) * 0.0625)[::-1]
    regular[0] = high
    return np.concatenate([regular, np.full(sample.padded, regular[-1])])


def _digits(sample: Sample, t_s: Grid, f_mhz: Grid, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What the receiver writes: background by channel, its noise, broadcasters, and the Sun; 8 bits."""
    t, f = np.meshgrid(t_s, f_mhz)
    background = 110.0 + 14.0 * np.sin(f / 9.0) + 1200.0 / f  # ripple of cables; the galaxy is loud at the low end
    levels = background + sample.emission(t, f, rng) + rng.normal(0.0, 1.6, t.shape)
    for mhz in sample.broadcast_mhz:
        levels += 55.0 * np.exp(-(((f - mhz) / 0.5) ** 2)) * (0.8 + 0.2 * np.sin(t / 31.0 + mhz))
    return np.clip(np.round(levels), 0, 255).astype(np.uint8)


def _image_cards(sample: Sample, digits: NDArray[np.uint8]) -> list[str]:
    start, (latitude, lac, longitude, loc, altitude) = sample.start, sample.place
    day = f"{start:%Y/%m/%d}"
    return [
        _card("SIMPLE", True, "file does conform to FITS standard"),
        _card("BITPIX", 8, "number of bits per data pixel"),
        _card("NAXIS", 2, "number of data axes"),
        _card("NAXIS1", TIMES, "length of data axis 1"),
        _card("NAXIS2", CHANNELS, "length of data axis 2"),
        _card("EXTEND", True, "FITS dataset may contain extensions"),
        _card("COMMENT", "Warning: the value of CDELT1 may be rounded!", ""),  # so they write them, with a value
        _card("COMMENT", "Warning: the frequency axis may not be regular!", ""),
        _card("COMMENT", "Warning: the value of CDELT2 may be rounded!", ""),
        _card("DATE", f"{start:%Y-%m-%d}", "Time of observation"),
        _card("CONTENT", f"{day}  Radio flux density, e-CALLISTO ({sample.station})", "Title of image"),
        _card("ORIGIN", sample.origin, "Organization name"),
        _card("TELESCOP", "Radio Spectrometer", "Type of instrument"),
        _card("INSTRUME", sample.station, "Name of the spectrometer"),
        _card("OBJECT", sample.sun, "object description"),
        _card("DATE-OBS", day, "Date observation starts"),
        _card("TIME-OBS", f"{start:%H:%M:%S}.{start.microsecond // 1000:03d}", "Time observation starts"),
        _card("DATE-END", sample.date_end, "date observation ends"),
        _card("TIME-END", sample.time_end, "time observation ends"),
        _card("BZERO", sample.scaling[0], "scaling offset"),
        _card("BSCALE", sample.scaling[1], "scaling factor"),
        _card("BUNIT", "digits", "z-axis title"),
        _card("DATAMIN", int(digits.min()), "minimum element in image"),
        _card("DATAMAX", int(digits.max()), "maximum element in image"),
        _card(
            "CRVAL1",
            float(start.hour * 3600 + start.minute * 60 + start.second),
            "value on axis 1 at reference pixel [sec of day]",
        ),
        _card("CRPIX1", 0, "reference pixel of axis 1"),
        _card("CTYPE1", "Time [UT]", "title of axis 1"),
        _card("CDELT1", STEP_S, "step between first and second element in x-axis"),
        _card("CRVAL2", 200.0, "value on axis 2 at the reference pixel"),
        _card("CRPIX2", 0, "reference pixel of axis 2"),
        _card("CTYPE2", "Frequency [MHz]", "title of axis 2"),
        _card("CDELT2", -1.0, "step between first and second element in axis"),
        _card("OBS_LAT", latitude, "observatory latitude in degree"),
        _card("OBS_LAC", lac, "observatory latitude code {N,S}"),
        _card("OBS_LON", longitude, "observatory longitude in degree"),
        _card("OBS_LOC", loc, "observatory longitude code {E,W}"),
        _card("OBS_ALT", altitude, "observatory altitude in meter asl"),
        _card("FRQFILE", "FRQ00066.CFG", "name of frequency file"),
        _card("PWM_VAL", sample.pwm, "PWM value to control tuner gain"),
    ]


def _table_cards(row_bytes: int) -> list[str]:
    cards = [
        _card("XTENSION", "BINTABLE", "binary table extension"),
        _card("BITPIX", 8, "8-bit bytes"),
        _card("NAXIS", 2, "2-dimensional binary table"),
        _card("NAXIS1", row_bytes, "width of table in bytes"),
        _card("NAXIS2", 1, "number of rows in table"),
        _card("PCOUNT", 0, "size of special data area"),
        _card("GCOUNT", 1, "one data group (required keyword)"),
        _card("TFIELDS", 2, "number of fields in each row"),
    ]
    for number, name, size in ((1, "TIME", TIMES), (2, "FREQUENCY", CHANNELS)):
        cards.append(_card(f"TTYPE{number}", name, f"label for field   {number}"))
        cards.append(_card(f"TFORM{number}", f"{size}D8.3", "data format of field: 8-byte DOUBLE"))
    scales = [
        _card(f"{key}{number}", value, "") for number in (1, 2) for key, value in (("TSCAL", 1.0), ("TZERO", 0.0))
    ]
    return [*cards, *scales]


def _card(key: str, value: str | float | bool, comment: str) -> str:
    """A card as IDL writes it for the stations: whole reals end in a point."""
    if isinstance(value, bool):
        text = ("T" if value else "F").rjust(20)
    elif isinstance(value, str):
        text = f"'{value:<8}'".ljust(20)
    elif isinstance(value, int):
        text = f"{value:>20}"
    else:
        text = (f"{value:.15g}" if value % 1 else f"{value:.0f}.").rjust(20)
    return f"{key:<8}= {text}{' / ' if comment else ''}{comment}"[:80].ljust(80)


def _header(cards: list[str]) -> bytes:
    return _filled("".join([*cards, "END".ljust(80)]).encode("ascii"), b" ")


def _filled(content: bytes, filling: bytes) -> bytes:
    """Filled up to a whole block of 2880 bytes."""
    return content + filling * (-len(content) % 2880)


if __name__ == "__main__":
    for written_path in make(Path(__file__).resolve().parent / "data"):
        print(written_path)
