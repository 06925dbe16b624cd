"""A laboratory: a private PostgreSQL with pgsphere and a private, headless DaCHS, in one folder.

The project's own tests run against it, ``make demo`` shows it, and data providers can use it in their CI::

    with DachsLab(Path("/tmp/lab")) as lab:
        lab.install(Path("rd/nda"))
        lab.dachs("imp", "nda/q")
        lab.validate("nda/q")
        ...load rows through lab.admin_dsn, ask lab.tap_url...

It needs no network, no terminal and no running PostgreSQL, and touches no installed DaCHS: a configuration, roles,
database and port of its own. The database listens on a unix socket only, the web server on 127.0.0.1 only.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo

from epncore.testing import lab_machine, lab_pgsphere
from epncore.testing.lab_machine import Account, DachsError, Process, tail
from epncore.testing.lab_settings import DEFAULT_META, GAVO_RC, POSTGRES_SETTINGS, vocabularies, vocabulary_cache_name

__all__ = ["DachsError", "DachsLab"]

STATE_FILE = "lab.json"
DATABASE = "gavo"
POSTGRES_PORT = 5432  # of the socket's name only; nothing listens on TCP
LONGEST_HOME = 75  # a unix socket's whole path has room for 107 bytes
DACHS_PYTHON = "/usr/bin/python3"  # Debian's, which python3-gavo belongs to
PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+-]+")


@dataclass
class _State:
    """What another process must know to find the laboratory and to end it."""

    port: int
    user: str
    home: str
    token: str
    processes: dict[str, Process] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> _State:
        if file.stat().st_uid != os.geteuid():
            # It names processes to end and a folder to remove: believed only from our own hand.
            raise PermissionError(file)
        content = json.loads(file.read_text())
        processes = {name: Process(**entry) for name, entry in content["processes"].items()}
        return cls(content["port"], content["user"], content["home"], content["token"], processes)

    def write(self, file: Path, **for_people: str) -> None:
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_text(json.dumps({**asdict(self), **for_people}, indent=1) + "\n")
        fresh.replace(file)


_EACH = """
import sys
from gavo.user import cli
for words in {commands!r}:
    sys.argv = ["dachs", *words]
    try:
        cli.main()
    except SystemExit as ended:
        if ended.code:
            raise
