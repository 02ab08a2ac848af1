"""ENUM and SET."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.type_name in ("enum", "set"):
            yield Found(
                message=f"is {column.type_name} of {len(column.arguments)} members",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="enum",
    severity=Severity.OFF,
    reason="a new member is a change of the schema, and one in the middle writes every row again",
    source="Skeema has-enum; Atlas MY110 to MY123",
    check=_check,
)
