"""Tiny PDS3 products as Voyager PRA has them: sweeps of the low band, described in two ways, averages over 48 s, and a
high rate frame, which is cut to 40 of its 800 lines.

Invented data, real layout: Jovian hectometric bursts, and a quiet Neptune with a burst when the spacecraft is closest.
Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
from pathlib import Path

import numpy as np

RECORDS, SWEEPS, CHANNELS = 24, 8, 70
FREQUENCY = 1326.0 - 19.2 * np.arange(CHANNELS)  # kHz, as the table has them
RIGHT_FIRST, LEFT_FIRST = 0, 512  # bits 9 and 10 of the status word

CONTAINER = """
  OBJECT                        = CONTAINER
    NAME                        = SWEEP_STRUCTURE
    START_BYTE                  = 13
    BYTES                       = 284
    REPETITIONS                 = 8
    DESCRIPTION                 = "One sweep through the receiver."
    OBJECT                      = COLUMN
      NAME                      = STATUS_WORD
      DATA_TYPE                 = "ASCII_INTEGER"
      START_BYTE                = 1
      BYTES                     = 4
    END_OBJECT                  = COLUMN
    OBJECT                      = COLUMN
      NAME                      = DATA_CHANNELS
      UNIT                      = "MILLIBEL"
      DATA_TYPE                 = "ASCII_INTEGER"
      START_BYTE                = 5
      BYTES                     = 280
      ITEMS                     = 70
      ITEM_BYTES                = 4
    END_OBJECT                  = COLUMN
  END_OBJECT                    = CONTAINER"""

COLUMN = """
  OBJECT                        = COLUMN
    NAME                        = "SWEEP{number}"
    COLUMN_NUMBER               = {column}
    UNIT                        = "MILLIBELL"
    DATA_TYPE                   = "ASCII INTEGER"
    START_BYTE                  = {start}
    BYTES                       = 4
    ITEMS                       = 71
    DESCRIPTION                 = "A status word and 70 low band channels."
  END_OBJECT                    = COLUMN"""

LABEL = """PDS_VERSION_ID                = PDS3
RECORD_TYPE                   = FIXED_LENGTH
RECORD_BYTES                  = 2286
FILE_RECORDS                  = {records}
^TABLE                        = "{table}"
DATA_SET_ID                   = "{data_set}"
SPACECRAFT_NAME               = "VOYAGER 2"
INSTRUMENT_NAME               = "PLANETARY RADIO ASTRONOMY RECEIVER"
TARGET_NAME                   = "{target}"
MISSION_PHASE_NAME            = "VOYAGER 2 {target} ENCOUNTER"
START_TIME                    = {start}Z
STOP_TIME                     = {stop}Z
PRODUCT_ID                    = "{table}"
PRODUCT_TYPE                  = "DATA"
PRODUCT_CREATION_TIME         = {created}
SPACECRAFT_CLOCK_START_COUNT  = "{clock}"
SPACECRAFT_CLOCK_STOP_COUNT   = "UNK"
OBJECT                        = TABLE
  INTERCHANGE_FORMAT            = ASCII
  ROWS                          = {records}
  COLUMNS                       = {columns}
  ROW_BYTES                     = 2286
  SAMPLING_PARAMETER_NAME       = TIME
  SAMPLING_PARAMETER_UNIT       = SECOND
  SAMPLING_PARAMETER_INTERVAL   = 6.0
  DESCRIPTION                   = "
    The data are provided for 70 low band channels ranging from 1326.0 to
    1.2 kHz and spaced 19.2 kHz apart."
  OBJECT                        = COLUMN
    NAME                        = DATE
    COLUMN_NUMBER               = 1
    DATA_TYPE                   = "ASCII_INTEGER"
    START_BYTE                  = 1
    BYTES                       = 6
    DESCRIPTION                 = "YYMMDD, spacecraft event time."
  END_OBJECT                    = COLUMN
  OBJECT                        = COLUMN
    NAME                        = SECOND
    COLUMN_NUMBER               = 2
    DATA_TYPE                   = "ASCII_INTEGER"
    START_BYTE                  = 7
    BYTES                       = 6
    DESCRIPTION                 = "Second of the day, to the nearest one."
  END_OBJECT                    = COLUMN{sweeps}
