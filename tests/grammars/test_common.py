"""Identifiers, dates and what the file system tells are the same for every grammar."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from epncore.model import collection as config
from epncore.model.row import CellError, Found, Missing
from grammars import common
from grammars.protocol import Granule, SourceFile, Step

NOON = dt.datetime(2024, 7, 16, 12)
JD = 2460508.044930556  # 2024-07-16T13:04:42


def collection(product=(), **keys):
    data = {
        "schema": "juno", "title": "t", "description": "d", "creators": ["c"], "created": "2024-01-01",
        "licence": "CC0-1.0", "subjects": ["solar-physics"],
        "product": [{"sources": ["*"], "grammar": "fake", "granule_gid": "g", **dict(product)}],
    }  # fmt: skip
    return config.parse(data | keys, "collection.toml")


def walked(found, *, name="A_1.cdf", size=1025, mtime=NOON, row=(), path=None):
    """Columns, values and sources of the common steps of a file."""
    moment = round((mtime - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1)) * 1000
    file = SourceFile(path or Path("/data/2024") / name, f"2024/{name}", size, moment)
    granule = Granule(file, None, row=dict(row))
    answers = {}
    for step in common.steps(found, found.product[0], "cdf"):
        answer = step.value(granule)
        answers[step.column] = answer
        cell = answer.value if isinstance(answer, Found) else None if isinstance(answer, Missing) else answer
        granule.row.setdefault(step.column, cell)
    return answers


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("A_62.fit.gz", "A_62"), ("A.FITS", "A"), ("A.cdf", "A"), ("a.b.cdf", "a.b"), ("v1.2", "v1.2"), ("A", "A"),
        ("A.dat.gz", "A.dat"), (".cdf", ".cdf"), (".hidden.cdf", ".hidden"), ("A.fit.Z", "A"), ("A.fts.gz.gz", "A"),
        ("...", "..."), ("", ""), ("A.", "A."), ("A.cdf ", "A.cdf "),
    ],
)  # fmt: skip
def test_a_stem_is_the_name_without_suffixes_of_format_and_packing(name, stem):
    assert common.stem(name) == stem


def test_identifiers_follow_their_templates():
    keys = {"granule_uid": "{schema}_{gid}_{path}", "obs_id": "{year}{month}{day}T{hour}{minute}"}
    answers = walked(collection(**keys), row={"time_min": JD})
    assert answers["granule_uid"] == "juno_g_2024/A_1.cdf"
    assert answers["obs_id"] == "20240716T1304"
    assert answers["service_title"] == "juno"
    assert answers["spatial_frame_type"] == "none"


@pytest.mark.parametrize(
    ("name", "uid"),
    [("Nançay #1.cdf", "g_Nancay _1"), ("a'b\".cdf", "g_a_b_"), ("a\nb.cdf", "g_a b"), ("caf\udce9.cdf", "g_caf_")],
)
def test_identifiers_are_clean_whatever_the_file_is_called(name, uid):
    assert walked(collection(), name=name)["granule_uid"] == uid


def test_urls_quote_what_the_file_is_called():
    urls = {"access_url": "https://x.org/{path}?id={uid}", "thumbnail_url": "https://x.org/{obs_id}.png"}
    answers = walked(collection(urls), name="a b#1%.cdf")
    assert answers["access_url"] == "https://x.org/2024/a%20b%231%25.cdf?id=g_a%20b_1%25"
    assert answers["thumbnail_url"] == "https://x.org/a%20b_1%25.png"
    assert walked(collection(urls), name="caf\udce9.cdf")["access_url"].startswith("https://x.org/2024/caf%E9.cdf?")


@pytest.mark.parametrize("time", [None, "2024", float("inf"), 1e20, 0.0])
def test_a_template_of_time_without_time_is_missing(time):
    answers = walked(collection({"access_url": "https://x.org/{year}/{name}"}), row={"time_min": time})
    assert answers["access_url"] == Missing("https://x.org/{year}/{name} needs time_min, which the file does not tell")


def test_years_have_four_digits():
    answers = walked(collection(obs_id="{year}-{stem}"), row={"time_min": 2086000.0})
    assert answers["obs_id"] == "0999-A_1"


def test_dates_come_from_the_file_system_where_nothing_else_tells():
    answers = walked(collection())
    assert (answers["creation_date"], answers["modification_date"], answers["release_date"]) == (NOON, NOON, NOON)


def test_a_modification_is_never_before_the_creation():
    later = NOON + dt.timedelta(days=1)
    answer = walked(collection(), row={"creation_date": later})["modification_date"]
    assert answer == Found(later, "creation_date, which is after the modification time of the file")
    earlier = NOON - dt.timedelta(days=1)
    assert walked(collection(), row={"creation_date": earlier})["modification_date"] == NOON


@pytest.mark.parametrize(
    ("period", "time_max", "release"),
    [
        ("P1Y", JD, dt.datetime(2025, 7, 16, 13, 4, 42)),
        ("P6M", None, dt.datetime(2025, 1, 16, 12)),
        ("P0D", JD, dt.datetime(2024, 7, 16, 13, 4, 42)),
    ],
)
def test_the_release_is_a_period_after_the_end_of_the_observation(period, time_max, release):
    found = collection(release_after=period, embargoed="leave_out")
    assert walked(found, row={"time_max": time_max})["release_date"] == release


@pytest.mark.parametrize(("period", "time_max"), [("P9999Y", JD), ("P1Y", 1e20)])
def test_a_release_beyond_the_calendar_is_refused(period, time_max):
    with pytest.raises(CellError, match="release_date: "):
        walked(collection(release_after=period, embargoed="list"), row={"time_max": time_max})


def test_a_modification_time_beyond_the_calendar_is_refused():
    file = SourceFile(Path("a.cdf"), "a.cdf", 1, 10**21)
    found = collection()
    step = next(s for s in common.steps(found, found.product[0], "cdf") if s.column == "creation_date")
    with pytest.raises(CellError, match="beyond the calendar"):
        step.value(Granule(file, None))


@pytest.mark.parametrize(
    ("size", "kbyte"),
    [
        (0, 0), (1, 1), (1024, 1), (1025, 2), ((2**31 - 1) * 1024, 2**31 - 1),
        (2**41, Missing("2147483648 kbyte do not fit the 32 bits that DaCHS gives this column")),
    ],
)  # fmt: skip
def test_sizes_are_kbytes_rounded_up_or_missing(size, kbyte):
    assert walked(collection({"access_url": "https://x.org/{name}"}), size=size)["access_estsize"] == kbyte


def test_format_and_size_are_given_with_an_url_only():
    assert not {"access_url", "access_format", "access_estsize"} & set(walked(collection()))
    url = {"access_url": "https://x.org/{name}"}
    assert walked(collection(url))["access_format"] == "application/x-cdf"
    assert walked(collection({**url, "access_format": "application/fits"}))["access_format"] == "application/fits"


def test_the_md5_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "A.cdf"
    path.write_bytes(b"abc")
    assert walked(collection({"md5": True}), path=path)["access_md5"] == "900150983cd24fb0d6963f7d28e17f72"
    assert "access_md5" not in walked(collection(), path=path)


def test_a_mended_text_says_so_in_its_source():
    assert common.mended("access_format", "cdf", "key FORMAT") == Found(
        "application/x-cdf", "key FORMAT; cdf -> application/x-cdf: a media type is wanted (RFC 2045)"
    )
    assert common.mended("target_name", "Io", "key OBJECT") == Found("Io", "key OBJECT")


def test_the_second_step_is_not_asked_where_the_first_has_a_value():
    def never(_):
        raise AssertionError

    both = common.prefer(Step("ra", "first", lambda _: 0.0), Step("ra", "second", never))
    assert both.value(Granule(SourceFile(Path("a"), "a", 1, 1), None)) == Found(0.0, "first")


def test_the_reason_of_the_second_step_is_told_where_neither_has_a_value():
    both = common.prefer(Step("ra", "first", lambda _: None), Step("ra", "second", lambda _: Missing("no key")))
    assert both.value(Granule(SourceFile(Path("a"), "a", 1, 1), None)) == Missing("no key")
