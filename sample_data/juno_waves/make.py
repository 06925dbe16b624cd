"""Two tiny das2 streams as a das2 server gives them of Juno Waves: bands of the receivers take turns in a stream.

Invented data, real layout: broadband hiss at low frequencies and decametric arcs at high ones; the binary stream holds
comments and a band that is defined anew on its way. Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np

BANDS = {  # frequencies in Hz, and when within a second each is measured
    "10": ("LFRL", np.concatenate([48.83 * np.arange(1, 14), np.geomspace(708.0, 1.997e4, 30)]), 0.4),
    "20": ("LFRH", np.geomspace(1.996e4, 1.415e5, 18), 0.7),
    "30": ("HFRL", np.geomspace(1.401e5, 2.823e6, 27), 0.9),
    "40": ("HFRH", 3.0e6 + 1.0e6 * np.arange(38) + 0.5e6, 0.9),
}
EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

STREAM = """<stream compression="none" version="2.2" >
  <properties String:title="Juno Waves - Electric Field Spectral Density%{{xCacheResInfo}}"
              Datum:xTagWidth="30.0 s"
              String:xLabel="SCET %{{RANGE}}"
              String:yLabel="Freq. (Hz)"
              String:yScaleType="log"
              String:zScaleType="log"
              DatumRange:xCacheRange="{begin} to {end} UTC"
              String:sourceId="das2_ascii"/>
</stream>
"""
PACKET = """<packet>
  <x type="{x}" units="us2000">
  </x>
  <yscan name="spec_dens" type="{z}" zUnits="V**2 m**-2 Hz**-1" yUnits="Hz" nitems="{items}"
         yTags="{tags}">
    <properties String:zSummary="Amplitudes from the {band} Receiver Band"/>
  </yscan>
</packet>
"""
COMMENT = '<comment type="taskProgress" value="{value}" source="jno_wav_survey" />\n'


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is a fixed day."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder, "jno_wav_survey_e_20170101T00.d2t", dt.datetime(2017, 1, 1, tzinfo=dt.UTC), 40, binary=False),
        _write(
            folder, "jno_wav_survey_e_20170202T13.d2s", dt.datetime(2017, 2, 2, 13, tzinfo=dt.UTC), 150, binary=True
        ),
    ]


def _write(folder: Path, name: str, begin: dt.datetime, seconds: int, *, binary: bool) -> Path:
    rng = np.random.default_rng(begin.month)
    end = begin + dt.timedelta(minutes=10)
    stream = STREAM.format(begin=f"{begin:%Y-%m-%dT%H:%M:%S}.000", end=f"{end:%Y-%m-%dT%H:%M:%S}.000")
    content, told = [_header("00", stream)], set()
    for second in range(seconds):
        if binary and second % 50 == 25:
            content.append(_header("xx", COMMENT.format(value=second)))
            told.clear()  # the bands are told anew, in the same words
        for number, (band, hertz, offset) in BANDS.items():
            if number not in told:
                content.append(_header(number, _packet(band, hertz, binary=binary)))
                told.add(number)
            moment = begin + dt.timedelta(seconds=second + offset)
            content.append(f":{number}:".encode() + _record(moment, _spectrum(rng, hertz, second), binary=binary))
    path = folder / name
    path.write_bytes(b"".join(content))
    modified = dt.datetime(2023, 6, 1, tzinfo=dt.UTC).timestamp()
    os.utime(path, (modified, modified))
    return path


def _spectrum(rng: np.random.Generator, hertz: np.ndarray, second: int) -> np.ndarray:
    """Hiss that falls with frequency, and an arc whose frequency rises and falls within a minute."""
    arc = 2.2e7 - 1.5e3 * (second % 60 - 30) ** 2 * 10
    density = 1e-13 * (hertz / 1e3) ** -1.6 * 10 ** rng.normal(0.0, 0.2, len(hertz))
    return density + 5e-16 * np.exp(-0.5 * ((hertz - arc) / 1.2e6) ** 2)


def _packet(band: str, hertz: np.ndarray, *, binary: bool) -> str:
    kinds = {"x": "sun_real8", "z": "sun_real4"} if binary else {"x": "time22", "z": "ascii11"}
    return PACKET.format(band=band, items=len(hertz), tags=",".join(f"{one:.3e}" for one in hertz), **kinds)


def _record(moment: dt.datetime, row: np.ndarray, *, binary: bool) -> bytes:
    if binary:
        microseconds = (moment - EPOCH) / dt.timedelta(microseconds=1)
        return np.array([microseconds], ">f8").tobytes() + row.astype(">f4").tobytes()
    values = "".join(f" {value:10.3e}" for value in row)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 100000}{values}\n".encode()


def _header(number: str, xml: str) -> bytes:
    return f"[{number}]{len(xml):06d}{xml}".encode()


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
