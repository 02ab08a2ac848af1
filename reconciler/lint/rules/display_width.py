"""A number of digits that means nothing."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Edit, Found, Rule, Severity
from reconciler.lint.types import INTEGERS


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        at = column.arguments_at
        if column.type_name not in INTEGERS or at is None:
            continue
        if column.zerofill:
            yield Found(
                message="is ZEROFILL, which MySQL has deprecated", at=column.at, object=column.name
            )
        elif not (column.type_name == "tinyint" and column.arguments == ("1",)):
            yield Found(
                message=f"has a display width: {column.type_name}({column.arguments[0]})",
                at=at,
                object=column.name,
                edits=(Edit(start=at.start, end=at.end),),
            )


RULE = Rule(
    name="display-width",
    severity=Severity.INFO,
    reason="it does not bound any value, and MySQL does not show it any more",
    source="MySQL 8.4 manual, 13.1.6; Skeema display-width",
    check=_check,
    fixes=True,
)
