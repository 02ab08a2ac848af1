"""An index that is dropped without having been invisible."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import IndexOutline
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.model.schema import IndexKind


def _check(asked: Asked) -> Iterator[Found]:
    before, _ = asked.change
    for index in before.indexes:
        if index.kind is not IndexKind.PLAIN or not index.visible or index.name is None:
            continue
        columns = [asked.is_kept(one) for name in index.columns if (one := before.column(name))]
        if len(columns) == len(index.parts) and all(columns) and not _stands_in(index, asked):
            yield Found(
                message=f"loses index {index.name}, which was visible until now",
                at=asked.table.at,
                object=index.name,
            )


def _stands_in(index: IndexOutline, asked: Asked) -> bool:
    """Whether one that is left has the name, or begins with the same columns."""
    before, _ = asked.change
    wanted = [old.name.lower() for name in index.columns if (old := before.column(name))]
    for other in asked.table.indexes:
        if (other.name or "").lower() == (index.name or "").lower():
            return True
        columns = [asked.table.column(name) for name in other.columns[: len(wanted)]]
        olds = [asked.was(column) if column else None for column in columns]
        if [old.name.lower() if old else None for old in olds] == wanted:
            return True
    return False


RULE = Rule(
    name="index-dropped-visible",
    severity=Severity.WARNING,
    reason="where a query turns out to need it, it is built again for hours; an invisible one is"
    " back at once",
    source="Spirit invisible_index_before_drop; MySQL 8.4 manual, 10.3.12 Invisible Indexes",
    check=_check,
    of_changes=True,
)
