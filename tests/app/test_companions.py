"""Names of companions, and what a config may say of them and of versions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from epncore.app.companions import companion_names, companion_pattern
from epncore.app.scan import ProductFiles
from epncore.model.collection import Collection, parse
from epncore.model.errors import ConfigError


def collection(**keys: Any) -> Collection:
    product = {"sources": ["**"], "grammar": "istp", "granule_gid": "x", **keys}
    config = {
        "schema": "x", "title": "x", "description": "x", "creators": ["X, Y."], "created": dt.date(2024, 1, 1),
        "licence": "CC0-1.0", "subjects": ["solar-physics"], "product": [product],
    }  # fmt: skip
    return parse(config, "collection.toml")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("2024/x.LBL", ["2024/x.DAT", "2024/sums/x.LBL.md5"]),
        ("x.fit.gz", ["x.DAT", "sums/x.fit.gz.md5"]),
        ("plain", ["plain.DAT", "sums/plain.md5"]),
    ],
)
def test_companions_stand_beside_their_file(path: str, names: list[str]) -> None:
    (product,) = collection(companions=["{stem}.DAT", "sums/{name}.md5"]).product
    assert companion_names(product, path) == names
    pattern = companion_pattern(product)
    assert pattern is not None
    assert all(pattern.fullmatch(name) for name in names)
    assert not pattern.fullmatch(path)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"companions": ["../{stem}.DAT"]}, "leaves the folder"),
        ({"companions": ["/data/{stem}.DAT"]}, "leaves the folder"),
        ({"companions": ["a/../../{stem}"]}, "leaves the folder"),
        ({"companions": ["all.DAT"]}, "would belong to every file"),
        ({"companions": ["{name}"]}, "is the file itself"),
        ({"companions": ["{uid}.DAT"]}, "is no field"),
        ({"keep": "first"}, "'all' or 'latest'"),
        ({"version_in_name": "_V("}, "no regular expression"),
        ({"version_in_name": "_V[0-9]+"}, "one group"),
    ],
)
def test_a_mistake_is_told(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        collection(**keys)


@pytest.mark.parametrize(
    ("name", "family", "version"),
    [
        ("d/x_V01.cdf", "d/x.cdf", "01"),
        ("x_v02.fit.gz", "x.fit.gz", "02"),
        ("x-V1.0.cdf", "x.cdf", "1.0"),
        ("x_V01_V12.cdf", "x_V01.cdf", "12"),
        ("x.cdf", None, None),
        ("d_V02/x.cdf", None, None),
    ],
)
def test_the_last_version_in_the_name_counts(
    name: str, family: str | None, version: str | None, tmp_path: Path
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    seen = ProductFiles(collection(keep="latest"), 0, tmp_path).look(name, tmp_path / name)
    assert (seen.family, seen.version) == (family, version)
    assert ProductFiles(collection(), 0, tmp_path).look(name, tmp_path / name).family is None