END_OBJECT                    = TABLE
END
"""

BROWSE = """PDS_VERSION_ID                = PDS3
RECORD_TYPE                   = FIXED_LENGTH
RECORD_BYTES                  = 298
FILE_RECORDS                  = {records}
^TIME_SERIES                  = "{table}"
DATA_SET_ID                   = "VG1-J-PRA-4-SUMM-BROWSE-48SEC-V1.0"
SPACECRAFT_NAME               = "VOYAGER 1"
INSTRUMENT_NAME               = "PLANETARY RADIO ASTRONOMY RECEIVER"
TARGET_NAME                   = JUPITER
MISSION_PHASE_NAME            = "VOYAGER 1 JUPITER ENCOUNTER"
START_TIME                    = 1979-03-06T00:00:00.000Z
STOP_TIME                     = 1979-03-07T00:00:00.000Z
PRODUCT_ID                    = "{table}"
PRODUCT_TYPE                  = "DATA"
PRODUCT_CREATION_TIME         = 1996-04-24
OBJECT                        = TIME_SERIES
  INTERCHANGE_FORMAT            = BINARY
  ROWS                          = {records}
  COLUMNS                       = 11
  ROW_BYTES                     = 298
  SAMPLING_PARAMETER_NAME       = TIME
  SAMPLING_PARAMETER_UNIT       = SECOND
  SAMPLING_PARAMETER_INTERVAL   = 48.0
  ^STRUCTURE                    = "PRADATA.FMT"
END_OBJECT                    = TIME_SERIES
END
"""

FRAME = """PDS_VERSION_ID                = PDS3
RECORD_TYPE                   = UNDEFINED
^HEADER_TABLE                 = ("{data}", 1 <BYTES>)
^F1_F2_TIME_SERIES            = ("{data}", 29 <BYTES>)
^F3_F4_TIME_SERIES            = ("{data}", {second} <BYTES>)
DATA_SET_ID                   = "VG2-N-PRA-2-RDR-HIGHRATE-60MS-V1.0"
SPACECRAFT_NAME               = "VOYAGER 2"
INSTRUMENT_NAME               = "PLANETARY RADIO ASTRONOMY RECEIVER"
TARGET_NAME                   = NEPTUNE
MISSION_PHASE_NAME            = "NEPTUNE ENCOUNTER"
START_TIME                    = "N/A"
STOP_TIME                     = "N/A"
PRODUCT_ID                    = "{data}"
PRODUCT_CREATION_TIME         = 2002-09-19
OBJECT                        = HEADER_TABLE
  INTERCHANGE_FORMAT            = BINARY
  ROWS                          = 1
  COLUMNS                       = {count}
  ROW_BYTES                     = 28
{columns}END_OBJECT                    = HEADER_TABLE
{series}END
"""

SERIES = """OBJECT                        = {name}
  INTERCHANGE_FORMAT            = BINARY
  ROWS                          = {rows}
  COLUMNS                       = 1
  ROW_BYTES                     = 1600
  SAMPLING_PARAMETER_NAME       = TIME
  SAMPLING_PARAMETER_UNIT       = MICROSECOND
  SAMPLING_PARAMETER_INTERVAL   = 138.8
{column}END_OBJECT                    = {name}
"""
FRAME_FIELDS = {
    "YEAR": 2, "DAY": 2, "HOUR": 1, "MINUTE": 1, "SECOND": 1, "SPACECRAFT": 1, "INTEGRAL_FDS": 2, "FRACTIONAL_FDS": 1,
    "FREQUENCY_1": 4, "FREQUENCY_2": 4, "FREQUENCY_3": 4, "FREQUENCY_4": 4, "BANDWIDTH": 1,
}  # fmt: skip

INTEGER = """OBJECT = COLUMN
  NAME = {name}
  DATA_TYPE = MSB_INTEGER
  START_BYTE = {start}
  BYTES = {size}
{items}END_OBJECT = COLUMN
"""
FIELDS = ("YEAR", "DAY", "HOUR", "MINUTE", "SECOND", "SC_NO", "SC_MODE", "START_CH", "END_CH")


def make(folder: Path) -> list[Path]:
    """Write labels and tables into a folder; the paths of the labels, which are the granules."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = "".join(COLUMN.format(number=n, column=n + 2, start=13 + 284 * (n - 1)) for n in range(1, SWEEPS + 1))
    return [
        _write(
            folder, "PRA_I.LBL", "VG2-J-PRA-3-RDR-LOWBAND-6SEC-V1.0", dt.datetime(1979, 4, 25, 0, 0, 4, tzinfo=dt.UTC),
            _jupiter(), CONTAINER, 4, "1997-10-01", "2/18381:21:785", lost=(0, 1, 2),
        ),
        _write(
            folder, "VG2_NEP_PRA_6SEC.LBL", "VG2-N-PRA-3-RDR-LOWBAND-6SEC-V1.0",
            dt.datetime(1989, 8, 24, 23, 50, 10, tzinfo=dt.UTC), _neptune(), columns, 10, "1996-04-24",
            "2/11390:01:001", lost=(),
        ),
        _browse(folder),
        _frame(folder),
    ]  # fmt: skip


