"""The first day of a private PostgreSQL, and how it comes up. Only :mod:`epncore.app.embedded` uses this."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from epncore.app.pgbinaries import Account, Binaries, run
from epncore.app.pghome import PORT, own, write
from epncore.model.errors import DatabaseError

ROLE = DATABASE = "epncore"

_RETRY_SECONDS = 5.0  # children of a killed postmaster hold its shared memory until they notice
_READY_SECONDS = 60.0  # crash recovery takes its time
_LOG_BYTES = 10_000_000


def create(data: Path, binaries: Binaries, account: Account) -> None:
    """Make a cluster with its database, whole or not at all: in a folder beside, renamed at the end.

    Parameters
    ----------
    data : Path
        Does not exist yet.
    binaries : Binaries
        The programs.
    account : Account
        Who owns it.

    Raises
    ------
    DatabaseError
        With the last lines of what the programs said.
    """
    for leftover in data.parent.glob(f"{data.name}.init-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a start that was killed
    fresh = Path(tempfile.mkdtemp(prefix=f"{data.name}.init-", dir=data.parent))
    try:
        own(fresh, account)
        # Locale C is on every machine and never changes the order of an index under our feet; the rows are ASCII.
        options = ["--encoding=UTF8", "--locale=C", "--data-checksums", "--auth=peer", f"--username={ROLE}"]
        _must(account, [binaries / "initdb", "-D", str(fresh), *options], "", data)
        _must(
            account, [binaries / "postgres", "--single", "-D", str(fresh), "postgres"], "CREATE DATABASE epncore", data
        )
        fresh.rename(data)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    folder = os.open(data.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename has to survive a power cut as the data do
    finally:
        os.close(folder)


def _must(account: Account, argv: list[str], stdin: str, data: Path) -> None:
    status, printed = run(account, argv, stdin=stdin)
    # A single-user server ends with 0 also after an error.
    if status != 0 or re.search(r"^.*\b(ERROR|FATAL|PANIC):", printed, re.MULTILINE):
        raise DatabaseError(
            f"PostgreSQL cannot make its files: {last_lines(printed)}",
            path=str(data),
            hint="Free some space or mend what it says, and start again: nothing half done is kept",
        )


def postmaster(data: Path) -> int | None:
    """The process id of the server of a cluster.

    Parameters
    ----------
    data : Path
        The data folder.

    Returns
    -------
    int or None
        None if it does not run: no pid file, or one left by a process that is gone.
    """
    pid = _recorded_pid(data)
    return pid if pid and _alive(pid, "postgres") else None


def _recorded_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text(encoding="ascii", errors="replace").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _alive(pid: int, name: str = "") -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError, OverflowError):
        return False
    try:
        # "12 (postgres) S ...", proc(5)
        head, _, state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")
    except OSError:
        return True  # no /proc here: the signal has to do
    return head.endswith(f"({name}" if name else "") and not state.startswith("Z")


def bring_up(data: Path, sockets: Path, log: Path, dsn: str, binaries: Binaries, account: Account) -> None:
    """Start the server unless it runs, and wait until it answers.

    Parameters
    ----------
    data, sockets, log : Path
        Its folders, and the file it logs to.
    dsn : str
        How to reach it.
    binaries : Binaries
        The programs.
    account : Account
        Who it runs as.

    Raises
    ------
    DatabaseError
        With the last lines of the log.
    """
    began = time.monotonic()
    seen = log.stat().st_size if log.exists() else 0
    launched: int | None = None
    while (refusal := _ping(dsn)) is not None:
        waited = time.monotonic() - began
        dead = postmaster(data) is None and (launched is None or not _alive(launched))
        hopeless = "authentication failed" in refusal or "requirepeer" in refusal
        if hopeless or waited > (_RETRY_SECONDS if dead and launched else _READY_SECONDS):
            said = last_lines(log.read_bytes()[seen:].decode("utf-8", "replace")) if log.exists() else ""
            raise DatabaseError(
                f"the private server does not come up: {said or refusal}", path=str(data), hint=f"See {log}"
            )
        if dead:
            _remove_stale_pid(data)
            if launched:
                time.sleep(0.2)  # refused at once: the old processes need a moment
            launched = _launch(data, sockets, log, binaries, account)
        time.sleep(0.05)


def _ping(dsn: str) -> str | None:
    """None if the server answers; else what it (or libpq) says."""
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError as exc:
        return str(exc)
    return None


def _remove_stale_pid(data: Path) -> None:
    # PostgreSQL removes the file of a process that is gone, but takes for a live server a zombie (a container whose
    # first process does not reap) and a number that was given out anew. It also looks for old shared memory by the
    # inode of the data folder (sysv_shmem.c), so that removing the file cannot put two servers on one cluster.
    # A file without a number is left: that is a server in its first moment.
    pid = _recorded_pid(data)
    if pid and not _alive(pid, "postgres"):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _launch(data: Path, sockets: Path, log: Path, binaries: Binaries, account: Account) -> int:
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    hba, ident = data.with_name(data.name + ".hba"), data.with_name(data.name + ".ident")
    write(hba, f"local all {ROLE} peer map=epncore\nlocal all all reject\n")
    # Root can become the server's user anyway, so naming it gives nothing away.
    names = dict.fromkeys((account.name, pwd.getpwuid(0).pw_name))
    write(ident, "".join(f'epncore "{name}" {ROLE}\n' for name in names))
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "hba_file": str(hba),
        "ident_file": str(ident),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_destination": "stderr",
        "logging_collector": "off",
        "cluster_name": "epncore",
    }
    # On the command line, where neither postgresql.conf nor ALTER SYSTEM can undo them.
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    # The shell only detaches the server from us: paths are its arguments, not its text. (pg_ctl pastes them into one.)
    detach = ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", binaries / "postgres", "-D", str(data), *options]
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        done = subprocess.run(  # noqa: S603
            detach,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=handle,
            start_new_session=True,
            check=True,
            text=True,
            **account.popen_options(),
        )
    finally:
        os.close(handle)
    return int(done.stdout)


def last_lines(text: str, count: int = 6) -> str:
    """The end of a log, on one line.

    Parameters
    ----------
    text : str
        Lines.
    count : int, optional
        How many.

    Returns
    -------
    str
        The last of them that are not blank.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:])
