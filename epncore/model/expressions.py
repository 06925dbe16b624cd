"""Row rules are SQLAlchemy expressions over the column table; here they become Python, PostgreSQL and ADQL.

SQLAlchemy writes the SQL. The Python form follows the three-valued logic of SQL: a comparison with NULL is unknown
(None), so that all three forms agree on every row. It is source text, since rules are asked of every row of an archive:
a call for each part of a condition would take most of their time.
"""

from __future__ import annotations

import re
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


def to_python(condition: Any, positions: Mapping[str, int]) -> RowFunction:
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
    source = PythonSource(positions)
    true, false = source.where(condition, True), source.where(condition, False)
    function: RowFunction = source.run(f"def answer(row):\n    return True if {true} else False if {false} else None")
    return function


_COMPARISONS: Mapping[Any, str] = MappingProxyType(
    {
        ops.eq: "==", ops.ne: "!=", ops.lt: "<", ops.le: "<=", ops.gt: ">", ops.ge: ">=",
        ops.in_op: "in", ops.not_in_op: "not in",
    }
)  # fmt: skip
_ARITHMETIC: Mapping[Any, str] = MappingProxyType({ops.add: "+", ops.sub: "-", ops.mul: "*"})


class PythonSource:
    """Writes conditions as Python expressions of ``row``, and runs what is made of them.

    Python's ``if`` knows no third answer. So a condition has two expressions: one holds where it is true, the other
    where it is false, and neither where it is unknown. ``time_min > 5`` is true where ``row[0] is not None and
    (row[0] > n2)``, false where ``row[0] is not None and not (row[0] > n2)``. NOT exchanges the two. AND is true where
    all its parts are true, and false where one of them is false; OR is the reverse.

    Only numbers of places and what this package wrote stand in the text; each value has a name there.

    Parameters
    ----------
    positions : dict of str to int
        Where each column stands in the row.
    """

    def __init__(self, positions: Mapping[str, int]) -> None:
        self._positions = positions
        # Methods of str, not of the cell: any other cell is a TypeError, as it is to all comparisons.
        self._names: dict[str, Any] = {"startswith": str.startswith, "endswith": str.endswith}

    def run(self, function: str) -> Any:
        """The function of this definition."""
        made: dict[str, Any] = {}
        exec(function, self._names, made)  # noqa: S102 -- written here, and of nothing from files or configs
        return made.popitem()[1]

    def name(self, value: object) -> str:
        """A name for a value."""
        name = f"n{len(self._names)}"
        self._names[name] = value
        return name

    def cell(self, column: str) -> str:
        """The cell of a column."""
        return f"row[{self._positions[column]:d}]"

    def where(self, condition: Any, answer: bool) -> str:
        """An expression that holds where the condition has this answer, and not where it is unknown.

        Raises
        ------
        NotImplementedError
            For an element that no rule needed so far.
        """
        if isinstance(condition, Grouping):
            return self.where(condition.element, answer)
        if isinstance(condition, BooleanClauseList):
            joint = " and " if (condition.operator is ops.and_) is answer else " or "
            return f"({joint.join([self.where(clause, answer) for clause in condition.clauses])})"
        if isinstance(condition, UnaryExpression) and condition.operator is ops.inv:
            return self.where(condition.element, not answer)
        if isinstance(condition, BinaryExpression):
            known, holds = self._comparison(condition)
            return f"({' and '.join([*known, holds if answer else f'not {holds}'])})"
        raise _no_form(condition)

    def _comparison(self, condition: BinaryExpression[Any]) -> tuple[list[str], str]:
        """What has to hold for an answer, and what then makes it true."""
        left, known = self._operand(condition.left)
        if isinstance(condition.right, Null) and condition.operator in (ops.is_, ops.is_not):
            given = f"({' and '.join(known) or True})"
            return [], given if condition.operator is ops.is_not else f"(not {given})"
        if condition.operator in (ops.like_op, ops.not_like_op) and isinstance(condition.right, BindParameter):
            like = self._like(left, str(condition.right.value))
            return known, like if condition.operator is ops.like_op else f"(not {like})"
        if condition.operator not in _COMPARISONS:
            raise _no_form(condition)
        right, also = self._operand(condition.right)
        return [*known, *also], f"({left} {_COMPARISONS[condition.operator]} {right})"

    def _operand(self, element: Any) -> tuple[str, list[str]]:
        """A value, and what has to hold for it not to be NULL."""
        if isinstance(element, sa.ColumnClause):
            cell = self.cell(element.name)
            return cell, [f"{cell} is not None"]
        if isinstance(element, BindParameter) and element.value is not None:
            return self.name(element.value), []
        if isinstance(element, Grouping):
            return self._operand(element.element)
        if isinstance(element, BinaryExpression) and element.operator in _ARITHMETIC:
            (left, known), (right, also) = self._operand(element.left), self._operand(element.right)
            return f"({left} {_ARITHMETIC[element.operator]} {right})", [*known, *also]
        raise _no_form(element)

    def _like(self, cell: str, pattern: str) -> str:
        """Whether a text is like a pattern, in which ``%`` is any text and ``_`` any character."""
        word = pattern.strip("%")
        if not set(word) & {"%", "_"}:  # as nearly all are, and a regular expression takes three times as long
            if pattern == f"%{word}%":
                return f"({self.name(word)} in {cell})"
            if pattern == f"{word}%":
                return f"startswith({cell}, {self.name(word)})"
            if pattern == f"%{word}":
                return f"endswith({cell}, {self.name(word)})"
        known = {"%": ".*", "_": "."}
        expression = re.compile("(?s:" + "".join(known.get(sign) or re.escape(sign) for sign in pattern) + ")")
        return f"{self.name(expression.fullmatch)}({cell})"


def _no_form(element: Any) -> NotImplementedError:
    return NotImplementedError(f"no Python form of {type(element).__name__}: {element}")
