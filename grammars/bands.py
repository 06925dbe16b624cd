"""Whether frequencies are those of a receiver: a wrong bit in a table of frequencies gives others."""

from __future__ import annotations

from epncore.model.errors import HeaderError


def check_band(found_hz: tuple[float, float], band_hz: tuple[float, float] | None, place: str) -> None:
    """Refuse frequencies that the receiver does not have.

    Parameters
    ----------
    found_hz, band_hz : tuple of float
        Smallest and largest frequency: of the file, and of the receiver where it is known.
    place : str
        Of the frequencies in the file.

    Raises
    ------
    HeaderError
        Where they go beyond the band.
    """
    if band_hz is not None and not band_hz[0] <= found_hz[0] <= found_hz[1] <= band_hz[1]:
        low, high = band_hz
        raise HeaderError(
            f"frequencies from {found_hz[0]:g} to {found_hz[1]:g} Hz, but the receiver has {low:g} to {high:g}",
            place=place, hint="A damaged table of frequencies, or another receiver?",
        )  # fmt: skip
