"""A NOT NULL column without a default."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import LARGE


def _check(asked: Asked) -> Iterator[Found]:
    key = asked.table.primary_key
    for column in asked.table.columns:
        given = column.default_sql is not None or column.auto_increment or column.generated
        in_key = key is not None and column.name.lower() in key.columns
        if not column.nullable and not given and not in_key and column.type_name not in LARGE:
            yield Found(message="is NOT NULL without a default", at=column.at, object=column.name)


RULE = Rule(
    name="default-required",
    severity=Severity.OFF,
    reason="code that does not know the column cannot insert any more",
    source="Bytebase column.set-default-for-not-null",
    check=_check,
)
