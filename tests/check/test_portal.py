"""The portal's forms, against services that know more and less."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pytest
from rich.console import Console

from epncore.check.client import Limits
from epncore.check.portal import Outcome, Unasked, exit_code, forms, portal_view, services_of
from epncore.check.render.portal import portal, portal_json
from epncore.model.columns import COLUMNS
from epncore.model.errors import UsageError

from .asking import Serve
from .replies import Recorded, Reply, Server, a_field, refusal, spoilt, votable

QUICK = Limits(timeout_seconds=2)


def look(*servers: Server) -> list[Outcome | Unasked]:
    return portal_view([(server.url, []) for server in servers], QUICK)


def verdicts(found: Sequence[Outcome | Unasked]) -> dict[str, str]:
    return {each.form: each.verdict for each in found if isinstance(each, Outcome)}


def printed(found: Sequence[Outcome | Unasked]) -> str:
    stream = io.StringIO()
    portal(Console(file=stream, width=200), found)
    return stream.getvalue()


def test_each_field_of_the_portals_form_is_there_once() -> None:
    fields = [form.field for form in forms()]
    assert len(set(fields)) == len(fields)
    asked = {name for form in forms() for name in form.columns}
    assert asked <= COLUMNS.keys()
    for field in (
        "target_name", "granule_uid", "granule_gid", "obs_id", "measurement_type", "time_min", "time_max",
        "spatial_frame_type", "c1min", "c2max", "c3min", "c1_resol_min", "spectral_range_min",
        "spectral_resolution_min",
        "spectral_sampling_step_min", "time_exp_min", "time_sampling_step_min", "phase_min", "incidence_min",
        "emergence_min", "instrument_host_name", "instrument_name", "species", "feature_name", "target_class",
        "dataproduct_type",
    ):  # fmt: skip
        assert field in asked
    assert {form.field for form in forms() if not form.is_mandatory} == {"species", "feature_name"}


def test_forms_find_the_granule_that_they_were_filled_in_from(served: Serve) -> None:
    found = look(served(Recorded("dachs")))
    assert exit_code(found) == 0
    assert set(verdicts(found).values()) == {"found", "no value", "absent"}
    assert verdicts(found)["target_name, with its aliases"] == "found"
    assert verdicts(found)["species"] == "absent"


def test_a_service_without_hashlists_is_asked_by_like(served: Serve) -> None:
    found = look(served(Recorded("dachs", has_hashlist=False)))
    fell_back = [each for each in found if isinstance(each, Outcome) and each.verdict == "fell back"]
    assert {each.form for each in fell_back} >= {
        "target_name, an item of a list", "target_name, with its aliases", "measurement_type", "instrument_name",
    }  # fmt: skip
    assert all("ivo_hashlist_has" in each.reason and "LIKE '%" in each.adql for each in fell_back)
    assert exit_code(found) == 0


def test_an_old_service_in_upper_case_is_asked_too(served: Serve) -> None:
    found = look(served(Recorded("old")))
    assert verdicts(found)["time, overlapping"] == "found"
    assert {verdicts(found)[form.field] for form in forms() if not form.columns} == {"found"}
    assert exit_code(found) == 0


def test_a_missing_mandatory_column_fails_and_a_missing_optional_one_does_not(served: Serve) -> None:
    recorded = Recorded("dachs").change("ALTER TABLE nda_routine.epn_core DROP COLUMN phase_min")
    found = look(served(recorded))
    assert verdicts(found)["phase, overlapping"] == "absent"
    assert verdicts(found)["all mandatory columns at once"] == "failed"
    assert exit_code(found) == 1
    assert "the table has no column phase_min" in printed(found)


def test_a_form_without_a_value_to_ask_for_can_still_fail(served: Serve) -> None:
    found = look(served(Recorded("dachs", {"phase_min <= 0": "phase_min is text"})))
    (outcome,) = (each for each in found if isinstance(each, Outcome) and each.form == "phase, overlapping")
    assert (outcome.verdict, outcome.reason) == ("failed", "phase_min is text")


def test_an_answer_without_the_granule_is_a_failure(served: Serve) -> None:
    blind = spoilt(Recorded("dachs"), "WHERE .*target_class LIKE", lambda _: votable([a_field("granule_uid")], []))
    found = look(served(blind))
    (outcome,) = (each for each in found if isinstance(each, Outcome) and each.verdict == "missed")
    assert outcome.form == "target_class, from the menu"
    assert "it does not find the granule srn_nda_routine" in outcome.reason
    assert exit_code(found) == 1


def test_quotes_in_values_stay_values(served: Serve) -> None:
    recorded = Recorded("dachs").change("UPDATE nda_routine.epn_core SET target_name = 'O''Brien {x} 100%#Sun'")
    found = look(served(recorded))
    assert {verdicts(found)[form.field] for form in forms() if form.columns == ("target_name",)} == {"found"}


def test_services_that_cannot_be_asked_do_not_keep_the_others_from_being_asked(served: Serve) -> None:
    html = served(lambda _: Reply(b"<html>[bold]\x1b[31m", 200, "text/html"))
    found = look(html, served(Recorded("dachs")))
    assert isinstance(found[0], Unasked)
    assert verdicts(found)["target_name"] == "found"
    assert exit_code(found) == 2
    assert "could not be asked" in printed(found)
    assert len(json.loads(json.dumps(portal_json(found)))["unasked"]) == 1


def test_what_a_server_says_cannot_steer_a_terminal(served: Serve) -> None:
    words = "[red]no\x9b31m"
    found = look(served(spoilt(Recorded("dachs"), "obs_id = ", lambda _: refusal(words))))
    assert "[red]no\\x9b31m" in printed(found)


def test_services_and_schemas_are_told_apart() -> None:
    assert services_of(["http://a/tap", "x", "y", "https://b/tap"]) == [
        ("http://a/tap", ["x", "y"]), ("https://b/tap", []),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="'x' is no address"):
        services_of(["x", "http://a/tap"])
