"""The main job, shown: sample files become rows in the embedded PostgreSQL, then a DaCHS serves them to pyvo.

Run by ``make demo``; ``make demo-stop`` (``--stop``) ends what it left running.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyvo
import requests
from make import collections, make
from psycopg import sql

from epncore.app import embedded
from epncore.app.database import resolve
from epncore.model.collection import load
from epncore.testing.dachs_lab import DachsLab

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "demo"
LAB = BUILD / "dachs"
EPNCORE = Path(sys.executable).parent / "epncore"

SHOWN = ("cassini_rpws", "ecallisto", "nda_routine", "voyager_pws")
"""A collection of each format; what is shown of one holds for all."""

QUERY = """SELECT granule_uid, target_name, time_min, time_max, spectral_range_max / 1e6 AS mhz_max
FROM {schema}.epn_core
WHERE 1 = ivo_hashlist_has(lower(target_name), 'jupiter') AND spectral_range_max > 1.5e7
ORDER BY time_min"""


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n=== {text}", flush=True)


def epncore(*words: str | Path, ok: tuple[int, ...] = (0,)) -> None:
    """Run the command as a user would, and show it."""
    shown = " ".join(str(word).replace(str(ROOT) + "/", "") for word in words)
    print(f"$ epncore {shown}", flush=True)
    done = subprocess.run([EPNCORE, *words], check=False, stdin=subprocess.DEVNULL, cwd=ROOT)
    if done.returncode not in ok:
        sys.exit(done.returncode)


def forget_older(folders: list[Path]) -> None:
    """Drop what an older demo left, whose columns may be others; known by its URLs, which lead nowhere."""
    with resolve(None).connect() as conn:
        for folder in folders:
            name = load(folder).schema_name
            if conn.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{name}.epn_core",)).fetchone() != (True,):
                continue
            table = sql.Identifier(name, "epn_core")
            foreign = sql.SQL(
                "SELECT 1 FROM {} WHERE access_url IS NULL OR access_url NOT LIKE 'https://data.example.org/%'"
            )
            if conn.execute(foreign.format(table)).fetchone() is None:
                conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def load_embedded(folders: list[Path]) -> None:
    """Collections into the embedded PostgreSQL: no server to set up."""
    forget_older(folders)
    for folder in folders:
        title(f"Sample collection {folder.name}")
        files = make(folder)
        print(f"{len(files)} files in {(folder / 'data').relative_to(ROOT)}")
        epncore("ingest", folder)
    title("One row, and where each value came from")
    ecallisto = next(folder for folder in folders if folder.name == "ecallisto")
    epncore("inspect", next((ecallisto / "data").glob("*.fit*")), "--collection", ecallisto)
    title("What the database holds")
    epncore("status")
    for folder in folders:
        epncore("rd", folder, "-o", BUILD / "rd")


def serve(folders: list[Path]) -> None:
    """The same under DaCHS: import the descriptors, load while it serves, ask it with pyvo."""
    title("A DaCHS of its own serves them")
    lab = DachsLab(LAB)
    lab.up()
    try:
        folders = [served(folder, lab) for folder in folders]
        names = [load(folder).schema_name for folder in folders]
        for folder in folders:
            epncore("rd", folder, "-o", BUILD / "rd")
            epncore("preview", folder, "-o", BUILD / "rd", "--dsn", lab.admin_dsn)
        for name in names:
            lab.install(BUILD / "rd" / name)
            lab.dachs("imp", f"{name}/q")
        for folder in folders:
            epncore("ingest", folder, "--dsn", lab.admin_dsn)
            epncore("preview", folder, "-o", BUILD / "rd", "--dsn", lab.admin_dsn)  # draws nothing, tells the sizes
        for name in names:
            lab.dachs("limits", f"{name}/q")
            lab.dachs("imp", "-m", f"{name}/q")
            lab.dachs("pub", f"{name}/q")
        lab.serve()
        ask(lab.tap_url)
        look(lab, next(folder for folder in folders if folder.name == "nda_routine"))
    except BaseException:
        lab.down()
        raise


def served(folder: Path, lab: DachsLab) -> Path:
    """A copy of a collection whose pictures this DaCHS serves: their URLs name the server."""
    copy = BUILD / "served" / folder.name
    shutil.copytree(folder, copy)
    path = copy / "collection.toml"
    text = re.sub(r"https://data\.example\.org/(?=\w+/q/p/)", f"{lab.url}/", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    return copy


def look(lab: DachsLab, folder: Path) -> None:
    """Follow a granule to its links and its thumbnail, as a portal does, and write the browse page."""
    session = requests.Session()
    session.trust_env = False
    query = "SELECT granule_uid, thumbnail_url, datalink_url FROM nda_routine.epn_core ORDER BY time_min"
    granule = pyvo.dal.TAPService(lab.tap_url, session=session).search(query)[0]
    title(f"Datalink of {granule['granule_uid']}")
    print(granule["datalink_url"])
    links = pyvo.dal.adhoc.DatalinkResults.from_result_url(str(granule["datalink_url"]), session=session)
    links.to_table()["semantics", "content_type", "content_length", "access_url"].pprint(max_width=-1)
    answer = session.get(str(granule["thumbnail_url"]), timeout=20)
    print(f"\nIts thumbnail: {granule['thumbnail_url']}")
    print(f"  {answer.status_code}, {answer.headers['Content-Type']}, {answer.headers['Content-Length']} bytes")
    if answer.status_code != 200:
        sys.exit("the thumbnail is not served")
    drawn = sorted((BUILD / "rd" / "nda_routine" / "previews").glob("*_cdf.png"))[0]
    print(f"Its preview: {drawn.relative_to(ROOT)}")
    epncore("preview", folder, "--dsn", lab.admin_dsn)  # beside the collection: the page takes its pictures along
    epncore("page", folder, "-o", BUILD / "page", "--dsn", lab.admin_dsn, "--tap-url", lab.tap_url)
    print(f"Open {(BUILD / 'page' / 'index.html').relative_to(ROOT)} in a browser.")


def ask(url: str) -> None:
    """One query of the kind that the VESPA portal sends."""
    session = requests.Session()
    session.trust_env = False  # the server is on this machine: no proxy between
    query = QUERY.format(schema="nda_routine")
    print(f"\n{query}\n")
    table = pyvo.dal.TAPService(url, session=session).search(query).to_table()
    if len(table) == 0:
        sys.exit("the query found no row, but there are some")
    table.pprint(max_width=-1)
    print(f"\nTAP service, for pyvo, TOPCAT or any other client: {url}")
    print("It runs until `make demo-stop`.")


def stop() -> None:
    """End the servers of the demo; the rows in the embedded PostgreSQL stay."""
    if (LAB / "lab.json").exists():
        DachsLab.attach(LAB).down()
        print("DaCHS is stopped.")
    if embedded.stop():
        print("PostgreSQL is stopped; its rows stay.")


def main() -> None:
    """Run the demo, or end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stop", action="store_true", help="end what the demo left running")
    if parser.parse_args().stop:
        stop()
        return
    if (LAB / "lab.json").exists():
        DachsLab.attach(LAB).down()
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    folders = [folder for folder in collections() if folder.name in SHOWN]
    load_embedded(folders)
    missing = DachsLab.missing()
    if missing:
        print(f"\nLeft out: serving by DaCHS, since this machine has no {', no '.join(missing)}.")
    else:
        serve(folders)
    print(f"\nDescriptors are in {(BUILD / 'rd').relative_to(ROOT)}. `{EPNCORE.relative_to(ROOT)} --help` goes on.")


if __name__ == "__main__":
    main()
