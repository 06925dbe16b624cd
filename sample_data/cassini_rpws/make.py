"""Two tiny PDS3 products as RPWS low rate full has them: magnetic and electric sweeps of the MFR, and one of the HFR.

Invented data, real layout: hiss in the solar wind, and Jovian hectometric radio emission with a carrier of the
spacecraft. Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np

LABEL = """PDS_VERSION_ID                = PDS3
/* label standards identifiers PDS Version 3.5 */

DESCRIPTION = "{data} contains fully calibrated, full resolution
     Cassini Radio and Plasma Wave (RPWS) low rate data."

/* pds label for a rpws low rate full */
RECORD_TYPE                   = FIXED_LENGTH
RECORD_BYTES                  = {row}
FILE_RECORDS                  = {records}

/* pointers to start records of objects in file, std ref3.5:5.3.3.2 */
^LRFULL_TABLE                 = ("{data}",1)
^TIME_TABLE                   = ("{data}",2)
^FREQUENCY_TABLE              = ("{data}",3)
^SPECTRAL_DENSITY_TABLE       = ("{data}",4)

DATA_SET_ID                   = "CO-V/E/J/S/SS-RPWS-3-RDR-LRFULL-V1.0"
STANDARD_DATA_PRODUCT_ID      = RPWS_LOW_RATE_FULL
PRODUCT_TYPE                  = DATA
PRODUCT_ID                    = "{stem}_V1.0"
INSTRUMENT_HOST_NAME          = "CASSINI ORBITER"
INSTRUMENT_HOST_ID            = CO
INSTRUMENT_NAME               = "RADIO AND PLASMA WAVE SCIENCE"
INSTRUMENT_ID                 = RPWS
SECTION_ID                    = {section}
MISSION_PHASE_NAME            = "{phase}"
TARGET_NAME                   = {target}
START_TIME                    = {start}T00:00:00.000Z
STOP_TIME                     = {stop}T00:00:00.000Z
SPACECRAFT_CLOCK_START_COUNT  = "UNK"
SPACECRAFT_CLOCK_STOP_COUNT   = "UNK"
PRODUCT_CREATION_TIME         = 2004-02-26

/* descriptive data elements */
OBJECT                        = LRFULL_TABLE
  NAME                        = LRFULL_TABLE
  INTERCHANGE_FORMAT          = BINARY
  ROW_BYTES                   = {row}
  ROWS                        = 1
  COLUMNS                     = 8
  ^STRUCTURE                  = "LRFULL_TABLE.FMT"
END_OBJECT                    = LRFULL_TABLE
{time}{frequency}{density}
END
"""

TABLE = """
OBJECT                        = {name}_TABLE
  NAME                        = {name}_TABLE
  INTERCHANGE_FORMAT          = BINARY
  ROW_BYTES                   = {row}
  ROWS                        = {rows}
  COLUMNS                     = {columns}
  ^STRUCTURE                  = "{structure}"
  OBJECT                      = COLUMN
    NAME                      = {name}
    DATA_TYPE                 = IEEE_REAL
    START_BYTE                = 17
    BYTES                     = {size}
    ITEMS                     = {items}
    ITEM_BYTES                = 4
    UNIT                      = {unit}
  END_OBJECT                  = COLUMN
END_OBJECT                    = {name}_TABLE
"""

COLUMN = """OBJECT                        = COLUMN
  NAME                        = {name}
  DATA_TYPE                   = {kind}
  START_BYTE                  = {start}
  BYTES                       = {size}
END_OBJECT                    = COLUMN
"""
COLUMNS = {
    "LRFULL_TABLE.FMT": (
        ("FILE_ID", "CHARACTER", 1, 8), ("RECORD_LENGTH", "MSB_UNSIGNED_INTEGER", 9, 4),
        ("NUMBER_OF_RECORDS", "MSB_UNSIGNED_INTEGER", 13, 4), ("INSTRUMENT", "MSB_UNSIGNED_INTEGER", 17, 1),
        ("ZERO", "MSB_UNSIGNED_INTEGER", 18, 1), ("MINI_PACKET", "CHARACTER", 25, 8), ("SCET", "CHARACTER", 49, 16),
        ("SCLK", "CHARACTER", 65, 16),
    ),
    "RPWS_SCLK_SCET.FMT": (
        ("SCLK_SECOND", "MSB_UNSIGNED_INTEGER", 1, 4), ("SCLK_PARTITION", "MSB_UNSIGNED_INTEGER", 5, 1),
        ("SCLK_FINE", "MSB_UNSIGNED_INTEGER", 6, 1), ("SCET_DAY", "MSB_UNSIGNED_INTEGER", 7, 2),
        ("SCET_MILLISECOND", "MSB_UNSIGNED_INTEGER", 9, 4),
    ),
}  # fmt: skip
DENSITY_UNIT = '{"VOLT**2/M**2/HZ", "NANOTESLA**2/HZ "}'
EX, EZ_SEARCH_COIL, HF = 0, 6, 8
EPOCH = dt.date(1958, 1, 1)
MODIFIED = dt.datetime(2004, 2, 27, tzinfo=dt.UTC).timestamp()


def make(folder: Path) -> list[Path]:
    """Write labels and records into a folder; the paths of the labels, which are the granules."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in COLUMNS.items():
        _structure(folder / name, columns)
    quality = ("ENGINEERING_DATA", "MSB_UNSIGNED_INTEGER", 13, 4)
    _structure(folder / "LRFC_DATA_QUALITY.FMT", (*COLUMNS["RPWS_SCLK_SCET.FMT"], quality))
    return [_medium(folder), _high(folder)]


