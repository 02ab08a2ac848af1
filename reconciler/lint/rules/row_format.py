"""Rows stored in a format that is not the usual one."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    row_format = asked.table.option("ROW_FORMAT")
    allowed = asked.words("allowed")
    if row_format is not None and row_format.upper() not in allowed:
        yield Found(message=f"has row format {row_format.upper()}", at=asked.table.at)
    if asked.table.option("KEY_BLOCK_SIZE") not in (None, "0"):
        yield Found(message="has a KEY_BLOCK_SIZE, which compresses it", at=asked.table.at)


RULE = Rule(
    name="row-format",
    severity=Severity.WARNING,
    reason="old formats take shorter indexes, and compressed pages are kept in memory twice",
    source="MySQL 8.4 manual, 17.10; Skeema compression",
    check=_check,
    options={"allowed": ("DYNAMIC", "DEFAULT")},
)
