"""Numbers that are stored nearly."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import FLOATING


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if column.type_name in FLOATING:
            yield Found(message=f"is {column.type_name}", at=column.at, object=column.name)


RULE = Rule(
    name="float",
    severity=Severity.OFF,
    new=Severity.WARNING,
    reason="what is read is not what was written, and a comparison by = finds nothing",
    source="MySQL 8.4 manual, B.3.4.8; Skeema has-float, Spirit has_float",
    check=_check,
)
