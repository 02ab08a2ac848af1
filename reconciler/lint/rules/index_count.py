"""More indexes than writes should keep up to date."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    most, count = asked.number("most"), len(asked.table.indexes)
    if count > most:
        yield Found(message=f"has {count} indexes, more than {most}", at=asked.table.at)


RULE = Rule(
    name="index-count",
    severity=Severity.WARNING,
    reason="every insert writes to each of them",
    source="Bytebase index.total-number-limit",
    check=_check,
    options={"most": 16},
)
