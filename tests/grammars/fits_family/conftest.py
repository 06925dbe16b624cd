"""The samples of arrays and telescopes that write FITS, their plans, and copies with something changed."""

from __future__ import annotations

import io
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from epncore.app.scan import matcher
from epncore.model.collection import load
from epncore.model.row import Cell
from grammars.plan import compile_plans
from grammars.protocol import SourceFile

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
NDA_JUPITER = "orn_nda_newroutine_jup_edr_202303060945_202303060946_v1.1.fits"
FILES = {
    "nda_newroutine": NDA_JUPITER,
    "nenufar": "20220130_112900_BST.fits",
    "iitate": "20101103_IPRT.fits",
    "lwa1_sdfits": "140305_021140_beam2_sd.fits",
}
"""A file of each collection."""

Row = dict[str, Cell]
Made = Callable[[str, str], Path]


@cache
def _plans(collection: str) -> list[tuple[Callable[[str], bool], object]]:
    config = load(SAMPLES / collection)
    return [
        (matcher(product.sources), plan)
        for product, plan in zip(config.product, compile_plans(config), strict=True)
    ]  # fmt: skip


def row_of(collection: str, path: Path, name: str | None = None) -> Row:
    """The row of a file, which is told by its name, or by another's that it is a copy of."""
    stat = path.stat()
    ((_, plan),) = [(takes, plan) for takes, plan in _plans(collection) if takes(name or path.name)]
    cells = plan.read(SourceFile(path, name or path.name, stat.st_size, stat.st_mtime_ns))  # type: ignore[attr-defined]
    return dict(zip((column.name for column in plan.columns), cells, strict=True))  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A made file of a collection, by its name."""
    folders: dict[str, Path] = {}

    def file(collection: str, name: str) -> Path:
        if collection not in folders:
            folders[collection] = tmp_path_factory.mktemp(collection)
            runpy.run_path(str(SAMPLES / collection / "make.py"))["make"](folders[collection])
        return folders[collection] / name

    return file


def changed(path: Path, folder: Path, change: Callable[[fits.HDUList], object]) -> Path:
    """A copy with something changed."""
    copy = folder / path.name
    with fits.open(path) as hdus:
        change(hdus)
        hdus.writeto(copy, overwrite=True)
    return copy


def turned(content: bytes) -> bytes:
    """A file whose tables have the bytes of each number in the other order, as a careless writer leaves them."""
    turned = bytearray(content)
    with fits.open(io.BytesIO(content)) as hdus:
        for hdu in (each for each in hdus if isinstance(each, fits.BinTableHDU)):
            start, records = hdu.fileinfo()["datLoc"], hdu.columns.dtype.newbyteorder(">")
            table = np.frombuffer(content, records, hdu.header["NAXIS2"], start)
            turned[start : start + table.nbytes] = table.byteswap().tobytes()
    return bytes(turned)
