"""An index that ends in the columns of the primary key."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    key = asked.table.primary_key
    if key is None or any(part.length is not None or part.descending for part in key.parts):
        return
    for index in asked.table.indexes:
        tail = index.parts[-len(key.parts) :]
        if index.kind is not IndexKind.PLAIN or len(index.parts) <= len(key.parts):
            continue
        plain = all(part.length is None and not part.descending for part in tail)
        if plain and index.columns[-len(key.parts) :] == key.columns:
            yield Found(
                message="ends in the primary key, which InnoDB appends to every index anyway",
                at=index.at,
                object=index.name,
            )


RULE = Rule(
    name="index-primary-appended",
    severity=Severity.INFO,
    reason="the columns at its end say nothing that is not there already",
    source="MySQL 8.4 manual, 17.6.2.1; Spirit redundant_indexes",
    check=_check,
)
