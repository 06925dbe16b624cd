"""The portal's own view: the query forms of VESPA, sent to services with values that are there.

The portal sends one WHERE clause to all services at once. A form that is filled in from a row must find that row;
where it fails or does not, users of the portal do not find the data.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from epncore.check import query
from epncore.check.client import Client, Limits, RefusedError, Row, ServiceError, Tap
from epncore.check.service import schemas_of
from epncore.model.columns import COLUMNS, mandatory
from epncore.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Verdict = Literal["found", "fell back", "failed", "missed", "no value", "absent"]
"""``found`` and ``fell back`` are right; ``no value``: no row has one to ask for; ``absent``: an optional column."""


@dataclass(frozen=True, slots=True)
class Form:
    """A field of the portal's form, and the condition that it sends.

    Attributes
    ----------
    field : str
    template : str
        ADQL, a condition or a whole query: ``{column}`` stands for the value in a row, ``{column_item}`` for the first
        item of a list, ``{column_lower}`` for that in lower case, ``{table}`` for the table, ``{names}`` for how
        TAP_SCHEMA may spell it, and ``{mandatory}`` for all mandatory columns.
    fallback : str
        The same for a service that does not know a function of it; or empty.
    columns : tuple of str
        That it names.
    """

    field: str
    template: str
    fallback: str
    columns: tuple[str, ...]

    @property
    def is_mandatory(self) -> bool:
        """Whether it names columns that each service must have."""
        return all(COLUMNS[name].level == "mandatory" for name in self.columns)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a form at a table.

    Attributes
    ----------
    service, table : str
    form : str
    verdict : str
    reason : str
        The server's words, or what is missing; empty where it found its row.
    adql : str
        The query that was sent last; empty where none was.
    seconds : float
    is_mandatory : bool
    """

    service: str
    table: str
    form: str
    verdict: Verdict
    reason: str = ""
    adql: str = ""
    seconds: float = 0.0
    is_mandatory: bool = True

    @property
    def is_failure(self) -> bool:
        """Whether users of the portal miss the data."""
        return self.verdict in ("failed", "missed") or (self.verdict == "absent" and self.is_mandatory)


@dataclass(frozen=True, slots=True)
class Unasked:
    """A service that could not be asked, and why."""

    service: str
    reason: str


@lru_cache(1)
def forms() -> tuple[Form, ...]:
    """The forms of the table portal.csv, in the order of the portal's page."""
    with files("epncore.check").joinpath("portal.csv").open(encoding="utf-8") as stream:
        return tuple(
            Form(line["field"], line["template"], line["fallback"], tuple(line["columns"].split()))
            for line in csv.DictReader(stream)
        )


