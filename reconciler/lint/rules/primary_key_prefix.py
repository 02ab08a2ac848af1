"""A primary key on the beginning of a column."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import LARGE


def _check(asked: Asked) -> Iterator[Found]:
    key = asked.table.primary_key
    for part in key.parts if key else ():
        column = asked.table.column(part.column)
        if column is None or key is None:
            continue
        if part.length is not None or column.type_name in LARGE:
            yield Found(
                message=f"the primary key has only the beginning of {column.name}",
                at=key.at,
                object=key.name,
                severity=Severity.ERROR if asked.keyspace.copied else None,
            )


RULE = Rule(
    name="primary-key-prefix",
    severity=Severity.WARNING,
    reason="two rows may differ only behind the prefix, and engines cannot walk the table by it",
    source="Vitess PARTIAL_KEY_IN_UNIQUE_KEY, BLOB_IN_UNIQUE_KEY",
    check=_check,
)
