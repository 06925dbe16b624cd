"""DaCHS's side of an epncore collection: rows come from one worker process in the toolkit's own environment.

Written by `epncore rd --load dachs`; the same for all collections, do not edit. It needs the standard library and gavo,
nothing else. The descriptor says, as properties of the customGrammar, which program to run (a JSON list, no shell) and
how many seconds it may take for a file. How the two talk stands in the toolkit, in epncore/app/dachs_worker.py.

A file that cannot be read, crashes the worker or takes too long is a SourceParseError: `dachs imp -c` skips it, alone.
A worker that cannot be started at all ends the import, also with -c: no file is to blame.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

from gavo import base
from gavo.grammars.customgrammar import CustomRowIterator

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOL = 1
START_SECONDS = 120


class CannotRunError(base.ReportableError, base.ExecutiveAction):  # type: ignore[misc]
    """There is no worker. As an ExecutiveAction it ends even `imp -c`, as a ReportableError it is shown well."""


class TroubleError(Exception):
    """The worker did not answer as it should."""


class Worker:
    """The process that reads files; begun with the first file, begun anew after one that killed it."""

    def __init__(self, command: list[str], timeout: float) -> None:
        self.command, self.timeout = command, timeout
        self.unread = b""
        self.process: subprocess.Popen[bytes] | None = None
        self.number = 0
        atexit.register(self.close)

    def ask(self, path: str) -> dict[str, Any]:
        """The answer on a file; a TroubleError where the process ends, hangs or talks nonsense."""
        process = self.process if self.process and self.process.poll() is None else self.start()
        self.number += 1
        try:
            self.send(process, {"file": self.number, "path": path})
            answer = self.receive(process, self.timeout)
            if answer.get("file") != self.number:
                raise TroubleError("the worker answered out of turn")
        except (OSError, TroubleError) as error:
            raise TroubleError(self.end(process, error)) from None
        return answer

    def start(self) -> subprocess.Popen[bytes]:
        """Begin a process, with nothing in its environment that would change its Python."""
        self.close()
        self.unread, self.errors = b"", tempfile.TemporaryFile()  # noqa: SIM115 -- end() closes it
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        try:
            self.process = process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, cwd="/",
                env=environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise CannotRunError(f"DaCHS cannot run {self.command[0]}, which would read the files: {error}") from None
        try:
            answer = self.receive(process, START_SECONDS)
        except TroubleError as error:
            why = self.end(process, error)
            raise CannotRunError(f"The worker that would read the files does not start: {why}") from None
        if answer.get("ready") != PROTOCOL:
            self.close()
            why = answer.get("failed", "it is of another version than this descriptor; run `epncore rd` again")
            raise CannotRunError(f"The worker that would read the files does not start: {why}")
        return process

    def send(self, process: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
        """Write a request; json keeps bytes that are no UTF-8, and newlines, within ASCII."""
        assert process.stdin
        process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
        process.stdin.flush()

    def receive(self, process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
        """The next line of the worker, as an object."""
        assert process.stdout
        deadline = time.monotonic() + seconds
        source = process.stdout.fileno()
        poll = select.poll()
        poll.register(source, select.POLLIN)
        while b"\n" not in self.unread:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TroubleError(f"no answer within {seconds:g} s")
            chunk = os.read(source, 1 << 16)
            if not chunk:
                raise TroubleError("the process that read it ended")
            self.unread += chunk
        line, _, self.unread = self.unread.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TroubleError(f"the worker answered {line[:60]!r}")
        return answer

    def end(self, process: subprocess.Popen[bytes], why: object) -> str:
        """End the process and its children; tell why, how it ended, and what it said last."""
        self.process = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)  # one that ends by itself keeps its own status
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        self.errors.seek(max(0, self.errors.seek(0, os.SEEK_END) - 2000))
        lines = self.errors.read().decode("utf-8", "replace").split("\n")
        self.errors.close()
        said = " | ".join([line.strip() for line in lines if line.strip()][-3:])
        return f"{why} (status {status})" + (f"; it said: {said}" if said else "")

    def close(self) -> None:
        """End the process in peace: it goes when there is nothing more to read."""
        if process := self.process:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                if process.stdin:
                    process.stdin.close()
                process.wait(5)
            self.end(process, "closed")


class Books:
    """What the ledger knew when the import began, kept up since: which file has which granule_uid.

    Of files that claim one granule_uid, the path that sorts first has the row, in whatever order DaCHS comes by them.
    """

    def __init__(self, data: Any) -> None:
        table = data.tables["ledger"]
        self.connection, self.schema = table.connection, table.tableDef.rd.schema
        self.keep_going = data.parseOptions.keepGoing
        lines = list(self.connection.query(f"SELECT path, granule_uid, status FROM {self.schema}.ledger"))
        self.uids = {path: uid for path, uid, _ in lines}
        self.owners = {uid: path for path, uid, status in lines if status in ("row", "withheld")}

    def claim(self, uid: str, path: str) -> None:
        """Make room for what a file gives now; a TroubleError where another has its granule_uid and keeps it."""
        owner = self.owners.get(uid, path)
        if owner < path:
            raise TroubleError(_taken(uid, owner))
        if owner > path:
            if not self.keep_going:
                raise TroubleError(
                    f"granule_uid {uid} is also that of {owner}: choose a template that tells them apart"
                )
            base.ui.notifyError(f"Row removed. (At granule_uid: {owner}: {_taken(uid, path)})")
            self.forget(owner)
        self.forget(path)

    def forget(self, path: str) -> None:
        """Remove what a file gave when it was read before."""
        if path not in self.uids:
            return
        uid = self.uids.pop(path)
        if self.owners.get(uid) == path:
            del self.owners[uid]
            self.connection.execute(f"DELETE FROM {self.schema}.epn_core WHERE granule_uid = %(uid)s", {"uid": uid})
            self.connection.execute(f"DELETE FROM {self.schema}.links WHERE id = %(uid)s", {"uid": uid})
        self.connection.execute(f"DELETE FROM {self.schema}.ledger WHERE path = %(path)s", {"path": path})

    def note(self, uid: str, path: str) -> None:
        """The file has its row now."""
        self.uids[path], self.owners[uid] = uid, path


def _taken(uid: str, owner: str) -> str:
    return (
        f"granule_uid {uid} is already that of {owner}, which sorts first. "
        "Choose a granule_uid template that tells them apart"
    )


class Import:
    """What the sources of one import share."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.books: Books | None = None
        self.seen: set[str] = set()


