"""Two tiny PDS3 products as Voyager PWS has them: a part of a waveform frame and half an hour of spectra.

Invented data, real layout: whistlers near Io's torus and electron plasma oscillations ahead of Jupiter's bow shock.
Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np

WAVEFORM = """PDS_VERSION_ID       = PDS3
RECORD_TYPE          = FIXED_LENGTH
RECORD_BYTES         = 1024
FILE_RECORDS         = {records}
DATA_LINES           = {lines}
^ENGINEERING_TABLE    = ("{data}", 1)
^WF_ROW_PREFIX_TABLE  = ("{data}", 2)
^TIME_SERIES          = ("{data}", 2)
DATA_SET_ID           = "VG1-J/S/SS-PWS-1-EDR-WFRM-60MS-V1.0"
INSTRUMENT_HOST_NAME  = "VOYAGER 1"
INSTRUMENT_HOST_ID    = VG1
START_TIME            = {start}Z
STOP_TIME             = {stop}Z
MISSION_PHASE_NAME    = "JUPITER ENCOUNTER"
TARGET_NAME           = {{ "JUPITER", "SOLAR SYSTEM" }}
PRODUCT_ID            = "VG1P02C1626953"
PRODUCT_TYPE          = DATA
STANDARD_DATA_PRODUCT_ID = "VG1_PWS_WFRM"
PRODUCT_CREATION_TIME = 2011-10-31
SPACECRAFT_CLOCK_START_COUNT = "02/16269.53"
SPACECRAFT_CLOCK_STOP_COUNT =  "02/16269.54"
INSTRUMENT_NAME      = "PLASMA WAVE RECEIVER"
INSTRUMENT_ID        = PWS
SECTION_ID           = WFRM
OBJECT                 = ENGINEERING_TABLE
  INTERCHANGE_FORMAT   = BINARY
  ROWS                 = 1
  COLUMNS              = 94
  ROW_BYTES            = 1024
  ^STRUCTURE           = "WFENGHDR.FMT"
END_OBJECT             = ENGINEERING_TABLE
OBJECT                 = WF_ROW_PREFIX_TABLE
  INTERCHANGE_FORMAT   = BINARY
  ROWS                 = {lines}
  COLUMNS              = 45
  ROW_BYTES            = 220
  ROW_SUFFIX_BYTES     = 804
  ^STRUCTURE           = "WFROWPFX.FMT"
END_OBJECT             = WF_ROW_PREFIX_TABLE
OBJECT                 = TIME_SERIES
  NAME                 = TIME_SERIES
  INTERCHANGE_FORMAT   = BINARY
  ROWS                 = {lines}
  COLUMNS              = 1
  ROW_BYTES            = 800
  ROW_PREFIX_BYTES     = 220
  ROW_SUFFIX_BYTES     = 4
  SAMPLING_PARAMETER_NAME = TIME
  SAMPLING_PARAMETER_UNIT = SECOND
  SAMPLING_PARAMETER_INTERVAL = 0.06
  OBJECT                 = COLUMN
    NAME                 = WAVEFORM_BYTE
    DATA_TYPE            = INTEGER
    START_BYTE           = 221
    BYTES                = 800
    ITEMS                = 800
    ITEM_BYTES           = 1
  END_OBJECT             = COLUMN
END_OBJECT             = TIME_SERIES
END
"""

SPECTRA = """PDS_VERSION_ID        = PDS3
RECORD_TYPE           = FIXED_LENGTH
RECORD_BYTES          = 48
FILE_RECORDS          = {records}
^TABLE                = "{data}"
DATA_SET_ID           = "VG1-J/S/SS-PWS-2-RDR-SAFULL-V1.0"
INSTRUMENT_HOST_NAME  = "VOYAGER 1"
INSTRUMENT_HOST_ID    = VG1
INSTRUMENT_NAME       = "PLASMA WAVE RECEIVER"
INSTRUMENT_ID         = PWS
MISSION_PHASE_NAME    = "JUPITER ENCOUNTER"
TARGET_NAME           = JUPITER
START_TIME            = 1979-02-28T00:00:00.000
STOP_TIME             = 1979-03-01T00:00:00.000
PRODUCT_ID            = "{data}"
PRODUCT_TYPE          = DATA
PRODUCT_CREATION_TIME = 1998-05-01
SPACECRAFT_CLOCK_START_COUNT = "UNK"
SPACECRAFT_CLOCK_STOP_COUNT = "UNK"
OBJECT                = TABLE
  INTERCHANGE_FORMAT  = BINARY
  ROWS                = {records}
  COLUMNS             = 9
  ROW_BYTES           = 48
  ^STRUCTURE          = "VGRPWSEL.FMT"
