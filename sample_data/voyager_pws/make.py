"""Three tiny CDF files as the wideband receiver of the Plasma Wave Subsystem on Voyager 1 fills them.

Invented data, real layout: electron plasma oscillations in the very local interstellar medium, a narrow tone that
drifts slowly with the plasma frequency (8.98 kHz per square root of electrons per cm**3), in 4-bit samples behind
an automatic gain control. Same bytes on every run.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
from cdflib import cdfepoch, cdfwrite

SAMPLES = 1600
RATE_HZ = 28800.0
RECORD_STEP_S = 0.3  # of five lines of the receiver, one is kept
FILL_EPOCH = -(2**63)


def make(folder: Path) -> list[Path]:
    """Write the files into a folder; their modification time is ten days after the observation."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(
            folder,
            dt.datetime(2017, 7, 26, 10, 14, 8, 340000, tzinfo=dt.UTC),
            density_cm3=0.108,
            signal=9.0,
            records=30,
        ),
        _write(
            folder,
            dt.datetime(2021, 5, 19, 22, 40, 51, 120000, tzinfo=dt.UTC),
            density_cm3=0.120,
            signal=5.0,
            records=30,
        ),
        _write(
            folder,
            dt.datetime(2023, 10, 24, 3, 51, 16, 461000, tzinfo=dt.UTC),
            density_cm3=0.113,
            signal=2.0,
            records=24,
        ),
    ]


