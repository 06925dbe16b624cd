"""The private PostgreSQL and DaCHS that all measures use, and the commands that they time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from epncore.app.database import Database, resolve
from epncore.model import collection as config
from epncore.testing.dachs_lab import DachsLab
from grammars.plan import compile_plans
from rd_templates.render import write_rd

HERE = Path(__file__).resolve().parent
EPNCORE = str(Path(sys.executable).parent / "epncore")
WORKERS = 2
TABLES = ("epn_core", "ledger", "links")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Laboratory:
    """What measures share.

    Parameters
    ----------
    lab : DachsLab
        Up and serving.
    place : Path
        For files; DaCHS's user can read it.
    spacepy : Path or None
        Folder with spacepy, which DaCHS's cdfHeaderGrammar needs.
    """

    def __init__(self, lab: DachsLab, place: Path, spacepy: Path | None) -> None:
        self.lab, self.place, self.spacepy = lab, place, spacepy
        self.database: Database = resolve(lab.admin_dsn)
        if spacepy:
            # As `pip install --user` would, for the laboratory's own user.
            site = Path(lab.python("import site; print(site.getusersitepackages())").strip())
            shutil.copytree(spacepy, site)

    def make_tables(self, folder: Path) -> str:
        """Let DaCHS make the tables of a collection; gives the schema."""
        collection = config.load(folder)
        rd = write_rd(collection, compile_plans(collection)[0].columns, self.place / "rd")
        self.lab.install(rd.parent)
        self.lab.dachs("imp", f"{collection.schema_name}/q")
        return collection.schema_name

    def empty(self, schema: str) -> None:
        """Take all rows of a collection away."""
        tables = sql.SQL(", ").join(sql.Identifier(schema, table) for table in TABLES)
        with self.database.connect() as conn:
            conn.execute(sql.SQL("TRUNCATE {}").format(tables))

    def rest(self, files: Iterable[Path]) -> None:
        """Before a side's turn: have done what the server and the system put off, and its files in the system's cache.

        A virtual machine may take the cache away while nobody asks for it: the next turn would measure the disk.
        """
        with psycopg.connect(self.lab.superuser_dsn, autocommit=True) as conn:
            conn.execute("VACUUM (ANALYZE)")
            conn.execute("CHECKPOINT")
        os.sync()
        for path in files:
            path.read_bytes()

    def install_peer(self, name: str, data: Path) -> None:
        """Put a peer's descriptor into DaCHS's inputs, its files as the folder `data`."""
        self.lab.install(HERE / name)
        link = self.lab.inputs_dir / name / "data"
        if not link.is_symlink():
            link.symlink_to(data)

    def import_peer(self, name: str) -> None:
        """Let DaCHS read all files of a peer into a table made anew."""
        self.lab.dachs("imp", f"{name}/q", timeout=1800)

    def ingest_command(self, folder: Path) -> list[str]:
        """The command that a user gives."""
        return [EPNCORE, "ingest", str(folder), "--workers", str(WORKERS), "--dsn", self.database.dsn, "--json"]

    def ingest(self, folder: Path) -> dict[str, Any]:
        """Run it; what it tells."""
        return dict(json.loads(run(self.ingest_command(folder))))

    def filled(self, schema: str) -> set[str]:
        """Columns of epn_core that have a value in some row."""
        with self.database.connect() as conn:
            rows = conn.execute(
                sql.SQL(
                    "SELECT DISTINCT cell.key FROM {} AS e, jsonb_each(to_jsonb(e)) AS cell WHERE cell.value <> 'null'"
                ).format(sql.Identifier(schema, "epn_core"))
            )
            return {name for (name,) in rows}

    def versions(self) -> dict[str, str]:
        """Of what is measured against."""
        with psycopg.connect(self.lab.admin_dsn) as conn:
            (server,) = conn.execute("SELECT split_part(version(), ' on ', 1)").fetchone() or ("",)
        return {"servers": f"{server}, DaCHS {self.lab.version()}"}


def run(command: Sequence[str]) -> str:
    """Run a command to its end; what it printed, or an error with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def peak_mbyte(command: Sequence[str]) -> float:
    """Largest memory that a command and the processes below it held together, looked at twenty times a second."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, sum(map(_resident_bytes, (process.pid, *_below(process.pid)))))
            time.sleep(0.05)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return most / 2**20


def _below(root: int) -> list[int]:
    """All processes below one, but not itself."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # ended meanwhile
    found, wanted = [], [root]
    while wanted:
        parent = wanted.pop()
        children = [pid for pid, above in parents.items() if above == parent]
        found += children
        wanted += children
    return found


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def logged_ms(log: Path, place: int) -> float:
    """Milliseconds that PostgreSQL worked on a query of DaCHS, by what its log says from a place on.

    DaCHS declares a cursor for the query and fetches from it; what else it sends is its own bookkeeping of jobs.
    """
    time.sleep(0.05)  # it is written a moment after the answer
    with log.open("rb") as stream:
        stream.seek(place)
        told = stream.read().decode("utf-8", "replace").split("LOG:  duration: ")[1:]
    found = [float(each.partition(" ms")[0]) for each in told if '"cursor' in each]
    if not found:
        raise RuntimeError("PostgreSQL's log tells of no cursor: this DaCHS asks in another way")
    return sum(found)
