"""The laboratory itself: it comes up, imports, validates, serves, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import pyvo
import requests

from epncore.testing import lab_machine
from epncore.testing.dachs_lab import DachsError, DachsLab
from epncore.testing.lab_machine import Account, Process, processes_with
from epncore.testing.lab_pgsphere import mended
from epncore.testing.lab_settings import vocabularies, vocabulary_cache_name

RD = """\
<resource schema="labtest" resdir="labtest">
  <meta name="creationDate">2024-01-01T00:00:00</meta>
  <meta name="title">A collection of one granule</meta>
  <meta name="description">{description}</meta>
  <meta name="subject">solar-system-astronomy</meta>
  <meta name="subject">jupiter</meta>
  <meta name="creator">Lab, P.</meta>
  <meta name="instrument">None</meta>
  <meta name="facility">None</meta>
  <meta name="contentLevel">Research</meta>
  <meta name="type">Archive</meta>
  <meta name="coverage.waveband">Radio</meta>
  <table id="epn_core" onDisk="True" adql="True" primary="granule_uid">
    <publish sets="local,ivo_managed"/>
    <mixin spatial_frame_type="none" optional_columns="access_url access_format">//epntap2#table-2_0</mixin>
    {more}
  </table>
  <data id="create" updating="True">
    <nullGrammar/>
    <make table="epn_core"/>
  </data>
