"""Names that do not follow the keyspace's own patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    table = asked.table
    if not _fits(asked, "table", table.name):
        yield Found(message=f"does not match {asked.text('table')}", at=table.at)
    for column in table.columns:
        if not _fits(asked, "column", column.name):
            yield Found(
                message=f"does not match {asked.text('column')}", at=column.at, object=column.name
            )
    for index in table.indexes:
        option = "unique" if index.kind is IndexKind.UNIQUE else "index"
        if index.kind is IndexKind.PRIMARY or index.name is None:
            continue
        if not _fits(asked, option, index.name):
            yield Found(
                message=f"does not match {asked.text(option)}", at=index.at, object=index.name
            )
    for one in table.foreign_keys:
        if one.name is not None and not _fits(asked, "foreign-key", one.name):
            yield Found(
                message=f"does not match {asked.text('foreign-key')}", at=one.at, object=one.name
            )


def _fits(asked: Asked, option: str, name: str) -> bool:
    return re.fullmatch(asked.text(option), name) is not None


RULE = Rule(
    name="naming",
    severity=Severity.OFF,
    reason="those who read a query tell by the name what it is",
    source="Atlas NM101 to NM106, Bytebase naming rules",
    check=_check,
    options={
        "table": "[a-z][a-z0-9_]*",
        "column": "[a-z][a-z0-9_]*",
        "index": "idx_.+",
        "unique": "uk_.+",
        "foreign-key": "fk_.+",
    },
)