END_OBJECT            = TABLE
END
"""

INTEGER = """OBJECT = COLUMN
  NAME = {name}
  DATA_TYPE = LSB_INTEGER
  START_BYTE = {start}
  BYTES = {size}
{items}END_OBJECT = COLUMN
"""
FIELDS = ("YEAR", "HOUR", "SECOND", "MSEC", "FD_MOD16", "FD_MOD60", "FD_LINES", "INST_MODE")


def make(folder: Path) -> list[Path]:
    """Write labels and records into a folder; the paths of the labels, which are the granules."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_waveform(folder), _spectra(folder)]


def _waveform(folder: Path) -> Path:
    """Lines 101 to 160 of a frame: the tape of the ground station ran late and stopped early."""
    rng = np.random.default_rng(16269)
    start = dt.datetime(1979, 3, 1, 12, 27, 47, 956000, tzinfo=dt.UTC)
    first, lines = 101, 60
    header = bytearray(1024)
    header[248:299] = f"VOYAGER-1 PWS  2/16269:53 {start:%Y-%m-%dT%H:%M:%S}.956Z".encode().ljust(51)
    seconds = np.arange(1600) / 28800
    records = [bytes(header)]
    for line in range(first, first + lines):
        prefix = np.zeros(110, ">u2")
        prefix[:6] = 0x0108, 0x1908, line, 0x9E3C, 0x0310, 0x1000
        prefix[9:12] = 16269, 53, line
        # A whistler falls from 6 to 2 kHz within half a second; the gain control keeps the amplitude.
        kilohertz = 6.0 - 4.0 * ((line - first) * 0.06 % 0.6) / 0.6
        wave = 4.0 * np.sin(2 * np.pi * 1000 * kilohertz * seconds) + rng.normal(0.0, 2.0, 1600)
        samples = np.clip(np.round(wave + 7.5), 0, 15).astype(np.uint8)
        records.append(prefix.tobytes() + (samples[::2] << 4 | samples[1::2]).tobytes() + bytes(4))
    label = WAVEFORM.format(
        data="C1626953.DAT", records=lines + 1, lines=lines, start=_text(start),
        stop=_text(start + dt.timedelta(seconds=48)),
    )  # fmt: skip
    return _write(folder, "C1626953", label, b"".join(records), "2011-11-01")


def _spectra(folder: Path) -> Path:
    """Half an hour at 4 s, with ten minutes lost; the label covers the whole day."""
    rng = np.random.default_rng(790228)
    seconds = np.arange(0, 1800, 4)
    seconds = seconds[(seconds < 600) | (seconds >= 1200)] + 9 * 3600  # 09:00 on the 59th day of the year
    rows = np.zeros((len(seconds), 24), "<i2")
    rows[:, 0] = 79
    rows[:, 1] = 24 + 58 * 24 + seconds // 3600
    rows[:, 2] = seconds % 3600
    rows[:, 3] = 480
    rows[:, 4], rows[:, 5], rows[:, 6] = 16180, seconds // 48 % 60, seconds % 48 * 100 // 6 + 1
    rows[:, 7] = 3
    quiet = 30.0 + 20.0 * np.exp(-np.arange(16) / 4.0)
    bursts = np.exp(-0.5 * ((seconds[:, None] - seconds[40]) / 60.0) ** 2) * (np.arange(16) == 11)
    rows[:, 8:] = np.round(quiet + 90.0 * bursts + rng.normal(0.0, 2.0, (len(seconds), 16)))
    columns = [INTEGER.format(name=name, start=1 + 2 * n, size=2, items="") for n, name in enumerate(FIELDS)]
    columns.append(INTEGER.format(name="CHANNELS", start=17, size=32, items="  ITEMS = 16\n  ITEM_BYTES = 2\n"))
    structure = folder / "VGRPWSEL.FMT"  # the toolkit does not need it, other readers do
    structure.write_bytes("".join(columns).replace("\n", "\r\n").encode())
    os.utime(structure, (0, 0))
    label = SPECTRA.format(data="T790228.DAT", records=len(seconds))
    return _write(folder, "T790228", label, rows.tobytes(), "1998-05-02")


def _text(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}"


def _write(folder: Path, stem: str, label: str, content: bytes, day: str) -> Path:
    path, data = folder / f"{stem}.LBL", folder / f"{stem}.DAT"
    path.write_bytes(label.replace("\n", "\r\n").encode())
    data.write_bytes(content)
    modified = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp()
    for written in (path, data):
        os.utime(written, (modified, modified))
    return path


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
