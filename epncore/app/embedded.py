"""A private PostgreSQL server for people who have none: start, stop, where it is.

In the home folder, for PostgreSQL 18::

    postgres-18/         the data (0700, of the server's user)
    postgres-18.log      what the server says
    lock                 held while a start or a stop is under way
    postgres-18.hba      who may connect: the server's user and root, by peer, over the Unix socket; nobody else
    postgres-18.ident    the names of those two
    postgres-18.socket   where the socket folder is, if the home's own path does not do for a socket
    run-18/              the socket folder (0700, of the server's user), otherwise

The server stays up until `stop`. It knows nothing of its clients, so that a client killed with -9 leaves no trace.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from epncore.app import pgcluster, pghome
from epncore.app.pgbinaries import Account, Binaries, choose, run
from epncore.model.errors import DatabaseError

_STOP_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A private server that runs.

    Attributes
    ----------
    home, data, log, sockets : Path
        Its folders, and the file it logs to.
    account : Account
        The user it runs as.
    binaries : Binaries
        The programs it runs.
    """

    home: Path
    data: Path
    log: Path
    sockets: Path
    account: Account
    binaries: Binaries

    @property
    def dsn(self) -> str:
        """The libpq connection string of the default database.

        There is no password in it. `requirepeer` guards against another server on that socket, and the empty
        `hostaddr` against a PGHOSTADDR in the environment (libpq, "Parameter Key Words").
        """
        return make_conninfo(
            host=str(self.sockets),
            hostaddr="",
            port=pghome.PORT,
            user=pgcluster.ROLE,
            dbname=pgcluster.DATABASE,
            requirepeer=self.account.name,
        )


def start(home: str | Path | None = None) -> Server:
    """Start the private server, or find it running.

    Parameters
    ----------
    home : path, optional
        Where data live; see :func:`home_folder`.

    Returns
    -------
    Server
        Running, and answering.

    Raises
    ------
    DatabaseError
        If there is no PostgreSQL, the folder is not safe, or the server does not come up.
    """
    folder = home_folder(home)
    with pghome.os_errors_named(folder):
        pghome.prepare_home(folder)
        # The lock comes before the choice: a folder half made by another start is no cluster yet.
        with pghome.lock(folder):
            binaries, account = choose(pghome.held(folder))
            pghome.check_reach(folder, account)
            data = folder / f"postgres-{binaries.major}"
            if not data.exists():
                pgcluster.create(data, binaries, account)
            sockets = pghome.make_sockets(folder, binaries.major, account)
            server = _server(folder, binaries, account, sockets)
            pgcluster.bring_up(data, sockets, server.log, server.dsn, binaries, account)
    return server


def stop(home: str | Path | None = None) -> bool:
    """Stop the private server; open transactions are rolled back ("fast" shutdown).

    Parameters
    ----------
    home : path, optional
        Where data live; see :func:`home_folder`.

    Returns
    -------
    bool
        True if it was running.

    Raises
    ------
    DatabaseError
        If it does not stop.
    """
    folder = home_folder(home)
    if not is_running(folder):
        return False
    stopped = False
    with pghome.os_errors_named(folder), pghome.lock(folder):
        for major, owner in pghome.held(folder).items():
            data = folder / f"postgres-{major}"
            if pgcluster.postmaster(data) is None:
                continue
            _shut_down(data, *choose({major: owner}))
            pghome.remove_far_sockets(folder, major)
            stopped = True
    return stopped


def is_running(home: str | Path | None = None) -> bool:
    """Whether the private server runs.

    Parameters
    ----------
    home : path, optional
        Where data live; see :func:`home_folder`.

    Returns
    -------
    bool
        False also if there never was one.

    Raises
    ------
    DatabaseError
        If the folder cannot be read, or belongs to somebody else.
    """
    folder = home_folder(home)
    with pghome.os_errors_named(folder):
        return any(pgcluster.postmaster(folder / f"postgres-{major}") is not None for major in pghome.held(folder))


def dsn(home: str | Path | None = None) -> str:
    """The connection string of the private server that runs.

    Parameters
    ----------
    home : path, optional
        Where data live; see :func:`home_folder`.

    Returns
    -------
    str
        For libpq: psycopg, psql.

    Raises
    ------
    DatabaseError
        If it does not run.
    """
    folder = home_folder(home)
    with pghome.os_errors_named(folder):
        running = {
            major: owner
            for major, owner in pghome.held(folder).items()
            if pgcluster.postmaster(folder / f"postgres-{major}") is not None
        }
        if not running:
            raise DatabaseError("the private server is not running", path=str(folder), hint="Run `epncore db start`")
        binaries, account = choose(running)
        return _server(folder, binaries, account, pghome.known_sockets(folder, binaries.major)).dsn


def home_folder(home: str | Path | None = None) -> Path:
    """Where the private server keeps its things.

    Parameters
    ----------
    home : path, optional
        The folder itself.

    Returns
    -------
    Path
        That, else EPNCORE_HOME, else /var/lib/epncore for root, else $XDG_DATA_HOME/epncore (XDG Base Directory
        Specification 0.8: ~/.local/share if it is unset or relative).
    """
    if given := home or os.environ.get("EPNCORE_HOME"):
        return Path(given).resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/epncore")
    shared = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not shared.is_absolute():
        shared = Path.home() / ".local" / "share"
    return (shared / "epncore").resolve()


def _server(folder: Path, binaries: Binaries, account: Account, sockets: Path) -> Server:
    name = f"postgres-{binaries.major}"
    return Server(folder, folder / name, folder / f"{name}.log", sockets, account, binaries)


def _shut_down(data: Path, binaries: Binaries, account: Account) -> None:
    # As the server's user: as root, pg_ctl would signal whatever process the data folder names.
    order = [binaries / "pg_ctl", "stop", "-s", "-D", str(data), "-m", "fast", "-w", "-t", str(_STOP_SECONDS)]
    status, printed = run(account, order, timeout=_STOP_SECONDS + 10)
    if status != 0 and pgcluster.postmaster(data) is not None:
        raise DatabaseError(
            f"the server does not stop: {pgcluster.last_lines(printed)}",
            path=str(data),
            hint=f"See {data}.log",
        )
