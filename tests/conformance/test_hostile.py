"""One corpus of hostile values, driven through every output; each output is checked by its own real parser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import pyvo
import requests
from astropy.io import fits
from lxml import etree

from epncore.app.database import resolve
from epncore.app.page import write_pages
from epncore.model.collection import load
from epncore.testing.dachs_lab import DachsLab

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data" / "ecallisto"
EPNCORE = Path(sys.executable).parent / "epncore"

CORPUS = [
    "quotes \" ' ` \\",
    "<script>alert(1)</script>",
    "]]> & &amp; &#x41; &nosuch;",
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "# ?a=b&c=d %41 %s {stem} {0.__class__}",
    "'; DROP TABLE ecallisto.epn_core; --",
    "../../../../etc/passwd",
    "$(touch /tmp/owned) `id` ; rm -rf ~ | cat",
    "\\schema \\getConfig{db}{dsn} \\rdId",
    "$\\frac{1}{2}$ \\alpha ^_",
    "Nançay Čerenkov 東京 Ω",
    "long " + "x" * 60,
    "{{ 7*7 }} {% raw %}",
    "NULL",
    " edges ",
]
TERMINAL = ["escape \x1b[31m red \x07", "new\nline", "tab\tand\rreturn", "\u202egnp.exe"]
NAMES = [text.replace("/", "_")[:80] for text in CORPUS] + ["a\nb", "\x1b[2J", "a&b=c#d?e", "%2e%2e"]


@dataclass
class Hostile:
    """The collection of hostile values, loaded and served."""

    folder: Path
    lab: DachsLab
    tap: pyvo.dal.TAPService
    said: str


@pytest.fixture(scope="module")
def hostile(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    folder = tmp_path_factory.mktemp("hostile")
    make_files(folder)
    write_config(folder)
    environment = {**os.environ, "EPNCORE_DSN": dachs.admin_dsn}
    run = {"capture_output": True, "text": True, "timeout": 300, "stdin": subprocess.DEVNULL, "env": environment}
    made = subprocess.run([EPNCORE, "rd", folder, "-o", folder / "rd"], check=True, **run)  # type: ignore[call-overload]
    dachs.install(folder / "rd" / "hostile")
    dachs.dachs("imp", "hostile/q")
    done = subprocess.run([EPNCORE, "ingest", folder], check=False, **run)  # type: ignore[call-overload]
    assert done.returncode == 3, done.stdout + done.stderr
    drawn = subprocess.run([EPNCORE, "preview", folder], check=False, **run)  # type: ignore[call-overload]
    assert drawn.returncode in {0, 3}, drawn.stdout + drawn.stderr
    status = subprocess.run([EPNCORE, "status", folder], check=True, **run)  # type: ignore[call-overload]
    dachs.reload()
    session = requests.Session()
    session.trust_env = False
    said = "".join(each.stdout + each.stderr for each in (made, done, drawn, status))
    yield Hostile(folder, dachs, pyvo.dal.TAPService(dachs.tap_url, session=session), said)
    session.close()


def make_files(folder: Path) -> None:
    """Sound files with hostile cards and names, and a bad file with each name."""
    import runpy

    (made, *_) = runpy.run_path(str(SAMPLE / "make.py"))["make"](folder / "made")
    source = next(path for path in (folder / "made").iterdir() if path.suffix == ".fit")
    del made
    (folder / "data").mkdir()
    (folder / "bad").mkdir()
    for number, text in enumerate(CORPUS):
        with warnings.catch_warnings(), fits.open(source) as hdus:
            warnings.simplefilter("ignore")  # comments of cards are cut where values are long
            card = text.encode("ascii", "replace").decode()[:60].replace("\n", " ")
            for key in ("INSTRUME", "ORIGIN", "BUNIT", "OBJECT"):
                hdus[0].header[key] = card
            hdus.writeto(folder / "data" / f"{number}.fit")
    for number, name in enumerate(NAMES):
        shutil.copy(folder / "data" / f"{number % len(CORPUS)}.fit", folder / "data" / f"{name}.fit")
        (folder / "bad" / f"{name}.fit").write_bytes(b"<html>" + name.encode())


def write_config(folder: Path) -> None:
    everything = " | ".join([*CORPUS, *TERMINAL])
    documents = "".join(
        f'\n[[documentation]]\ntitle = {json.dumps(text)}\nurl = "https://example.org/?a=1&b={number}"\n'
        for number, text in enumerate([*CORPUS, *TERMINAL])
    )
    (folder / "collection.toml").write_text(
        f"""
schema = "hostile"
title = {json.dumps(everything)}
description = {json.dumps(everything)}
creators = {json.dumps([text.replace(chr(10), " ") for text in CORPUS])}
created = 2024-01-01
licence = "CC0-1.0"
subjects = ["solar-physics"]
publisher = {json.dumps(everything)}
granule_uid = "{{path}}"

[constants]
feature_name = {json.dumps(everything)}
target_region = {json.dumps(everything)}

[[columns]]
name = "remark"
description = {json.dumps(everything)}

