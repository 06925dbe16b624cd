"""What das2 clients and the das2 service of a granule are told: the server, the data source, the interval."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from epncore.model.template import parsed
from epncore.model.units import datetime_of_jd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epncore.model.linking import Das2
    from epncore.model.row import Cell

STREAM_TYPE = "application/vnd.das2.das2stream"
"""Media type of a binary das2 stream."""

_MILLISECOND = dt.timedelta(milliseconds=1)


def interval(row: Mapping[str, Cell]) -> tuple[str, str] | None:
    """Start and end of a granule as das2 servers take them, ``2020-01-01T00:00:00.000Z``.

    Parameters
    ----------
    row : mapping of str to Cell
        With `time_min` and `time_max`.

    Returns
    -------
    tuple of str or None
        The end is after the start, as servers demand, also where a granule is one moment. None where the row tells
        no time, or one beyond the calendar.
    """
    first, last = row.get("time_min"), row.get("time_max")
    if not isinstance(first, float) or not isinstance(last, float):
        return None
    try:
        start, end = datetime_of_jd(first), datetime_of_jd(last)
        end = max(end, start + _MILLISECOND)
    except (ValueError, OverflowError):
        return None
    return _iso(start), _iso(end)


def request(das2: Das2, values: Mapping[str, str], times: tuple[str, str]) -> dict[str, str]:
    """The parameters of a request for an interval, in the case that das2 servers know.

    Raises
    ------
    KeyError
        Where the template of the data source asks for a value that is not there.
    """
    start, end = times
    dataset = parsed(das2.dataset).render(values)
    return {"server": "dataset", "dataset": dataset, "start_time": start, "end_time": end, **das2.params}


def stream_url(das2: Das2, parameters: Mapping[str, str]) -> str:
    """The URL of a stream; ``/`` and ``:`` stay readable, as RFC 3986 allows in a query."""
    return f"{das2.server}?{urlencode(parameters, safe='/:', quote_via=quote)}"


def service_args(parameters: Mapping[str, str]) -> str:
    """The parameters as the links table keeps them: what a request for a part of the granule begins with."""
    return json.dumps(parameters, separators=(",", ":"))


def _iso(moment: dt.datetime) -> str:
    return f"{moment.isoformat(timespec='milliseconds')}Z"
