"""Names from elsewhere that are no names: told, and never sent back in a query."""

from __future__ import annotations

import pytest

from epncore.check.client import ServiceError
from epncore.model.errors import UsageError

from .asking import TABLE, Serve, look
from .replies import Recorded


@pytest.mark.parametrize(
    "name",
    [
        "x' OR '1'='1",
        'a"b',
        "a;DROP TABLE b",
        "\x9b31mred",
        "é" * 5000,
        "schéma",
        "a\nb",
        "a b",
        "<script>",
        "[bold]",
        "",
    ],
)
def test_hostile_names_of_tables_are_told_and_not_asked_for(served: Serve, name: str) -> None:
    recorded = Recorded("dachs")
    recorded.database.execute(
        "INSERT INTO tap_schema.tables (schema_name, table_name, utype) VALUES (?, ?, '')", (name, f"{name}.epn_core")
    )
    server = served(recorded)
    report = look(server)
    assert list(report.rows) == [TABLE]
    (note,) = report.notes
    assert "was not checked" in note
    assert note.isprintable()
    assert len(note) < 400
    assert not [query for query in server.queries if name and name in query]
    recorded.change(f"DELETE FROM tap_schema.tables WHERE table_name = '{TABLE}'")
    with pytest.raises(ServiceError, match=r"no table named epn_core; .* was not checked"):
        look(server)


@pytest.mark.parametrize(
    "name", ["x' OR '1'='1", 'a"b; DROP', "\x9b31m", "N" * 100_000, "count(*)", "a\nb", "", "select"]
)
def test_hostile_names_of_columns_are_told_and_not_asked_for(served: Serve, name: str) -> None:
    recorded = Recorded("dachs")
    recorded.database.execute(
        f"INSERT INTO tap_schema.columns (table_name, column_name, datatype) VALUES ('{TABLE}', ?, 'char')", (name,)
    )
    server = served(recorded)
    report = look(server)
    assert [each.column for each in report.findings if each.rule.id == "own.name"] == [name]
    assert max(map(len, server.queries)) < 20_000
    assert not [query for query in server.queries if len(name) > 8 and name in query]


@pytest.mark.parametrize("schema", ["x' OR 1=1 --", "", "a.b", "1a", "a b", "é"])
def test_a_schema_that_cannot_be_one_is_not_asked_for(served: Serve, schema: str) -> None:
    server = served(Recorded("dachs"))
    with pytest.raises(UsageError, match="is no schema name"):
        look(server, schema)
    assert server.asked == []


def test_a_schema_that_is_not_there(served: Serve) -> None:
    with pytest.raises(ServiceError, match=r"no table nosuch\.epn_core\. EPN-TAP tables there: nda_routine\.epn_core"):
        look(served(Recorded("dachs")), "nosuch")
