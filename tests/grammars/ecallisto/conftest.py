"""The samples of e-CALLISTO, their plan, and one of them to change."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from epncore.model.collection import load
from epncore.model.errors import HeaderError
from epncore.model.row import Cell
from grammars.ecallisto import GRAMMAR, Facts, Options
from grammars.plan import Plan, compile_plans
from grammars.protocol import SourceFile
from grammars.readers.fits import FitsReader

SAMPLE = Path(__file__).resolve().parents[3] / "sample_data" / "ecallisto"
BIR = "BIR_20110607_062400_10.fit"
SAMPLES = 240


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_ecallisto", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def sample() -> Path:
    """Folder of the collection."""
    return SAMPLE


@pytest.fixture(scope="session")
def make() -> Callable[[Path], list[Path]]:
    """What makes its files."""
    return _module(SAMPLE / "make.py").make  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def made(make: Callable[[Path], list[Path]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("ecallisto")
    return {path.name: path for path in make(folder)}


@pytest.fixture(scope="session")
def plan() -> Plan:
    return compile_plans(load(SAMPLE))[0]


@pytest.fixture(scope="session")
def row_of(plan: Plan) -> Callable[[Path], dict[str, Cell]]:
    return lambda path: _row_of(plan, path)


def _row_of(plan: Plan, path: Path) -> dict[str, Cell]:
    stat = path.stat()
    row = plan.read(SourceFile(path, path.name, stat.st_size, stat.st_mtime_ns))
    return dict(zip((column.name for column in plan.columns), row, strict=True))


class Bir:
    """The BIR sample with other cards or another axis."""

    def __init__(self, content: bytes, folder: Path) -> None:
        self.content, self.path = content, folder / "changed.fit"

    def card(self, key: str, value: str | None, *, becomes: str | None = None) -> Bir:
        """Put a value as it stands on the card, which may become another card; None takes it away."""
        start = self.content.index(key.ljust(8).encode() + b"= ")
        text = "" if value is None else f"{becomes or key:<8}= {value}"
        self.content = self.content[:start] + text.ljust(80).encode("latin-1") + self.content[start + 80 :]
        return self

    def axis(self, name: str, values: list[float]) -> Bir:
        """Other values at the start of an axis."""
        number = SAMPLES if name == "FREQUENCY" else 0
        start = self.content.index(b"TZERO2")
        start = (start // 2880 + 1) * 2880 + 8 * number
        replacing = np.array(values, ">f8").tobytes()
        self.content = self.content[:start] + replacing + self.content[start + len(replacing) :]
        return self

    def facts(self, options: Options | None = None) -> Facts:
        self.path.write_bytes(self.content)
        with FitsReader().open(self.path) as header:
            assert GRAMMAR.recognises(header)
            return GRAMMAR.examine(header, options or Options())

    def recognised(self) -> bool:
        self.path.write_bytes(self.content)
        with FitsReader().open(self.path) as header:
            return GRAMMAR.recognises(header)

    def refused(self) -> HeaderError:
        with pytest.raises(HeaderError) as caught:
            self.facts()
        return caught.value


@pytest.fixture
def bir(made: dict[str, Path], tmp_path: Path) -> Bir:
    return Bir(made[BIR].read_bytes(), tmp_path)
