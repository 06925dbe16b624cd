"""Tells when something happened below folders; no more. What it was, a scan finds out.

watchfiles listens by inotify, which has its gaps: it knows nothing of what other machines write to a network disk, and
where its queue overflows it drops events, and with them folders that are new. So an alarm is set anew for each round of
`epncore watch`, before the scan, and every round scans all.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import watchfiles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

_NETWORK = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
        "nfs4", "ocfs2", "orangefs", "prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs",
    }
)  # fmt: skip
"""File systems that others write to without a word to this kernel. Those of ``fuse.*`` may as well."""

_MOUNTS = Path("/proc/mounts")
_GROUP_MS, _STEP_MS = 1000, 100


def network_disk(root: Path, mounts: str | None = None) -> str | None:
    """The kind of a network file system that a folder is on, or that is mounted below it.

    Parameters
    ----------
    root : pathlib.Path
    mounts : str, optional
        What ``/proc/mounts`` says; nothing where there is none.

    Returns
    -------
    str or None
    """
    if mounts is None:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape") if _MOUNTS.exists() else ""
    root = root.resolve()
    above, here = Path("/"), ""
    for line in mounts.splitlines():
        point, kind = line.split(" ")[1:3]
        # Blanks and backslashes are written in octal.
        place = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point))
        if place != root and place.is_relative_to(root) and _is_network(kind):
            return kind
        if root.is_relative_to(place) and place.is_relative_to(above):  # the last one of a place is on top
            above, here = place, kind
    return here if _is_network(here) else None


def _is_network(kind: str) -> bool:
    return kind in _NETWORK or kind.startswith("fuse.")


class Alarm:
    """Waits until something happens below folders.

    Parameters
    ----------
    roots : iterable of pathlib.Path
        Folders that are there.

    Raises
    ------
    OSError
        Where the system lets nobody listen to that many folders.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        self._news = watchfiles.watch(
            *sorted({root.resolve() for root in roots}),
            watch_filter=None,
            debounce=_GROUP_MS,
            step=_STEP_MS,
            rust_timeout=_STEP_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        self._happened = bool(next(self._news))  # it listens from here on

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._news.close()

    def wait(self, seconds: float) -> None:
        """Come back when something happened, or after so many seconds.

        Anything counts, also to a file that no product names: it may be all that is heard of a burst.
        """
        deadline = time.monotonic() + seconds
        while not self._happened and time.monotonic() < deadline:
            self._happened = bool(next(self._news))
