"""A counter that is told to go on near the end of its type."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import INTEGERS, largest


def _check(asked: Asked) -> Iterator[Found]:
    value = asked.table.option("AUTO_INCREMENT")
    column = next((one for one in asked.table.columns if one.auto_increment), None)
    if column is None or value is None or not value.isdecimal():
        return
    if column.type_name not in INTEGERS:
        return
    percent = 100 * (int(value) - 1) // largest(column.type_name, unsigned=column.unsigned)
    if percent >= asked.number("most"):
        sign = " unsigned" if column.unsigned else ""
        yield Found(
            message=f"goes on at {value}, {percent} % of {column.type_name}{sign}",
            at=column.at,
            object=column.name,
        )


RULE = Rule(
    name="auto-increment-value",
    severity=Severity.WARNING,
    new=Severity.ERROR,
    reason="at the end of the type every insert fails, and a wider type is a copy of the whole"
    " table",
    source="Spirit auto_inc_capacity, Skeema auto-inc",
    check=_check,
    options={"most": 80},
)
