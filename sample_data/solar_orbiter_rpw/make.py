"""Eight tiny CDF files of RPW on Solar Orbiter, as its data centre describes them: HFR, TNR and LFR, levels 2 and 3.

Invented data, real layout: a type III burst at 0.5 au, plasma noise below it, whistlers in the low frequencies. Fewer
records and sweeps than a day has; the channels are the real ones. HFR level 2 has one frequency a record. LFR has
variables for normal and for burst mode: on the first day both were run, on the second burst mode alone. Snapshots of
waveforms are those of the skeleton of that product: 2,048 samples a record, at a rate that each record tells.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cdf_maker import FILL_REAL, Var, clock, fixed, noise, type_iii, typed, varying, write

START, WRITTEN = "2024-03-23T14:00:10.063", "2024-03-25T08:00:00"
DISTANCE_AU = 0.5
# The cleanest of the channels of HFR, as files of level 3 have them.
HFR_KHZ = np.array(
    [425, 525, 625, 675, 775, 875, 975, 1025, 1225, 1375, 1475, 1725, 1825, 2075, 2425, 2675, 3225, 3325, 3525, 3825,
     3925, 4125, 4525, 4875, 5225, 5475, 5825, 6175, 6525, 6875, 7375, 7625, 7975, 8225, 8575, 9175, 10025, 10125,
     11025, 11375, 12225, 12475, 13375, 13725, 14375, 14925, 15275, 15625, 16075, 16325]
)  # fmt: skip
# Four bands of 32, each step 4.4 % of the frequency: 3992 Hz to 978572 Hz.
TNR_HZ = np.round(3992.0 * (978572.0 / 3992.0) ** (np.arange(128) / 127.0))
# Survey in normal mode (N) and in burst mode (B), at the sampling frequencies F0 to F2.
LFR_HZ = {
    "N_F0": 1968.0 + 768.0 * np.arange(11),
    "B_F0": 1776.0 + 384.0 * np.arange(22),
    "N_F1": 120.0 + 128.0 * np.arange(13),
    "B_F1": 120.0 + 64.0 * np.arange(26),
    "N_F2": 10.5 + 8.0 * np.arange(12),
}
SBM1_HZ = 1776.0 + 384.0 * np.arange(22)
SNAPSHOT_SAMPLES, SNAPSHOT_HZ = 2048, (24576.0, 4096.0, 256.0)
LFR_LAG_S = {"F0": 0.0, "F1": 168e-6, "F2": 168e-6}  # of the times of F1 after those of F0, in a real file


def make(folder: Path) -> list[Path]:
    """Write the files; they are two days younger than the observation."""
    made = [_hfr_l2(folder), _tnr_l2(folder), _flux(folder, "hfr", HFR_KHZ * 1e3, 12, 3.9)]
    modes = {"N": 4.0 * np.arange(14), "B": 60.0 + np.arange(14)}
    made += [_lfr_l2(folder, "20240323", modes), _lfr_l2(folder, "20240324", {**modes, "N": np.zeros(0)})]
    made += [_snapshots(folder), _sbm1(folder)]
    return sorted([*made, _flux(folder, "tnr", TNR_HZ, 10, 7.2)])


def _hfr_l2(folder: Path) -> Path:
    """A record is one frequency of a sweep; dwell time 0.07 s."""
    sweeps, channels = 8, len(HFR_KHZ)
    seconds = np.array([5.4 * sweep + 0.07 * np.arange(channels) for sweep in range(sweeps)])
    flux = np.array([type_iii(row, HFR_KHZ * 1e3, DISTANCE_AU).diagonal() for row in seconds])
    power = 4e-17 * flux * noise(11, flux.shape)
    records = sweeps * channels
    support = {"VAR_TYPE": "support_data"}
    return _write(
        folder, "hfr-surv", "L2", "RPW High Frequency Receiver, survey mode spectra",
        [
            _epoch(seconds.ravel()),
            varying("SWEEP_NUM", "", np.repeat(np.arange(1, sweeps + 1), channels), kind="u4", **support),
            varying("FREQUENCY", "kHz", np.tile(HFR_KHZ, sweeps), kind="u4", **support),
            varying("SENSOR_CONFIG", "", np.full((records, 2), (9, 0)), kind="u1", **support),
            varying("SURVEY_MODE", "", np.zeros(records), kind="u1", **support),
            varying("AGC1", "V^2/Hz", power.ravel(), DISPLAY_TYPE="time_series"),
            varying("AGC2", "V^2/Hz", np.full(records, -1e31), DISPLAY_TYPE="time_series"),
        ],
    )  # fmt: skip


def _tnr_l2(folder: Path) -> Path:
    """A record is one of the four bands of a sweep; a table tells the frequencies of the bands."""
    sweeps = 6
    seconds = (7.2 * np.arange(sweeps)[:, None] + 1.8 * np.arange(4)).ravel()
    bands = np.tile(np.arange(4), sweeps)
    table = TNR_HZ.reshape(4, 32)
    burst = type_iii(seconds, TNR_HZ, DISTANCE_AU).reshape(-1, 4, 32)[np.arange(len(bands)), bands]
    power = 1e-15 * (burst + 40.0 / (1.0 + (table[bands] / 4e4) ** 2)) * noise(12, (len(bands), 32))
    support, unused = {"VAR_TYPE": "support_data"}, np.full((len(bands), 32), FILL_REAL)
    return _write(
        folder, "tnr-surv", "L2", "RPW Thermal Noise Receiver, survey mode spectra",
        [
            _epoch(seconds),
            varying("SWEEP_NUM", "", np.repeat(np.arange(1, sweeps + 1), 4), kind="u4", **support),
            varying("SURVEY_MODE", "", np.zeros(len(bands)), kind="u1", **support),
            varying("FRONT_END", "", np.ones(len(bands)), kind="u1", **support),
            varying("TNR_BAND", "", bands, kind="u1", **support),
            fixed("TNR_BAND_FREQ", "Hz", table, kind="u4"),
            varying("SENSOR_CONFIG", "", np.full((len(bands), 2), (4, 5)), kind="u1", **support),
            varying("FREQUENCY", "Hz", table[bands], kind="u4", **support),
            varying("AUTO1", "V^2/Hz", power, kind="f8", DEPEND_1="FREQUENCY", DISPLAY_TYPE="spectrogram"),
            varying("AUTO2", "V^2/Hz", 0.8 * power, kind="f8", DEPEND_1="FREQUENCY", DISPLAY_TYPE="spectrogram"),
            varying("MAGNETIC_SPECTRAL_POWER1", "nT/Hz^(1/2)", unused, kind="f8", DEPEND_1="FREQUENCY"),
            varying("MAGNETIC_SPECTRAL_POWER2", "nT/Hz^(1/2)", unused, kind="f8", DEPEND_1="FREQUENCY"),
        ],
    )  # fmt: skip


def _lfr_l2(folder: Path, day: str, modes: dict[str, np.ndarray]) -> Path:
    """Basic parameters, set 1: times and frequencies of each band, both empty for a mode that was not run.

    `modes` has the seconds of the records in normal and in burst mode.
    """
    start = f"{day[:4]}-{day[4:6]}-{day[6:]}{START[10:]}"
    found = [clock("Epoch", start, np.unique(np.concatenate(list(modes.values()))), **_PLACE)]
    for seed, (band, hertz) in enumerate(LFR_HZ.items(), 20):
        mode, sampling = band.split("_")
        seconds, time = modes[mode] + LFR_LAG_S[sampling], f"Epoch_{band}"
        shape = len(seconds), len(hertz)
        whistlers = 1.0 + 25.0 * np.exp(-0.5 * ((hertz - 300.0) / 120.0) ** 2)
        spectrum = whistlers / (1.0 + (hertz / 60.0) ** 2) * noise(seed, shape)
        found += [
            clock(time, start, seconds, **_PLACE),
            varying(band, "Hz", hertz if len(seconds) else [], "", VAR_TYPE="support_data"),  # a frequency a record
            varying(f"PE_{band}", "(V/m)^2/Hz", 1e-10 * spectrum, time, DEPEND_1=band),
            varying(f"PB_{band}", "nT^2/Hz", 1e-3 * spectrum, time, DEPEND_1=band),
            varying(f"DOP_{band}", "", np.full(shape, 0.9), time, DEPEND_1=band),
            varying(f"ELLIP_{band}", "", np.full(shape, 0.8), time, DEPEND_1=band),
            varying(f"SX_REA_{band}", "nW/m^2/Hz", 1e-5 * spectrum, time, DEPEND_1=band),
        ]
    return _write(
        folder, "lfr-surv-bp1", "L2", "RPW Low Frequency Receiver, basic parameters set 1, survey mode", found, day
    )


def _snapshots(folder: Path) -> Path:
    """Potentials of the probes, their differences, bias currents; every 300 s a snapshot at each of three rates."""
    seconds = np.array([300.0 * turn + 0.5 * number for turn in range(2) for number in range(3)])
    hertz = np.tile(SNAPSHOT_HZ, 2)
    count = len(seconds)
    phase = 2 * np.pi * 40.0 * np.arange(SNAPSHOT_SAMPLES) / hertz[:, None]
    probes = np.array([4.0, 4.25, 4.5]) + np.round(0.5 * np.sin(phase), 1)[..., None]
    pairs = np.stack([probes[..., a] - probes[..., b] for a, b in ((0, 1), (0, 2), (1, 2))], axis=-1)
    half_ns = np.repeat(np.round(0.5e9 / hertz)[:, None], SNAPSHOT_SAMPLES, axis=1)
    support = {"VAR_TYPE": "support_data"}
    snapshot = {"DEPEND_1": "E_index_1", "DEPEND_2": "E_index_2"}
    reach = {"DELTA_PLUS_VAR": "DELTA_PLUS_MINUS", "DELTA_MINUS_VAR": "DELTA_PLUS_MINUS", "Bin_location": "0.5"}
    names = {"VDC": probes, "EDC": pairs, "EAC": pairs}
    return _write(
        folder, "lfr-surv-swf-e", "L2",
        "RPW Low Frequency Receiver Snapshot Waveform in survey mode. Electric component.",
        [
            clock("Epoch", START, seconds, **_PLACE, **reach),
            varying("QUALITY_FLAG", "", np.full(count, 2), kind="u1", **support),
            *(
                replace(
                    varying(name, "V", values, DISPLAY_TYPE=f"spectrogram>y=E_index_1,z={name}(*,^3)", **snapshot),
                    compress=6,
                )
                for name, values in names.items()
            ),
            *(varying(f"IBIAS{n}", "nA", np.full(count, -60.0), DISPLAY_TYPE="time_series") for n in (1, 2, 3)),
            replace(varying("DELTA_PLUS_MINUS", "ns", half_ns, kind="i8", **support), compress=6),
            varying("SAMPLING_RATE", "Hz", hertz, **support),
            fixed("E_index_2", "", np.arange(1, 4), kind="i4"),
            fixed("E_index_1", "", np.arange(1, SNAPSHOT_SAMPLES + 1), kind="i4"),
        ],
    )  # fmt: skip


def _sbm1(folder: Path) -> Path:
    """Basic parameters, set 2, around a shock: spectra and cross spectra of three magnetic and two electric components.

    Real and imaginary parts stand in variables of their own; on the way between E and B the units change.
    """
    seconds = np.arange(20.0)
    shape = len(seconds), len(SBM1_HZ)
    power = noise(29, shape) / (1.0 + (SBM1_HZ / 2000.0) ** 2)
    axis = {"DEPEND_1": "F0", "DISPLAY_TYPE": "spectrogram"}
    return _write(
        folder, "lfr-sbm1-bp2", "L2", "RPW Low Frequency Receiver, basic parameters set 2, SBM1 mode",
        [
            _epoch(seconds),
            fixed("F0", "Hz", SBM1_HZ),
            varying("QUALITY_FLAG", "", np.full(len(seconds), 2), kind="u1", VAR_TYPE="support_data"),
            varying("BP2_AUTO_E", "(V/m)^2/Hz", 1e-12 * power, **axis),
            varying("BP2_AUTO_B", "nT^2/Hz", 1e-4 * power, **axis),
            varying("BP2_RE", "V/m*nT/Hz", 1e-8 * power, **axis),
            varying("BP2_IM", "V/m*nT/Hz", -1e-8 * power, **axis),
        ],
    )  # fmt: skip


def _flux(folder: Path, receiver: str, hertz: np.ndarray, count: int, step_s: float) -> Path:
    seconds = step_s * np.arange(count)
    flux = type_iii(seconds, hertz, DISTANCE_AU) * noise(30, (count, len(hertz)))
    names = {"hfr": "High Frequency Receiver", "tnr": "Thermal Noise Receiver"}
    spectrogram = {"DEPEND_1": "FREQUENCY", "DISPLAY_TYPE": "spectrogram", "SCALETYP": "log"}
    return _write(
        folder, f"{receiver}-surv-flux", "L3",
        f"Radio and Plasma Waves, {names[receiver]}, Survey mode, spectral data in physical units",
        [
            _epoch(seconds),
            fixed("FREQUENCY", "Hz", hertz),
            varying("QUALITY_FLAG", "", np.full(count, 3), kind="u1", VAR_TYPE="support_data"),
            varying("PSD_V2", "V^2/Hz", 4e-17 * flux, **spectrogram),
            varying("PSD_FLUX", "W/m^2/Hz", 1e-20 * flux, **spectrogram),
            varying("PSD_SFU", "sfu", 1e2 * flux * DISTANCE_AU**2, **spectrogram),
        ],
    )  # fmt: skip


_PLACE = {"TIME_SCALE": "Terrestrial Time", "REFERENCE_POSITION": "Spacecraft barycenter"}


def _epoch(seconds: np.ndarray) -> Var:
    return clock("Epoch", START, seconds, **_PLACE)


def _write(
    folder: Path, product: str, level: str, descriptor: str, variables: list[Var], day: str = "20240323"
) -> Path:
    stem = f"solo_{level}_rpw-{product}_{day}_V01"
    attributes = {
        "Project": "SOLO>Solar Orbiter", "Source_name": "SOLO>Solar Orbiter", "Mission_group": "Solar Orbiter",
        "Discipline": "Space Physics>Interplanetary Studies", "Data_type": f"{level}>Level {level[1]} Data",
        "LEVEL": f"{level}>Level {level[1]} data processing", "Descriptor": f"RPW-{product.upper()}>{descriptor}",
        "Instrument_type": "Radio and Plasma Waves (space)", "Logical_source": f"solo_{level}_rpw-{product}",
        "Logical_file_id": stem, "Generation_date": "2024-03-25T06:30:00", "Data_version": "01",
        "TARGET_NAME": "Sun", "TARGET_CLASS": "Star", "TARGET_REGION": "Solar Wind",
        "TEXT": "Invented data in the layout of RPW", "SPECTRAL_RANGE_MIN": typed("f8", 0.0),
    }  # fmt: skip
    return write(folder, f"{stem}.cdf", variables, attributes, WRITTEN)


if __name__ == "__main__":
    for made_path in make(Path(__file__).resolve().parent / "data"):
        print(made_path)
