"""Rows kept in the order of a random text."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import length_of

_UUID_CHARS = (32, 36)


def _check(asked: Asked) -> Iterator[Found]:
    key = asked.table.primary_key
    column = asked.table.column(key.parts[0].column) if key and key.parts else None
    if column is None or column.type_name not in ("char", "varchar"):
        return
    if length_of(column, 1) in _UUID_CHARS:
        yield Found(
            message=f"has the length of a UUID's text ({length_of(column, 1)}) and is first in the"
            " primary key",
            at=column.at,
            object=column.name,
        )


RULE = Rule(
    name="primary-key-order",
    severity=Severity.INFO,
    reason="rows lie in the order of the primary key: random ones are put into pages all over the"
    " table, and every secondary index holds the text once more",
    source="MySQL 8.4 manual, 17.6.2.1 and 14.23 (UUID_TO_BIN with swapped times)",
    check=_check,
)
