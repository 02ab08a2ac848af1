"""A counter of a type that ends early, or that is none."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        if not column.auto_increment:
            continue
        if column.type_name not in asked.words("allowed"):
            yield Found(
                message=f"counts up as {column.type_name}",
                at=column.at,
                object=column.name,
            )
        elif not column.unsigned:
            yield Found(
                message=f"counts up as {column.type_name}, whose lower half is never used",
                at=column.at,
                object=column.name,
                severity=Severity.INFO,
            )


RULE = Rule(
    name="auto-increment-type",
    severity=Severity.INFO,
    new=Severity.WARNING,
    reason="an int ends at 2,147,483,647, its unsigned form at twice that; then every insert fails",
    source="Skeema auto-inc, MySQL 8.4 manual, 13.1.2",
    check=_check,
    options={"allowed": ("bigint",)},
)
