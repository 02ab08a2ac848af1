"""A default that strict mode refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity

_DATES = ("date", "datetime", "timestamp")
_ZERO = re.compile(r"'0{2,4}\D0{1,2}\D0{1,2}.*'|'\d{2,4}-(?:00-\d{2}|\d{2}-00).*'|'?0+'?")


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        default = column.default_sql
        if column.type_name in _DATES and default and _ZERO.fullmatch(default):
            yield Found(
                message=f"has default {default}, which is no date",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="zero-date",
    severity=Severity.ERROR,
    reason="strict mode refuses it, so that any rebuild of the table may fail",
    source="MySQL 8.4 manual, 7.1.11 (NO_ZERO_DATE); Skeema zero-date, Spirit zero_date",
    check=_check,
)
