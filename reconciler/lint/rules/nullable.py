"""Columns that may be NULL."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.nullable and not column.generated:
            yield Found(message="may be NULL", at=column.at, object=column.name)


RULE = Rule(
    name="nullable",
    severity=Severity.OFF,
    reason="a comparison with NULL is neither true nor false, and a unique key takes many of them",
    source="Bytebase column.no-null",
    check=_check,
)
