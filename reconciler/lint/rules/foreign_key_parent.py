"""A foreign key on columns that are not unique in the parent."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for one in asked.table.foreign_keys:
        parent = None if one.parent_database else asked.keyspace.table(one.parent_table)
        if parent is None:
            continue
        wanted = tuple(name.lower() for name in one.parent_columns)
        whole = [
            key.columns for key in parent.unique_keys if all(p.length is None for p in key.parts)
        ]
        if wanted not in whole:
            said = ", ".join(one.parent_columns)
            yield Found(
                message=f"points at {parent.name} ({said}), which is no unique key there",
                at=one.at,
                object=one.name,
            )


RULE = Rule(
    name="foreign-key-parent",
    severity=Severity.ERROR,
    reason="MySQL refuses it from 8.4 on (restrict_fk_on_non_standard_key), and what it means with"
    " two parents of one value was never said",
    source="MySQL 8.4 manual, 15.1.20.5; Skeema fk-parent",
    check=_check,
)
