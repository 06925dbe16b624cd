"""VOTables of spectra: both forms in all serialisations, real oddities, damage, and XML that means harm."""

from __future__ import annotations

import base64
import gzip
import io
import runpy
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from astropy.io.votable import from_table, writeto
from astropy.table import Column, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epncore.app.inspect import inspect
from epncore.model.errors import FileError, UnreadableError
from grammars.readers import votable as reader
from grammars.readers.votable import VotableReader
from grammars.registry import reader_for

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    def content(name: str) -> bytes:
        make = runpy.run_path(str(ROOT / "sample_data" / name / "make.py"))["make"]
        return bytes(make(tmp_path_factory.mktemp(name))[0].read_bytes())

    return content


def row(path: Path) -> dict[str, object]:
    return {each.column.name: each.value for each in inspect(path).values}


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("serialisation", ["tabledata", "binary", "binary2"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_astropy_writes_is_read_in_each_serialisation(serialisation: str, packed: bool, tmp_path: Path) -> None:
    table = Table()
    table["mjd"] = Column([60000.0, 60000.5, 60001.0], unit="d", meta={"ucd": "time.epoch"})
    table["note"] = Column(["a", "bcd", ""])
    table["frequency"] = Column([10.0, 20.0, 40.0], unit="MHz", meta={"ucd": "em.freq"})
    file = from_table(table)
    for field in file.get_first_table().fields:
        field.ucd = {"mjd": "time.epoch", "frequency": "em.freq"}.get(field.name)
    target = io.BytesIO()
    writeto(file, target, tabledata_format=serialisation)
    content = target.getvalue()
    found = row(written(tmp_path / "x", gzip.compress(content) if packed else content))
    assert (found["time_min"], found["time_max"]) == (2460000.5, 2460002.0)
    assert (found["spectral_range_min"], found["spectral_sampling_step_max"]) == (1e7, 2e7)


def test_rows_are_walked_and_cells_decoded_one_by_one(sample: Callable[[str], bytes], tmp_path: Path) -> None:
    path = written(tmp_path / "x", sample("nda_votable"))
    with VotableReader().open(path) as header:
        rows = list(header.rows(["TimeISO", "LL"]))
    assert (len(rows), rows[59][0], rows[0][1].shape) == (60, "2014-01-30T22:15:59.000", (40,))


def test_groups_of_several_columns_are_taken_together(sample: Callable[[str], bytes], tmp_path: Path) -> None:
    text = sample("nda_votable").decode()
    first, second, third = text.partition('ID="freq_table_rr"')
    low = third.replace('value="10 10.75', 'value="0.5 10.75')
    found = row(written(tmp_path / "x", first + second + low))
    assert (found["spectral_range_min"], found["spectral_range_max"]) == (500000.0, 39250000.0)
    ends = text.replace("Coverage.Location.Value", "Coverage.Other")
    assert row(written(tmp_path / "y", ends))["spectral_range_max"] == 39250000.0


def test_times_that_cannot_be_right_are_left_out_and_that_is_said(
    sample: Callable[[str], bytes], tmp_path: Path
) -> None:
    found = inspect(written(tmp_path / "x", sample("kronos_votable")))
    (time,) = (each for each in found.values if each.column.name == "time_max")
    assert time.source == "FIELD time, 1 that cannot be right left out (iso), latest + the median step of 16 s"
    assert time.value == pytest.approx(2453860.25 + 29 * 16 / 86400, abs=1e-9)


def cut(content: bytes, at: bytes, keep: int = 0) -> bytes:
    return content[: content.index(at) + keep]


FORM_1 = {
    "cut in the header": lambda c: cut(c, b"<FIELD"),
    "cut in the data": lambda c: cut(c, b'base64">', 5000),
    "cut before the end of a row": lambda c: c.replace(c[c.index(b"</STREAM") - 80 : c.index(b"</STREAM")], b""),
    "no base64": lambda c: c.replace(b'base64">\n', b'base64">\n!!!!'),
    "gzip in base64": lambda c: c.replace(b'encoding="base64"', b'encoding="gzip"'),
    "data elsewhere": lambda c: c.replace(b'encoding="base64"', b'encoding="base64" href="file:///etc/passwd"'),
    "no rows": lambda c: c[: c.index(b'base64">') + 8] + c[c.index(b"</STREAM") :],
    "an unknown type": lambda c: c.replace(b'datatype="float" arraysize="40" unit="dB"', b'datatype="flaot" unit="dB"'),
    "an absurd size": lambda c: c.replace(b'arraysize="23"', b'arraysize="999999999999"'),
    "a variable array with a count of millions": lambda c: c.replace(b'arraysize="23"', b'arraysize="*"'),
    "wrong endianness": lambda c: _swapped(c),
    "no list of numbers": lambda c: c.replace(b'value="10 10.75', b'value="ten 10.75'),
    "a bomb": lambda c: c.replace(
        b"<VOTABLE",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % ((98 + n,) + (97 + n,) * 4) for n in range(20))
        + b"]><VOTABLE",
        1,
    ).replace(b"Jupiter</DESC", b"&u;</DESC"),
    "an external entity": lambda c: c.replace(
        b"<VOTABLE", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><VOTABLE', 1
    ),
    "elements without end": lambda c: c.replace(b"<TABLE ", b"<GROUP>" * 500 + b"<TABLE ", 1),
    "elements by the thousand": lambda c: c.replace(b"<TABLE ", b"<INFO/>" * 20_000 + b"<TABLE ", 1),
    "a tag without end": lambda c: c.replace(b"<TABLE ", b'<TABLE x="' + b"y" * (1 << 25), 1),
    "no XML": lambda c: c.replace(b"</TABLE>", b"</TBL>").replace(b"<DATA>", b"<DATA"),
}


def _swapped(content: bytes) -> bytes:
    """All numbers with their bytes in the wrong order: the texts of the times stay, so these are taken away."""
    start, end = content.index(b'base64">') + 8, content.index(b"</STREAM")
    data = np.frombuffer(base64.b64decode(content[start:end]), "u1").reshape(60, 351)
    turned = np.hstack([data[:, 7::-1], data[:, 8:]])
    encoded = base64.encodebytes(turned.tobytes())
    return (content[:start] + encoded + content[end:]).replace(b'ucd="time.epoch" xtype="dateTime"', b"")


@pytest.mark.parametrize("damage", FORM_1)
def test_a_damaged_file_is_a_reasoned_error_within_bounds(
    damage: str, sample: Callable[[str], bytes], tmp_path: Path
) -> None:
    content = sample("nda_votable")
    damaged = FORM_1[damage](content)
    assert damaged != content
    path = written(tmp_path / "x.vot", damaged)
    tracemalloc.start()
    with pytest.raises(FileError) as caught:
        inspect(path)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.message
    assert caught.value.path == str(path)
    assert most_bytes < 150_000_000


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n", b"", "no XML: no element found"),
        (b"<TD>3.6</TD>", b"<TD>3.6.6</TD>", "is no float"),
        (b'unit="kHz"', b'unit="keV"', "no grammar recognises this votable file"),
        (b'datatype="float" unit="kHz"', b'datatype="flaot" unit="kHz"', "its type cannot be read"),
        (b"<TABLEDATA>", b"<FITS>", "a FITS within"),
    ],
)
def test_damage_of_a_table_in_text_is_told_with_its_place(
    old: bytes, new: bytes, words: str, sample: Callable[[str], bytes], tmp_path: Path
) -> None:
    content = sample("kronos_votable")
    damaged = content.replace(old, new, 1).replace(b"</TABLEDATA>", b"</FITS>" if b"FITS" in new else b"</TABLEDATA>")
    with pytest.raises(FileError) as caught:
        inspect(written(tmp_path / "x.vot", damaged))
    assert words in str(caught.value)


