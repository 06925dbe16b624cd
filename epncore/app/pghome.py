"""The folders of a private PostgreSQL: safe, short enough, and locked while something changes.

What root writes lies in folders that only root can write; what lies in the data folder is written by the server's
user alone, so that nothing there can lead root astray.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from epncore.app.pgbinaries import Account, run
from epncore.model.errors import DatabaseError

PORT = 5432
"""Only a part of the socket's name: there is no TCP."""

_LONGEST_SOCKET = 100  # bytes; sun_path holds 108 on Linux (unix(7)) and 104 on macOS, with the NUL
_LOCK_SECONDS = 120.0  # a first start, or a recovery, by somebody else


@contextlib.contextmanager
def os_errors_named(folder: Path) -> Iterator[None]:
    """Turn what the operating system says into a DatabaseError with the path it is about.

    Parameters
    ----------
    folder : Path
        Named where the system names none.

    Raises
    ------
    DatabaseError
        Instead of OSError.
    """
    try:
        yield
    except OSError as exc:
        raise DatabaseError(
            f"the folder of the private database cannot be used: {exc.strerror or exc}",
            path=str(exc.filename or folder),
            hint="Set EPNCORE_HOME to a folder of your own on a disk with space, or set EPNCORE_DSN",
        ) from exc


def prepare_home(home: Path) -> None:
    """Make the home folder, and refuse one that others could tamper with (as sshd does, StrictModes).

    Parameters
    ----------
    home : Path
        Need not exist.

    Raises
    ------
    DatabaseError
        If somebody else owns it or can write to it; for root, also for the folders above.
    """
    me = os.geteuid()
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(exist_ok=True)
        # The server's user has to pass through root's folder; nobody has to list it. (chmod: no umask in between)
        home.chmod(0o711 if me == 0 else 0o700)
    for folder in [home, *home.parents] if me == 0 else [home]:
        status = folder.stat()
        sticky = folder != home and status.st_mode & stat.S_ISVTX
        if status.st_uid != me or (status.st_mode & 0o022 and not sticky):
            raise DatabaseError(
                f"user {Account.of(me).name} cannot keep a private database where somebody else may write",
                path=str(folder),
                hint="Make it your own and close it (chown, chmod go-w), or set EPNCORE_HOME to another folder",
            )


def held(home: Path) -> dict[int, int]:
    """The clusters in a home.

    Parameters
    ----------
    home : Path
        Need not exist.

    Returns
    -------
    dict of int to int
        PostgreSQL major to the user id of the owner.

    Raises
    ------
    DatabaseError
        If the owner is somebody we cannot act for, or root, whom PostgreSQL refuses.
    """
    found: dict[int, int] = {}
    for entry in os.scandir(home) if home.exists() else ():
        name = re.fullmatch(r"postgres-(\d+)", entry.name)
        if not name or not entry.is_dir(follow_symlinks=False):
            continue
        owner = entry.stat(follow_symlinks=False).st_uid
        if owner == 0 or os.geteuid() not in (0, owner):
            raise DatabaseError(
                f"these data belong to {Account.of(owner).name}",
                path=entry.path,
                hint="Run as their owner, or set EPNCORE_HOME to another folder"
                if owner
                else "Give them back to the user the server ran as (chown -R)",
            )
        found[int(name[1])] = owner
    return found


def check_reach(home: Path, account: Account) -> None:
    """Refuse a home that the server's user cannot enter.

    Parameters
    ----------
    home : Path
        Exists.
    account : Account
        Who the server runs as.

    Raises
    ------
    DatabaseError
        If a folder on the way is closed to that user.
    """
    status, _ = run(account, ["/bin/sh", "-c", 'test -x "$1"', "sh", str(home)], timeout=10)
    if status != 0:
        raise DatabaseError(
            f"PostgreSQL does not run as root, and user {account.name} cannot enter this folder",
            path=str(home),
            hint="Set EPNCORE_HOME to a folder that user may pass (chmod a+x on the way), or run as a plain user",
        )


@contextlib.contextmanager
def lock(home: Path) -> Iterator[None]:
    """Hold the home while a server starts or stops; the lock goes with the process that held it (flock(2)).

    Parameters
    ----------
    home : Path
        Exists.

    Raises
    ------
    DatabaseError
        If another process keeps it for two minutes.
    """
    path = home / "lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise DatabaseError("another process is starting or stopping this database", path=str(path))
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def known_sockets(home: Path, major: int) -> Path:
    """The socket folder of a cluster, made or not.

    Parameters
    ----------
    home : Path
        The home folder.
    major : int
        PostgreSQL major of the cluster.

    Returns
    -------
    Path
        `run-N` in the home; a folder under /tmp where the record names one.
    """
    record = home / f"postgres-{major}.socket"
    return Path(record.read_text(encoding="utf-8")) if record.exists() else home / f"run-{major}"


def make_sockets(home: Path, major: int, account: Account) -> Path:
    """A folder for the socket that only the server's user (and root) can enter, with a path that is short enough.

    Parameters
    ----------
    home : Path
        The home folder.
    major : int
        PostgreSQL major of the cluster.
    account : Account
        Who owns the folder.

    Returns
    -------
    Path
        The folder.
    """
    near, record = home / f"run-{major}", home / f"postgres-{major}.socket"
    if record.exists() and _is_private(known_sockets(home, major), account):
        return known_sockets(home, major)
    # libpq reads a comma in `host` as the start of another host.
    if "," not in str(near) and len(os.fsencode(near / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET:
        record.unlink(missing_ok=True)
        near.mkdir(mode=0o700, exist_ok=True)
        near.chmod(0o700)
        own(near, account)
        return near
    # mkdtemp: a new name of mode 0700, so that nobody can have put a folder of theirs in our way.
    far = Path(tempfile.mkdtemp(prefix="epncore-", dir="/tmp"))
    own(far, account)
    write(record, str(far))
    return far


def remove_far_sockets(home: Path, major: int) -> None:
    """Leave nothing of a stopped server outside its home.

    Parameters
    ----------
    home : Path
        The home folder.
    major : int
        PostgreSQL major of the cluster.
    """
    record = home / f"postgres-{major}.socket"
    if record.exists():
        shutil.rmtree(known_sockets(home, major), ignore_errors=True)
        record.unlink()


def _is_private(folder: Path, account: Account) -> bool:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == account.uid and not status.st_mode & 0o077


def own(folder: Path, account: Account) -> None:
    """Give a folder that root made to the server's user."""
    if os.geteuid() == 0:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def write(path: Path, text: str) -> None:
    """Write a small file of settings, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)  # the server's user reads them; they hold no secret
    fresh.replace(path)
