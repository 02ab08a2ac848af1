"""More tables than a keyspace should have."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    most, names = asked.number("most"), sorted(asked.keyspace.tables)
    if len(names) > most and asked.table.name.lower() == names[0]:
        yield Found(
            message=f"is one of {len(names):,} tables, more than {most:,}", at=asked.table.at
        )


RULE = Rule(
    name="table-count",
    severity=Severity.INFO,
    reason="every server keeps all of them for every shard it has, and Vitess loads at most 2,048",
    source="PlanetScale's limits",
    check=_check,
    options={"most": 2_048},
)
