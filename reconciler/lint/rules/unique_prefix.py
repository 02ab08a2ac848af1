"""A unique key that looks at the beginning of a text alone."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    for index in asked.table.indexes:
        if index.kind is not IndexKind.UNIQUE:
            continue
        for part in index.parts:
            if part.length is not None and part.column is not None:
                yield Found(
                    message=f"keeps apart the first {part.length} characters of {part.column}, and"
                    " not what follows",
                    at=index.at,
                    object=index.name,
                )


RULE = Rule(
    name="unique-prefix",
    severity=Severity.INFO,
    reason="two values that differ further on cannot both be stored, and engines cannot copy by it",
    source="MySQL 8.4 manual, 15.1.15; Vitess PARTIAL_KEY_IN_UNIQUE_KEY",
    check=_check,
)
