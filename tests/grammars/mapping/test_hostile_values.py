"""Whatever stands in a header, a file gives a row or a reason."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from epncore.model.errors import FileError
from grammars.plan import Plan
from grammars.protocol import SourceFile

from .conftest import mapped

ENTRIES = """
target_name = {{ key = "A" }}
instrument_name = {{ key = ["A", "B"] }}
processing_level = {{ key = "A" }}
time_exp_min = {{ key = "A", unit = "ms" }}
own_speed = {{ text = "{{A}} m/s" }}
s_region = {{ key = "A" }}
creation_date = {{ key = "A" }}
publisher = {{ text = "{{A}}" }}
spectral_range_min = {{ key = "A", unit = "m" }}
time_min = {{ key = ["A", "B"], format = "{0}" }}
time_axis = {{ start = "A", step = "B", count = "A", unit = "s", origin = {{ key = "B", format = "{0}" }} }}
spectral_axis = {{ key = ["A", "B"], unit = "cm" }}
"""
LINES = [
    line for form in ("iso", "jd", "mjd", "unix", "%Y-%m-%d") for line in ENTRIES.format(form).splitlines() if line
]
PLANS: list[Plan] = [mapped(line) for line in dict.fromkeys(LINES)]

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
CARD = st.one_of(
    TEXTS.map(lambda text: "'" + text.replace("'", "''") + "'"),
    TEXTS,
    st.integers(-(10**60), 10**60).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["T", "F", "", "1E99999", "1D308", "-0.0", "0", "'1e300 MHz'", "'[1 MHz, ; 2 kHz'", "'9999-12-31T24:00:00'"]
    ),
    st.tuples(st.dates(), st.times()).map(lambda both: f"'{both[0]}T{both[1]}'"),
)


@settings(max_examples=150, deadline=None)
@given(CARD, CARD)
@example("'9999-12-31T23:59:60'", "'12:00:00'")
@example("1E308", "1E308")
@example("9" * 60, "2451545")
@example("'[]'", "'()'")
@example("'3'", "1D308")
def test_any_header_gives_a_row_or_a_reason(first: str, second: str) -> None:
    cards = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", f"A       = {first}", f"B       = {second}", "END"]
    content = b"".join(card.ljust(80)[:80].encode("latin-1") for card in cards).ljust(2880)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.fits"
        path.write_bytes(content)
        for plan in PLANS:
            try:
                plan.read(SourceFile(path, "a.fits", len(content), 0))
            except FileError as error:
                assert error.path == "a.fits"  # noqa: PT017
                assert error.place  # noqa: PT017
