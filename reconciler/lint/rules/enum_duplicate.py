"""A member of an ENUM or SET that is there twice."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.type_name not in ("enum", "set"):
            continue
        seen: set[str] = set()
        for member in column.arguments:
            folded = member.rstrip(" ").lower()
            if folded in seen:
                yield Found(
                    message=f"has member {member!r} twice",
                    at=column.at,
                    object=column.name,
                )
            seen.add(folded)


RULE = Rule(
    name="enum-duplicate",
    severity=Severity.ERROR,
    reason="the server refuses it in strict mode; else the second can never be stored",
    source="MySQL 8.4 manual, 13.3.5; Vitess DUPLICATE_ENUM_VALUE",
    check=_check,
)
