"""A foreign key at all."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    for one in asked.table.foreign_keys:
        yield Found(
            message=f"is a foreign key on {one.parent_table}",
            at=one.at,
            object=one.name,
        )


RULE = Rule(
    name="foreign-key",
    severity=Severity.OFF,
    on_vitess=Severity.ERROR,
    reason="most engines refuse to copy either table, and Vitess has none where there are shards",
    source="Skeema has-fk, Spirit has_foreign_key, Vitess FOREIGN_KEYS_DISALLOWED",
    check=_check,
)