def test_a_gzip_that_inflates_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: Callable[[str], bytes]
) -> None:
    monkeypatch.setattr(reader, "INFLATED_MAX_BYTES", 1 << 20)
    bomb = sample("kronos_votable").replace(b"<DATA>", b" " * (1 << 24) + b"<DATA>")
    path = written(tmp_path / "x.vot.gz", gzip.compress(bomb))
    with pytest.raises(UnreadableError, match="inflates to more than 1048576 bytes"):
        inspect(path)
    with pytest.raises(UnreadableError, match="gzip"):
        inspect(written(tmp_path / "y.vot.gz", gzip.compress(sample("kronos_votable"))[:-2000]))


def test_memory_does_not_grow_with_the_rows(sample: Callable[[str], bytes], tmp_path: Path) -> None:
    content = sample("kronos_votable")
    start, end = content.index(b"<TR>"), content.index(b"</TABLEDATA>")
    large = content[:start] + content[start:end] * 30 + content[end:]
    most = []
    for name, text in (("small", content), ("large", large)):
        path = written(tmp_path / name, text)
        tracemalloc.start()
        assert row(path)["time_sampling_step_min"] == 16.0
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(large) > 1_800_000
    assert most[1] < most[0] + 1_000_000


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=300), place=st.floats(0, 1), cut_off=st.booleans())
def test_noise_is_an_error_or_a_row_and_nothing_else(
    noise: bytes, place: float, cut_off: bool, sample: Callable[[str], bytes], tmp_path: Path
) -> None:
    for name in ("nda_votable", "kronos_votable"):
        content = _SAMPLES.setdefault(name, sample(name) if name not in _SAMPLES else b"")
        at = int(place * len(content))
        path = written(tmp_path / "x", content[:at] + noise + (b"" if cut_off else content[at + len(noise) :]))
        with suppress(FileError):
            assert row(path)["time_min"]


_SAMPLES: dict[str, bytes] = {}


@pytest.mark.parametrize(
    "head", ["\ufeff<?xml version='1.0'?>\n<!-- x -->\n<VOTABLE ", "<vo:VOTABLE xmlns:vo='x'>", "<VOTABLE>"]
)
def test_a_votable_is_known_by_its_root(head: str, tmp_path: Path) -> None:
    assert reader_for(written(tmp_path / "x", head)).format == "votable"
    with pytest.raises(UnreadableError, match="it is XML"):
        reader_for(written(tmp_path / "y", "<?xml version='1.0'?><svg/>"))