def _jupiter() -> np.ndarray:
    """Hectometric bursts that drift down from 1.3 MHz in minutes, over the galactic background; millibels."""
    rng = np.random.default_rng(19790425)
    seconds = 6.0 * np.arange(RECORDS * SWEEPS)
    power = _background(rng, len(seconds))
    for start, strength in ((150.0, 2200.0), (620.0, 1500.0), (840.0, 1900.0)):
        arrival = start + (1326.0 - FREQUENCY) / 8.0
        power += strength * np.exp(-0.5 * ((seconds[:, None] - arrival) / 25.0) ** 2) * (FREQUENCY > 400.0)
    return power


def _browse(folder: Path) -> Path:
    """Two and a half hours of averages, left-hand and right-hand, at Jupiter; ten minutes are lost."""
    start = dt.datetime(1979, 3, 6, 21, 10, 12, tzinfo=dt.UTC)
    rng = np.random.default_rng(19790306)
    numbers = np.concatenate([np.arange(90), np.arange(103, 190)])
    rows = np.zeros((len(numbers), 149), ">i2")
    for row, moment in zip(
        rows, (start + dt.timedelta(seconds=48 * number) for number in numbers.tolist()), strict=True
    ):
        clock = moment.year - 1900, moment.timetuple().tm_yday, moment.hour, moment.minute, moment.second
        row[:9] = *clock, 1, 28, 131, 200
    rows[:, 9:79] = _background(rng, len(numbers))
    rows[:, 79:] = _background(rng, len(numbers)) + 900.0 * np.exp(-0.5 * ((FREQUENCY - 800.0) / 120.0) ** 2)
    path, data = folder / "T790306.LBL", folder / "T790306.DAT"
    data.write_bytes(rows.tobytes())
    columns = [INTEGER.format(name=name, start=1 + 2 * n, size=2, items="") for n, name in enumerate(FIELDS)]
    channels = {"size": 2 * CHANNELS, "items": f"  ITEMS = {CHANNELS}\n  ITEM_BYTES = 2\n"}
    columns += [
        INTEGER.format(name=name, start=start, **channels) for name, start in (("LH_DATA", 19), ("RH_DATA", 159))
    ]
    structure = folder / "PRADATA.FMT"  # the toolkit does not need it, other readers do
    structure.write_bytes("".join(columns).replace("\n", "\r\n").encode())
    os.utime(structure, (0, 0))
    label = BROWSE.format(records=len(rows), table=data.name)
    return _stamped(path, data, label, "1996-04-24")


