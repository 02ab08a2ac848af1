"""Writes what is said of lint's rules outside of their files: `python -m tests.tidy.write_lint`.

`spec.schema.json` has a key for each rule, so that an editor completes and checks them;
`docs/lint.md` a line.
"""

from __future__ import annotations

import json
import re
from typing import Any

from reconciler.lint.model import Option, Rule
from reconciler.lint.rules import RULES
from tests.tidy.source import ROOT

SCHEMA = ROOT / "reconciler" / "spec" / "spec.schema.json"
PAGE = ROOT / "docs" / "lint.md"
_RULES_OF_SCHEMA = re.compile(r'(?<="lint_rules": \{\n)(?: {6,}.*\n)*')
_TABLE_OF_PAGE = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- end of rules -->)", re.DOTALL)


def schema_text() -> str:
    """The schema file as it is, with the rules as they are."""
    text = SCHEMA.read_text(encoding="utf-8")
    names = [f'          "{rule.name}": {json.dumps(_setting(rule))}' for rule in RULES]
    inside = [
        '      "title": "rules by name",',
        '      "type": "object",',
        '      "additionalProperties": false,',
        '      "properties": {',
        ",\n".join(names),
        "      }",
    ]
    return _RULES_OF_SCHEMA.sub(lambda _: "\n".join(inside) + "\n", text, count=1)


def page_text() -> str:
    text = PAGE.read_text(encoding="utf-8")
    return _TABLE_OF_PAGE.sub(lambda _: "\n".join(_table()) + "\n", text, count=1)


def _setting(rule: Rule) -> dict[str, Any]:
    severity = {"$ref": "#/$defs/lint_severity"}
    options = {name: _option(value) for name, value in rule.options.items()}
    return {
        "description": f"{rule.reason[0].upper()}{rule.reason[1:]}.",
        "anyOf": [
            severity,
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {"severity": severity, "new": severity, **options},
            },
        ],
    }


def _option(value: Option) -> dict[str, Any]:
    match value:
        case int():
            return {"type": "integer", "minimum": 1, "default": value}
        case str():
            return {"type": "string", "minLength": 1, "default": value}
        case _:
            items = {"type": "string", "minLength": 1}
            return {"type": "array", "items": items, "default": list(value)}


def _table() -> list[str]:
    lines = ["| rule | severity | what happens otherwise | options |", "|---|---|---|---|"]
    for rule in RULES:
        fix = " `--fix`" if rule.fixes else ""
        options = ", ".join(f"`{name}: {_said(value)}`" for name, value in rule.options.items())
        lines.append(f"| `{rule.name}`{fix} | {_weight(rule)} | {rule.reason} | {options} |")
    return lines


def _weight(rule: Rule) -> str:
    of = " of a change" if rule.of_changes else " of live tables" if rule.of_live else ""
    words = [f"{rule.severity}{of}"]
    if rule.new is not None:
        words.append(f"{rule.new} if new")
    if rule.on_vitess is not None:
        words.append(f"{rule.on_vitess} with sharded Vitess")
    return ", ".join(words)


def _said(value: Option) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return str(value)


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    PAGE.write_text(page_text(), encoding="utf-8")
