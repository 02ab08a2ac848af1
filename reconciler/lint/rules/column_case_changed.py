"""A column whose name is written in another case than before."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        old = asked.was(column)
        if old is not None and old.name != column.name and old.name.lower() == column.name.lower():
            yield Found(message=f"was {old.name}", at=column.at, object=column.name)


RULE = Rule(
    name="column-case-changed",
    severity=Severity.WARNING,
    reason="drivers hand out columns under the name as it is written: code that asks for the old"
    " case finds nothing",
    source="no other tool looks; to the servers the names are one",
    check=_check,
    of_changes=True,
)
