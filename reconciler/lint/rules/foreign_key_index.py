"""A foreign key whose columns have no index of the table's own."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for one in asked.table.foreign_keys:
        wanted = tuple(name.lower() for name in one.columns)
        starts = (index.columns[: len(wanted)] for index in asked.table.indexes)
        if not any(set(start) == set(wanted) for start in starts):
            yield Found(
                message="has no index on its columns, so that the server makes one by itself",
                at=one.at,
                object=one.name,
            )


RULE = Rule(
    name="foreign-key-index",
    severity=Severity.INFO,
    reason="an index that nobody wrote goes again by itself when another one covers it",
    source="MySQL 8.4 manual, 15.1.20.5",
    check=_check,
)
