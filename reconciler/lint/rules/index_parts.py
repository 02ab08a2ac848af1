"""An index of more columns than a query will ever use."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    most = asked.number("most")
    for index in asked.table.indexes:
        if len(index.parts) > most:
            yield Found(
                message=f"has {len(index.parts)} columns, more than {most}",
                at=index.at,
                object=index.name,
            )


RULE = Rule(
    name="index-parts",
    severity=Severity.WARNING,
    reason="wide entries make the index slow to keep, and a query uses its first columns",
    source="Bytebase index.key-number-limit",
    check=_check,
    options={"most": 5},
)
