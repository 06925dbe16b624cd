"""The rules themselves, for people: as a table, one by one, and as the document docs/rules.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.table import Table

from epncore.check import query
from epncore.model.expressions import to_adql
from epncore.model.printable import safe
from epncore.model.rules import ROW_RULES, SERVICE_RULES, TABLE_RULES, VALUE_RULES, RowRule, TableRule

if TYPE_CHECKING:
    from rich.console import Console

    from epncore.model.rules import Rule

BY_KIND: dict[str, tuple[Rule, ...]] = {
    "row": ROW_RULES,
    "value": VALUE_RULES,
    "table": TABLE_RULES,
    "service": SERVICE_RULES,
}

WHAT_THEY_ARE = {
    "row": "Conditions on the cells of one row, which run in the database of any TAP service.",
    "value": "What is said of a text, or of some texts of one row; looked at once for each distinct value.",
    "table": "What only all rows together can break.",
    "service": "What metadata, the registry and links say.",
}


def rule_json(rule: Rule) -> dict[str, Any]:
    """All that a rule tells."""
    return {
        "rule": rule.id,
        "kind": next(kind for kind, rules in BY_KIND.items() if rule in rules),
        "severity": rule.severity,
        "section": rule.section,
        "checks": rule.checks,
        "why": rule.why,
        "mend": rule.mend,
        "columns": list(rule.columns),
        "adql": adql_of(rule),
    }


def adql_of(rule: Rule) -> str:
    """The query for what breaks a row or table rule in a table ``SCHEMA.epn_core``; empty for the other kinds."""
    if isinstance(rule, RowRule):
        return query.whole_rows("SCHEMA.epn_core", to_adql(rule.broken))
    return query.offenders(rule, "SCHEMA", 1000) if isinstance(rule, TableRule) else ""


def rules_table(console: Console) -> None:
    """Print all rules by kind."""
    for kind, rules in BY_KIND.items():
        table = Table(title=f"{len(rules)} {kind} rules. {WHAT_THEY_ARE[kind]}", title_justify="left")
        table.add_column("rule", overflow="fold")
        table.add_column("severity")
        table.add_column("checks that", overflow="fold")
        for rule in rules:
            table.add_row(rule.id, rule.severity, safe(rule.checks))
        console.print(table)


def rule_told(console: Console, rule: Rule) -> None:
    """Print all that a rule tells."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rule_json(rule).items():
        table.add_row(name, safe(", ".join(value) if isinstance(value, list) else value))
    console.print(table)


def rules_document() -> str:
    """The rules by kind and family, as Markdown; rules that say the same of other columns stand together."""
    lines = []
    for kind, rules in BY_KIND.items():
        lines += [f"## {kind.capitalize()} rules", "", WHAT_THEY_ARE[kind], ""]
        for family in dict.fromkeys(rule.id.split(".")[0] for rule in rules):
            lines += [f"### {family}", ""]
            groups: dict[tuple[str, ...], list[Rule]] = {}
            for rule in rules:
                if rule.id.split(".")[0] == family:
                    groups.setdefault(_shared(rule), []).append(rule)
            for (severity, section, why, mend), those in groups.items():
                lines += [f"*{severity}*, {section}. {why}. **To mend:** {mend}.", ""]
                lines += [f"- `{rule.id}`: {_escaped(rule.checks)}" for rule in those]
                lines.append("")
    return "\n".join(lines)


def _shared(rule: Rule) -> tuple[str, ...]:
    """What a rule shares with others: its own column is called COLUMN."""
    name = rf"\b{re.escape(rule.columns[0])}\b" if rule.columns else "$^"
    why, mend = (_escaped(re.sub(name, "COLUMN", text)) for text in (rule.why, rule.mend))
    return rule.severity, _escaped(rule.section), why, mend


def _escaped(text: str) -> str:
    return re.sub(r"([\\*<>|\[\]])", r"\\\1", text)
