"""What a laboratory needs from the machine: programs, an account to run them under, and processes that can be ended.

Everything here is plain standard library and Linux. Two rules hold throughout. Nothing passes a shell. And a process is
known by its pid *and* the moment it started, so that a number the kernel has given to somebody else is never signalled.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from epncore.model.errors import EpnCoreError

OLDEST_POSTGRES = 15
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
TOKEN_VARIABLE = "EPNCORE_LAB"  # noqa: S105 - the name of a variable


class DachsError(EpnCoreError):
    """DaCHS, or the PostgreSQL below it, did not do what it was asked."""


def tail(text: str, lines: int = 25) -> str:
    """Give the last lines of an output, indented, for an error message."""
    kept = [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in kept) or "    (nothing)"


# ------------------------------------------------------------------ programs


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server on this machine.

    Parameters
    ----------
    programs : Path
        The folder with initdb and postgres.
    version : int
        Its major version.
    has_pgsphere : bool
        Whether the extension is there for this very version.
    """

    programs: Path
    version: int
    has_pgsphere: bool


def find_dachs() -> Path | None:
    """Find the command ``dachs`` in the PATH."""
    found = shutil.which("dachs")
    return Path(found) if found else None


def find_postgres() -> Postgres | None:
    """Find the best server: one with pgsphere before one without, then the newest; None if all are too old."""
    folders = {path for pattern in POSTGRES_FOLDERS for path in Path("/").glob(pattern[1:])}
    if in_path := shutil.which("postgres"):
        folders.add(Path(in_path).resolve().parent)
    servers = [server for server in map(_look_at, folders) if server and server.version >= OLDEST_POSTGRES]
    return max(servers, key=lambda server: (server.has_pgsphere, server.version), default=None)


def _look_at(programs: Path) -> Postgres | None:
    postgres, initdb, config = (programs / name for name in ("postgres", "initdb", "pg_config"))
    if not (os.access(postgres, os.X_OK) and os.access(initdb, os.X_OK)):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", _answer(postgres, "--version"))
    if match is None:
        return None
    # Debian ships pg_config with the server or apart from it, depending on the release.
    shared = _answer(config, "--sharedir") or f"/usr/share/postgresql/{match[1]}"
    return Postgres(programs, int(match[1]), (Path(shared) / "extension" / "pg_sphere.control").is_file())


def _answer(program: Path, option: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program found in a fixed folder
            [program, option], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def missing_parts() -> list[str]:
    """Name what a laboratory needs and this machine does not have.

    Returns
    -------
    list of str
        One phrase a part, with the Debian package that brings it; empty when all is there.
    """
    parts = []
    if not sys.platform.startswith("linux") or not hasattr(os, "pidfd_open"):
        parts.append("Linux 5.3 or newer, with a Python that knows pidfd_open")
    if find_dachs() is None:
        parts.append("DaCHS: no command `dachs` in the PATH (Debian: python3-gavo)")
    postgres = find_postgres()
    if postgres is None:
        parts.append(f"PostgreSQL {OLDEST_POSTGRES} or newer: no server programs (Debian: postgresql)")
        parts.append("pgsphere (Debian: postgresql-<version>-pgsphere)")
    elif not postgres.has_pgsphere:
        parts.append(f"pgsphere for PostgreSQL {postgres.version} (Debian: postgresql-{postgres.version}-pgsphere)")
    return parts


# ------------------------------------------------------------------ accounts


class Switch(TypedDict, total=False):
    """The arguments of subprocess.Popen that change the account; none of them when we stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """Who runs the laboratory: PostgreSQL refuses root, so root lends it to an unprivileged account.

    Parameters
    ----------
    name, group : str
        The names, which DaCHS wants to read in its configuration.
    uid, gid : int
        The numbers.
    """

    name: str
    group: str
    uid: int
    gid: int

    @classmethod
    def choose(cls, user: str | None) -> Account:
        """Find the account to run under.

        Parameters
        ----------
        user : str or None
            For root: an existing unprivileged user, `nobody` when None. Others can only name themselves.

        Raises
        ------
        DachsError
            The user does not exist, is root, or is somebody else and we are not root.
        """
        am_root = os.geteuid() == 0
        try:
            entry = pwd.getpwnam(user or "nobody") if am_root else pwd.getpwuid(os.geteuid())
            group = grp.getgrgid(entry.pw_gid).gr_name
        except KeyError as error:
            raise DachsError(f"no such account or group: {error}", hint="PostgreSQL and DaCHS need both") from None
        if entry.pw_uid == 0:
            raise DachsError("PostgreSQL refuses to run as root", hint="Name an unprivileged user")
        if not am_root and user not in (None, entry.pw_name):
            raise DachsError(f"only root can run a laboratory as {user}", hint=f"This one would run as {entry.pw_name}")
        return cls(entry.pw_name, group, entry.pw_uid, entry.pw_gid)

    @property
    def switch(self) -> Switch:
        """What subprocess needs to become this account."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all that is in it, to this account; links are not followed."""
        if os.geteuid() == self.uid:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)

    def reaches(self, folder: Path) -> bool:
        """Tell whether this account can walk to the folder; asked of the kernel, which knows of ACLs too."""
        command = [shutil.which("test") or "/usr/bin/test", "-x", str(folder)]
        done = subprocess.run(  # noqa: S603 - fixed program
            command, stdin=subprocess.DEVNULL, cwd="/", env={}, check=False, **self.switch
        )
        return done.returncode == 0


