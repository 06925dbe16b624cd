"""What a rule is: the four kinds, and what each tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa

from epncore.model.expressions import Condition
from epncore.model.rules.facts import Complaint, Fact, ServedTable
from epncore.model.severity import Severity

Offenders: TypeAlias = sa.ClauseElement


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all kinds of rules tell.

    Attributes
    ----------
    id : str
        Family and column: ``null.target_class``.
    severity : {"error", "warning", "advice"}
    section : str
        Of REC-EPNTAP-2.0, or of the document that asks for it.
    checks : str
        What is checked, in one sentence.
    why : str
        What goes wrong for users where it is broken.
    mend : str
        What to do then.
    columns : tuple of str
        The columns it looks at.
    """

    id: str
    section: str
    checks: str
    why: str
    mend: str
    columns: tuple[str, ...] = ()
    severity: Severity = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule(Rule):
    """A row breaks it where `broken` is true (not where it is unknown)."""

    broken: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule(Rule):
    """Texts in its columns break it where `accepts` is false of them; NULL in one of them never does.

    Attributes
    ----------
    accepts : callable
        Is given a text for each column.
    grouped : bool
        False for types that a database cannot group by (regions); then the first rows are looked at.
    """

    accepts: Callable[..., object]
    grouped: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule(Rule):
    """`offenders` gives for a schema a query whose rows are what breaks it: (value of its one column, count)."""

    offenders: Callable[[str], Offenders]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRule(Rule):
    """`complaints` says what is wrong with what a service tells of a table.

    Attributes
    ----------
    needs : tuple of str
        The facts it looks at; where the service does not tell one of them, the rule cannot be run.
    complaints : callable
    """

    complaints: Callable[[ServedTable], list[Complaint]]
    needs: tuple[Fact, ...] = ()
