"""Which files a scan sees."""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from epncore.app.folders import Scanned
from epncore.app.scan import Seen, ledger_prefix, product_files, relative_path, scan
from epncore.model.collection import Collection, parse
from epncore.model.errors import ConfigError
from epncore.model.globs import matcher


def collection(*products: dict[str, Any]) -> Collection:
    return parse(
        {
            "schema": "x",
            "title": "x",
            "description": "x",
            "creators": ["X, Y."],
            "created": dt.date(2024, 1, 1),
            "licence": "CC0-1.0",
            "subjects": ["solar-physics"],
            "product": [{"grammar": "istp", "granule_gid": "x"} | product for product in products],
        },
        "collection.toml",
    )


def paths(seen: list[Seen]) -> list[str]:
    return sorted(each.path for each in seen)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.cdf", ["a.cdf", "[1].cdf", "a\nb.cdf"], ["a.CDF", "d/a.cdf", "a.cdf.gz"]),
        ("data/**/*.fit*", ["data/a.fit", "data/x/y/a.fit.gz"], ["a.fit", "datax/a.fit"]),
        ("**/*.cdf", ["a.cdf", "x/a.cdf", "x/y/a.cdf"], ["a.fit"]),
        ("**", ["a", "x/y/z"], []),
        ("a?c[0-9][!x]", ["abc1y"], ["abc1x", "a/c1y", "abcxy"]),
        ("./a.b", ["a.b"], ["axb"]),
        ("a{b}(c)+$", ["a{b}(c)+$"], ["ab"]),
    ],
)
def test_a_pattern_names_these_paths_and_not_those(pattern: str, yes: list[str], no: list[str]) -> None:
    matches = matcher([pattern])
    assert [path for path in yes if not matches(path)] == []
    assert [path for path in no if matches(path)] == []


def test_files_come_with_what_the_file_system_tells(tmp_path: Path) -> None:
    touch(tmp_path, "b.cdf", "a.cdf", "x/c.cdf", "notes.txt")
    os.utime(tmp_path / "a.cdf", ns=(1, 1_600_000_000_000_000_123))
    seen = list(scan(collection({"sources": ["**/*.cdf"]}), tmp_path))
    assert paths(seen) == ["a.cdf", "b.cdf", "x/c.cdf"]
    status = (tmp_path / "a.cdf").stat()
    expected = Seen("a.cdf", 0, 1, 1_600_000_000_000_000_123, status.st_ino, status.st_ctime_ns)
    assert sorted(seen)[0] == expected


def test_two_products_keep_their_roots_apart(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.cdf", "two/a.cdf")
    config = collection({"root": "one", "sources": ["*"]}, {"root": "two", "sources": ["*"]})
    assert [(s.path, s.product) for s in scan(config, tmp_path)] == [("one/a.cdf", 0), ("two/a.cdf", 1)]


def test_a_file_that_two_products_claim_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.cdf")
    with pytest.raises(ConfigError, match=r"products 0 and 1 both claim a\.cdf"):
        list(scan(collection({"sources": ["*"]}, {"sources": ["*.cdf"]}), tmp_path))


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    touch(tmp_path, "x/a.cdf")
    (tmp_path / "x" / "up").symlink_to(tmp_path)
    seen = paths(list(scan(collection({"sources": ["**/*.cdf"]}), tmp_path)))
    assert seen == ["x/a.cdf"]


def test_a_link_that_leads_nowhere_is_seen_and_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "a.cdf").symlink_to(tmp_path / "gone")
    assert list(scan(collection({"sources": ["*"]}), tmp_path)) == [Seen("a.cdf", 0, -1, -1)]


