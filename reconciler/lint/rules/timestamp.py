"""TIMESTAMP, which ends in 2038."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.type_name == "timestamp":
            yield Found(
                message="is timestamp, which holds nothing after 2038-01-19",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="timestamp",
    severity=Severity.INFO,
    new=Severity.WARNING,
    reason="later times are refused, and what is read depends on the session's time zone",
    source="MySQL 8.4 manual, 13.2.2; Spirit has_timestamp, Skeema has-time",
    check=_check,
)
