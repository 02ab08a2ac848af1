"""Tables and columns that nobody explains."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    if not asked.table.option("COMMENT"):
        yield Found(message="has no comment", at=asked.table.at)
    for column in asked.table.columns:
        if not column.comment and "columns" in asked.words("of"):
            yield Found(message="has no comment", at=column.at, object=column.name)


RULE = Rule(
    name="comment-required",
    severity=Severity.OFF,
    reason="whoever reads the schema without its authors has only the names",
    source="Bytebase column.comment, table.comment",
    check=_check,
    options={"of": ("tables",)},
)
