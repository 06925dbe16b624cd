"""Two tiny das2 streams as a das2 server gives them of Galileo PWS: one as text, one binary.

Invented data, real layout: electron cyclotron harmonics and hectometric radio emission in Jupiter's magnetosphere, with
a gap. Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np

# Four channels of the spectrum analyser, 106 of the medium and 42 of the high frequency receiver (PWSLIST.TXT).
CHANNELS = np.concatenate(
    [
        [5.62, 10.0, 17.8, 31.1],
        10 ** ((np.arange(1, 107) + 49.343) / 30.988),
        10 ** ((np.arange(1, 43) + 116.57) / 23.453),
    ]
)
STEP_S = 56 / 3
EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

STREAM = """<stream version="2.2">
  <properties title="Galileo PWS - LRS Electric"
              Datum:xTagWidth="80 s"
              DatumRange:xCacheRange="{begin} to {end} UTC"
              xLabel="%{{RANGE}}"
              yLabel="Frequency (Hz)"
              yScaleType="log"
              DatumRange:yRange="5 to 6000000 Hz"
              zLabel="Spectral Density (V!a2!n m!a-2!n Hz!a-1!n)"
              zScaleType="log"
              double:zFill="0.0" />
</stream>
"""
PACKET = """<packet>
  <x type="{x}" units="us2000"></x>
  <yscan name="electric" type="{z}" yUnits="Hz" zUnits="V**2 m**-2 Hz**-1" nitems="{items}" yTags="{tags}" />
</packet>
"""


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a fixed day."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder, "gll_pws_lrs_19970507T15.d2t", dt.datetime(1997, 5, 7, 15, tzinfo=dt.UTC), 32, binary=False),
        _write(folder, "gll_pws_lrs_19960627T06.d2s", dt.datetime(1996, 6, 27, 6, tzinfo=dt.UTC), 96, binary=True),
    ]


def _write(folder: Path, name: str, begin: dt.datetime, records: int, *, binary: bool) -> Path:
    rng = np.random.default_rng(begin.year)
    numbers = np.concatenate([np.arange(records // 2), records // 2 + 30 + np.arange(records - records // 2)])
    times = [begin + dt.timedelta(seconds=round(16.207 + STEP_S * number, 3)) for number in numbers.tolist()]
    density = _spectra(rng, numbers * STEP_S)
    stream = STREAM.format(
        begin=f"{begin:%Y-%m-%dT%H:%M:%S}.000", end=f"{begin + dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000"
    )
    tags = ", ".join(f"{channel:.3e}" for channel in CHANNELS)
    kinds = {"x": "little_endian_real8", "z": "little_endian_real4"} if binary else {"x": "time24", "z": "ascii11"}
    content = [_header("00", stream), _header("10", PACKET.format(items=len(CHANNELS), tags=tags, **kinds))]
    for moment, row in zip(times, density, strict=True):
        content.append(b":10:" + (_binary(moment, row) if binary else _text(moment, row)))
    path = folder / name
    path.write_bytes(b"".join(content))
    modified = dt.datetime(2023, 6, 1, tzinfo=dt.UTC).timestamp()
    os.utime(path, (modified, modified))
    return path


def _spectra(rng: np.random.Generator, seconds: np.ndarray) -> np.ndarray:
    """Harmonics of a slowly falling cyclotron frequency, emission around 1 MHz, and noise that falls with frequency."""
    density = 1e-11 * (CHANNELS / 100.0) ** -1.2 * 10 ** rng.normal(0.0, 0.15, (len(seconds), len(CHANNELS)))
    cyclotron = 2800.0 - 0.4 * seconds[:, None]
    for harmonic in (1.5, 2.5, 3.5):
        density += 1e-12 * np.exp(-0.5 * ((CHANNELS - harmonic * cyclotron) / 150.0) ** 2)
    return density + 2e-14 * np.exp(-0.5 * ((np.log10(CHANNELS) - 6.0 - 1e-4 * seconds[:, None]) / 0.1) ** 2)


def _header(number: str, xml: str) -> bytes:
    return f"[{number}]{len(xml):06d}{xml}".encode()


def _binary(moment: dt.datetime, row: np.ndarray) -> bytes:
    microseconds = (moment - EPOCH) / dt.timedelta(microseconds=1)
    return np.array([microseconds], "<f8").tobytes() + row.astype("<f4").tobytes()


def _text(moment: dt.datetime, row: np.ndarray) -> bytes:
    values = "".join(f"{value:10.3e} " for value in row)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d} {values[:-1]}\n".encode()


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
