"""A row that is nearly as wide as one may be."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import row_bytes

_ROW_BYTES_MAX = 65_535  # MySQL 8.4 manual, 10.4.7


def _check(asked: Asked) -> Iterator[Found]:
    size = sum(
        row_bytes(column, asked.table)
        for column in asked.table.columns
        if not column.generated or column.stored
    )
    if size * 100 > _ROW_BYTES_MAX * asked.number("percent"):
        yield Found(
            message=f"has rows of up to {size:,} bytes; {_ROW_BYTES_MAX:,} are allowed",
            at=asked.table.at,
        )


RULE = Rule(
    name="row-width",
    severity=Severity.WARNING,
    reason="one more column, or a wider character set, will be refused",
    source="MySQL 8.4 manual, 10.4.7",
    check=_check,
    options={"percent": 90},
)
