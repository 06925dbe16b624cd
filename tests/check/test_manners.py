"""How a check behaves: one query at a time, limits on time and number, and a name."""

from __future__ import annotations

import time

import pytest

from epncore.check.client import MOST_LATE, USER_AGENT, Client, Limits, RefusedError, ServiceError, Tap

from .asking import QUICK, Serve, look
from .replies import Recorded, Reply, Request, spoilt, trickle


def slowly(_: Request) -> Reply:
    """A byte now and then, without an end."""
    return Reply(trickle())


def test_a_check_says_who_asks_one_query_at_a_time_with_a_limit_of_rows(served: Serve) -> None:
    server = served(Recorded("dachs"))
    look(server)
    assert server.most_at_once == 1
    assert {request.headers["User-Agent"] for request in server.asked} == {USER_AGENT}
    assert "IVOA-test" in USER_AGENT
    assert all(int(request.parameters["MAXREC"]) <= Limits().most_rows for request in server.asked if request.query)
    assert len(server.asked) < 100


def test_the_number_of_requests_is_bounded(served: Serve) -> None:
    server = served(Recorded("dachs"))
    with pytest.raises(ServiceError, match="made 20 requests and is not done"):
        look(server, limits=Limits(most_requests=20))
    assert len(server.asked) == 20


def test_redirects_are_requests_too(served: Serve) -> None:
    recorded = Recorded("dachs")

    def moved(request: Request) -> Reply:
        if request.path.startswith("/tap"):
            return Reply(status=307, headers={"Location": "/new" + request.path})
        return recorded(request)

    server = served(moved)
    with pytest.raises(ServiceError, match="requests and is not done"):
        look(server, limits=Limits(most_requests=30))
    assert len(server.asked) <= 31


def test_a_service_that_is_slow_with_every_query_but_simple_ones_is_left_alone(served: Serve) -> None:
    server = served(spoilt(Recorded("dachs"), r"epn_core WHERE .* OR |GROUP BY|DISTINCT TOP", slowly))
    with pytest.raises(ServiceError, match=rf"{MOST_LATE} answers did not come within 0.25 s"):
        look(server, limits=Limits(timeout_seconds=0.25))


def test_the_time_of_a_request_is_that_of_all_its_redirects(served: Serve) -> None:
    def slow(_: Request) -> Reply:
        time.sleep(0.2)
        return Reply(status=302, headers={"Location": "/tap/sync"})

    with Client(Limits(timeout_seconds=0.3)) as client, pytest.raises(RefusedError, match=r"no answer within 0.3 s"):
        client.get(served(slow).url)


def test_a_query_that_is_refused_leaves_the_service_usable(served: Serve) -> None:
    with Client(QUICK) as client:
        tap = Tap(served(spoilt(Recorded("dachs"), "slow", slowly)).url, client)
        with pytest.raises(RefusedError, match="no answer within"):
            tap.rows("SELECT slow FROM nda_routine.epn_core")
        assert tap.count("SELECT COUNT(*) AS n FROM nda_routine.epn_core") == 3
