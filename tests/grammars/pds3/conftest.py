"""The PDS3 samples, and one of them to change."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from epncore.model.collection import load
from epncore.model.errors import FileError
from epncore.model.row import Cell
from grammars.pictures import Block, Depicts, Picture
from grammars.plan import compile_plans
from grammars.protocol import SourceFile

SAMPLES = Path(__file__).resolve().parents[3] / "sample_data"
GRANULES = {
    "PRA_I.LBL": "voyager_pra",
    "VG2_NEP_PRA_6SEC.LBL": "voyager_pra",
    "T790306.LBL": "voyager_pra",
    "C1065111.LBL": "voyager_pra",
    "C1626953.LBL": "voyager_pws_pds3",
    "T790228.LBL": "voyager_pws_pds3",
    "T1997298_MFR0.LBL": "cassini_rpws",
    "T2000366_HFR0.LBL": "cassini_rpws",
}
Row: TypeAlias = dict[str, Cell]


def row_of(path: Path, collection: str) -> Row:
    """The row that the first product of a sample collection makes of a label."""
    plan = compile_plans(load(SAMPLES / collection))[0]
    cells = plan.read(SourceFile(path, path.name, path.stat().st_size, path.stat().st_mtime_ns))
    return dict(zip((column.name for column in plan.columns), cells, strict=True))


class Product:
    """A label and its data, in a folder of their own."""

    def __init__(self, label: Path, collection: str) -> None:
        self.label, self.collection = label, collection
        self.data = next((path for path in label.parent.iterdir() if path.stem == label.stem and path != label), label)

    def says(self, old: str, new: str, times: int = 1) -> Product:
        """Write something else into the label, as often as it stands there."""
        text = self.label.read_bytes().decode()
        assert text.count(old) == times
        self.label.write_bytes(text.replace(old, new).encode())
        return self

    def holds(self, start: int, content: bytes) -> Product:
        """Write other bytes into the data."""
        data = bytearray(self.data.read_bytes())
        data[start : start + len(content)] = content
        self.data.write_bytes(data)
        return self

    def row(self) -> Row:
        return row_of(self.label, self.collection)

    def pictures(self) -> list[tuple[Picture, list[Block]]]:
        """All pictures with all their blocks."""
        plan = compile_plans(load(SAMPLES / self.collection))[0]
        assert isinstance(plan.grammar, Depicts)
        with plan.opened(SourceFile(self.label, self.label.name, 0, 0)) as granule:
            found = plan.grammar.pictures(granule.header, plan.options)
            return [(one, list(one.blocks())) for one in found if isinstance(one, Picture)]

    def refused(self) -> FileError:
        with pytest.raises(FileError) as caught:
            self.row()
        assert caught.value.path == self.label.name
        return caught.value


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with the files of each PDS3 sample."""
    folders = {name: tmp_path_factory.mktemp(name) for name in sorted(set(GRANULES.values()))}
    for name, folder in folders.items():
        runpy.run_path(str(SAMPLES / name / "make.py"))["make"](folder)
    return folders


@pytest.fixture
def product(made: dict[str, Path], tmp_path: Path) -> Callable[[str], Product]:
    def copied(name: str) -> Product:
        folder = tmp_path / name
        folder.mkdir()
        for path in made[GRANULES[name]].iterdir():
            if path.stem == Path(name).stem or path.suffix == ".FMT":
                shutil.copy2(path, folder)
        return Product(folder / name, GRANULES[name])

    return copied
