"""A character set or collation that the keyspace does not use."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity

_OLD = ("utf8", "utf8mb3")  # of which `charset-utf8mb3` tells


def _check(asked: Asked) -> Iterator[Found]:
    allowed = [*(name.lower() for name in asked.words("allowed")), *_OLD]
    charset = (asked.table.option("CHARSET") or "").lower()
    if charset and charset not in allowed:
        yield Found(message=f"has character set {charset}", at=asked.table.at)
    for column in asked.table.columns:
        if column.charset is not None and column.charset not in allowed:
            yield Found(
                message=f"has character set {column.charset}", at=column.at, object=column.name
            )


RULE = Rule(
    name="charset",
    severity=Severity.WARNING,
    reason="what it cannot hold is refused or lost, and a comparison with a column of another set"
    " uses no index",
    source="Skeema charset, Spirit allow_charset",
    check=_check,
    options={"allowed": ("utf8mb4", "ascii", "binary")},
)