# ------------------------------------------------------------------ processes


@dataclass(frozen=True)
class Process:
    """A process that we started.

    Parameters
    ----------
    pid : int
        Its number.
    started : str
        Boot of the machine and clock tick of the start: with the number, no two processes share them.
    """

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """Describe a process of that number that is known to be there."""
        return cls(pid, _started(pid) or "")

    def alive(self) -> bool:
        """Tell whether it still runs; a zombie, or another process with its number, does not count."""
        return bool(self.started) and _started(self.pid) == self.started

    def end(self, *steps: tuple[signal.Signals, float]) -> None:
        """End it, one signal after the other, and wait.

        Parameters
        ----------
        *steps : tuple of signal and float
            A signal and the seconds to wait for its effect.

        Raises
        ------
        DachsError
            It is still there after the last signal, or belongs to somebody else.
        """
        with self._held() as descriptor:
            if descriptor is None:
                return
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)  # readable once the process has ended
            for number, patience in steps:
                self._send(descriptor, number)
                if poll.poll(patience * 1000):
                    return
        raise DachsError(f"process {self.pid} does not end")

    def notify(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        with self._held() as descriptor:
            if descriptor is not None:
                self._send(descriptor, number)

    @contextlib.contextmanager
    def _held(self) -> Iterator[int | None]:
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            yield None
            return
        try:
            # Only now, with the descriptor bound to one process, does the comparison hold for what follows.
            yield descriptor if self.alive() else None
        finally:
            os.close(descriptor)

    def _send(self, descriptor: int, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return
        except PermissionError:
            raise DachsError(f"process {self.pid} belongs to another user", hint="End it as that user") from None


def _started(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the name, may hold blanks and parentheses: count from its end. State is field 3, start 22.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"


def processes_with(token: str) -> list[Process]:
    """Find the processes whose environment carries a laboratory's token: its own and their children, nobody else's."""
    mark = f"{TOKEN_VARIABLE}={token}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # ended meanwhile, or not ours to look at
            process = Process.of(int(entry.name))
            if mark in (entry / "environ").read_bytes().split(b"\0") and process.alive():
                found.append(process)
    return found


def spawn(
    command: Sequence[str], *, account: Account, environment: Mapping[str, str], cwd: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start a server that outlives us and our terminal; what it prints is appended to the log."""
    with log.open("ab") as sink:
        return subprocess.Popen(  # noqa: S603 - an argument list, no shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
            umask=0o022,
            **account.switch,
        )


def run(
    command: Sequence[str], *, account: Account, environment: Mapping[str, str], cwd: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; after the timeout, or when we are interrupted, it and its children are killed.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    account, environment, cwd
        Who runs it, with which variables, where.
    timeout : float
        Seconds.

    Returns
    -------
    subprocess.CompletedProcess
        With both outputs as text, whatever the exit status.

    Raises
    ------
    DachsError
        It took longer than the timeout.
    """
    child = subprocess.Popen(  # noqa: S603 - an argument list, no shell
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=dict(environment),
        start_new_session=True,
        umask=0o022,
        text=True,
        encoding="utf-8",
        errors="replace",
        **account.switch,
    )
    with child:
        try:
            out, err = child.communicate(timeout=timeout)
        except BaseException as error:
            # Not reaped yet, so the group is still ours.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            out, err = child.communicate()
            raise DachsError(
                f"`{' '.join(command)}` was still running after {timeout:g} s", hint=f"It said:\n{tail(out + err)}"
            ) from None
    return subprocess.CompletedProcess(list(command), child.returncode, out, err)


# ------------------------------------------------------------------ ports


def free_port() -> int:
    """Pick a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of the loopback interface."""
    with socket.socket() as probe:
        # As servers do: connections of a server that has just ended do not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
