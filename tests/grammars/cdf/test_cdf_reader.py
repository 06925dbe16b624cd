"""The reader of CDF: what it finds agrees with cdflib, whatever the version, majority and name."""

from __future__ import annotations

import struct
from pathlib import Path

import cdflib
import numpy as np
import pytest

from epncore.model.errors import UnavailableError, UnreadableError
from grammars.readers.cdf import CdfReader

from .conftest import Var, Write, series

GDR_AT = 320


def everything(path: Path) -> None:
    """Read all that a header can tell, and all values."""
    with CdfReader().open(path) as header:
        for name in header.global_names:
            header.entries(name)
        for variable in header.variables.values():
            header.attributes(variable)
            header.read(variable)


def test_sniff_knows_the_magic_numbers_of_version_3_and_2_plain_and_packed() -> None:
    sniff = CdfReader().sniff
    for first in ("cdf30001", "cdf26002", "0000ffff"):
        for second in ("0000ffff", "cccc0001"):
            assert sniff(bytes.fromhex(first + second))
    assert not sniff(b"")
    assert not sniff(b"CDF\x01" + bytes(8))  # NetCDF
    assert not sniff(bytes.fromhex("cdf30001"))


def test_global_attributes_come_in_order_in_any_case_as_texts_and_numbers(write: Write) -> None:
    attributes = {"Many": ["one", "two ", " "], "Number": [[1.5, "CDF_DOUBLE"]], "Numbers": [[[1, 2], "CDF_INT4"]]}
    with CdfReader().open(write(series(), attributes)) as header:
        assert header.texts("MANY") == ("one", "two")
        assert header.entries("many") == ("one", "two", "")
        assert header.entries("number") == (1.5,)
        assert header.entries("Numbers") == ((1, 2),)
        assert header.entries("none") == ()
        assert header.global_names == ["Many", "Number", "Numbers"]


def test_values_and_attributes_agree_with_cdflib(write: Write) -> None:
    rng = np.random.default_rng(1)
    variables = [
        *series(),
        Var("Table", "f8", rng.normal(size=(4, 3, 2)), {"UNITS": "Hz", "VALIDMIN": [0.5, "CDF_DOUBLE"]}),
        Var("Names", "char", np.array(["ab", "cde"]), {"VAR_TYPE": "metadata"}),
        Var("Epoch16", "epoch16", np.array([6.3e10 + 5e11j, 6.4e10 + 1j])),
        Var("One", "i2", np.array([[1, 2, 3]]), varies=False),
    ]
    for spec in ({}, {"Majority": "Column_major"}, {"Encoding": 1}):
        for compress in (0, 6):
            for variable in variables:
                variable.compress = compress
            path = write(variables, **spec)
            oracle = cdflib.CDF(path)
            with CdfReader().open(path) as header:
                assert list(header.variables) == [variable.name for variable in variables]
                for name, variable in header.variables.items():
                    values, expected = header.read(variable), np.asarray(oracle.varget(name))
                    if values.dtype.kind == "S":
                        values = np.char.decode(values)
                    assert np.array_equal(np.squeeze(values), np.squeeze(expected)), name
                    known = {k: np.asarray(v).item() for k, v in oracle.varattsget(name).items()}
                    assert header.attributes(variable) == known


def test_r_variables_are_read_as_z_variables_are(write: Write) -> None:
    variables = [Var("R", "i4", np.arange(6).reshape(2, 3), {"UNITS": "s"}, is_z=False), *series()]
    with CdfReader().open(write(variables, rDim_sizes=[3])) as header:
        variable = header.variables["R"]
        assert not variable.is_z
        assert header.read(variable).tolist() == [[0, 1, 2], [3, 4, 5]]
        assert header.text(variable, "units") == "s"


def test_column_majority_does_not_transpose_a_table(write: Write) -> None:
    table = np.arange(24.0).reshape(2, 3, 4)
    stored = table.transpose(0, 2, 1).reshape(table.shape)  # first index fastest; cdflib writes bytes as they come
    with CdfReader().open(write([Var("T", "f8", stored)], Majority="Column_major")) as header:
        assert np.array_equal(header.read(header.variables["T"]), table)


