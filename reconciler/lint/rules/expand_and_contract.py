"""A table that loses a column and gets another in one change."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    before, _ = asked.change
    new = [column for column in asked.table.columns if asked.was(column) is None]
    gone = [column.name for column in before.columns if not asked.is_kept(column)]
    if gone:
        for column in new:
            yield Found(
                message=f"comes as {', '.join(gone)} {'goes' if len(gone) == 1 else 'go'}",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="expand-and-contract",
    severity=Severity.INFO,
    reason="code that needs the one or the other fails on some shards until the last has changed;"
    " in two changes, code can move between them",
    source="Bytebase advises one change a request; expand and contract as everybody tells it",
    check=_check,
    of_changes=True,
)
