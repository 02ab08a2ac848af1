"""A time in front of the columns that are asked for by value."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import TIMES
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    for index in asked.table.indexes:
        if index.kind not in (IndexKind.PLAIN, IndexKind.UNIQUE):
            continue
        columns = (asked.table.column(part.column) for part in index.parts[:-1])
        time = next((one for one in columns if one and one.type_name in (*TIMES, "date")), None)
        if time is not None:
            yield Found(
                message=f"has other columns behind {time.name}, a {time.type_name}",
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
