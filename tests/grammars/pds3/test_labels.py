"""What is read of a PDS3 label, and that hostile ones end in a reason."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epncore.model.errors import FileError, HeaderError, UnreadableError
from grammars.readers.pds3_label import BYTES, LABEL_MAX_BYTES, is_label, parse

HEAD = b"PDS_VERSION_ID = PDS3\r\n"


def parsed(body: str) -> object:
    return parse(HEAD + body.encode() + b"\r\nEND\r\n")


def test_values_are_typed_and_sets_have_an_order_of_their_own() -> None:
    block = parsed(
        'RECORD_BYTES = 912\nTARGET_NAME = {"SATURN", JUPITER, "IO"}\nSTOP = N/A\nWIDTH = 5.5 <ms>\n'
        '^TABLE = ("A.DAT", 513 <BYTES>)\nNAMES = ("a", "b")\n/* a = comment */\nOBJECT = TABLE\n  ROWS = 3\n'
        "  OBJECT = COLUMN\n  NAME = X\n  END_OBJECT = COLUMN\n  OBJECT = COLUMN\n  NAME = Y\n  END_OBJECT = COLUMN\n"
        "END_OBJECT = TABLE"
    )
    assert block.count("RECORD_BYTES") == 912
    assert block.texts("TARGET_NAME") == ("IO", "JUPITER", "SATURN")
    assert block.texts("STOP") == ()
    assert block.number("WIDTH") == 5.5
    assert block.values["^TABLE"] == ("A.DAT", 513, BYTES)
    assert block.texts("NAMES") == ("a", "b")
    (table,) = block.blocks["TABLE"]
    assert table.count("ROWS") == 3
    assert [column.text("NAME") for column in table.blocks["COLUMN"]] == ["X", "Y"]


def test_a_set_reads_the_same_whatever_the_hash_seed() -> None:
    script = (
        "from grammars.readers.pds3_label import parse\n"
        'print(parse(b\'PDS_VERSION_ID = PDS3\\nA = {"X", "Y", "Z", "W", 3}\\nEND\\n\').texts(\'A\'))'
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert said == {b"('3', 'W', 'X', 'Y', 'Z')\n"}


@pytest.mark.parametrize("text", ["", "12.5", "-1", "TRUE", '"912"', "(1, 2", "9" * 30])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(HeaderError, match="ROWS"):
        parsed(f"ROWS = {text}").count("ROWS")


def test_labels_start_in_several_ways() -> None:
    sfdu = b"CCSD3ZF0000100000001NJPL3IF0PDS200000001 = SFDU_LABEL\r\n"
    assert all(is_label(head) for head in (HEAD, sfdu + HEAD, b"\r\n" + HEAD, b'PDS_VERSION_ID="PDS3"\n'))
    assert not any(is_label(head) for head in (b"", b"PDS_VERSION_ID = PDS4", b"x" + HEAD, sfdu, b"SIMPLE  ="))


def test_a_cut_label_is_never_half_read(made: dict[str, Path]) -> None:
    for folder in made.values():
        for path in folder.glob("*.LBL"):
            whole = path.read_bytes()
            parse(whole)
            for end in range(0, len(whole) - 5, 97):
                with pytest.raises(UnreadableError):
                    parse(whole[:end])


def test_an_object_left_open_is_refused() -> None:
    with pytest.raises(UnreadableError, match="END_OBJECT"):
        parsed("OBJECT = TABLE\n  ROWS = 3")


def test_a_label_without_end_is_not_read_for_ever() -> None:
    with pytest.raises(UnreadableError, match=f"within {LABEL_MAX_BYTES}"):
        parse(HEAD + b"A = 1\n" * LABEL_MAX_BYTES)


@pytest.mark.parametrize(
    "body",
    [
        "A = " + "(" * 20_000 + ")" * 20_000,
        "A = " + "-" * 50_000 + "1",
        "A = 1" + "+1" * 30_000,
        "A = " + "9" * 50_000,
        "A = 36#" + "Z" * 50_000 + "#",
        "OBJECT = A\n" * 5_000 + "END_OBJECT = A\n" * 5_000,
        "^A = 1\n" * 15_000,
        "A = " + "<>" * 30_000,
        "A = {" + "1#" * 30_000,
        "END_OBJECT = A\n" * 5_000,
        'A = "' + "/*" * 30_000 + '"',
        "A = {{1}, {2}}",
        "= = =\n=\n==",
        "A",
    ],
    ids=lambda body: body[:12],
)
def test_hostile_labels_end_in_a_header_or_a_reason(body: str) -> None:
    with contextlib.suppress(FileError):
        parsed(body)


@settings(max_examples=150)
@given(st.text(st.sampled_from("AB=(){}<>\"#^/*,.-+0123456789eE \n\t'\\END_OBJECT"), max_size=300))
def test_noise_in_a_label_ends_in_a_header_or_a_reason(body: str) -> None:
    with contextlib.suppress(FileError):
        block = parsed(body)
        for keyword in block.values:
            block.texts(keyword)
            block.number(keyword)


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_noise_after_the_first_line_ends_in_a_header_or_a_reason(body: bytes) -> None:
    with contextlib.suppress(FileError):
        parse(HEAD + body + b"\nEND\n")
