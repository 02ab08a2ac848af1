"""A table that an engine of the spec has no key to copy by."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import IndexOutline, TableOutline
from reconciler.lint.model import Asked, Found, Ground, Rule, Severity
from reconciler.lint.types import FLOATING, LARGE


def _check(asked: Asked) -> Iterator[Found]:
    by_copy = asked.keyspace.copied or asked.keyspace.ground is Ground.VITESS
    keys = asked.table.unique_keys
    if by_copy and not any(_serves(key, asked.table) for key in keys):
        yield Found(
            message="has no unique key of whole, not null columns that a row can be found by",
            at=asked.table.at,
        )


def _serves(key: IndexOutline, table: TableOutline) -> bool:
    for part in key.parts:
        column = table.column(part.column)
        if column is None or part.length is not None:
            return False
        nullable = column.nullable and key is not table.primary_key
        if nullable or column.type_name in LARGE or column.type_name in FLOATING:
            return False
    return True


RULE = Rule(
    name="copy-key",
    severity=Severity.ERROR,
    reason="gh-ost, Spirit and Vitess copy a table by such a key: a change that needs a copy will"
    " be refused",
    source="Vitess NO_UNIQUE_KEY, gh-ost's requirements, Spirit's preflight",
    check=_check,
)
