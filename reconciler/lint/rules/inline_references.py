"""REFERENCES in a column's line."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.references:
            yield Found(message="has REFERENCES in its own line", at=column.at, object=column.name)


RULE = Rule(
    name="inline-references",
    severity=Severity.ERROR,
    reason="MySQL before 9.0 reads it and forgets it: there is no foreign key; later servers make"
    " one, so that two servers read one file in two ways",
    source="MySQL 8.4 manual, 1.7.2.3; Atlas MY102",
    check=_check,
)
