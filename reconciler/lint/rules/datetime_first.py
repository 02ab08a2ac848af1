"""A time in front of the columns that are asked for by value."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import TIMES
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    for index in asked.table.indexes:
        first = asked.table.column(index.parts[0].column) if len(index.parts) > 1 else None
        if first is None or index.kind not in (IndexKind.PLAIN, IndexKind.UNIQUE):
            continue
        if first.type_name in TIMES:
            yield Found(
                message=f"begins with {first.name}, a {first.type_name}, and goes on with others",
                at=index.at,
                object=index.name,
            )


RULE = Rule(
    name="datetime-first",
    severity=Severity.WARNING,
    reason="a time is asked for by range, and behind a range the other columns find nothing",
    source="Spirit datetime_index_position; MySQL 8.4 manual, 10.2.1.2",
    check=_check,
)
