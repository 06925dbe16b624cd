"""Row rules are SQLAlchemy expressions over the column table; here they become Python, PostgreSQL and ADQL.

SQLAlchemy writes the SQL. The Python form follows the three-valued logic of SQL: a comparison with NULL is unknown
(None), so that all three forms agree on every row.
"""

from __future__ import annotations

import operator
import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql import operators as ops
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    Grouping,
    Null,
    UnaryExpression,
)

from epncore.model.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from epncore.model.row import Cell

Condition: TypeAlias = sa.ColumnElement[bool]
RowFunction: TypeAlias = "Callable[[Sequence[Cell]], Any]"

_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "text": sa.Text,
    "integer": sa.Integer,
    "double": sa.Double,
    "timestamp": sa.DateTime,
    "region": sa.Text,
    "moc": sa.Text,
}

CELL: Mapping[str, sa.ColumnClause[Any]] = MappingProxyType(
    {column.name: sa.column(column.name, _TYPES[column.type]()) for column in COLUMNS.values()}
)
"""The columns of EPNcore as SQLAlchemy sees them; row rules are conditions on these."""


def columns_of(condition: Condition) -> tuple[str, ...]:
    """Names of the columns that a condition looks at, in the order of the REC."""
    found = {
        str(element.name) for element in sa.sql.visitors.iterate(condition) if isinstance(element, sa.ColumnClause)
    }
    return tuple(name for name in COLUMNS if name in found)


def to_postgresql(condition: Condition) -> str:
    """The condition as PostgreSQL text, values written out; it holds only what this package wrote."""
    return _compiled(condition, postgresql.dialect())  # type: ignore[no-untyped-call]


def to_adql(condition: Condition) -> str:
    """The condition as ADQL 2.1 text: comparisons, LIKE, IS NULL, IN, AND, OR, NOT, + - *, all of it SQL-92."""
    return _compiled(condition, DefaultDialect())


def _compiled(condition: Condition, dialect: sa.Dialect) -> str:
    return str(condition.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def to_python(condition: Any, positions: dict[str, int]) -> RowFunction:
    """The condition as a function of a row.

    Parameters
    ----------
    condition : Condition
    positions : dict of str to int
        Where each column stands in the row.

    Returns
    -------
    callable
        From a row to True, False or None (unknown).

    Raises
    ------
    NotImplementedError
        For an element that no rule needed so far.
    """
    if isinstance(condition, sa.ColumnClause):
        return operator.itemgetter(positions[condition.name])
    if isinstance(condition, BindParameter):
        value = condition.value
        return lambda _: value
    if isinstance(condition, Null):
        return lambda _: None
    if isinstance(condition, Grouping):
        return to_python(condition.element, positions)
    if isinstance(condition, BooleanClauseList):
        return _boolean(condition, [to_python(clause, positions) for clause in condition.clauses])
    if isinstance(condition, UnaryExpression) and condition.operator is ops.inv:
        return _not(to_python(condition.element, positions))
    if isinstance(condition, BinaryExpression):
        return _binary(condition, positions)
    raise NotImplementedError(f"no Python form of {type(condition).__name__}: {condition}")


def _boolean(condition: BooleanClauseList, clauses: list[RowFunction]) -> RowFunction:
    decisive: bool = condition.operator is ops.or_  # True decides an OR, False an AND; None is unknown

    def decide(row: Sequence[Cell]) -> bool | None:
        answer: bool | None = not decisive
        for clause in clauses:
            value = clause(row)
            if value is decisive:
                return bool(decisive)
            if value is None:
                answer = None
        return answer

    return decide


def _not(inner: RowFunction) -> RowFunction:
    def negate(row: Sequence[Cell]) -> bool | None:
        value = inner(row)
        return None if value is None else not value

    return negate


@cache
def _like(pattern: str) -> Callable[[str], object]:
    """A pattern of LIKE, in which ``%`` is any text and ``_`` any character, as a function of a text."""
    known = {"%": ".*", "_": "."}
    return re.compile("(?s:" + "".join(known.get(sign) or re.escape(sign) for sign in pattern) + ")").fullmatch


_COMPARISONS: dict[Any, Callable[[Any, Any], Any]] = {
    ops.eq: operator.eq, ops.ne: operator.ne, ops.lt: operator.lt, ops.le: operator.le, ops.gt: operator.gt,
    ops.ge: operator.ge, ops.in_op: lambda value, among: value in among,
    ops.not_in_op: lambda value, among: value not in among,
    ops.like_op: lambda value, pattern: bool(_like(pattern)(value)),
    ops.not_like_op: lambda value, pattern: not _like(pattern)(value),
}  # fmt: skip

_ARITHMETIC: dict[Any, Callable[[Any, Any], Any]] = {
    ops.add: operator.add,
    ops.sub: operator.sub,
    ops.mul: operator.mul,
}


def _with_value(left: RowFunction, combine: Callable[[Any, Any], Any], value: object) -> RowFunction:
    """A comparison with a value that is written down, as most of them are."""

    def decide(row: Sequence[Cell]) -> Any:
        one = left(row)
        return None if one is None else combine(one, value)

    return decide


def _binary(condition: BinaryExpression[Any], positions: dict[str, int]) -> RowFunction:
    left, right = to_python(condition.left, positions), to_python(condition.right, positions)
    if isinstance(condition.right, Null) and condition.operator is ops.is_:
        return lambda row: left(row) is None
    if isinstance(condition.right, Null) and condition.operator is ops.is_not:
        return lambda row: left(row) is not None
    combine = _COMPARISONS.get(condition.operator) or _ARITHMETIC.get(condition.operator)
    if combine is None:
        raise NotImplementedError(f"no Python form of {condition}")
    if isinstance(condition.right, BindParameter) and condition.right.value is not None:
        return _with_value(left, combine, condition.right.value)

    def decide(row: Sequence[Cell]) -> Any:
        one, other = left(row), right(row)
        return None if one is None or other is None else combine(one, other)

    return decide
