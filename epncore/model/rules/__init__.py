"""The rules of EPN-TAP, each written once.

Four kinds (`kinds`): a *row rule* is a condition on one row, which compiles to Python, PostgreSQL and ADQL (`rows`);
a *value rule* is a Python predicate over the distinct values of its columns (`values`); a *table rule* is an aggregate
(`tables`); a *service rule* looks at metadata and links (`schema`, `columns`,
`own`, `metadata`, `registry`, `links`, `datalink`). `RowChecker` runs
the first two on rows before they are loaded; `epncore check` runs all of them on a service.
"""

from __future__ import annotations

from epncore.model.rules.checker import Broken, RowChecker
from epncore.model.rules.columns import COLUMN_RULES
from epncore.model.rules.datalink import DATALINK_RULES
from epncore.model.rules.kinds import RowRule, Rule, ServiceRule, TableRule, ValueRule
from epncore.model.rules.links import LINK_RULES
from epncore.model.rules.metadata import METADATA_RULES
from epncore.model.rules.own import OWN_RULES
from epncore.model.rules.registry import REGISTRY_RULES
from epncore.model.rules.rows import ROW_RULES
from epncore.model.rules.schema import SCHEMA_RULES
from epncore.model.rules.tables import TABLE_RULES
from epncore.model.rules.values import VALUE_RULES
from epncore.model.severity import Severity

__all__ = [
    "ROW_RULES",
    "RULES",
    "SERVICE_RULES",
    "TABLE_RULES",
    "VALUE_RULES",
    "Broken",
    "RowChecker",
    "RowRule",
    "Rule",
    "ServiceRule",
    "Severity",
    "TableRule",
    "ValueRule",
]  # fmt: skip

SERVICE_RULES: tuple[ServiceRule, ...] = (
    *SCHEMA_RULES, *COLUMN_RULES, *OWN_RULES, *METADATA_RULES, *REGISTRY_RULES, *LINK_RULES, *DATALINK_RULES,
)  # fmt: skip

RULES: tuple[Rule, ...] = (*ROW_RULES, *VALUE_RULES, *TABLE_RULES, *SERVICE_RULES)
"""All rules, in the order in which they are told."""