def test_a_name_that_is_no_utf8_has_a_key_that_a_database_takes(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xffo.cdf")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (seen,) = scan(collection({"sources": ["*.cdf"]}), tmp_path)
    assert seen.path == "n\\xffo.cdf"
    seen.path.encode("utf-8")


@pytest.mark.parametrize("root", [".", "data", "/archive/nda", "data/"])
def test_a_key_leads_back_to_the_path_below_the_root(root: str) -> None:
    assert relative_path(root, ledger_prefix(root) + "x/a.cdf") == "x/a.cdf"


def test_a_missing_root_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'nowhere' is no folder here") as caught:
        list(scan(collection({"root": "nowhere", "sources": ["*"]}), tmp_path))
    assert caught.value.place == "product.0.root"


@pytest.mark.parametrize("place", ["x", "."])
def test_a_folder_that_cannot_be_read_is_told(place: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="epnscan-"))
    touch(folder / "data", "x/a.cdf", "b.cdf")
    folder.chmod(0o755)
    shut = folder / "data" / place
    shut.chmod(0)
    user = os.geteuid()
    if user == 0:  # root can read every folder
        os.seteuid(65534)
    try:
        if place == ".":
            with pytest.raises(ConfigError, match=r"'data' cannot be read \(Permission denied\)"):
                list(scan(collection({"root": "data", "sources": ["**/*.cdf"]}), folder))
        else:
            seen = sorted(scan(collection({"root": "data", "sources": ["**/*.cdf"]}), folder))
            assert [each.path for each in seen] == ["data/b.cdf", "data/x/"]
            assert seen[1].is_folder
    finally:
        os.seteuid(user)
        shut.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("root", [".", "data"])
def test_a_root_that_fails_while_it_is_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    touch(tmp_path / root, "x/a.cdf", "b.cdf")
    listed = os.scandir

    class Failing:
        """Gives one entry, then the disk fails."""

        def __init__(self, entries: Any) -> None:
            self.entries, self.given = entries, 0

        def __enter__(self) -> Failing:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

        def close(self) -> None:
            self.entries.close()

        def __iter__(self) -> Iterator[Any]:
            yield next(self.entries)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "scandir", lambda place: Failing(listed(place)))
    with pytest.raises(ConfigError, match=rf"'{root}' cannot be read \(Input/output error\)") as caught:
        list(scan(collection({"root": root, "sources": ["**/*.cdf"]}), tmp_path))
    assert caught.value.place == "product.0.root"


def test_no_two_names_have_one_key_and_each_key_leads_back(tmp_path: Path) -> None:
    names = [
        b"x_\xff.fit",
        rb"x_\xff.fit",
        rb"x_\\xff.fit",
        rb"x_\xFF.fit",
        rb"x\y.fit",
        rb"\\.fit",
        "ü\\é.fit".encode(),
    ]
    names += [b"d_\xfe/a.fit", rb"d_\xfe/a.fit", b"d\\e/a.fit", b"d\\e/\xff.fit"]
    try:
        for name in names:
            path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    keys = paths(list(scan(collection({"sources": ["**/*.fit"]}), tmp_path)))
    assert len(set(keys)) == len(names)
    assert {os.fsencode(relative_path(".", key)) for key in keys} == set(names)
    assert {rb"x\y.fit".decode(), r"x_\xff.fit", r"x_\\xff.fit", "ü\\é.fit", r"d\e/a.fit", r"d\e/\xff.fit"} <= set(keys)


@pytest.mark.parametrize("moment_s", [13_569_465_600, -13_569_465_600])
def test_times_that_no_bigint_holds_are_kept_at_its_ends(tmp_path: Path, moment_s: int) -> None:
    touch(tmp_path, "a.cdf", "a.dat")
    real, sign = os.stat(tmp_path / "a.cdf"), 1 if moment_s > 0 else -1  # noqa: PTH116

    class Status:
        st_mode, st_size, st_ino = real.st_mode, 1, 5
        st_mtime_ns = st_ctime_ns = moment_s * 10**9

    class Entry:
        def stat(self) -> Any:
            return Status

    (files,) = product_files(collection({"sources": ["*.cdf"]}), tmp_path)
    seen = files.look("a.cdf", Entry())  # type: ignore[arg-type]
    assert (seen.mtime_ns, seen.ctime_ns) == (sign * (2**63 - 1),) * 2
    Scanned([seen])
