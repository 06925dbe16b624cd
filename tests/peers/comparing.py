"""Whether what a peer says of a file agrees with its row, or is explained."""

from __future__ import annotations

from typing import Any

SECONDS_PER_DAY = 86400.0
CLOCK_SECONDS = 0.001
"""A Julian Day as a double holds some 0.04 ms; what peers print, a millisecond."""
SAMPLE_SECONDS = 60.0
"""By so much the end of the last sample may be beyond a nominal stop, which is often its start."""
RELATIVE = 1e-6
"""Of frequencies that a file holds in single precision."""


def differences(row: dict[str, Any], told: dict[str, Any]) -> dict[str, str]:
    """What disagrees, by column.

    Parameters
    ----------
    row : dict
        The expected row.
    told : dict
        By a peer, where it tells: ``first`` and ``last`` (d), ``low`` and ``high`` (Hz), ``start`` and ``stop`` (d)
        of a nominal interval, and ``last_slack_s``, where a last time has no fraction of a second.

    Returns
    -------
    dict of str to str
        A sentence for each column. A peer's last time may be the start of the last sample, or its end, which is ours.
    """
    found = {}
    if "first" in told and abs(told["first"] - row["time_min"]) * SECONDS_PER_DAY > CLOCK_SECONDS:
        found["time_min"] = f"first sample at {told['first']:.8f}, not {row['time_min']:.8f}"
    if "last" in told:
        early_s = (row["time_max"] - told["last"]) * SECONDS_PER_DAY
        sample_s = max(row.get(name) or 0.0 for name in ("time_sampling_step_max", "time_exp_max"))
        slack_s = max(CLOCK_SECONDS, told.get("last_slack_s", 0.0))
        if not -CLOCK_SECONDS <= early_s <= sample_s + slack_s:
            found["time_max"] = f"last sample at {told['last']:.8f}, {early_s:.3f} s before {row['time_max']:.8f}"
    if "start" in told and row["time_min"] - told["start"] < -CLOCK_SECONDS / SECONDS_PER_DAY:
        found["time_min"] = f"the product starts at {told['start']:.8f}, after {row['time_min']:.8f}"
    if "stop" in told and row["time_max"] - told["stop"] > SAMPLE_SECONDS / SECONDS_PER_DAY:
        found["time_max"] = f"the product stops at {told['stop']:.8f}, before {row['time_max']:.8f}"
    for name, key in (("spectral_range_min", "low"), ("spectral_range_max", "high")):
        if key in told and row.get(name) is None:
            found[name] = f"{told[key]:g} Hz, and the row has none"
        elif key in told and abs(told[key] - row[name]) > RELATIVE * row[name]:
            found[name] = f"{told[key]:g} Hz, not {row[name]:g}"
    return found


def silences(row: dict[str, Any], told: dict[str, Any]) -> dict[str, str]:
    """What a peer that opened a file does not tell of it, and so cannot be compared: times, frequencies."""
    found = {}
    if "first" not in told or "last" not in told:
        found["times"] = "it tells the nominal interval alone" if "start" in told else "it tells no times"
    if "low" not in told and row.get("spectral_range_min") is not None:
        found["frequencies"] = "it tells no frequencies"
    return found


def findings(row: dict[str, Any], told: dict[str, Any]) -> dict[str, str]:
    """All that `peers.toml` must explain of an answer: that the file does not open, silences and differences."""
    if "kind" not in told:
        return {"open": str(told.get("error", "no answer"))}
    return {**silences(row, told), **differences(row, told)}


def judged(found: dict[str, str], explained: dict[str, str]) -> tuple[str, bool]:
    """In words what became of the findings, and whether each is explained, and each explanation needed."""
    words = [f"{text} ({' '.join(explained.get(what, 'NOT EXPLAINED').split())})" for what, text in found.items()]
    words += [f"{what} is explained, and agrees" for what in explained.keys() - found.keys()]
    return "; ".join(words) or "agrees", found.keys() == explained.keys()
