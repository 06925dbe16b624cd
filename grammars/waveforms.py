"""Waveforms for previews: extremes over time, and the spectrum of each record, as plasma wave people look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grammars.pictures import Block, NoPicture, Picture, usual_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

_SPECTRA = 256
"""Spectra that are made at a time: they take eight times the room of bytes."""


class Starts(NamedTuple):
    """When the records of a waveform start.

    Attributes
    ----------
    origin_jd : float, d
        JD UTC of the first.
    length_s : float, s
        From the first to the last.
    step_s : float, s
        The usual one.
    """

    origin_jd: float
    length_s: float
    step_s: float


def waveform(
    name: str, unit: str, starts: Starts, offsets_s: NDArray[np.float64], records: Callable[[], Iterable[Block]]
) -> Iterator[Picture | NoPicture]:
    """Extremes over time; and where the samples are regular, the power spectrum of each record.

    Parameters
    ----------
    name, unit : str
        Of the samples.
    starts : Starts
    offsets_s : ndarray, shape (n,), s
        Of the samples within a record.
    records : callable
        Gives, anew on each call, starts (s after the first) and samples, shape (k, n).

    Yields
    ------
    Picture or NoPicture
    """
    sample_s = usual_step(offsets_s)
    if sample_s is None:
        yield NoPicture(name, "the offsets within a record are no times")
        return
    whole_s = starts.length_s + float(np.nanmax(offsets_s)) + sample_s

    def samples() -> Iterator[Block]:
        for block in records():
            yield Block((block.seconds[:, None] + offsets_s).ravel(), block.values.reshape(-1, 1))

    yield Picture(name, unit, "linear", starts.origin_jd, 0.0, whole_s, sample_s, samples)
    if offsets_s.size >= 16 and np.allclose(np.diff(offsets_s), sample_s, rtol=1e-2):
        yield _power(name, unit, starts._replace(length_s=whole_s), offsets_s.size, sample_s, records)


def _power(
    name: str, unit: str, starts: Starts, count: int, sample_s: float, records: Callable[[], Iterable[Block]]
) -> Picture:
    """Periodograms with a Hann window; a record that misses a sample gives none.

    A spectrum stands until the next one, as usual in the field: when samples were taken is seen in the waveform.
    """
    window = np.hanning(count)
    norm = 2.0 * sample_s / float(np.sum(window**2))

    def blocks() -> Iterator[Block]:
        for block in records():
            for first in range(0, len(block.values), _SPECTRA):
                some = np.asarray(block.values[first : first + _SPECTRA], np.float64)
                some = some - some.mean(axis=1, keepdims=True)
                power = np.abs(np.fft.rfft(some * window, axis=1)[:, 1:]) ** 2 * norm
                yield Block(block.seconds[first : first + _SPECTRA], power)

    return Picture(
        f"{name}, spectrum", f"({unit})**2/Hz" if unit else "relative power", "dB", starts.origin_jd, 0.0,
        starts.length_s, max(starts.step_s, count * sample_s), blocks,
        np.asarray(np.fft.rfftfreq(count, sample_s)[1:], np.float64),
    )  # fmt: skip