def makeDataPack(grammar: Any) -> Import:
    """Once an import, when its first file comes."""
    try:
        command = json.loads(grammar.getProperty("worker"))
        return Import(Worker(command, float(grammar.getProperty("timeout"))))
    except ValueError as error:
        raise CannotRunError(f"The property worker is no JSON list, or timeout no number: {error}") from None


class RowIterator(CustomRowIterator):  # type: ignore[misc]
    """One file. It yields pairs of role and row once the worker has read all of it, or fails: never half a file."""

    def __init__(self, grammar: Any, sourceToken: str, sourceRow: Any = None) -> None:
        # The descriptor's sourceFields hands over the data; kept out of the rows.
        self.data, self.place = sourceRow["data"], "file"
        super().__init__(grammar, sourceToken)

    def _iterRows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        run = self.grammar.dataPack
        if self.sourceToken in run.seen:  # two patterns may name one file
            return
        run.seen.add(self.sourceToken)
        run.books = run.books or Books(self.data)
        try:
            answer = run.worker.ask(self.sourceToken)
        except TroubleError as error:
            raise self.bad("reader", self.sourceToken, error) from None
        if "reason" in answer:
            raise self.bad(answer["place"], answer["path"], answer["reason"])
        if "rows" not in answer:
            return
        uid, path = answer["granule_uid"], answer["path"]
        try:
            run.books.claim(uid, path)
        except TroubleError as error:
            raise self.bad("granule_uid", path, error) from None
        for role, row in answer["rows"]:
            self.recNo += 1
            yield role, row
        run.books.note(uid, path)

    def bad(self, place: str, path: str, reason: object) -> Exception:
        """All in the message, on one line: DaCHS shows no hint here, and cuts long names of sources."""
        self.place = place
        message = " ".join(f"{path}: {reason}".split())
        error: Exception = base.SourceParseError(message, location=place, source=self.sourceToken)
        return error

    def getLocator(self) -> str:
        """Where in the file something went wrong."""
        return self.place