</resource>
"""

ROW = {
    "granule_uid": "one",
    "granule_gid": "lab",
    "obs_id": "one",
    "dataproduct_type": "ds",
    "target_name": "Jupiter",
    "target_class": "planet",
    "time_min": 2458849.5,
    "time_max": 2458850.5,
    "instrument_host_name": "Nowhere",
    "instrument_name": "None",
    "measurement_type": "phot.flux.density",
    "processing_level": 3,
    "creation_date": "2024-01-01T00:00:00",
    "modification_date": "2024-01-01T00:00:00",
    "release_date": "2024-01-01T00:00:00",
    "service_title": "labtest",
}

pytestmark = pytest.mark.live


def write_rd(folder: Path, *, description: str = "A lab", more: str = "") -> Path:
    target = folder / "labtest"
    target.mkdir(exist_ok=True)
    (target / "q.rd").write_text(RD.format(description=description, more=more))
    return target


def insert_row(lab: DachsLab) -> None:
    with psycopg.connect(lab.admin_dsn) as connection:
        names, places = ", ".join(ROW), ", ".join(["%s"] * len(ROW))
        connection.execute(f"INSERT INTO labtest.epn_core ({names}) VALUES ({places})", tuple(ROW.values()))


def ask(lab: DachsLab, query: str) -> pyvo.dal.TAPResults:
    with requests.Session() as session:
        session.trust_env = False  # no proxies
        return pyvo.dal.TAPService(lab.tap_url, session=session).search(query)


@pytest.fixture(scope="module")
def collection(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DachsLab]:
    """The laboratory with one published collection of one row; taken out again for the tests of other modules."""
    dachs.install(write_rd(tmp_path_factory.mktemp("rd")))
    dachs.dachs("imp", "labtest/q")
    insert_row(dachs)
    dachs.dachs("pub", "labtest/q")
    dachs.reload()
    yield dachs
    dachs.dachs("drop", "-f", "labtest/q")


def test_a_tap_client_finds_the_row(collection: DachsLab) -> None:
    rows = ask(collection, "SELECT granule_uid, target_name, time_min FROM labtest.epn_core")
    published = ask(collection, "SELECT utype FROM tap_schema.tables WHERE table_name='labtest.epn_core'")
    assert [tuple(row.values()) for row in rows] == [("one", "Jupiter", 2458849.5)]
    assert published["utype"].tolist() == ["ivo://ivoa.net/std/epntap#table-2.0"]


def test_a_sound_collection_validates_without_a_network(collection: DachsLab) -> None:
    assert not [warning for warning in collection.validate("labtest/q") if "subject" in warning]


def test_the_version_is_told(dachs: DachsLab) -> None:
    assert dachs.version()[0].isdigit()


def test_only_the_loopback_interface_and_a_private_socket(dachs: DachsLab) -> None:
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if line.split()[1].endswith(f":{dachs.port:04X}") and line.split()[3] == "0A"
    }
    assert listening == {f"0100007F:{dachs.port:04X}"}
    assert (dachs.home / "run").stat().st_mode & 0o077 == 0
    with psycopg.connect(dachs.superuser_dsn) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_reload_shows_a_changed_rd_at_once(collection: DachsLab, tmp_path: Path) -> None:
    def page() -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{collection.url}/tableinfo/labtest.epn_core", timeout=20) as response:
            return response.read().decode()

    assert "Another lab" not in page()
    collection.install(write_rd(tmp_path, description="Another lab"))
    collection.reload()
    assert "Another lab" in page()
    collection.install(write_rd(tmp_path))
    collection.reload()


def test_validate_believes_the_words_not_the_status(collection: DachsLab, tmp_path: Path) -> None:
    collection.install(write_rd(tmp_path, more='<column name="extra" type="text" description="not in the table"/>'))
    try:
        assert collection.dachs("val", "-c", "labtest/q").returncode == 0
        with pytest.raises(DachsError, match=r"(?s)val -c labtest/q.*\[ERROR\].*extra"):
            collection.validate("labtest/q")
    finally:
        collection.install(write_rd(tmp_path))


def test_a_failing_command_says_which_and_why(dachs: DachsLab, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "q.rd").write_text('<resource schema="broken"><tabel id="x"/></resource>')
    dachs.install(broken)
    with pytest.raises(DachsError, match=r"(?s)`dachs imp broken/q` ended with status [1-9].*tabel"):
        dachs.dachs("imp", "broken/q")
    assert dachs.dachs("imp", "broken/q", check=False).returncode != 0


def test_a_command_that_takes_too_long_is_killed(dachs: DachsLab) -> None:
    with pytest.raises(DachsError, match=r"--version` was still running after 0.05 s"):
        dachs.dachs("--version", timeout=0.05)


def test_a_folder_without_rd_is_refused(dachs: DachsLab, tmp_path: Path) -> None:
    with pytest.raises(DachsError, match=r"no q\.rd"):
        dachs.install(tmp_path)


def test_vocabularies_lie_where_dachs_looks(dachs: DachsLab) -> None:
    for name, content in vocabularies():
        cached = dachs.home / "root" / "cache" / vocabulary_cache_name(name)
        assert cached.read_text() == content
        terms = json.loads(content)["terms"]
        assert {wider for term in terms.values() for wider in term["wider"]} <= set(terms)
        assert {narrower for term in terms.values() for narrower in term["narrower"]} <= set(terms)
    # DaCHS itself reads the hierarchy: preview-plot is a kind of preview.
    kinds = "SELECT TOP 1 table_name FROM tap_schema.tables WHERE 1=gavo_vocmatch('datalink/core', 'preview', '{}')"
    assert len(ask(dachs, kinds.format("preview-plot"))) == 1
    assert len(ask(dachs, kinds.format("documentation"))) == 0


def test_another_process_ends_everything(dachs: DachsLab, tmp_path: Path) -> None:
    base = tmp_path / ("long" * 25)  # no unix socket fits below this
    lab = DachsLab(base)
    lab.up()
    try:
        state = json.loads((base / "lab.json").read_text())
        home, token = lab.home, state["token"]
        lab.serve()
        with pytest.raises(DachsError, match="already"):
            DachsLab(base).up()
        processes = [Process(**entry) for entry in json.loads((base / "lab.json").read_text())["processes"].values()]
        assert len(processes) == 2
        assert all(process.alive() for process in processes)

        script = (
            "import sys, pathlib; from epncore.testing.dachs_lab import DachsLab;"
            "lab = DachsLab.attach(pathlib.Path(sys.argv[1])); assert lab.serving; lab.down()"
        )
        package_root = Path(lab_machine.__file__).parents[2]
        subprocess.run([sys.executable, "-c", script, str(base)], check=True, cwd=package_root, timeout=60)

        assert not any(process.alive() for process in processes)
        assert processes_with(token) == []
        assert not home.exists()
        assert not base.exists()
        assert not lab.serving
    finally:
        lab.down()
    assert dachs.serving  # the other laboratory was left alone
    with pytest.raises(DachsError, match="no laboratory here"):
        DachsLab.attach(base)


def test_a_failed_up_leaves_nothing(dachs: DachsLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = DachsLab(tmp_path / "base")
    seen: dict[str, object] = {}

    def fail() -> None:
        seen.update(json.loads((lab.base / "lab.json").read_text()))
        raise DachsError("as if dachs init had failed")

    monkeypatch.setattr(lab, "_initialise_dachs", fail)
    with pytest.raises(DachsError, match="as if"):
        lab.up()
    assert not Process(**seen["processes"]["postgres"]).alive()  # type: ignore[index]
    assert processes_with(str(seen["token"])) == []
    assert not Path(str(seen["home"])).exists()
    assert not lab.base.exists()
    lab.down()


def test_a_taken_port_is_told(dachs: DachsLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = DachsLab(tmp_path / "base", port=dachs.port)
    monkeypatch.setattr(lab, "_initialise_dachs", lambda: None)
    lab.up()
    try:
        with pytest.raises(DachsError, match=f"port {dachs.port} .* taken"):
            lab.serve()
    finally:
        lab.down()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_state_from_another_hand_is_not_believed(tmp_path: Path) -> None:
    state = {"port": 1, "user": "nobody", "home": str(tmp_path), "token": "x", "processes": {}}
    (tmp_path / "lab.json").write_text(json.dumps(state))
    os.chown(tmp_path / "lab.json", 65534, 65534)
    with pytest.raises(DachsError, match="another user"):
        DachsLab.attach(tmp_path)


def test_a_recycled_pid_is_left_alone() -> None:
    somebody = Process(os.getpid(), "another-boot:1")
    somebody.end((signal.SIGKILL, 1))
    somebody.notify(signal.SIGKILL)
    assert not somebody.alive()
    assert Process.of(os.getpid()).alive()


def test_an_ended_child_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        process = Process.of(child.pid)
        process.end((signal.SIGKILL, 10))
        assert not process.alive()  # a zombie still, nobody has waited for it


def test_an_account_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DachsError):
        Account.choose("root" if os.geteuid() == 0 else "nobody-of-that-name")


def test_a_machine_without_dachs_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(lab_machine, "POSTGRES_FOLDERS", ())
    told = " ".join(DachsLab.missing())
    assert "DaCHS" in told
    assert "PostgreSQL 15" in told
    assert "pgsphere" in told
    with pytest.raises(DachsError, match="this machine lacks"):
        DachsLab(tmp_path / "base").up()


@pytest.mark.parametrize(("required", "status", "word"), [("", 0, "skipped"), ("1", 1, "error")])
def test_a_ci_that_requires_dachs_cannot_pass_by_skipping(
    tmp_path: Path, required: str, status: int, word: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"{__file__}::test_the_version_is_told"],
        env={**os.environ, "PATH": str(tmp_path), "EPNCORE_REQUIRE_DACHS": required},
        cwd=Path(lab_machine.__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert f"1 {word}" in done.stdout
    assert "python3-gavo" in done.stdout


def test_operators_whose_partners_do_not_name_them_back_lose_those_partners_alone() -> None:
    script = """\\echo Use CREATE EXTENSION
