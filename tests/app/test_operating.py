"""What docs/operating.md shows can be copied: units that systemd takes, commands and options that are there."""

from __future__ import annotations

import configparser
import getpass
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import click
import pytest

from epncore.app.cli import cli
from epncore.app.database import Database
from epncore.app.ingest import ingest
from epncore.app.process import _reason as reason_of_death
from epncore.app.quarantine import listed
from epncore.app.work import Limits
from epncore.model.bookkeeping import RUNS
from epncore.model.errors import BusyError, ConfigError

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "operating.md").read_text("utf-8")
UNITS = dict(re.findall(r"`/etc/systemd/system/([a-z.-]+)`:\n\n```ini\n(.*?)```", TEXT, re.DOTALL))
EPNCORE = Path(sys.executable).parent / "epncore"


def command_lines() -> list[list[str]]:
    """Each call of epncore in a block of the documents, as words from its first argument on."""
    lines = []
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        text = document.read_text("utf-8")
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            calls = re.findall(r"(?:^|[/ =(])epncore ([a-z].*?)(?:\)\"| \| | && | > |$)", block, re.MULTILINE)
            lines += [shlex.split(call, comments=True) for call in calls]
    return lines


def option_names(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def test_there_are_calls_to_look_at() -> None:
    assert len(command_lines()) > 20
    assert ["migrate", "ecallisto", "--dry-run"] in command_lines()


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_each_call_in_a_document_is_one_that_the_program_takes(words: list[str]) -> None:
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group):
        assert rest, words
        command = command.commands[rest.pop(0)]
    with command.make_context("epncore", [w for w in rest if not w.startswith("--log-json")], resilient_parsing=True):
        pass  # an option that is not there is an error also here
    named = {word.split("=")[0] for word in rest if word.startswith("-")}
    assert named <= option_names(command)


def test_options_in_the_text_are_there() -> None:
    mine = set().union(*(option_names(cli.commands[name]) for name in ("ingest", "watch", "status", "migrate")))
    mine |= set().union(*(option_names(c) for c in cli.commands["quarantine"].commands.values()))  # type: ignore[attr-defined]
    prose = re.sub(r"^```.*?^```", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", prose)) <= mine | {"--load", "--now"}


@pytest.mark.live
def test_reasons_in_the_examples_are_those_of_bad_files(collection: Callable[[str], Path], database: Database) -> None:
    """Of a file that is cut off, of one that is away, and, since that takes a minute, of a death by the clock."""
    folder = collection("ecallisto")
    whole = next((folder / "data").glob("BIR*")).read_bytes()
    (folder / "data" / "cut.fit").write_bytes(whole[: len(whole) // 2])
    (folder / "data" / "away.fit").symlink_to("nowhere")
    (folder / "data" / "slow.fit").write_bytes(b"")
    ingest(folder, database)
    with database.connect() as conn:
        late = (reason_of_death(-signal.SIGALRM, Limits()), "data/slow.fit")
        conn.execute("UPDATE ecallisto.ledger SET reason = %s WHERE path = %s", late)
    helps = [command.epilog or "" for command in cli.commands["quarantine"].commands.values()]  # type: ignore[attr-defined]
    calls = [*command_lines(), *(shlex.split(text.split("Example:")[1]) for text in helps)]
    reasons = {after for words in calls for word, after in pairwise(words) if word == "--reason"}
    assert len(reasons) == 3
    assert {reason for reason in reasons if not listed(database, "ecallisto", (), reason)} == set()


def test_units_have_what_they_need() -> None:
    assert sorted(UNITS) == [
        "dachs-limits.service", "dachs-limits.timer",
        "epncore-ingest.service", "epncore-ingest.timer", "epncore-watch.service",
    ]  # fmt: skip
    parsed = {}
    for name, text in UNITS.items():
        parsed[name] = configparser.ConfigParser(interpolation=None, strict=False)
        parsed[name].optionxform = str  # type: ignore[assignment,method-assign]
        parsed[name].read_string(text)
    assert parsed["epncore-watch.service"]["Service"]["Restart"] == "on-failure"
    assert parsed["epncore-watch.service"]["Service"]["RestartPreventExitStatus"] == str(ConfigError.exit_code)
    assert parsed["epncore-ingest.service"]["Service"]["SuccessExitStatus"] == f"3 {BusyError.exit_code}"
    for unit in (each for name, each in parsed.items() if "--log-json=" in UNITS[name]):
        written = re.findall(r"--log-json=/var/log/(\w+)/", unit["Service"]["ExecStart"])
        assert written == [unit["Service"]["LogsDirectory"]]
    assert all(each["Install"]["WantedBy"] == "timers.target" for name, each in parsed.items() if "timer" in name)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for name, text in UNITS.items():
        here = re.sub("/opt/epncore/bin/epncore|/usr/bin/dachs", str(EPNCORE), text).replace(
            "gavo\n", f"{getpass.getuser()}\n", 1
        )
        (tmp_path / name).write_text(here, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir())], capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "epncore-" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr


def test_the_query_for_the_history_names_columns_that_are_there() -> None:
    (query,) = re.findall(r"```sql\nSELECT (.*?) FROM", TEXT)
    assert set(re.findall(r"[a-z_]+", query.replace(" AS took", ""))) <= set(RUNS.names)


def test_each_event_that_is_told_is_in_the_document_and_no_other() -> None:
    sources = "".join(
        (ROOT / "epncore" / "app" / name).read_text("utf-8") for name in ("watch.py", "cli_kept.py", "verification.py")
    )
    told = set(re.findall(r'log\.tell\("([a-z ]+)"', sources))
    told |= {"started", "committed", "checked", "quarantined", "finished", "stopped", "failed", "noted"}
    section = TEXT.split("## The log")[1].split("## ")[0]
    assert set(re.findall(r"^\| `([a-z ]+)` \|", section, re.MULTILINE)) == told - {"checked"}
    assert "`checked`" in section
