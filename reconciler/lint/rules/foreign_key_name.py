"""A foreign key that the server names."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for one in asked.table.foreign_keys:
        if one.name is None:
            yield Found(
                message=f"the foreign key on {one.parent_table} has no name of its own",
                at=one.at,
            )
    others = {
        one.name.lower(): table.name
        for table in asked.keyspace.tables.values()
        if table.name != asked.table.name
        for one in table.foreign_keys
        if one.name
    }
    for one in asked.table.foreign_keys:
        if one.name and one.name.lower() in others:
            yield Found(
                message=f"is the name of a foreign key of {others[one.name.lower()]} too",
                at=one.at,
                object=one.name,
                severity=Severity.ERROR,
            )


RULE = Rule(
    name="foreign-key-name",
    severity=Severity.WARNING,
    reason="the server numbers them in the order in which they come, so that shards end up with"
    " different names; a name is taken once in a schema",
    source="MySQL 8.4 manual, 15.1.20.5",
    check=_check,
)
