"""Which clauses of one ALTER must stay in one statement.

Splitting is decided later, by asking a server; here stands what no split may take apart, because
one part alone would be refused, or would do something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.diff.dependants import columns_used, expression_of
from reconciler.diff.model import Clause, ClauseKind
from reconciler.diff.options import is_charset
from reconciler.diff.pairing import name_key
from reconciler.model.schema import IndexKind, Table

_COLUMN_KINDS = frozenset(
    {
        ClauseKind.ADD_COLUMN,
        ClauseKind.DROP_COLUMN,
        ClauseKind.MODIFY_COLUMN,
        ClauseKind.RENAME_COLUMN,
    }
)
_INDEX_KINDS = frozenset({ClauseKind.ADD_INDEX, ClauseKind.DROP_INDEX})


def bound(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """All of them in one statement."""
    return tuple(replace(clause, bound_to="all") for clause in clauses)


def bind(
    clauses: Sequence[Clause],
    before: Table,
    after: Table,
    leaning: frozenset[str],
    *,
    referenced: bool,
    whole: bool,
) -> tuple[Clause, ...]:
    """`leaning` columns, by folded name, take the default character set as the ALTER leaves it.
    `referenced`: foreign keys of this or another table stand while the ALTER runs, and need their
    indexes at every moment; `whole`: the table is copied anyway, once for everything."""
    if whole:
        return bound(clauses)
    groups = [
        {index for index, clause in enumerate(clauses) if clause.bound_to == name}
        for name in dict.fromkeys(c.bound_to for c in clauses if c.bound_to is not None)
    ]
    groups.append(_primary_key_group(clauses, before, after))
    groups.append(_charset_group(clauses, leaning))
    groups += _expression_groups(clauses, before)
    if referenced:
        groups.append({i for i, clause in enumerate(clauses) if clause.kind in _INDEX_KINDS})
    return _named(clauses, _merged(groups))


def _primary_key_group(clauses: Sequence[Clause], before: Table, after: Table) -> set[int]:
    """A primary key with its columns, and an AUTO_INCREMENT column with its key (error 1075)."""
    keyed: set[str] = set()
    counters: set[str] = set()
    primary_before, primary_after = _primary_parts(before), _primary_parts(after)
    if primary_before != primary_after:
        keyed = primary_before | primary_after
    for table in (before, after):
        counters |= {name_key(column.name) for column in table.columns if column.auto_increment}
    over_counter = {
        name_key(index.name)
        for table in (before, after)
        for index in table.indexes
        if any(part.column and name_key(part.column) in counters for part in index.parts)
    }
    return {
        position
        for position, clause in enumerate(clauses)
        if (clause.kind in _COLUMN_KINDS and name_key(clause.object) in keyed | counters)
        or (
            clause.kind in _INDEX_KINDS
            and (clause.object == "PRIMARY" or name_key(clause.object) in over_counter)
        )
    }


def _charset_group(clauses: Sequence[Clause], leaning: frozenset[str]) -> set[int]:
    """A new default character set with the columns that are understood under it."""
    if not any(map(is_charset, clauses)):
        return set()
    return {
        position
        for position, clause in enumerate(clauses)
        if is_charset(clause)
        or clause.kind is ClauseKind.RESTATE_COLUMN
        or (clause.kind in _COLUMN_KINDS and name_key(clause.object) in leaning)
    }


def _primary_parts(table: Table) -> set[str]:
    return {
        name_key(part.column or "")
        for index in table.indexes
        if index.kind is IndexKind.PRIMARY
        for part in index.parts
    }


def _expression_groups(clauses: Sequence[Clause], before: Table) -> list[set[int]]:
    """A column that goes or is renamed, with whatever computed with it: no expression may name a
    column that is not there (3108, 3766, 3837, 3959)."""
    users = _users_by_column(before)
    groups = []
    for position, clause in enumerate(clauses):
        if clause.kind is ClauseKind.DROP_COLUMN:
            name = name_key(clause.object)
        elif clause.kind is ClauseKind.RENAME_COLUMN:
            name = name_key(clause.renamed_from or clause.object)
        else:
            continue
        dependants = users.get(name, set())
        groups.append(
            {position}
            | _made_anew(clauses, name, before)
            | {
                i
                for i, other in enumerate(clauses)
                if (other.kind, name_key(other.object)) in dependants
            }
        )
    return groups


def _made_anew(clauses: Sequence[Clause], column: str, before: Table) -> set[int]:
    """The clause that adds a dropped column again, and those that drop and add an index over it:
    the server takes a dropped column out of its indexes by itself."""
    over = {
        name_key(index.name)
        for index in before.indexes
        if any(part.column and name_key(part.column) == column for part in index.parts)
    }
    return {
        position
        for position, clause in enumerate(clauses)
        if (clause.kind is ClauseKind.ADD_COLUMN and name_key(clause.object) == column)
        or (clause.kind in _INDEX_KINDS and clause.bound_to and name_key(clause.object) in over)
    }


def _users_by_column(table: Table) -> dict[str, set[tuple[ClauseKind, str]]]:
    users: dict[str, set[tuple[ClauseKind, str]]] = {}

    def add(expression: str, kinds: Iterable[ClauseKind], name: str) -> None:
        for column in columns_used(expression):
            users.setdefault(column, set()).update((kind, name_key(name)) for kind in kinds)

    for column in table.columns:
        add(expression_of(column), (*_COLUMN_KINDS, ClauseKind.SET_DEFAULT), column.name)
    for index in table.indexes:
        for part in index.parts:
            add(part.expression or "", (ClauseKind.DROP_INDEX,), index.name)
    for check in table.checks:
        add(check.expression, (ClauseKind.DROP_CHECK,), check.name)
    return users


def _merged(groups: Iterable[set[int]]) -> list[set[int]]:
    merged: list[set[int]] = []
    for group in groups:
        if not group:
            continue
        touching = [other for other in merged if other & group]
        merged = [other for other in merged if not other & group]
        merged.append(group.union(*touching))
    return merged


def _named(clauses: Sequence[Clause], groups: list[set[int]]) -> tuple[Clause, ...]:
    """A group is named by the first object in it; a group of one binds nothing."""
    names: dict[int, str] = {}
    for group in groups:
        if len(group) > 1:
            first = clauses[min(group)]
            names.update(dict.fromkeys(group, f"{first.kind} {first.object}"))
    return tuple(
        replace(clause, bound_to=names.get(position)) for position, clause in enumerate(clauses)
    )