def services_of(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Addresses with the schemas that follow each.

    Raises
    ------
    UsageError
        Where a schema comes first.
    """
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if "://" in word:
            found.append((word, []))
        elif found:
            found[-1][1].append(word)
        else:
            raise UsageError(f"{word!r} is no address", hint="With --portal: URL [SCHEMA ...] [URL [SCHEMA ...] ...]")
    return found


def portal_view(
    services: Sequence[tuple[str, Sequence[str]]],
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Outcome | Unasked]:
    """Send all forms of the portal to all tables of some services.

    Parameters
    ----------
    services : sequence of (str, sequence of str)
        Base addresses with schemas; without schemas, all that the service has.
    limits : Limits, optional
        Of each service.
    say : callable
        Is told in words what is being asked.

    Returns
    -------
    list of Outcome or Unasked
        A service that cannot be asked (any more) does not keep the others from being asked.

    Raises
    ------
    UsageError
        Where a schema's name is none.
    """
    found: list[Outcome | Unasked] = []
    for url, schemas in services:
        with Client(limits) as client:
            tap = Tap(url, client)
            try:
                for schema in schemas_of(tap, schemas, []):
                    say(f"{tap.url}: {schema}")
                    found += _Table(tap, query.table_name(schema)).outcomes()
            except ServiceError as error:
                found.append(Unasked(tap.url, str(error)))
    return found


def exit_code(found: Sequence[Outcome | Unasked]) -> int:
    """2 where a service could not be asked, 1 where a form of mandatory columns fails, else 0."""
    if any(isinstance(each, Unasked) for each in found):
        return 2
    return int(any(isinstance(each, Outcome) and each.is_failure and each.is_mandatory for each in found))


class _Table:
    """One table, whose rows give the values that forms are filled in with."""

    def __init__(self, tap: Tap, name: str) -> None:
        self.tap, self.name = tap, name
        self.columns = {each.lower() for each in tap.ask(query.one_row(name)).fieldnames}
        self.rows: dict[tuple[str, ...], Row | None] = {}

    def outcomes(self) -> list[Outcome]:
        return [self._outcome(form) for form in forms()]

    def _outcome(self, form: Form) -> Outcome:
        missing = [name for name in form.columns if name not in self.columns]
        if missing:
            return self._told(form, "absent", f"the table has no column {', '.join(missing)}")
        try:
            row = self._row(form.columns)
        except RefusedError as error:
            return self._told(form, "failed", str(error))
        if row is None and form.columns:
            return self._without_value(form)
        values = {key: each for name in form.columns if row for key, each in _literals(name, row[name]).items()}
        first, second = (self._query(template, values) for template in (form.template, form.fallback))
        outcome = self._sent(form, first, row)
        if outcome.verdict == "failed" and second:
            other = self._sent(form, second, row)
            if other.verdict == "found":
                return self._told(form, "fell back", outcome.reason, second, other.seconds)
        return outcome

    def _without_value(self, form: Form) -> Outcome:
        """A form that cannot find a row can still fail."""
        empty = {name: "x" if COLUMNS[name].type == "text" else 0 for name in form.columns}
        values = {key: each for name, value in empty.items() for key, each in _literals(name, value).items()}
        for template in filter(None, (form.template, form.fallback)):
            outcome = self._sent(form, self._query(template, values), None)
            if outcome.verdict != "failed":
                return self._told(form, "no value", f"no row has a value in {', '.join(form.columns)}", outcome.adql)
        return outcome

    def _row(self, columns: tuple[str, ...]) -> Row | None:
        """A row that has values in all these columns; None where there are none, or a form names no column."""
        if not columns:
            return None
        if columns not in self.rows:
            rows = self.tap.rows(query.filled_row(self.name, columns), 1, ["granule_uid", *columns])
            self.rows[columns] = rows[0] if rows else None
        return self.rows[columns]

    def _query(self, template: str, values: dict[str, str]) -> str:
        if not template:
            return ""
        columns = ", ".join(column.name for column in mandatory())
        names = ", ".join(map(query.text, query.names_of(self.name)))
        filled = template.format(table=self.name, names=names, mandatory=columns, **values)
        return filled if filled.startswith("SELECT") else query.uids_where(self.name, filled)

    def _sent(self, form: Form, adql: str, row: Row | None) -> Outcome:
        """Send a query as the portal does; then ask whether the row that filled it in is among what it finds."""
        try:
            self.tap.ask(adql, 1)
            seconds = self.tap.seconds
            one = f" AND granule_uid = {query.text(str(row['granule_uid']))}" if row else ""
            found = self.tap.rows(adql.replace(" WHERE ", " WHERE (", 1) + ")" + one) if row else self.tap.rows(adql, 1)
        except RefusedError as error:
            return self._told(form, "failed", str(error), adql, self.tap.seconds)
        if not found:
            what = f"the granule {row['granule_uid']}, from which it was filled in" if row else "any row"
            return self._told(form, "missed", f"it does not find {what}", adql, seconds)
        return self._told(form, "found", "", adql, seconds)

    def _told(self, form: Form, verdict: Verdict, reason: str = "", adql: str = "", seconds: float = 0.0) -> Outcome:
        return Outcome(self.tap.url, self.name, form.field, verdict, reason, adql, seconds, form.is_mandatory)


def _literals(name: str, value: Any) -> dict[str, str]:
    """A value inside a template: whole, and for texts its first item, and that in lower case."""
    if not isinstance(value, str):
        return {name: repr(value)}
    item = value.split("#")[0]
    texts = {name: value, f"{name}_item": item, f"{name}_lower": item.lower()}
    return {key: each.replace("'", "''") for key, each in texts.items()}
