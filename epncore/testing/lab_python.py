"""Finds a Python with this toolkit that a laboratory's account can run: DaCHS starts the toolkit's worker by it."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from epncore.testing import lab_machine
from epncore.testing.lab_machine import Account, DachsError, tail

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def toolkit_python(account: Account, *packages: Path) -> list[str]:
    """Find out how an account can run the toolkit as it is installed here.

    A virtual environment often leads to an interpreter in somebody's home, which others cannot enter. Then the system's
    interpreter of the same version does, with the packages of this one.

    Parameters
    ----------
    account : Account
        Who must be able to run it.
    *packages : Path
        Folders with further packages, such as grammars of others.

    Returns
    -------
    list of str
        Program and first arguments; what Python shall do comes behind them.

    Raises
    ------
    DachsError
        The account can run none, or not read the packages; with what each said.
    """
    variable = "PYTHONPATH=" + os.pathsep.join([*map(str, packages), *_package_folders()])
    same_version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = dict.fromkeys((sys.executable, shutil.which(same_version, path=SYSTEM_PATH)))
    refusals = []
    for interpreter in filter(None, candidates):
        command = ["/usr/bin/env", variable, interpreter, "-sP"]
        done = lab_machine.run(
            [*command, "-c", "import epncore.app.dachs_worker"],
            account=account, environment={"PATH": SYSTEM_PATH}, cwd=Path("/"), timeout=60,
        )  # fmt: skip
        if done.returncode == 0:
            return command
        refusals.append(f"{interpreter} said:\n{tail(done.stderr, 3)}")
    raise DachsError(
        f"the account {account.name} can run no Python with this toolkit",
        hint="Make the environment where others can enter. " + "\n".join(refusals),
    )


def _package_folders() -> list[str]:
    """Folders of sys.path but those of the standard library, which belongs to the interpreter."""
    library = Path(sysconfig.get_path("stdlib"))
    return [
        entry
        for entry in sys.path
        if entry
        and Path(entry).is_dir()
        and (library not in (Path(entry), *Path(entry).parents) or Path(entry).name.endswith("-packages"))
    ]
