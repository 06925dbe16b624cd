"""The quantities of a das2 stream for its preview.

What stands in several kinds of records in one unit, as the bands of a receiver that take turns, is one picture.
"""

from __future__ import annotations

import re
from statistics import median_high
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epncore.model.errors import UnreadableError
from grammars.calendar_times import jd_after
from grammars.das2_axes import ZERO, Clock, hertz, offsets_s, seconds_of
from grammars.istp_units import picture_scale
from grammars.pictures import BLOCK_BYTES, MAX_COMPONENTS, Block, NoPicture, Picture
from grammars.readers.das2 import TAG_BYTES
from grammars.waveforms import Starts, waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from grammars.readers.das2 import Das2Header
    from grammars.readers.das2_packets import Kind, Plane

_MACRO = re.compile(r"%\{[^}]*\}")  # of das2 clients, in titles
_VALUE_MAX = 1e30


class _Quantity(NamedTuple):
    """What makes planes of several kinds one quantity."""

    names: tuple[str, ...]
    unit: str
    y_unit: str
    offsets: bytes


def pictures(header: Das2Header) -> Iterator[Picture | NoPicture]:
    """A picture of each quantity: spectra, or a waveform and its spectra, or numbers over time in one unit."""
    clocks = {records.kind: Clock.of(records) for records in header.records()}
    found: dict[_Quantity, dict[Kind, tuple[Plane, ...]]] = {}
    for kind in clocks:
        for quantity, planes in _quantities(kind).items():
            found.setdefault(quantity, {})[kind] = planes
    first_s = min(clock.first_s for clock in clocks.values())
    title = _MACRO.sub("", header.properties.get("title", "")).strip()
    for quantity, kinds in found.items():
        name = title if title and len(found) == 1 else ", ".join(filter(None, quantity.names)) or "values"
        stream = _Stream(header, quantity, first_s)
        yield from _of_shape(stream, name, kinds, [clocks[kind] for kind in kinds])


def _of_shape(
    stream: _Stream, name: str, kinds: dict[Kind, tuple[Plane, ...]], clocks: list[Clock]
) -> Iterator[Picture | NoPicture]:
    quantity, planes = stream.quantity, [each[0] for each in kinds.values()]
    origin_jd, step_s = (
        jd_after(ZERO, stream.first_s),
        median_high([clock.usual_s for clock in clocks if clock.usual_s] or [0.0]),
    )
    stop_s = max(clock.end_s for clock in clocks) - stream.first_s
    axes, offsets = [axis for plane in planes if (axis := hertz(plane)) is not None], offsets_s(planes[0])
    scale = picture_scale(quantity.unit, stream.header.properties.get("zScaleType", ""))
    if axes:
        every = np.concatenate(axes)
        if not np.isfinite(every).any():
            yield NoPicture(name, "no frequency is above 0")
            return
        axis = axes[0] if len(axes) == 1 else np.unique(every[np.isfinite(every)])
        yield Picture(name, quantity.unit, scale, origin_jd, 0.0, stop_s, step_s, stream.blocks, axis)
    elif offsets is not None:
        last_s = max(clock.last_s for clock in clocks) - stream.first_s
        yield from waveform(name, quantity.unit, Starts(origin_jd, last_s, step_s), offsets, stream.blocks)
    elif planes[0].y_tags is not None:
        yield NoPicture(name, f"tags in {quantity.y_unit or 'no unit'} are neither frequencies nor times")
    elif len(quantity.names) > MAX_COMPONENTS:
        yield NoPicture(name, f"{len(quantity.names)} quantities of one unit")
    else:
        names = quantity.names if len(quantity.names) > 1 else ()
        yield Picture(
            name, quantity.unit, "linear", origin_jd, 0.0, stop_s, step_s, stream.blocks, components=names
        )  # fmt: skip


def _quantities(kind: Kind) -> dict[_Quantity, tuple[Plane, ...]]:
    """Scans each for itself, and plain values by their unit."""
    found: dict[_Quantity, tuple[Plane, ...]] = {}
    for plane in kind.planes:
        if plane.y_tags is not None:
            offsets = offsets_s(plane)
            key = b"" if offsets is None else offsets.tobytes()
            found[_Quantity((plane.name,), plane.unit, plane.y_unit, key)] = (plane,)
    plain = [plane for plane in kind.planes if plane.y_tags is None]
    for unit in dict.fromkeys(plane.unit for plane in plain):
        together = tuple(plane for plane in plain if plane.unit == unit)
        found[_Quantity(tuple(plane.name for plane in together), unit, "", b"")] = together
    return found


class _Stream(NamedTuple):
    """The records of a quantity."""

    header: Das2Header
    quantity: _Quantity
    first_s: float

    def blocks(self) -> Iterator[Block]:
        """Times after the first record of the stream, and valid values."""
        for kind, rows in self.header.content(BLOCK_BYTES):
            planes = _quantities(kind).get(self.quantity)
            if planes is None:
                continue
            times = [time.tobytes() for time in rows[:, TAG_BYTES : TAG_BYTES + kind.x.size_bytes]]
            values = np.hstack([_values(rows, plane, self.header.properties) for plane in planes])
            yield Block(seconds_of(times, kind) - self.first_s, values, hertz(planes[0]))


def _values(rows: NDArray[np.uint8], plane: Plane, of_stream: dict[str, str]) -> NDArray[np.float64]:
    """Values of a plane, shape (records, items); NaN for fill values and for what no instrument measures."""
    items = 1 if plane.y_tags is None else plane.y_tags.size
    size_bytes = plane.encoding.size_bytes
    cells = np.ascontiguousarray(rows[:, plane.start_bytes : plane.start_bytes + items * size_bytes])
    try:
        values = cells.view(plane.encoding.dtype or f"S{size_bytes}").astype(np.float64)
    except ValueError as error:
        raise UnreadableError(f"a value that is no number ({error})", place=f"plane {plane.name!r:.60}") from None
    with np.errstate(invalid="ignore"):
        valid = np.abs(values) < _VALUE_MAX
    fill = _fill(plane, of_stream)
    return np.where(valid & ~np.isclose(values, fill, rtol=1e-6, atol=0.0), values, np.nan)


def _fill(plane: Plane, of_stream: dict[str, str]) -> float:
    """What stands for no value: zFill of scans, yFill of plain values; of the plane or the stream. NaN for none."""
    key = "yFill" if plane.y_tags is None else "zFill"
    try:
        return float(plane.properties.get(key) or of_stream.get(key) or "nan")
    except ValueError:
        return float("nan")
