"""A primary key of a type that no row should be known by."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    key = asked.table.primary_key
    refused = asked.words("refused")
    for name in key.columns if key else ():
        column = asked.table.column(name)
        if column is not None and column.type_name in refused:
            yield Found(
                message=f"is {column.type_name} and part of the primary key",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="primary-key-type",
    severity=Severity.INFO,
    new=Severity.WARNING,
    reason="floating numbers, bits and times are rounded or repeat, and engines that copy by key"
    " ranges lose rows or refuse",
    source="Skeema pk-type, Spirit spirit_compatible",
    check=_check,
    options={"refused": ("float", "double", "bit", "enum", "set", "time", "year")},
)
