"""The old character set of three bytes."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity

_OLD = ("utf8", "utf8mb3")


def _check(asked: Asked) -> Iterator[Found]:
    if (asked.table.option("CHARSET") or "").lower() in _OLD:
        yield Found(message="has character set utf8mb3", at=asked.table.at)
    for column in asked.table.columns:
        if column.charset in _OLD or (column.collation or "").startswith(("utf8_", "utf8mb3_")):
            yield Found(message="has character set utf8mb3", at=column.at, object=column.name)


RULE = Rule(
    name="charset-utf8mb3",
    severity=Severity.WARNING,
    reason="it holds no character above U+FFFF, and MySQL has said that it will go",
    source="MySQL 8.4 manual, 12.9.2",
    check=_check,
)
