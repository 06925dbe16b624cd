"""The command, as its users call it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from epncore.app.cli import cli
from epncore.app.cli_options import FOLDER
from epncore.app.database import Database
from epncore.model.collection import load

EPNCORE = Path(sys.executable).parent / "epncore"


def epncore(*words: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EPNCORE, *words], capture_output=True, text=True, timeout=120, check=False, cwd=cwd, stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "200", **environment},
    )  # fmt: skip


def commands() -> list[list[str]]:
    found = []
    for name, command in cli.commands.items():
        found += [[name, sub] for sub in command.commands] if hasattr(command, "commands") else [[name]]
    return found


def test_the_commands_are_those_of_the_documentation() -> None:
    assert sorted(" ".join(words) for words in commands()) == [
        "check", "db dsn", "db grant", "db start", "db stop", "grammars", "index", "ingest", "inspect", "links",
        "migrate", "new", "page", "preview", "quarantine list", "quarantine retry", "rd", "rules", "status", "watch",
    ]  # fmt: skip


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_has_help_with_an_example_and_is_in_the_readme(words: list[str]) -> None:
    done = epncore(*words, "--help")
    assert done.returncode == 0
    assert f"epncore {' '.join(words)}" in done.stdout.split("Example:")[1]
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert f"epncore {' '.join(words)}" in readme


def test_new_writes_a_collection_that_loads(tmp_path: Path) -> None:
    done = epncore("new", "dam", "--grammar", "nda_routine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    collection = load(tmp_path / "dam")
    assert (collection.schema_name, collection.product[0].grammar) == ("dam", "nda_routine")
    again = epncore("new", "dam", cwd=tmp_path)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert load(tmp_path / "dam") == collection


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["new", "../up"], "no schema name"),
        (["new", "x", "--grammar", "nope"], "no grammar 'nope'; known here: cassini_kronos"),
        (["ingest", "nowhere"], "no such file"),
        (["inspect", "nowhere.cdf"], "cannot be read"),
        (["inspect", "."], "is no file"),
        (["rd", ".", "-o", "x"], "no such file"),
        (["ingest"], "Missing argument"),
        (["frobnicate"], "No such command"),
        (["rules", "pair.tim"], "did you mean pair.time?"),
        (["check", "http://127.0.0.1:1/tap", "--baseline", "nowhere.toml"], "no such file"),
        (["check", "http://127.0.0.1:1/tap", "--fail-on", "fatal"], "'fatal' is not one of"),
        (["db", "grant", "x; DROP TABLE y", "me"], "SQL name"),
        (["ingest", ".", "--workers", "0"], "0 is not in the range"),
    ],
)
def test_a_mistake_ends_in_a_sentence_and_with_2(words: list[str], message: str, tmp_path: Path) -> None:
    done = epncore(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_mistake_in_the_config_names_file_key_and_what_is_right(collection: Callable[[str], Path]) -> None:
    folder = collection("ecallisto")
    path = folder / "collection.toml"
    path.write_text(path.read_text("utf-8").replace("granule_gid", "granule_gip"), "utf-8")
    done = epncore("ingest", folder)
    assert done.returncode == 2
    words = " ".join(done.stderr.split())
    assert re.search(r"collection\.toml, product\.0\.granule_gi[dp]:", words), words
    assert "granule_gid" in words


def test_inspect_shows_each_value_and_its_source(collection: Callable[[str], Path]) -> None:
    folder = collection("ecallisto")
    file = next((folder / "data").glob("BIR*"))
    done = epncore("inspect", file, "--collection", folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"target_name +│ Sun +│ e-CALLISTO observes the Sun", done.stdout)
    assert re.search(r"spectral_resolution_min +│ +│ the file does not tell", done.stdout)
    answer = json.loads(epncore("inspect", file, "--collection", folder, "--json").stdout)
    (row,) = answer["rows"]
    assert set(row["target_name"]) == {"value", "source"}
    assert row["granule_uid"]["value"] == f"spectrogram_{file.name.split('.')[0]}"


def test_inspect_without_a_collection_finds_the_grammar_by_content(
    collection: Callable[[str], Path], tmp_path: Path
) -> None:
    file = next((collection("ecallisto") / "data").glob("BIR*"))
    renamed = file.rename(tmp_path / "what.is.this")
    (row,) = json.loads(epncore("inspect", renamed, "--json").stdout)["rows"]
    assert row["target_name"]["value"] == "Sun"


def test_inspect_of_a_file_that_is_nothing_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "x.cdf"
    file.write_text("<!DOCTYPE html><html>")
    done = epncore("inspect", file)
    assert done.returncode == 1
    assert "it is an HTML page" in done.stderr


def test_inspect_ends_with_3_where_a_rule_is_broken(collection: Callable[[str], Path]) -> None:
    folder = collection("ecallisto")
    path = folder / "collection.toml"
    path.write_text(path.read_text("utf-8") + "\n[overrides]\nspectral_resolution_min = 1.0\n", "utf-8")
    done = epncore("inspect", next((folder / "data").glob("BIR*")), "--collection", folder)
    assert done.returncode == 3
    assert "rule pair.spectral_resolution" in done.stdout


def test_a_file_name_with_escapes_reaches_no_terminal(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m\x07.fit"
    file.write_bytes(b"")
    done = epncore("inspect", file)
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "\\x1b[31m\\x07" in done.stderr


@pytest.mark.live
def test_ingest_and_status_give_the_documented_json(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    (folder / "data" / "bad.fit").write_bytes(b"")
    done = epncore("ingest", folder, "--json", EPNCORE_DSN=database.dsn)
    assert done.returncode == 3, done.stderr
    answer = json.loads(done.stdout)
    assert list(answer) == [
        "new",
        "changed",
        "unchanged",
        "vanished",
        "withheld",
        "rows",
        "seconds",
        "quarantined",
        "notes",
        "quarantined_count",
        "renamed",
        "superseded",
        "unavailable",
        "pruned",
        "lacking",
        "unknown",
        "undigested",
        "altered",
        "altered_count",
        "vanished_paths",
    ]
    assert (answer["new"], answer["rows"]) == (4, 4)
    assert [set(each) for each in answer["quarantined"]] == [{"path", "where", "reason"}]
    again = epncore("ingest", folder, "--json", EPNCORE_DSN=database.dsn)
    assert again.returncode == 0, "old quarantine is no news"
    assert epncore("ingest", folder, "--strict", EPNCORE_DSN=database.dsn).returncode == 3
    (state,) = json.loads(epncore("status", folder, "--json", EPNCORE_DSN=database.dsn).stdout)["collections"]
    assert (state["schema"], state["rows"], state["files"], len(state["quarantined"])) == ("ecallisto", 4, 5, 1)
    assert "ecallisto" in epncore("status", EPNCORE_DSN=database.dsn).stdout


@pytest.mark.live
def test_ingest_tells_people_what_it_did(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    (folder / "data" / "bad.fit").write_bytes(b"")
    dry = epncore("ingest", folder, "--dry-run", EPNCORE_DSN=database.dsn)
    assert "a dry run, nothing was written" in dry.stdout
    assert "No collection there yet" in epncore("status", EPNCORE_DSN=database.dsn).stdout
    done = epncore("ingest", folder, EPNCORE_DSN=database.dsn)
    assert "4 new, 0 changed, 0 unchanged, 1 quarantined, 0 vanished" in done.stdout
    assert "data/bad.fit, file: an empty file" in done.stdout


@pytest.mark.live
def test_ingest_shows_a_bar_on_a_terminal(collection: Callable[[str], Path], database: Database) -> None:
    folder = collection("ecallisto")
    try:
        parent, child = pty.openpty()
    except OSError:
        pytest.skip("this machine has no pseudo-terminals")
    done = subprocess.run(
        [EPNCORE, "ingest", folder], stdout=subprocess.PIPE, stderr=child, stdin=subprocess.DEVNULL, timeout=120,
        check=False, env={**os.environ, "EPNCORE_DSN": database.dsn, "TERM": "xterm"},
    )  # fmt: skip
    os.close(child)
    shown = ""
    with contextlib.suppress(OSError):  # the other end is closed
        while part := os.read(parent, 4096):
            shown += part.decode(errors="replace")
    os.close(parent)
    assert done.returncode == 0
    assert "4/4" in shown


def test_a_database_that_is_down_ends_with_1_and_no_traceback(collection: Callable[[str], Path]) -> None:
    done = epncore("ingest", collection("ecallisto"), "--dsn", "host=127.0.0.1 port=1 user=x password=secret dbname=y")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr + done.stdout


def test_rd_writes_a_descriptor(collection: Callable[[str], Path], tmp_path: Path) -> None:
    done = epncore("rd", collection("ecallisto"), "-o", tmp_path / "inputs")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "inputs" / "ecallisto" / "q.rd").read_text("utf-8")
    assert "//epntap2#table-2_0" in text
    assert "dachs imp ecallisto/q" in done.stdout


@pytest.mark.parametrize(
    ("choice", "url", "note"), [("list", None, "listed without"), ("leave_out", "", "leaves this row out")]
)
def test_inspect_shows_an_embargoed_row_as_an_ingest_would(
    collection: Callable[[str], Path], choice: str, url: str | None, note: str
) -> None:
    folder = collection("ecallisto")
    path = folder / "collection.toml"
    path.write_text(f'release_after = "P90Y"\nembargoed = "{choice}"\n{path.read_text("utf-8")}', "utf-8")
    found = json.loads(
        epncore("inspect", next((folder / "data").glob("BIR*")), "--collection", folder, "--json").stdout
    )
    value = found["rows"][0]["access_url"]["value"]
    assert value is None if url is None else value.startswith("https://")
    assert note in found["note"]


def test_several_mistakes_in_a_config_are_told_line_by_line(collection: Callable[[str], Path]) -> None:
    folder = collection("ecallisto")
    path = folder / "collection.toml"
    path.write_text(path.read_text("utf-8").replace("granule_gid", "granulegid"), "utf-8")
    said = epncore("ingest", folder).stderr.splitlines()
    assert "did you mean granule_gid?" in said[0]
    assert said[1].strip() == "product.0.granule_gid: this key is needed"
    assert "\\x0a" not in "".join(said)


def test_rules_are_listed_and_told() -> None:
    told = json.loads(epncore("rules", "--json").stdout)["rules"]
    listed = epncore("rules").stdout
    assert all(rule["rule"] in listed for rule in told)
    assert {rule["kind"] for rule in told} == {"row", "value", "table", "service"}
    one = epncore("rules", "pair.time").stdout
    for words in ("time_min and time_max are both given or both empty", "SCHEMA.epn_core WHERE time_min IS NULL AND"):
        assert words in one
    assert json.loads(epncore("rules", "pair.time", "--json").stdout) == next(
        r for r in told if r["rule"] == "pair.time"
    )


def test_a_service_that_is_away_cannot_be_checked() -> None:
    done = epncore("check", "http://127.0.0.1:1/tap")
    assert done.returncode == 2
    assert "http://127.0.0.1:1/tap" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_collection_toml_stands_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "collection.toml").write_text("")
    convert = partial(FOLDER.convert, param=None, ctx=None)
    assert convert(str(tmp_path / "collection.toml")) == convert(str(tmp_path)) == tmp_path
    assert convert("collection.toml") == Path()
    assert convert("collection.toml/") == convert("other.toml").parent
