"""An index that another one makes needless."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.outline.model import IndexOutline, TableOutline
from reconciler.lint.edits import without_index
from reconciler.lint.model import Asked, Found, Rule, Severity
from reconciler.model.schema import IndexKind

_ORDERED = (IndexKind.PRIMARY, IndexKind.UNIQUE, IndexKind.PLAIN)


def _check(asked: Asked) -> Iterator[Found]:
    table = asked.table
    needless = [(index, other) for index in table.indexes if (other := _in_place_of(index, table))]
    gone = [index for index, other in needless if _is_nothing_lost(index, other)]
    for index, other in needless:
        same = _parts(index) == _parts(other)
        yield Found(
            message=f"is {'the same as' if same else 'the beginning of'} {_name(other)}",
            at=index.at,
            object=index.name,
            edits=without_index(index, gone) if index in gone else (),
        )


def _is_nothing_lost(index: IndexOutline, other: IndexOutline) -> bool:
    """What somebody wrote about it is not taken away for them."""
    return not index.inline and index.comment in ("", other.comment)


def _in_place_of(index: IndexOutline, table: TableOutline) -> IndexOutline | None:
    """Uniqueness is a rule about rows, so that only an equal unique key makes a unique one
    needless; of two that are equal it is the later. Indexes for words and for shapes serve queries
    of their own: only an equal one does the same."""
    if index.kind is IndexKind.PRIMARY or not index.visible:
        return None
    before = table.indexes.index(index)
    for at, other in enumerate(table.indexes):
        if other is index or not other.visible or other.options != index.options:
            continue
        equal = _parts(other) == _parts(index)
        if index.kind not in _ORDERED or other.kind not in _ORDERED:
            if equal and other.kind is index.kind and at < before:
                return other
        elif index.kind is IndexKind.UNIQUE:
            if equal and other.is_unique and (other.kind is IndexKind.PRIMARY or at < before):
                return other
        elif equal:
            if other.is_unique or at < before:
                return other
        elif _parts(other)[: len(index.parts)] == _parts(index):
            return other
    return None


def _parts(index: IndexOutline) -> list[tuple[str | None, str, int | None, bool]]:
    """Names of columns are the same in any case; of expressions it is not asked what is a name."""
    return [
        (column, part.expression, part.length, part.descending)
        for column, part in zip(index.columns, index.parts, strict=True)
    ]


def _name(index: IndexOutline) -> str:
    if index.kind is IndexKind.PRIMARY:
        return "the primary key"
    return f"index {index.name}" if index.name else "another index"


RULE = Rule(
    name="duplicate-index",
    severity=Severity.WARNING,
    reason="every write keeps it up to date, and no query is faster for it",
    source="Skeema dupe-index, Spirit redundant_indexes",
    check=_check,
    fixes=True,
)