"""


class DachsLab:
    """One laboratory.

    Parameters
    ----------
    base : Path
        The folder it lives in; made if need be. It is recognised by the file ``lab.json`` there. Where this folder is
        out of the laboratory account's reach, or its path too long for a unix socket, all but that file goes to a
        private temporary folder.
    port : int, optional
        The port of the web server on 127.0.0.1; a free one when left out.
    user : str, optional
        For root: the unprivileged account that runs everything, ``nobody`` when left out.

    Raises
    ------
    DachsError
        The account does not fit.
    """

    def __init__(self, base: Path, port: int | None = None, *, user: str | None = None):
        self.base = base.absolute()
        self.port = lab_machine.free_port() if port is None else port
        self._account = Account.choose(user)
        self._state: _State | None = None
        self._children: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def missing() -> list[str]:
        """Name, in words, what is not installed on this machine; empty when a laboratory can be made."""
        return lab_machine.missing_parts()

    @classmethod
    def attach(cls, base: Path) -> DachsLab:
        """Take over a laboratory that another process made.

        Parameters
        ----------
        base : Path
            Its folder.

        Returns
        -------
        DachsLab
            The laboratory, to use or to take down.

        Raises
        ------
        DachsError
            None is there, or it is somebody else's.
        """
        file = base.absolute() / STATE_FILE
        try:
            state = _State.read(file)
        except FileNotFoundError:
            raise DachsError("no laboratory here", path=str(base)) from None
        except PermissionError:
            raise DachsError("this laboratory belongs to another user", path=str(base)) from None
        except (ValueError, KeyError, TypeError) as error:
            raise DachsError(f"not the state of a laboratory: {error}", path=str(file)) from error
        lab = cls(base, state.port, user=state.user)
        lab._state = state
        return lab

    # -------------------------------------------------------------- where things are

    @property
    def home(self) -> Path:
        """The folder with the database, DaCHS's root and the logs.

        Raises
        ------
        DachsError
            The laboratory is not up.
        """
        if self._state is None:
            raise DachsError("the laboratory is not up", path=str(self.base))
        return Path(self._state.home)

    @property
    def inputs_dir(self) -> Path:
        """DaCHS's folder of resource descriptors."""
        return self.home / "root" / "inputs"

    @property
    def url(self) -> str:
        """The address of the web server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tap_url(self) -> str:
        """The address of the TAP service."""
        return f"{self.url}/tap"

    @property
    def admin_dsn(self) -> str:
        """How to connect as gavoadmin, the role that owns DaCHS's tables: what a loader uses."""
        return self._dsn("gavoadmin")

    @property
    def superuser_dsn(self) -> str:
        """How to connect as the superuser of the cluster."""
        return self._dsn("labadmin")

    @property
    def serving(self) -> bool:
        """Whether the web server's process runs."""
        return self._runs("dachs")

    def _dsn(self, role: str, database: str = DATABASE) -> str:
        return make_conninfo(host=str(self.home / "run"), port=POSTGRES_PORT, dbname=database, user=role)

    # -------------------------------------------------------------- life

    def __enter__(self) -> Self:
        self.up()
        try:
            self.serve()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Make the database and DaCHS, without the web server. On failure nothing stays behind.

        Raises
        ------
        DachsError
            A part is missing, a laboratory is there already, or a step fails.
        """
        if missing := self.missing():
            raise DachsError(f"this machine lacks {'; '.join(missing)}")
        if (self.base / STATE_FILE).exists():
            raise DachsError(
                "a laboratory is here already", path=str(self.base), hint="DachsLab.attach(base).down() ends it"
            )
        try:
            self._settle()
            self._start_postgres()
            self._initialise_dachs()
        except BaseException:
            self.down()
            raise

    def serve(self, timeout: float = 60) -> None:
        """Start the web server and wait until it answers. Does nothing when it runs.

        Parameters
        ----------
        timeout : float
            Seconds to wait for the first answer.

        Raises
        ------
        DachsError
            Another program has the port, the server ends, or does not answer in time; with the end of its log.
        """
        self._refresh()
        if self.serving:
            return
        if not lab_machine.port_is_free(self.port):
            raise DachsError(f"port {self.port} of 127.0.0.1 is taken by another program")
        log = self.home / "log" / "serve.log"
        self._spawn("dachs", [self._dachs_program(), "serve", "start", "-f"], log)
        try:
            self._await_answer(timeout, log)
        except BaseException:
            self.stop_serving()
            raise

    def reload(self, timeout: float = 30) -> None:
        """Make the web server forget what it has read, so that a changed RD is seen at once.

        By itself it looks at an RD again at most every 10 seconds. Sends SIGHUP; the server keeps running.

        Parameters
        ----------
        timeout : float
            Seconds to wait for the next answer.

        Raises
        ------
        DachsError
            The web server does not run, or does not answer any more.
        """
        self._refresh()
        if self._state is None or not self.serving:
            raise DachsError("the web server does not run")
        self._state.processes["dachs"].notify(signal.SIGHUP)
        self._await_answer(timeout, self.home / "log" / "serve.log")

    def stop_serving(self) -> None:
        """End the web server; the database stays. Workers of TAP jobs under way are ended by down()."""
        self._refresh()
        self._end("dachs", (signal.SIGTERM, 10), (signal.SIGKILL, 10))

    def down(self, remove: bool = True) -> None:
        """End all that runs and, unless told otherwise, remove all files. Safe to call at any time, and again.

        Parameters
        ----------
        remove : bool
            Whether to remove the files. If not, they stay for reading (logs); the laboratory cannot be started again.

        Raises
        ------
        DachsError
            A process does not end.
        """
        if self._state is None:
            return
        still_ours = self._refresh()
        with contextlib.ExitStack() as last_to_first:  # goes on to the next step also when one fails
            last_to_first.callback(self._reap)
            last_to_first.callback(self._end_stragglers, self._state.token)
            # Immediate shutdown: nothing is worth a checkpoint. The postmaster waits for its children.
            last_to_first.callback(self._end, "postgres", (signal.SIGQUIT, 10), (signal.SIGKILL, 10))
            last_to_first.callback(self._end, "dachs", (signal.SIGTERM, 10), (signal.SIGKILL, 10))
        # Only now: as long as something runs, the state is needed to end it.
        if still_ours and remove:
            self._remove()
        if remove:
            self._state = None

    # -------------------------------------------------------------- use

    def install(self, rd_dir: Path) -> None:
        """Copy a resource folder into DaCHS's inputs, over what is there.

        Parameters
        ----------
        rd_dir : Path
            A folder named as its schema, with ``q.rd`` and perhaps ``res/``.

        Raises
        ------
        DachsError
            There is no q.rd in it.
        """
        if not (rd_dir / "q.rd").is_file():
            raise DachsError("no q.rd in this folder", path=str(rd_dir))
        target = self.inputs_dir / rd_dir.resolve().name
        # shutil.copy and not copy2: a fresh mtime is how the running server sees that an RD has changed.
        shutil.copytree(
            rd_dir,
            target,
            copy_function=shutil.copy,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
        self._account.own(target)

    def dachs(self, *args: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a dachs command in this laboratory, for instance ``lab.dachs("imp", "nda/q")``.

        Parameters
        ----------
        *args : str
            The command and its arguments. RDs are named relative to the inputs folder.
        check : bool
            Whether an exit status other than 0 is an error.
        timeout : float
            Seconds after which it is killed.

        Returns
        -------
        subprocess.CompletedProcess
            With stdout and stderr as text.

        Raises
        ------
        DachsError
            It failed, and check is set; or it took too long.
        """
        done = self._run([self._dachs_program(), *args], timeout)
        if check and done.returncode != 0:
            raise DachsError(
                f"`dachs {' '.join(args)}` ended with status {done.returncode}",
                hint=f"It said:\n{tail(done.stdout + done.stderr)}",
            )
        return done

    def dachs_each(self, *commands: Sequence[str], timeout: float = 300) -> str:
        """Run dachs commands one after the other in one process: to begin one takes longer than most of them do.

        Parameters
        ----------
        *commands : sequence of str
            Each as for `dachs`.
        timeout : float
            Seconds for all of them together.

        Returns
        -------
        str
            What they printed.

        Raises
        ------
        DachsError
            One failed, which ends them; or they took too long.
        """
        return self.python(_EACH.format(commands=[list(words) for words in commands]), timeout)

    def python(self, source: str, timeout: float = 60) -> str:
        """Run a text as a script of the Python that DaCHS runs in, where ``import gavo`` works.

        Parameters
        ----------
        source : str
            The script; its text and not a file, which the laboratory's account may not reach.
        timeout : float
            Seconds after which it is killed.

        Returns
        -------
        str
            What it printed.

        Raises
        ------
        DachsError
            It failed, or took too long.
        """
        done = self._run([DACHS_PYTHON, "-c", source], timeout)
        if done.returncode != 0:
            said = tail(done.stdout + done.stderr, 60)
            raise DachsError("a script in DaCHS's Python failed", hint=f"It said:\n{said}")
        return done.stdout

    def validate(self, rd: str) -> list[str]:
        """Run ``dachs val -c`` and believe its words: its exit status is 0 also when it says Fail.

        Parameters
        ----------
        rd : str
            The RD, for instance ``nda/q``.

        Returns
        -------
        list of str
            The warnings.

        Raises
        ------
        DachsError
            The RD, or the table on disk, is not valid.
        """
        done = self.dachs("val", "-c", rd)
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        said_ok = bool(lines) and lines[-1].split()[-1] == "OK"
        if not said_ok or "[ERROR]" in done.stdout:
            raise DachsError(f"`dachs val -c {rd}` finds errors", hint=f"It said:\n{tail(done.stdout + done.stderr)}")
        return [line.partition("[WARNING] ")[2] for line in lines if "[WARNING] " in line]

    def version(self) -> str:
        """Tell the version of DaCHS, for instance ``2.7``.

        Raises
        ------
        DachsError
            It does not say.
        """
        done = self.dachs("--version")
        match = re.search(r"Software \(([^)]+)\)", done.stdout)
        if match is None:
            raise DachsError("dachs does not tell its version", hint=f"It said:\n{tail(done.stdout + done.stderr)}")
        return match[1]

    # -------------------------------------------------------------- steps of up()

    def _settle(self) -> None:
        """Make the folders, and write the state before anything runs."""
        home = self.base / "lab"
        try:
            home.mkdir(parents=True)
        except OSError as error:
            raise DachsError(f"cannot make this folder: {error.strerror}", path=str(home)) from error
        home.chmod(0o711)
        if not self._suits(home):
            home.rmdir()
            home = Path(tempfile.mkdtemp(prefix="epnlab-"))
            home.chmod(0o711)
        self._state = _State(self.port, self._account.name, str(home), secrets.token_hex(16))
        self._save()
        (home / "log").mkdir(mode=0o700)
        # The folders below are all that the account can write to, and nobody else can enter them.
        for name in ("pg", "run", "root", "tmp", "user"):
            (home / name).mkdir(mode=0o700)
        (home / "root" / "etc").mkdir()
        (home / "root" / "etc" / "defaultmeta.txt").write_text(DEFAULT_META)
        for name in ("pg", "run", "root", "tmp", "user"):
            self._account.own(home / name)
        settings = GAVO_RC.format(
            root=home / "root", group=self._account.group, user=self._account.name, port=self.port
        )
        (home / "gavo.rc").write_text(settings)
        (home / "gavo.rc").chmod(0o644)

    def _suits(self, home: Path) -> bool:
        # Blanks and quotes would have to survive DaCHS's own parsers of configuration and connection strings.
        path = str(home)
        return len(path) <= LONGEST_HOME and bool(PLAIN_PATH.fullmatch(path)) and self._account.reaches(home)

    def _start_postgres(self) -> None:
        home, log = self.home, self.home / "log" / "postgres.log"
        server = lab_machine.find_postgres()
        if server is None:
            raise DachsError("no PostgreSQL on this machine")
        made_as = ("--username=labadmin", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        done = self._run([str(server.programs / "initdb"), "-D", str(home / "pg"), *made_as], timeout=60)
        if done.returncode != 0:
            raise DachsError("initdb failed", hint=f"It said:\n{tail(done.stdout + done.stderr)}")
        settings = (*POSTGRES_SETTINGS, f"port={POSTGRES_PORT}", f"unix_socket_directories={home / 'run'}")
        options = [part for setting in settings for part in ("-c", setting)]
        self._spawn("postgres", [str(server.programs / "postgres"), "-D", str(home / "pg"), *options], log)
        with self._connect_when_ready(log) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")

    def _connect_when_ready(self, log: Path, timeout: float = 30) -> psycopg.Connection[tuple[object, ...]]:
        deadline = time.monotonic() + timeout
        while True:
            try:
                return psycopg.connect(self._dsn("labadmin", "postgres"), autocommit=True, connect_timeout=5)
            except psycopg.OperationalError as error:
                if not self._runs("postgres") or time.monotonic() > deadline:
                    raise DachsError("PostgreSQL does not start", hint=f"Its log:\n{_tail_of(log)}") from error
            time.sleep(0.03)

    def _initialise_dachs(self) -> None:
        with psycopg.connect(self.superuser_dsn, autocommit=True) as connection:
            lab_pgsphere.create(connection)
        self.dachs("init", "-d", self.superuser_dsn)
        cache = self.home / "root" / "cache"
        for name, content in vocabularies():
            (cache / vocabulary_cache_name(name)).write_text(content)
        self._account.own(cache)

    # -------------------------------------------------------------- processes

    def _environment(self) -> dict[str, str]:
        """Make an environment from nothing: the caller's PYTHONPATH, PG* or proxies would reach into the laboratory."""
        home = self.home
        return {
            "PATH": f"{Path(self._dachs_program()).parent}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "HOME": str(home / "user"),
            "USER": self._account.name,
            "LOGNAME": self._account.name,
            "TMPDIR": str(home / "tmp"),
            "GAVOSETTINGS": str(home / "gavo.rc"),
            "GAVOCUSTOM": str(home / "user" / "none.rc"),
            lab_machine.TOKEN_VARIABLE: self._state.token if self._state else "",
        }

    @staticmethod
    def _dachs_program() -> str:
        program = lab_machine.find_dachs()
        if program is None:
            raise DachsError("no command `dachs` in the PATH", hint="Debian's package is python3-gavo")
        return str(program)

    def _run(self, command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
        cwd = self.home / "user"
        return lab_machine.run(
            command, account=self._account, environment=self._environment(), cwd=cwd, timeout=timeout
        )

    def _spawn(self, name: str, command: Sequence[str], log: Path) -> None:
        cwd = self.home / "user"
        child = lab_machine.spawn(command, account=self._account, environment=self._environment(), cwd=cwd, log=log)
        self._children.append(child)
        if self._state is not None:
            self._state.processes[name] = Process.of(child.pid)
            self._save()

    def _runs(self, name: str) -> bool:
        process = self._state.processes.get(name) if self._state else None
        return process is not None and process.alive()

    def _end(self, name: str, *steps: tuple[signal.Signals, float]) -> None:
        if self._state is not None and (process := self._state.processes.get(name)):
            process.end(*steps)
            self._reap()

    @staticmethod
    def _end_stragglers(token: str) -> None:
        # Workers of DaCHS, commands of other threads, and what was started in the instant before we wrote it down.
        for process in lab_machine.processes_with(token):
            process.end((signal.SIGKILL, 10))

    def _reap(self) -> None:
        self._children = [child for child in self._children if child.poll() is None]

    def _await_answer(self, timeout: float, log: Path) -> None:
        deadline = time.monotonic() + timeout
        while not self._answers():
            if not self.serving:
                raise DachsError("the web server of DaCHS ends at once", hint=f"Its log:\n{_tail_of(log)}")
            if time.monotonic() > deadline:
                raise DachsError(
                    f"the web server of DaCHS does not answer within {timeout:g} s", hint=f"Its log:\n{_tail_of(log)}"
                )
            time.sleep(0.05)

    def _answers(self) -> bool:
        # http.client knows of no proxies.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/tap/availability")
            response = connection.getresponse()
            return response.status == 200 and b"true" in response.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    # -------------------------------------------------------------- files

    def _save(self) -> None:
        if self._state is not None:
            self._state.write(self.base / STATE_FILE, admin_dsn=self.admin_dsn, tap_url=self.tap_url)

    def _refresh(self) -> bool:
        """Take over what other processes changed; False when the laboratory is gone, or another is in its place."""
        try:
            on_disk = _State.read(self.base / STATE_FILE)
        except FileNotFoundError:
            return False
        if self._state is None or on_disk.token != self._state.token:
            return False
        self._state = on_disk
        return True

    def _remove(self) -> None:
        """Remove what is ours: the folder given to us may hold other things."""
        shutil.rmtree(self.home)
        (self.base / STATE_FILE).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            self.base.rmdir()


def _tail_of(log: Path) -> str:
    return tail(log.read_text(errors="replace")) if log.exists() else "    (no log)"
