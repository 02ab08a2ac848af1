"""A storage engine that is not InnoDB."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    engine = asked.table.option("ENGINE")
    allowed = [name.lower() for name in asked.words("allowed")]
    if engine is not None and engine.lower() not in allowed:
        yield Found(message=f"is stored by {engine}", at=asked.table.at)


RULE = Rule(
    name="table-engine",
    severity=Severity.ERROR,
    reason="other engines lose what was written when a server dies, lock whole tables, or refuse"
    " transactions",
    source="Skeema engine, Spirit allow_engine, Vitess",
    check=_check,
    options={"allowed": ("InnoDB",)},
)