CREATE FUNCTION f(a) RETURNS bool AS 'MODULE_PATHNAME', 'f' LANGUAGE 'c';
CREATE OPERATOR @> (LEFTARG = a, RIGHTARG = b, PROCEDURE = f, COMMUTATOR = '<@', NEGATOR = '!@>');
CREATE OPERATOR <@ (LEFTARG = b, RIGHTARG = a, PROCEDURE = f, COMMUTATOR = '@>', NEGATOR = '!<@');
CREATE OPERATOR !<@ (LEFTARG = b, RIGHTARG = a, PROCEDURE = f, NEGATOR = '<@');
CREATE OPERATOR @ (LEFTARG = b, RIGHTARG = a, PROCEDURE = f, COMMUTATOR = '@>', NEGATOR = '!<@', JOIN = j);
"""
    written = mended(script)
    assert "echo" not in written
    assert "'$libdir/pg_sphere'" in written
    operators = dict(re.findall(r"CREATE OPERATOR (\S+) \((.*?)\);", written, re.DOTALL))
    assert re.findall(r"COMMUTATOR|NEGATOR", operators["@"]) == []
    assert "JOIN = j" in operators["@"]
    assert [operators[name].count("COMMUTATOR") for name in ("@>", "<@")] == [1, 1]
    assert [operators[name].count("NEGATOR") for name in ("@>", "<@", "!<@")] == [1, 1, 1]