def _frame(folder: Path) -> Path:
    """Half of the lines at 921.6 and 614.4 kHz, then at 614.4 and 307.2 kHz; the last two hold nothing."""
    path, data, rows = folder / "C1065111.LBL", folder / "C1065111.DAT", 20
    header = struct.pack(">HHBBBBHBIIIIB", 1989, 213, 6, 10, 47, 2, 10651, 11, 921600, 614400, 614400, 307200, 200)
    rng = np.random.default_rng(10651)
    lines = (2400 + rng.normal(0.0, 60.0, (2 * rows, 400, 2)) + 800.0 * (np.arange(400) % 90 < 9)[:, None]).astype(
        ">u2"
    )
    lines[-2:] = 0
    data.write_bytes(header + lines.tobytes())
    starts = np.cumsum([1, *FRAME_FIELDS.values()]).tolist()
    columns = [
        INTEGER.format(name=name, start=start, size=size, items="").replace("MSB_", "MSB_UNSIGNED_")
        for (name, size), start in zip(FRAME_FIELDS.items(), starts, strict=False)
    ]
    pairs = INTEGER.format(name="SAMPLE_PAIR", start=1, size=1600, items="  ITEMS = 800\n  ITEM_BYTES = 2\n")
    series = [SERIES.format(name=name, rows=rows, column=pairs) for name in ("F1_F2_TIME_SERIES", "F3_F4_TIME_SERIES")]
    label = FRAME.format(
        data=data.name, second=29 + 1600 * rows, count=len(columns), columns="".join(columns), series="".join(series)
    )
    return _stamped(path, data, label, "2002-09-19")


def _neptune() -> np.ndarray:
    rng = np.random.default_rng(19890824)
    seconds = 6.0 * np.arange(RECORDS * SWEEPS)
    burst = np.exp(-0.5 * ((seconds - 700.0) / 40.0) ** 2)[:, None] * np.exp(-0.5 * ((FREQUENCY - 480.0) / 90.0) ** 2)
    return _background(rng, len(seconds)) + 1800.0 * burst


def _background(rng: np.random.Generator, sweeps: int) -> np.ndarray:
    quiet = 2400.0 + 400.0 * np.exp(-FREQUENCY / 150.0)  # noise of the spacecraft grows to low frequencies
    return quiet + rng.normal(0.0, 40.0, (sweeps, CHANNELS))


def _write(
    folder: Path, name: str, data_set: str, start: dt.datetime, power: np.ndarray, sweeps: str, columns: int,
    created: str, clock: str, lost: tuple[int, ...],
) -> Path:  # fmt: skip
    """A label and its table; the sweeps that are lost have a status word of zero and nothing else."""
    table = folder / name.replace(".LBL", ".TAB")
    lines = []
    for record in range(RECORDS):
        moment = start + dt.timedelta(seconds=48 * record)
        second = moment.hour * 3600 + moment.minute * 60 + moment.second
        fields = [f"{moment:%y%m%d}{second:6d}"]
        for sweep in range(record * SWEEPS, (record + 1) * SWEEPS):
            values = [1 + (RIGHT_FIRST if sweep % 2 else LEFT_FIRST), *np.round(power[sweep]).astype(int)]
            fields.extend(f"{0 if sweep in lost else value:4d}" for value in values)
        lines.append("".join(fields) + "\r\n")
    table.write_bytes("".join(lines).encode())
    label = LABEL.format(
        records=RECORDS, table=table.name, data_set=data_set, target="JUPITER" if "-J-" in data_set else "NEPTUNE",
        start=f"{start:%Y-%m-%dT%H:%M:%S}.000", stop=f"{moment + dt.timedelta(seconds=48):%Y-%m-%dT%H:%M:%S}.000",
        created=created, clock=clock, columns=columns, sweeps=sweeps,
    )  # fmt: skip
    return _stamped(folder / name, table, label, created)


def _stamped(path: Path, table: Path, label: str, created: str) -> Path:
    path.write_bytes(label.replace("\n", "\r\n").encode())
    modified = dt.datetime.fromisoformat(created).replace(tzinfo=dt.UTC).timestamp() + 86400
    for written in (path, table):
        os.utime(written, (modified, modified))
    return path


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
