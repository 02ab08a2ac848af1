"""A CHAR that is long enough to be a VARCHAR."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import length_of


def _check(asked: Asked) -> Iterator[Found]:
    most = asked.number("most")
    for column in asked.table.columns:
        if column.type_name == "char" and length_of(column, 1) > most:
            yield Found(
                message=f"is char({length_of(column, 1)}), longer than {most}",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="char-length",
    severity=Severity.INFO,
    reason="it is filled up with blanks, which are lost when it is read",
    source="MySQL 8.4 manual, 13.3.2; Bytebase column.maximum-character-length",
    check=_check,
    options={"most": 64},
)
