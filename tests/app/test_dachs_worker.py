"""The worker that DaCHS's shim talks to, as a process: its protocol, and what it does with files."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epncore.app.dachs_worker import Answers
from epncore.app.stamps import stamps
from epncore.model import collection as config
from epncore.model.errors import ConfigError
from epncore.model.row import Cell
from epncore.testing.lab_machine import Account
from epncore.testing.lab_python import toolkit_python
from grammars.plan import compile_plans

Make = Callable[[str], Path]


def ask(folder: Path, *paths: str, plans: tuple[str, ...] = ()) -> tuple[list[dict[str, Any]], int]:
    """The answers of a worker process, the greeting first; and its exit status."""
    lines = "".join(json.dumps({"file": number, "path": path}) + "\n" for number, path in enumerate(paths))
    command = [sys.executable, "-I", "-m", "epncore.app.dachs_worker", str(folder), *plans]
    done = subprocess.run(command, input=lines, capture_output=True, encoding="ascii", timeout=60, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def test_a_file_becomes_its_row_its_links_and_its_line_in_the_ledger(collection: Make) -> None:
    folder = collection("voyager_pws")
    path = next((folder / "data").rglob("*.cdf"))
    (ready, answer), status = ask(folder, str(path))
    assert (ready, status) == ({"ready": 1}, 0)
    assert (answer["file"], answer["path"]) == (0, str(path.relative_to(folder)))
    by_table: dict[str, list[dict[str, Any]]] = {}
    for table, row in answer["rows"]:
        by_table.setdefault(table, []).append(row)
    assert list(by_table) == ["ledger", "epn_core", "links"]
    (row,), (line,) = by_table["epn_core"], by_table["ledger"]
    assert row["granule_uid"] == line["granule_uid"] == answer["granule_uid"]
    assert (line["status"], line["mtime_ns"]) == ("row", path.stat().st_mtime_ns)
    assert row.keys() == {column.name for column in compile_plans(config.load(folder))[0].columns}
    assert {link["id"] for link in by_table["links"]} == {answer["granule_uid"]}


def test_a_bad_file_is_told_and_the_next_is_read(collection: Make) -> None:
    folder = collection("voyager_pws")
    good = next((folder / "data").rglob("*.cdf"))
    cut = good.with_name("vg1_pws_wf_2020-cut.cdf")
    cut.write_bytes(good.read_bytes()[:300])
    (_, bad, well), _ = ask(folder, str(cut), str(good))
    assert bad.keys() == {"file", "path", "place", "reason"}
    assert bad["path"] == str(cut.relative_to(folder))
    assert "rows" in well


def test_what_no_product_names_is_left_alone(collection: Make) -> None:
    folder = collection("voyager_pws")
    (folder / "data" / "vg1_pws_wf_2020-folder.cdf").mkdir()
    paths = (folder / "collection.toml", folder / "data" / "vg1_pws_wf_2020-folder.cdf", folder / "data" / "other.cdf")
    (_, *answers), _ = ask(folder, *map(str, paths))
    assert answers == [{"file": 0}, {"file": 1}, {"file": 2}]


def test_a_file_that_two_products_claim_has_no_row(collection: Make) -> None:
    folder = collection("nda_routine")
    text = (folder / "collection.toml").read_text("utf-8")
    (folder / "collection.toml").write_text(text.replace("srn_nda_routine_sun_edr_", "srn_"), "utf-8")
    path = next((folder / "data").rglob("*jup*.cdf"))
    (_, answer), _ = ask(folder, str(path))
    assert answer["reason"] == "products 0 and 1 both claim it"


def test_a_wrong_config_is_told_at_once(collection: Make) -> None:
    folder = collection("voyager_pws")
    (folder / "collection.toml").write_text("schema = 3")
    (failed,), status = ask(folder)
    assert status == 2
    assert "collection.toml" in failed["failed"]


def test_a_descriptor_of_another_config_is_refused(collection: Make) -> None:
    folder = collection("voyager_pws")
    (plan,) = compile_plans(config.load(folder))
    assert ask(folder, plans=tuple(map(str, stamps(config.load(folder), [plan])))) == ([{"ready": 1}], 0)
    (failed,), _ = ask(folder, plans=("other",))
    assert "has changed since the descriptor was made" in failed["failed"]


def test_embargoes_are_judged_as_by_ingest(collection: Make) -> None:
    folder = collection("voyager_pws")
    path = str(next((folder / "data").rglob("*.cdf")))
    text = (folder / "collection.toml").read_text("utf-8")
    for choice in ("leave_out", "list"):
        head = f'release_after = "P1Y"\nembargoed = "{choice}"\n'
        (folder / "collection.toml").write_text(head + text, "utf-8")
        early = Answers(folder, (), dt.datetime(2017, 1, 1)).answer(path)
        late = Answers(folder, (), dt.datetime(2090, 1, 1)).answer(path)
        row: dict[str, Cell] = dict(late["rows"])["epn_core"]
        assert row["access_url"]
        if choice == "leave_out":
            assert [(table, line["status"]) for table, line in early["rows"]] == [("ledger", "withheld")]
        else:
            assert dict(early["rows"])["epn_core"]["access_url"] is None


def test_a_missing_folder_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Answers(tmp_path, (), dt.datetime(2024, 1, 1))


def test_a_python_that_the_laboratory_can_run_is_found() -> None:
    command = toolkit_python(Account.choose(None))
    done = subprocess.run([*command, "-c", "import grammars; print(1)"], capture_output=True, text=True, check=False)
    assert done.stdout == "1\n", done.stderr