def test_first_last_and_chunks_read_only_those_records(write: Write) -> None:
    with CdfReader().open(write([Var("N", "i4", np.arange(10))])) as header:
        variable = header.variables["N"]
        assert header.read(variable, 0, 0).tolist() == [0]
        assert header.read(variable, 9, 9).tolist() == [9]
        assert [chunk.tolist() for chunk in header.chunks(variable, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert header.read(variable, 5, 4).tolist() == []


@pytest.mark.parametrize(
    ("sparse", "expected"), [(1, [-7, 8, 9, -7, 11]), (2, [-7, 8, 9, 9, 11]), (0, "record 0 of variable 'S'")]
)
def test_records_left_out_are_padded_or_repeated_if_the_variable_is_sparse(
    write: Write, sparse: int, expected: list[int] | str
) -> None:
    path = write([Var("S", "i4", np.array([8, 9, 10, 11]))])
    with CdfReader().open(path) as header:
        variable = header.variables["S"]
    data = bytearray(path.read_bytes())
    vdr = struct.unpack(">q", data[GDR_AT + 20 : GDR_AT + 28])[0]
    data[vdr + 24 : vdr + 28] = struct.pack(">i", 4)  # MaxRec
    data[vdr + 48 : vdr + 52] = struct.pack(">i", sparse)
    data[variable.pad : variable.pad + 4] = struct.pack("<i", -7)
    room = struct.unpack(">i", data[variable.vxr + 20 : variable.vxr + 24])[0]
    firsts = variable.vxr + 28
    lasts, offsets = firsts + 4 * room, firsts + 8 * room
    block = struct.unpack(">q", data[offsets : offsets + 8])[0]
    single = len(data)  # a second block with one record, number 4
    data += struct.pack(">qi", 16, 7) + struct.pack("<i", 11)
    data[variable.vxr + 24 : variable.vxr + 28] = struct.pack(">i", 2)
    data[firsts : firsts + 8] = struct.pack(">2i", 1, 4)
    data[lasts : lasts + 8] = struct.pack(">2i", 2, 4)
    data[offsets : offsets + 16] = struct.pack(">2q", block, single)
    path.write_bytes(data)
    with CdfReader().open(path) as header:
        if isinstance(expected, str):
            with pytest.raises(UnreadableError, match=expected):
                header.read(header.variables["S"])
        else:
            assert header.read(header.variables["S"]).tolist() == expected


def test_texts_in_utf_8_and_latin_1_are_read(write: Write) -> None:
    path = write(series(), {"A": "Nan_ay", "B": "Na__n"})
    data = path.read_bytes().replace(b"Nan_ay", b"Nan\xe7ay").replace(b"Na__n", "Na\u00e7n".encode())
    path.write_bytes(data)
    with CdfReader().open(path) as header:
        assert header.texts("A") == ("Nan\u00e7ay",)
        assert header.texts("B") == ("Na\u00e7n",)


@pytest.mark.parametrize(
    "name", ["x.cdf\n", "s3:bucket", "http:", "a b\"'.cdf", "noext", "-x.cdf", "x.cdf.gz", "\u00e7\udcff.cdf", "$(x)"]
)
def test_any_name_of_a_file_is_a_name_of_a_file(write: Write, tmp_path: Path, name: str) -> None:
    content = write(series()).read_bytes()
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    path.write_bytes(content)
    everything(path)
    assert [p.name for p in path.parent.iterdir()] == [name]


def test_a_name_without_its_suffix_is_not_another_file(write: Write, tmp_path: Path) -> None:
    write(series(), name="data.cdf")
    with pytest.raises(UnavailableError, match="cannot be read"):
        CdfReader().open(tmp_path / "data")


def test_attributes_are_read_without_the_data(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write([*series(), Var("Big", "f8", np.zeros((1000, 100)), {"UNITS": "V"})])
    asked: list[int] = []
    with CdfReader().open(path) as header:
        bytes_at = header._records.bytes_at
        monkeypatch.setattr(
            header._records, "bytes_at", lambda at, count, what: (asked.append(count), bytes_at(at, count, what))[1]
        )
        for name in header.global_names:
            header.entries(name)
        for variable in header.variables.values():
            header.attributes(variable)
    assert sum(asked) < 30_000 < path.stat().st_size