def _structure(path: Path, columns: tuple[tuple[str, str, int, int], ...]) -> None:
    """What ^STRUCTURE names; the toolkit does not need it, other readers do."""
    texts = [COLUMN.format(name=name, kind=kind, start=start, size=size) for name, kind, start, size in columns]
    path.write_bytes("".join(texts).replace("\n", "\r\n").encode())
    os.utime(path, (MODIFIED, MODIFIED))


def _medium(folder: Path) -> Path:
    """A sweep every 32 s from the electric dipole and a search coil in turn, and a quarter of an hour lost."""
    rng = np.random.default_rng(1997298)
    offsets = np.concatenate([np.arange(16) * 1.0, 16 + np.arange(32) * 0.5])
    frequency = np.concatenate([23.89 * 2 ** (np.arange(16) / 5.2), 192.11 * 2 ** (np.arange(32) / 5.2)])
    times = np.concatenate([514.714 + 32.0 * np.arange(60), 514.714 + 32.0 * (88 + np.arange(40))])
    sensors = np.where(np.arange(len(times)) % 2, EZ_SEARCH_COIL, EX)
    level = np.where(sensors == EX, 1e-13, 1e-8)[:, None] * (frequency / 100.0) ** -1.5
    density = level * 10 ** rng.normal(0.0, 0.2, (len(times), len(frequency)))
    return _write(
        folder, "T1997298_MFR0", dt.date(1997, 10, 25), offsets, frequency.round(2), times, sensors, density,
        section="MFR", phase="TCM 1", target='"SOLAR SYSTEM"',
    )  # fmt: skip


def _high(folder: Path) -> Path:
    """A sweep every 16 s from 3.7 kHz to 16 MHz, near Jupiter."""
    rng = np.random.default_rng(2000366)
    frequency = np.concatenate([np.geomspace(3685.0, 319000.0, 40).round(-1), np.arange(350e3, 16.0e6, 400e3)])
    offsets = np.linspace(0.0, 10.0, len(frequency)).round(3)
    times = 3600.0 + 16.0 * np.arange(75)
    drift = np.exp(-0.5 * ((np.log10(frequency) - 5.9 - 0.2 * np.sin(times[:, None] / 300.0)) / 0.15) ** 2)
    density = 1e-17 * 10 ** rng.normal(0.0, 0.2, (len(times), len(frequency))) * (1.0 + 3e3 * drift)
    density[:, np.argmin(np.abs(frequency - 100e3))] = 1e-13
    return _write(
        folder, "T2000366_HFR0", dt.date(2000, 12, 31), offsets, frequency, times, np.full(len(times), HF), density,
        section="HFR", phase='JUPITER ENCOUNTER', target='{"JUPITER","SOLAR SYSTEM"}',
    )  # fmt: skip


def _write(
    folder: Path, stem: str, day: dt.date, offsets: np.ndarray, frequency: np.ndarray, times: np.ndarray,
    sensors: np.ndarray, density: np.ndarray, **words: str,
) -> Path:  # fmt: skip
    items = len(frequency)
    row = 16 + 4 * items
    head = b"CORPWS01" + row.to_bytes(4, "big") + (len(times) + 3).to_bytes(4, "big") + bytes((0x11, 0x0F))
    records = [head.ljust(row, b"\0"), _record(day, times[0], 0, offsets), _record(day, times[-1], 0, frequency)]
    records += [_record(day, *sweep) for sweep in zip(times, sensors, density, strict=True)]
    data = folder / f"{stem}.DAT"
    data.write_bytes(b"".join(records))
    common = {"row": row, "size": 4 * items, "items": items}
    clock = {"structure": "RPWS_SCLK_SCET.FMT", "columns": 6, "rows": 1}
    tables = {
        "time": TABLE.format(name="TIME", unit="SECOND", **clock, **common),
        "frequency": TABLE.format(name="FREQUENCY", unit="HERTZ", **clock, **common),
        "density": TABLE.format(
            name="SPECTRAL_DENSITY", unit=DENSITY_UNIT, structure="LRFC_DATA_QUALITY.FMT", columns=7, rows=len(times),
            **common,
        ),
    }  # fmt: skip
    nominal = {"start": f"{day:%Y-%j}", "stop": f"{day + dt.timedelta(days=1):%Y-%j}"}
    label = LABEL.format(data=data.name, stem=stem, row=row, records=len(times) + 3, **nominal, **words, **tables)
    path = folder / f"{stem}.LBL"
    path.write_bytes(label.replace("\n", "\r\n").encode())
    for written in (path, data):
        os.utime(written, (MODIFIED, MODIFIED))
    return path


def _record(day: dt.date, second_of_day: float, sensor: int, values: np.ndarray) -> bytes:
    """Spacecraft clock, SCET (days since 1958, ms), data quality with the sensor, one value a channel."""
    days = (day - EPOCH).days
    clock = round(days * 86400 + second_of_day).to_bytes(4, "big") + b"\1\0"
    scet = days.to_bytes(2, "big") + round(second_of_day * 1000).to_bytes(4, "big")
    return clock + scet + bytes((0x20, 0, 0, int(sensor))) + values.astype(">f4").tobytes()


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
