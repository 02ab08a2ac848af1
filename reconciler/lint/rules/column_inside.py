"""A new column before one that was there."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    last = max((at for at, one in enumerate(asked.table.columns) if asked.was(one)), default=-1)
    for column in asked.table.columns[: last + 1]:
        if asked.was(column) is None:
            yield Found(
                message=f"is new, and stands before {asked.table.columns[last].name}",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="column-inside",
    severity=Severity.INFO,
    reason="servers before MySQL 8.0.29 and MariaDB 10.4 write the table again for it, and code"
    " that goes by the place of columns gets others",
    source="Atlas MY142",
    check=_check,
    of_changes=True,
)
