"""An index that becomes visible or invisible, and another one by that."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.lint.model import Asked, Found, Rule, Severity


def _check(asked: Asked) -> Iterator[Found]:
    before, _ = asked.change
    olds = {(index.name or "").lower(): index for index in before.indexes}
    for index in asked.table.indexes:
        old = olds.get((index.name or "").lower())
        if old is None or old.visible == index.visible:
            continue
        if (old.kind, old.parts) != (index.kind, index.parts):
            becomes = "visible" if index.visible else "invisible"
            yield Found(
                message=f"becomes {becomes} and has other columns or another kind at once",
                at=index.at,
                object=index.name,
            )


RULE = Rule(
    name="index-visibility-mixed",
    severity=Severity.WARNING,
    reason="the index is built again, so that what it was cannot be had back by making it visible",
    source="Spirit index_visibility_mixed",
    check=_check,
    of_changes=True,
)
