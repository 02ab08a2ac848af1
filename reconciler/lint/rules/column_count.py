"""More columns than InnoDB takes."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    most, count = asked.number("most"), len(asked.table.columns)
    if count > most:
        yield Found(message=f"has {count:,} columns, more than {most:,}", at=asked.table.at)


RULE = Rule(
    name="column-count",
    severity=Severity.WARNING,
    reason="InnoDB ends at 1,017, and rows of hundreds of columns are read whole for one of them",
    source="MySQL 8.4 manual, 17.21",
    check=_check,
    options={"most": 200},
)
