"""Money that is stored nearly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.lint.types import FLOATING


def _check(asked: Asked) -> Iterator[Found]:
    for column in asked.table.columns:
        words = re.split(r"[^a-z]+|(?<=[a-z])(?=[A-Z])", column.name.lower())
        if column.type_name in FLOATING and any(word in asked.words("words") for word in words):
            yield Found(
                message=f"is {column.type_name} and has the name of an amount",
                at=column.at,
                object=column.name,
            )


RULE = Rule(
    name="money-float",
    severity=Severity.WARNING,
    reason="cents go missing in sums; DECIMAL keeps them",
    source="MySQL 8.4 manual, 13.1.3",
    check=_check,
    options={
        "words": ("amount", "balance", "cost", "fee", "money", "paid", "price", "tax", "total")
    },
)
