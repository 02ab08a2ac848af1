"""A table by RANGE that does not take every row."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    partitioning = asked.table.partitioning
    if partitioning is not None and partitioning.method == "RANGE" and not partitioning.takes_all:
        yield Found(
            message="is partitioned by RANGE without a last partition for all that comes",
            at=partitioning.at,
        )


RULE = Rule(
    name="partition-end",
    severity=Severity.INFO,
    reason="a row behind the last bound is refused, on the day that nobody thought of",
    source="MySQL 8.4 manual, 26.2.1",
    check=_check,
)
