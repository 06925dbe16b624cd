"""A grammar that is a file in the collection's folder: found there and nowhere else, and versioned by its bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from epncore.model import collection as config
from epncore.model.errors import ConfigError
from grammars.plan import Plan, compile_plans
from grammars.registry import MOST_SOURCE_BYTES, grammars

GRAMMAR = """
from __future__ import annotations
from dataclasses import dataclass
from grammars.protocol import GrammarOptions, constant

@dataclass(frozen=True)
class Facts:
    level: int

class Mine:
    name, version, format, generic, options, columns = "mine", 1, "fits", False, GrammarOptions, ()
    def recognises(self, header): return True
    def examine(self, header, options): return Facts(2)
    def steps(self, options): yield constant("target_name", "Jupiter")

GRAMMAR = Mine()
"""
CONFIG = {
    "schema": "mine", "title": "t", "description": "d", "creators": ["c"], "created": "2024-01-01",
    "licence": "CC0-1.0", "subjects": ["planetary-science"],
}  # fmt: skip


def plan(folder: Path, grammar: str = "./mine.py") -> Plan:
    product = {"sources": ["*.fits"], "grammar": grammar, "granule_gid": "g"}
    path = str(folder / "collection.toml")
    return compile_plans(config.parse({**CONFIG, "product": [product]}, path), path)[0]


def test_it_is_read_from_the_folder_and_leaves_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GRAMMAR)
    found = plan(tmp_path)
    assert (found.grammar.name, found.told) == ("mine", ("target_name",))
    assert plan(tmp_path).grammar is found.grammar
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
    assert "mine" not in grammars()


def test_it_may_stand_in_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text(GRAMMAR)
    assert plan(tmp_path, "code/mine.py").grammar.name == "mine"


def test_an_edit_of_the_same_size_in_the_same_second_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GRAMMAR)
    before, stat = plan(tmp_path), path.stat()
    path.write_text(GRAMMAR.replace("Jupiter", "Neptune"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = plan(tmp_path)
    (step,) = after.grammar.steps(after.options)
    assert step.value(None) == "Neptune"  # type: ignore[arg-type]
    assert (after.reading != before.reading, after.config) == (True, before.config)
    path.write_text(GRAMMAR)
    assert plan(tmp_path).reading == before.reading


@pytest.mark.parametrize("given", ["../mine.py", "/tmp/mine.py", "~/mine.py", "a/../../mine.py", "./mine", "a/\0.py"])
def test_a_path_that_leaves_the_folder_or_is_no_python_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(ConfigError, match=r"is no file of the collection's folder: write \./my_grammar\.py") as caught:
        plan(tmp_path, given)
    assert caught.value.place == "product.0.grammar"


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_to_code_elsewhere_is_refused(tmp_path: Path, linked: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.py").write_text(GRAMMAR)
    here = tmp_path / "here"
    here.mkdir()
    if linked == "file":
        (here / "mine.py").symlink_to(tmp_path / "elsewhere" / "mine.py")
    else:
        (here / "code").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"leads out of the collection's folder, to .*elsewhere/mine\.py\. Copy"):
        plan(here, "./mine.py" if linked == "file" else "./code/mine.py")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1\n1 / 0\n", "line 2: does not load: ZeroDivisionError"),
        ("def f(:\n", "does not load: SyntaxError"),
        ("raise SystemExit(0)", "line 1: does not load: SystemExit"),
        ("import no_such_module", "does not load: ModuleNotFoundError"),
        ("grammar = 1", "there is no object GRAMMAR. Write `GRAMMAR = MyGrammar()` at the end"),
        ("GRAMMAR = 1", "GRAMMAR: has no name, no version, no format"),
        (GRAMMAR.replace('"fits"', '"hdf5"'), "GRAMMAR: is for format 'hdf5'"),
        ("#" * (MOST_SOURCE_BYTES + 1), f"has more than {MOST_SOURCE_BYTES} bytes"),
        ("\0", "does not load"),
        (None, "no such file: './mine.py'"),
    ],
)  # fmt: skip
def test_what_is_no_grammar_is_said_with_its_line(tmp_path: Path, code: str | None, words: str) -> None:
    if code is not None:
        (tmp_path / "mine.py").write_text(code)
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path)
    assert words in str(caught.value)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.py")
    with pytest.raises(ConfigError, match="no such file"):
        plan(tmp_path)
