"""PDS3 labels: text of ``KEYWORD = VALUE`` statements in nested OBJECTs, up to the statement END.

Format: Planetary Data System Standards Reference 3.8, chapter 12 (Object Description Language). The text is parsed by
pdr, which knows what real labels do to that language; here stands what it leaves open: how long a label may be, that it
has an end, and that whatever stands in it ends in a reason.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from epncore.model.errors import HeaderError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping

Scalar: TypeAlias = str | int | float
"""A value of a statement, typed."""

BYTES = "<BYTES>"
"""What follows a number that counts bytes; other units are left out."""

LABEL_MAX_BYTES = 128 * 1024
"""A label that has not ended by then is none; real ones have some kilobytes."""

_SFDU = rb"(?:CCSD[\w$]{16}NJPL[\w$]{16}\s*=\s*SFDU_LABEL\s+)?"  # one line of older labels, about the file as a whole
_START = re.compile(rb"\s{0,80}" + _SFDU + rb'PDS_VERSION_ID\s{0,80}=\s{0,80}"?PDS3\b')
_END = re.compile(rb"[\r\n]END[ \t]*(?=[\r\n]|\Z)")
_UNKNOWN = frozenset({"", "N/A", "NULL", "UNK", "NONE"})  # Standards Reference, section 17.2


@dataclass(frozen=True, slots=True)
class Block:
    """The statements of a label, or of one of its OBJECTs.

    Attributes
    ----------
    values : dict of str to tuple
        By keyword, as they stand: one value, or the members of a set or a sequence. The first of a name counts.
    blocks : dict of str to list of Block
        OBJECTs and GROUPs by name, in the order of the label.
    """

    values: dict[str, tuple[Scalar, ...]] = field(default_factory=dict)
    blocks: dict[str, list[Block]] = field(default_factory=dict)

    def texts(self, keyword: str) -> tuple[str, ...]:
        """The values of a keyword as texts; empty where it is not there, or is ``N/A``, ``NULL`` or ``UNK``."""
        found = (str(value).strip() for value in self.values.get(keyword, ()) if value != BYTES)
        return tuple(text for text in found if text.upper() not in _UNKNOWN)

    def text(self, keyword: str) -> str | None:
        """The first of `texts`."""
        return next(iter(self.texts(keyword)), None)

    def number(self, keyword: str) -> float | None:
        """A number; None where the keyword is not there or is none."""
        (value, *_) = self.values.get(keyword, (None,))
        return float(value) if isinstance(value, (int, float)) and abs(value) < 1e300 else None

    def count(self, keyword: str, default: int | None = None) -> int:
        """A whole number of bytes or records, not negative.

        Raises
        ------
        HeaderError
            Where it is not there and has no default, or is no such number.
        """
        (value, *_) = self.values.get(keyword, (default,))
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            raise HeaderError(f"{keyword} is {value!r:.60}", place=f"label, {keyword}", hint="A whole number is wanted")
        return value


def is_label(head: bytes) -> bool:
    """Whether bytes start a PDS3 label."""
    return _START.match(head) is not None


def parse(content: bytes) -> Block:
    """Read the label at the start of a file.

    Parameters
    ----------
    content : bytes
        The first `LABEL_MAX_BYTES` of the file and one more, or all of a shorter one.

    Raises
    ------
    UnreadableError
        Where it is no label, does not end, or leaves an OBJECT open.
    """
    if not is_label(content):
        raise UnreadableError("no PDS3 label: it does not start with PDS_VERSION_ID = PDS3", place="byte 0")
    end = _END.search(content, 0, LABEL_MAX_BYTES)
    if end is None:
        whole = len(content) <= LABEL_MAX_BYTES
        raise UnreadableError(
            "the label has no END" if whole else f"the label does not end within {LABEL_MAX_BYTES} bytes",
            place="label",
            hint="Fetch the file again" if whole else None,
        )
    # Without END itself, by which pdr would close an OBJECT that is left open.
    return _block(_parsed(content[: end.start()].decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")))


def _parsed(text: str) -> Mapping[str, Any]:
    from pdr.parselabel.pds3 import parse_pvl

    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            # Pointers of one name would be numbered, which takes the square of their count.
            found, _ = parse_pvl(text, deduplicate_pointers=False)
    except Exception as error:  # noqa: BLE001  nested too deep, digits without end: whatever hostile text makes of it
        raise UnreadableError(f"the label cannot be parsed ({type(error).__name__})", place="label") from None
    if any("aggregations" in str(warning.message) for warning in said):
        raise UnreadableError("an OBJECT of the label has no END_OBJECT", place="label", hint="Fetch the file again")
    return found  # type: ignore[no-any-return]


def _block(parsed: Mapping[str, Any]) -> Block:
    block = Block()
    for keyword, value in parsed.items():
        if hasattr(value, "items") and not _is_quantity(value):
            block.blocks.setdefault(keyword, []).append(_block(value))
        else:
            block.values.setdefault(keyword, _members(value))
    return block


def _is_quantity(value: Any) -> bool:
    """``5.0 <ms>``: pdr makes a table of it."""
    return isinstance(value, dict) and value.keys() == {"value", "units"}


def _members(value: Any) -> tuple[Scalar, ...]:
    if _is_quantity(value):
        unit = f"<{value['units']}>"
        return (*_members(value["value"]), *((BYTES,) if unit == BYTES else ()))
    if isinstance(value, (set, frozenset)):  # a set has no order of its own: the alphabet makes one
        return tuple(sorted((member for one in value for member in _members(one)), key=str))
    if isinstance(value, (tuple, list)):
        return tuple(member for one in value for member in _members(one))
    return (value.strip("\"' ") if isinstance(value, str) else value,) if isinstance(value, Scalar) else ()
