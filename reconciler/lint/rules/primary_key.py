"""A table without a primary key."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    if asked.table.primary_key is None:
        yield Found(message="has no primary key", at=asked.table.at)


RULE = Rule(
    name="primary-key",
    severity=Severity.WARNING,
    new=Severity.ERROR,
    reason="replicas look for a changed row by a scan, and no engine can copy the table",
    source="MySQL 8.4 manual, 17.6.2.1; Skeema pk, Spirit primary_key, Vitess",
    check=_check,
)
