"""The beams of a NenuFAR BST for its preview, each in the polarisations of both dipoles."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from grammars.fits_pictures import Spectra
from grammars.pictures import NoPicture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from grammars.pictures import Picture
    from grammars.readers.fits import FitsHeader

_POLARISATIONS = ("NW", "NE")
"""In the order of the data (nenupy 2.8.5, ``io.bst``)."""


class Beam(NamedTuple):
    """What a digital beam consists of.

    Attributes
    ----------
    name : str
        Where it looks.
    hertz : ndarray, shape (m,)
    places : ndarray, shape (m,)
        Of its beamlets in the data.
    """

    name: str
    hertz: NDArray[np.float64]
    places: NDArray[np.int64]


def pictures(header: FitsHeader, beams: Iterable[Beam]) -> Iterator[Picture | NoPicture]:
    """A picture of each beam and polarisation.

    Raises
    ------
    HeaderError
        Where the data have no times.
    """
    found = header.find_column("data")
    if found is None:
        yield NoPicture("BST", "no column data")
        return
    spectra = Spectra.by_jd(header, found[0], "data")
    for number, beam in enumerate(beams):
        if not beam.hertz.size:
            yield NoPicture(f"Beam {number}", "no beamlets")
            continue
        for polarisation, name in enumerate(_POLARISATIONS):
            part = partial(_beamlets, places=beam.places, polarisation=polarisation)
            yield spectra.picture(f"Beam {number}, {beam.name}, {name}", "", beam.hertz, part)


def _beamlets(cells: NDArray[Any], places: NDArray[np.int64], polarisation: int) -> NDArray[Any]:
    """The beamlets of a beam, of cells by polarisation and beamlet."""
    every: NDArray[Any] = cells.reshape(len(cells), len(_POLARISATIONS), -1)[:, polarisation]
    return every[:, places]
