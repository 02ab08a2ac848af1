"""Columns that every table is to have."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for name in asked.words("names"):
        if asked.table.column(name) is None:
            yield Found(message=f"has no column {name}", at=asked.table.at, object=name)


RULE = Rule(
    name="required-columns",
    severity=Severity.OFF,
    reason="those who wrote the rule rely on them in every table",
    source="Bytebase column.required",
    check=_check,
    options={"names": ("created_at", "updated_at")},
)
