"""Columns that were there stand in another order."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    before, _ = asked.change
    kept = [(column, old) for column in asked.table.columns if (old := asked.was(column))]
    now = [before.columns.index(old) for _, old in kept]
    off = [at for at, (place, was) in enumerate(zip(now, sorted(now), strict=True)) if place != was]
    if off:
        first, last = kept[off[0]][0], kept[off[-1]][0]
        yield Found(
            message=f"has its columns in another order than before, from {first.name} to"
            f" {last.name}",
            at=first.at,
        )


RULE = Rule(
    name="column-order-changed",
    severity=Severity.WARNING,
    reason="the table is written again for it, and code that reads or writes columns by their place"
    " gets others",
    source="Bytebase column.disallow-changing-order; MySQL 8.4 manual, 17.12.1: reordering columns"
    " rebuilds the table",
    check=_check,
    of_changes=True,
)