[[product]]
sources = ["data/*", "bad/*"]
grammar = "ecallisto"
granule_gid = "x"
access_url = "https://data.example.org/{{path}}?name={{name}}&uid={{uid}}"
thumbnail_url = "https://data.example.org/thumbnails/{{uid}}.png"

[product.constants]
remark = {json.dumps(everything)}

[product.das2]
server = "https://das2.example.org/server"
dataset = "hostile/{{stem}}"
{documents}""",
        "utf-8",
    )


def ask(hostile: Hostile, query: str) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = hostile.tap.search(query)
    return [{name: record[name] for name in found.fieldnames} for record in found]


def test_rows_hold_plain_text_that_names_the_files(hostile: Hostile) -> None:
    rows = ask(hostile, "SELECT * FROM hostile.epn_core")
    assert len(rows) == len(CORPUS) + len(NAMES)
    for row in rows:
        for name, value in row.items():
            if isinstance(value, str):
                assert value.isascii(), name
                assert not re.search(r"[\x00-\x1f\x7f]", value), name
                assert value == value.strip(), name
        assert "#" not in row["granule_uid"]
        assert not re.search(r"[\s\"'<>\\^`{|}]", row["access_url"])
    assert ask(hostile, "SELECT count(*) AS n FROM hostile.epn_core")[0]["n"] == len(rows), "no value ran as SQL"


def test_the_ledger_names_each_bad_file_and_why(hostile: Hostile) -> None:
    with resolve(hostile.lab.admin_dsn).connect() as conn:
        bad = dict(conn.execute("SELECT path, reason FROM hostile.ledger WHERE status <> 'row'").fetchall())
    assert bad.keys() == {f"bad/{name}.fit" for name in NAMES}
    assert all("HTML" in reason for reason in bad.values())


def test_what_the_commands_print_moves_no_terminal(hostile: Hostile) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x9b\u202a-\u202e]", hostile.said)
    assert not Path("/tmp/owned").exists()


def test_the_descriptor_is_sound_xml_and_dachs_shows_the_texts_as_they_are(hostile: Hostile) -> None:
    path = hostile.folder / "rd" / "hostile" / "q.rd"
    tree = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True))
    assert tree.docinfo.doctype == ""
    assert hostile.lab.validate("hostile/q") == []
    (table,) = ask(hostile, "SELECT description FROM tap_schema.tables WHERE table_name = 'hostile.epn_core'")
    described = " ".join(str(table["description"]).split())
    for text in ("<script>alert(1)</script>", "\\schema \\getConfig{db}{dsn}", "&nosuch;"):
        assert text in described


def test_datalink_answers_for_each_identifier(hostile: Hostile) -> None:
    uids = [row["granule_uid"] for row in ask(hostile, "SELECT granule_uid FROM hostile.epn_core")]
    session = requests.Session()
    session.trust_env = False
    answer = session.post(f"{hostile.lab.url}/hostile/q/dl/dlmeta", data={"ID": uids}, timeout=60)
    answer.raise_for_status()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import io

        from astropy.io.votable import parse_single_table

        table = parse_single_table(io.BytesIO(answer.content)).to_table()
    assert {str(each) for each in table["ID"]} == set(uids)
    assert not any(str(text).strip() for text in table["error_message"])


def test_a_das2_redirect_leads_to_the_configured_server_alone(hostile: Hostile) -> None:
    session = requests.Session()
    session.trust_env = False
    uid = ask(hostile, "SELECT TOP 1 granule_uid FROM hostile.epn_core")[0]["granule_uid"]
    for start in ["2011-06-07T06:24:00", *CORPUS, *TERMINAL]:
        answer = session.get(
            f"{hostile.lab.url}/hostile/q/dl/dlget", params={"ID": uid, "start_time": start},
            allow_redirects=False, timeout=60,
        )  # fmt: skip
        assert answer.status_code < 500, start
        if answer.status_code in {301, 302, 303, 307}:
            assert answer.headers["Location"].startswith("https://das2.example.org/server?")
            assert not re.search(r"[\s<>\"']", answer.headers["Location"])


def test_the_page_runs_none_of_it(hostile: Hostile, tmp_path: Path) -> None:
    pages = write_pages(load(hostile.folder), hostile.folder, resolve(hostile.lab.admin_dsn), tmp_path)
    page = lxml.html.parse(str(pages.index))
    assert len(page.xpath("//script")) == 1
    assert page.xpath("//@onerror") == []
    assert all(re.match(r"https?://", url) for url in page.xpath("//a/@href"))
    assert len(page.xpath("//main//ul/li")) == len(CORPUS) + len(NAMES)


def test_previews_stay_in_their_folder_with_titles_as_text(hostile: Hostile) -> None:
    drawn = list((hostile.folder / "previews").rglob("*"))
    assert len([path for path in drawn if path.name.endswith("-thumb.png")]) == len(CORPUS) + len(NAMES)
    for path in drawn:
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert re.fullmatch(r"[A-Za-z0-9._~%+-]+", path.name)