def _write(folder: Path, start: dt.datetime, density_cm3: float, signal: float, records: int) -> Path:
    parts = [start.year, start.month, start.day, start.hour, start.minute, start.second, start.microsecond // 1000]
    epoch = int(cdfepoch.compute_tt2000([*parts, 0, 0])) + (np.arange(records) * RECORD_STEP_S * 1e9).astype(np.int64)
    light_time_ns = int(22.35 * 3600e9)
    path = folder / f"vg1_pws_wf_{start:%Y-%m-%dT%H}_v1.0.cdf"
    path.unlink(missing_ok=True)
    cdf = cdfwrite.CDF(path, cdf_spec={"Majority": "Row_major", "Encoding": 6, "Checksum": False})
    cdf.write_globalattrs({name: {0: text} for name, text in _globals(start).items()})
    offsets = np.array([float(f"{1e6 * n / RATE_HZ:.6g}") for n in range(SAMPLES)])  # microseconds, as the real file
    data = {
        "Epoch": epoch,
        "Part": np.full(records, 9, np.uint8),
        "SCLK": np.array([f"64195:11:{16 + 5 * i:03d}" for i in range(records)]),
        "ERT": np.full(records, epoch[0] + light_time_ns),
        "timeOffsets": offsets[None, :],
        "Waveform": _waveform(epoch, offsets, density_cm3, signal),
    }
    for name, (kind, elements, sizes, varies, attributes) in _VARIABLES.items():
        spec = {"Variable": name, "Data_Type": kind, "Num_Elements": elements, "Rec_Vary": varies, "Dim_Sizes": sizes}
        spec["Compress"] = 0  # packed blocks would carry the time of writing
        cdf.write_var(spec, var_attrs=attributes, var_data=data[name])
    cdf.close()
    modified = (start.replace(microsecond=0) + dt.timedelta(days=10)).timestamp()
    os.utime(path, (modified, modified))
    return path


def _waveform(epoch: np.ndarray, offsets: np.ndarray, density_cm3: float, signal: float) -> np.ndarray:
    """The tone, modulated by beating, in noise; odd numbers from -15 to 15 as raw 4-bit samples give them."""
    rng = np.random.default_rng(int(epoch[0]) % 2**32)
    seconds = (epoch - epoch[0])[:, None] * 1e-9 + offsets * 1e-6
    plasma_hz = 8980.0 * np.sqrt(density_cm3)
    drift_hz_s = 0.8  # the spacecraft enters denser plasma
    phase = 2 * np.pi * (plasma_hz + 0.5 * drift_hz_s * seconds) * seconds
    beating = 0.65 + 0.35 * np.sin(2 * np.pi * 2.7 * seconds)
    volts = signal * beating * np.sin(phase) + rng.normal(0.0, 2.5, seconds.shape)
    raw = np.clip(np.round((volts + 15.0) / 2.0), 0, 15)
    return (2 * raw - 15).astype(np.int8)


def _globals(start: dt.datetime) -> dict[str, str]:
    return {
        "Project": "Planetary Data System",
        "Discipline": "Space Physics>Interplanetary Studies",
        "Data_type": "H0>Electric Field Waveforms",
        "Descriptor": "PWS-WF>Plasma Wave Science - Waveform Receiver",
        "Data_version": "1",
        "Source_name": "VGR-1>Voyager 1",
        "Instrument_type": "Radio and Plasma Waves (space)",
        "Logical_file_id": f"vgr-1_h0_pws-wf_{start:%Y%m%dT%H}_v1.0",
        "Logical_source": "VG1_PWS_H0",
        "Logical_source_description": "Voyager 1, Plasma Waves Science, Wideband Electric Waveforms",
        "Mission_group": "Voyager",
        "PI_name": "W. Kurth",
        "PI_affiliation": "University Iowa",
        "TEXT": "Invented data in the layout of the Plasma Wave Subsystem's wideband receiver",
        "Generated_by": "epncore sample_data",
        "Rules_of_use": "Invented data, in the public domain",
        "Skeleton_version": "0.9.0",
        "Time_resolution": "60 ms",
        "TITLE": "Voyager 1, PWS Wideband",
    }


def _time(catdesc: str, fieldnam: str) -> dict[str, object]:
    kind = "CDF_TIME_TT2000"
    return {
        "CATDESC": catdesc, "FIELDNAM": fieldnam, "FILLVAL": [FILL_EPOCH, kind], "LABLAXIS": "Time", "UNITS": "ns",
        "VALIDMIN": [-704411388216000000, kind], "VALIDMAX": [1887710469184000000, kind],
        "VAR_TYPE": "support_data", "SCALETYP": "linear",
    }  # fmt: skip


def _support(catdesc: str, fieldnam: str, unit: str, fill: object, low: object, high: object) -> dict[str, object]:
    return {
        "CATDESC": catdesc, "DEPEND_0": "Epoch", "FIELDNAM": fieldnam, "LABLAXIS": fieldnam, "UNITS": unit,
        "FILLVAL": fill, "VALIDMIN": low, "VALIDMAX": high, "VAR_TYPE": "support_data", "SCALETYP": "linear",
    }  # fmt: skip


_R8, _U1, _I1 = "CDF_REAL8", "CDF_UINT1", "CDF_BYTE"
_VARIABLES: dict[str, tuple[int, int, list[int], bool, dict[str, object]]] = {
    "Epoch": (33, 1, [], True, _time("Calibrated Spacecraft Event Time in UTC", "Spacecraft Event Time")),
    "Part": (11, 1, [], True, _support("Clock partition", "SCLK Partition", " ", [255, _U1], [1, _U1], [99, _U1])),
    "SCLK": (51, 15, [], True, _support("Spacecraft clock", "SCLK", " ", " " * 15, "00000:00:001", "65536:59:799")),
    "ERT": (33, 1, [], True, _time("Earth Receive Time of the Waveform", "Earth Receive Time")),
    # The real file says DEPEND_0 here too, although the offsets are the same for all records.
    "timeOffsets": (
        45, 1, [SAMPLES], False,
        _support(
            "Microseconds to add to Epoch", "Epoch Offset", "microseconds",
            [-1.0, _R8], [0.0, _R8], [55555.0, _R8],
        ),
    ),
    "Waveform": (
        41, 1, [SAMPLES], True,
        {
            "CATDESC": "Raw Values, Centered/Scaled (RAW*2 - 15)", "DEPEND_0": "Epoch", "DEPEND_1": "timeOffsets",
            "DISPLAY_TYPE": "waveform", "FIELDNAM": "Electric Waveform", "FILLVAL": [-128, _I1], "FORMAT": "I",
            "UNITS": " ", "VALIDMIN": [-15, _I1], "VALIDMAX": [15, _I1], "VAR_TYPE": "data", "SCALETYP": "linear",
        },
    ),
}  # fmt: skip


if __name__ == "__main__":
    for written in make(Path(__file__).parent / "data"):
        print(written)
