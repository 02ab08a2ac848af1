"""A column that is read in another way than its table."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import ColumnOutline
from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    table_charset = (asked.table.option("CHARSET") or "").lower()
    table_collation = (asked.table.option("COLLATE") or "").lower()
    for column in asked.table.columns:
        if column.charset and table_charset and column.charset != table_charset:
            if column.charset not in asked.words("allowed"):
                yield Found(
                    message=f"has character set {column.charset}, its table {table_charset}",
                    at=column.at,
                    object=column.name,
                )
        elif table_collation and _differs(column, table_collation):
            yield Found(
                message=f"has collation {column.collation}, its table {table_collation}",
                at=column.at,
                object=column.name,
            )


def _differs(column: ColumnOutline, table_collation: str) -> bool:
    said = column.collation
    return said is not None and said != table_collation and not said.endswith("_bin")


RULE = Rule(
    name="column-charset",
    severity=Severity.INFO,
    reason="a column that is meant to differ says so best by a binary collation or ascii",
    source="Bytebase column.charset rules",
    check=_check,
    options={"allowed": ("ascii", "binary")},
)
