"""Which records of a long file stand for all of them."""

from __future__ import annotations

SPAN_RECORDS = 256
SPANS_MAX = 16


def spans(records: int) -> list[tuple[int, int]]:
    """Spans of records (from 0, ends not included) that stand for all of them, in their order.

    Parameters
    ----------
    records : int
        How many there are.

    Returns
    -------
    list of (int, int)
        All records in one span where they are no more than `SPANS_MAX` spans of `SPAN_RECORDS` hold; else that many,
        evenly spread, with the first and the last record. So a longer file costs no more.
    """
    if records <= SPAN_RECORDS * SPANS_MAX:
        return [(0, records)] if records else []
    last = records - SPAN_RECORDS
    starts = (last * number // (SPANS_MAX - 1) for number in range(SPANS_MAX))
    return [(start, start + SPAN_RECORDS) for start in starts]
